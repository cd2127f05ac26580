//! Connecting a key as a bot, and what it is told to do. It gives the key nothing: what the key may do, was granted to it.

use portaria_entity::id::{ApiKeyId, BotId, ChannelId, TeamId};
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key, bot, bot_channel, channel, team};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use serde_json::{Value, json};

use super::{BotRow, find};
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::granting::stated;
use crate::guidance::one_line;
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;
use crate::workspace::bump_access_epoch;

const LONGEST_NAME: usize = 60;
const LONGEST_DESCRIPTION: usize = 500;
const MOST_WORDS: usize = 20;
const LONGEST_WORD: usize = 40;
const MANAGE: PermissionSet = PermissionSet::of(&[Permission::BotManage]);

/// What a bot is told to do.
#[derive(Clone, Debug)]
pub struct BotDraft {
    pub name: String,
    pub description: String,
    pub channels: Vec<ChannelId>,
    /// Whether it has what customers begin there, before anybody else.
    pub answers_first: bool,
    pub fallback_team: Option<TeamId>,
    /// After so long without an answer a conversation is taken from it.
    pub silent_minutes: i32,
    /// After so many messages of the customer a conversation is taken from it.
    pub most_messages: i32,
    /// What customers say who want a person.
    pub handover_words: Vec<String>,
}

impl BotDraft {
    fn checked(mut self) -> Result<Self> {
        self.name = one_line(stated(&self.name, Refusal::NameMissing)?);
        self.description = one_line(&self.description);
        let long = |text: &str, most: usize| text.chars().count() > most;
        if long(&self.name, LONGEST_NAME) || long(&self.description, LONGEST_DESCRIPTION) {
            return Err(Refusal::TextTooLong.into());
        }
        self.channels.sort_unstable();
        self.channels.dedup();
        if self.channels.is_empty() {
            return Err(Refusal::NothingConferred.into());
        }
        if !(1..=1_440).contains(&self.silent_minutes) || !(1..=500).contains(&self.most_messages) {
            return Err(Error::BadInput("silentMinutes is 1 to 1440, mostMessages 1 to 500".to_owned()));
        }
        self.handover_words = self.handover_words.iter().map(|word| one_line(word)).collect();
        self.handover_words.retain(|word| !word.is_empty());
        if self.handover_words.len() > MOST_WORDS
            || self.handover_words.iter().any(|word| long(word, LONGEST_WORD))
        {
            return Err(Refusal::TextTooLong.into());
        }
        Ok(self)
    }

    fn write_to(&self, row: &mut bot::Model) -> Result<()> {
        row.name.clone_from(&self.name);
        row.description.clone_from(&self.description);
        row.answers_first = self.answers_first;
        row.fallback_team_id = self.fallback_team;
        row.silent_minutes = self.silent_minutes;
        row.most_messages = self.most_messages;
        row.handover_words = serde_json::to_string(&self.handover_words).map_err(Error::internal)?;
        Ok(())
    }
}

/// Refuses who may not configure bots on all of these numbers. A question: who does it requires it.
pub fn may_configure(viewer: &Viewer, channels: &[ChannelId], now: Timestamp) -> Result<()> {
    channels.iter().try_for_each(|id| viewer.ask(viewer.access.in_channel(*id), MANAGE, now).map(|_| ()))
}

fn configure(viewer: &Viewer, channels: &[ChannelId], now: Timestamp) -> Result<()> {
    may_configure(viewer, channels, now)?;
    viewer.note_use(MANAGE);
    Ok(())
}

/// Connects a key as a bot: from now on conversations can be handed to it.
pub async fn connect(
    installation: &Installation,
    viewer: &Viewer,
    (key, draft): (ApiKeyId, BotDraft),
) -> Result<BotRow> {
    let draft = draft.checked()?;
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    configure(viewer, &draft.channels, now)?;
    let found = api_key::Entity::find_by_id((viewer.workspace_id, key)).one(&transaction).await?;
    let found = found.ok_or(Error::NotFound)?;
    if found.revoked_at.is_some() || found.expires_at <= now {
        return Err(Refusal::AlreadyEnded.into());
    }
    let same = bot::Entity::find()
        .filter(bot::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(bot::Column::ApiKeyId.eq(key))
        .filter(bot::Column::DisconnectedAt.is_null());
    if same.one(&transaction).await?.is_some() {
        return Err(Refusal::AlreadyABot.into());
    }
    let mut row = bot::Model {
        workspace_id: viewer.workspace_id,
        id: installation.clock.new_id(),
        api_key_id: key,
        name: String::new(),
        description: String::new(),
        answers_first: false,
        fallback_team_id: None,
        silent_minutes: 0,
        most_messages: 0,
        handover_words: String::new(),
        created_by: viewer.member_id(),
        created_at: now,
        updated_at: now,
        disconnected_at: None,
    };
    draft.write_to(&mut row)?;
    require(&transaction, viewer, (row.id, &draft)).await?;
    bot::Entity::insert(bot::ActiveModel::from(row.clone())).exec_without_returning(&transaction).await?;
    write_channels(&transaction, (viewer, installation), (row.id, &draft.channels)).await?;
    finish(transaction, (installation, viewer), "bot.connected", (row.id, told(&row, &draft.channels)))
        .await?;
    find(installation.database.reader(), viewer, (row.id, now)).await
}

/// Tells a bot to do otherwise. What it has where it is no more, goes to people.
pub async fn update(
    installation: &Installation,
    viewer: &Viewer,
    (id, draft): (BotId, BotDraft),
) -> Result<BotRow> {
    let draft = draft.checked()?;
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let before = changeable(&transaction, viewer, (id, now)).await?;
    configure(viewer, &draft.channels, now)?;
    let mut row = bot::Model { updated_at: now, ..before.row };
    draft.write_to(&mut row)?;
    require(&transaction, viewer, (id, &draft)).await?;
    bot::Entity::update(bot::ActiveModel::from(row.clone()).reset_all()).exec(&transaction).await?;
    write_channels(&transaction, (viewer, installation), (id, &draft.channels)).await?;
    finish(transaction, (installation, viewer), "bot.updated", (id, told(&row, &draft.channels))).await?;
    settle(installation).await;
    find(installation.database.reader(), viewer, (id, now)).await
}

/// Disconnects a bot: what it has goes to people within seconds, and it can be given nothing. Its key is as it was.
pub async fn disconnect(installation: &Installation, viewer: &Viewer, id: BotId) -> Result<BotRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let before = changeable(&transaction, viewer, (id, now)).await?;
    let row = bot::Model { updated_at: now, disconnected_at: Some(now), ..before.row };
    bot::Entity::update(bot::ActiveModel::from(row.clone()).reset_all()).exec(&transaction).await?;
    finish(transaction, (installation, viewer), "bot.disconnected", (id, told(&row, &before.channels)))
        .await?;
    settle(installation).await;
    find(installation.database.reader(), viewer, (id, now)).await
}

/// It is done by now: what bots may no longer have is otherwise taken from them soon.
async fn settle(installation: &Installation) {
    if let Err(error) = super::look_after(installation).await {
        tracing::warn!(%error, "what bots may no longer have could not be taken from them yet");
    }
}

/// The workspace's turn: bots change with who may do what.
async fn begin(installation: &Installation, viewer: &Viewer) -> Result<DatabaseTransaction> {
    let transaction = installation.database.begin().await?;
    bump_access_epoch(&transaction, installation, viewer.workspace_id).await?;
    Ok(transaction)
}

async fn changeable(
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
    (id, now): (BotId, Timestamp),
) -> Result<BotRow> {
    let row = find(transaction, viewer, (id, now)).await?;
    configure(viewer, &row.channels, now)?;
    if row.row.disconnected_at.is_some() { Err(Refusal::AlreadyEnded.into()) } else { Ok(row) }
}

/// Refuses what is not there, and a second bot that answers first on a number.
async fn require(
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
    (id, draft): (BotId, &BotDraft),
) -> Result<()> {
    let workspace = viewer.workspace_id;
    for channel in &draft.channels {
        let there = channel::Entity::find_by_id((workspace, *channel)).one(transaction).await?;
        there.ok_or(Error::NotFound)?;
    }
    if let Some(team) = draft.fallback_team {
        let find = team::Entity::find_by_id((workspace, team)).filter(team::Column::DeletedAt.is_null());
        find.one(transaction).await?.ok_or(Error::NotFound)?;
    }
    if !draft.answers_first {
        return Ok(());
    }
    let others = bot::Entity::find()
        .filter(bot::Column::WorkspaceId.eq(workspace))
        .filter(bot::Column::Id.ne(id))
        .filter(bot::Column::AnswersFirst.eq(true))
        .filter(bot::Column::DisconnectedAt.is_null());
    let others: Vec<BotId> = others.all(transaction).await?.into_iter().map(|row| row.id).collect();
    let there = bot_channel::Entity::find()
        .filter(bot_channel::Column::WorkspaceId.eq(workspace))
        .filter(bot_channel::Column::BotId.is_in(others))
        .filter(bot_channel::Column::ChannelId.is_in(draft.channels.iter().copied()));
    match there.one(transaction).await? {
        Some(_) => Err(Refusal::AnotherAnswersFirst.into()),
        None => Ok(()),
    }
}

async fn write_channels(
    transaction: &DatabaseTransaction,
    (viewer, installation): (&Viewer, &Installation),
    (id, channels): (BotId, &[ChannelId]),
) -> Result<()> {
    let sql = "DELETE FROM bot_channels WHERE workspace_id = $1 AND bot_id = $2";
    let values = [viewer.workspace_id.0.into(), id.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    let row = |channel: &ChannelId| bot_channel::ActiveModel {
        workspace_id: Set(viewer.workspace_id),
        bot_id: Set(id),
        channel_id: Set(*channel),
    };
    bot_channel::Entity::insert_many(channels.iter().map(row)).exec_without_returning(transaction).await?;
    Ok(())
}

fn told(row: &bot::Model, channels: &[ChannelId]) -> Value {
    json!({ "name": row.name, "key": row.api_key_id, "channels": channels, "answersFirst": row.answers_first,
            "fallbackTeam": row.fallback_team_id })
}

async fn finish(
    transaction: DatabaseTransaction,
    (installation, viewer): (&Installation, &Viewer),
    action: &str,
    (id, after): (BotId, Value),
) -> Result<()> {
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action,
        subject: id.to_string(),
        before: None,
        after: Some(after),
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    installation.viewers.access_changed(viewer.workspace_id);
    installation.events.wake();
    Ok(())
}
