//! Bots: API keys that answer customers. What one holds is its key's own grants; conversations are handed to it and taken back,
//! and a conversation that it has is nobody else's and waits in no queue.

mod connecting;
mod handing;
pub mod monitoring;
mod taking_back;
pub(crate) mod turn;

use std::collections::HashMap;

use portaria_entity::api_key;
use portaria_entity::id::{ApiKeyId, BotId, ChannelId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{bot, bot_channel, bot_turn};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::access::{Access, EffectiveGrant, Scope};
use crate::conversation::ConversationRow;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::grant::role_permissions;
use crate::permission::{Permission, PermissionSet};
use crate::routing::ANSWERING;
use crate::viewer::Viewer;

pub use connecting::{BotDraft, connect, disconnect, may_configure, update};
pub use handing::{hand_to_bot, hand_to_people};
pub use taking_back::look_after;
pub(crate) use taking_back::{held, release_lost};

/// What it takes to have a conversation, beside being able to answer in some way.
const NEEDED: PermissionSet =
    PermissionSet::of(&[Permission::ConversationReadAssigned, Permission::MessageRead]);
/// Who holds any of these knows of the bots there.
const KNOWING: PermissionSet =
    PermissionSet::of(&[Permission::BotUse, Permission::BotMonitor, Permission::BotManage]);

/// A bot with where it answers.
#[derive(Clone, Debug)]
pub struct BotRow {
    pub row: bot::Model,
    pub channels: Vec<ChannelId>,
    /// Whether its key can be used.
    pub key_ended: bool,
    pub last_used_at: Option<Timestamp>,
    /// What the viewer holds on any of its numbers.
    pub held: PermissionSet,
}

impl BotRow {
    /// What customers say who want a person.
    pub fn words(&self) -> Vec<String> {
        words_of(&self.row.handover_words)
    }
}

pub(crate) fn words_of(stored: &str) -> Vec<String> {
    serde_json::from_str(stored).unwrap_or_default()
}

/// The bots that a viewer may know of, by name: those of numbers where they may use, watch or configure any.
pub async fn all(connection: &impl ConnectionTrait, viewer: &Viewer, now: Timestamp) -> Result<Vec<BotRow>> {
    let find = bot::Entity::find()
        .filter(bot::Column::WorkspaceId.eq(viewer.workspace_id))
        .order_by_asc(bot::Column::Name)
        .order_by_asc(bot::Column::Id);
    seen(connection, viewer, find.all(connection).await?, now).await
}

/// One bot, or `NotFound`.
pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    (id, now): (BotId, Timestamp),
) -> Result<BotRow> {
    let found = bot::Entity::find_by_id((viewer.workspace_id, id)).one(connection).await?;
    let rows = seen(connection, viewer, found.into_iter().collect(), now).await?;
    rows.into_iter().next().ok_or(Error::NotFound)
}

async fn seen(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    rows: Vec<bot::Model>,
    now: Timestamp,
) -> Result<Vec<BotRow>> {
    let workspace = viewer.workspace_id;
    let mut channels: HashMap<BotId, Vec<ChannelId>> = HashMap::new();
    let find = bot_channel::Entity::find()
        .filter(bot_channel::Column::WorkspaceId.eq(workspace))
        .order_by_asc(bot_channel::Column::ChannelId);
    for row in find.all(connection).await? {
        channels.entry(row.bot_id).or_default().push(row.channel_id);
    }
    let keys = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .filter(api_key::Column::Id.is_in(rows.iter().map(|row| row.api_key_id)));
    let keys: HashMap<_, _> = keys.all(connection).await?.into_iter().map(|key| (key.id, key)).collect();
    let with = |row: bot::Model| {
        let channels = channels.remove(&row.id).unwrap_or_default();
        let key = keys.get(&row.api_key_id);
        // A team's grant opens its conversations on whatever number.
        let by_team = viewer.access.anywhere().intersection(PermissionSet::of(&[Permission::BotUse]));
        let held = channels.iter().fold(by_team, |all, id| all.union(viewer.access.in_channel(*id)));
        let key_ended = key.is_none_or(|key| key.revoked_at.is_some() || key.expires_at <= now);
        let last_used_at = key.and_then(|key| key.last_used_at);
        BotRow { row, channels, key_ended, last_used_at, held }
    };
    Ok(rows.into_iter().map(with).filter(|row| row.held.intersects(KNOWING)).collect())
}

/// A bot that can be handed conversations, with what it may do.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub id: BotId,
    pub channels: Vec<ChannelId>,
    pub answers_first: bool,
    pub access: Access,
}

impl Standing {
    /// Whether it may have a conversation there: it could read and answer it.
    pub fn may_have(&self, channel: ChannelId, team: Option<TeamId>) -> bool {
        let held = self.access.in_conversation(channel, team);
        self.channels.contains(&channel) && held.contains_all(NEEDED) && held.intersects(ANSWERING)
    }
}

const STANDING: &str = "
SELECT b.id, b.answers_first, g.channel_id, g.team_id, g.created_at, k.expires_at, r.built_in, p.permission, CAST(NULL AS UUID)
FROM bots b
JOIN api_keys k ON k.workspace_id = b.workspace_id AND k.id = b.api_key_id AND k.revoked_at IS NULL AND k.expires_at > $2
LEFT JOIN api_key_grants g ON g.workspace_id = k.workspace_id AND g.api_key_id = k.id AND g.closed_at IS NULL
LEFT JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
LEFT JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id
WHERE b.workspace_id = $1 AND b.disconnected_at IS NULL
UNION ALL
SELECT c.bot_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, c.channel_id FROM bot_channels c WHERE c.workspace_id = $1";

/// The bots of a workspace whose keys can be used, with what they may do.
pub(crate) async fn standings(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, now): (WorkspaceId, Timestamp),
) -> Result<HashMap<BotId, Standing>> {
    let mut channels: HashMap<BotId, Vec<ChannelId>> = HashMap::new();
    let mut grants: HashMap<BotId, (bool, Vec<EffectiveGrant>)> = HashMap::new();
    let statement = database.statement(STANDING, [workspace.0.into(), now.0.into()]);
    for row in connection.query_all_raw(statement).await? {
        let id: BotId = row.try_get_by_index(0)?;
        if let Some(channel) = row.try_get_by_index(8)? {
            channels.entry(id).or_default().push(channel);
            continue;
        }
        let (_, held) = grants.entry(id).or_insert((row.try_get_by_index(1)?, Vec::new()));
        let Some(valid_from) = row.try_get_by_index::<Option<Timestamp>>(4)? else { continue };
        let grant = EffectiveGrant {
            scope: Scope::of_grant(row.try_get_by_index(2)?, row.try_get_by_index(3)?),
            permissions: role_permissions(row.try_get_by_index(6)?, row.try_get_by_index(7)?)?,
            valid_from,
            valid_until: row.try_get_by_index(5)?,
        };
        held.push(grant.of_api_key());
    }
    let standing = |(id, (answers_first, grants)): (BotId, (bool, Vec<EffectiveGrant>))| {
        let access = Access::new(None, grants, Vec::new(), now).of_bot(Some(id));
        (id, Standing { id, channels: channels.remove(&id).unwrap_or_default(), answers_first, access })
    };
    Ok(grants.into_iter().map(standing).collect())
}

/// What programs are called by which they are known: bots by their own name, others by that of their key.
pub async fn names_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    keys: &[ApiKeyId],
) -> Result<HashMap<ApiKeyId, String>> {
    let found = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .filter(api_key::Column::Id.is_in(keys.iter().copied()));
    let mut names: HashMap<_, _> =
        found.all(connection).await?.into_iter().map(|key| (key.id, key.name)).collect();
    let bots = bot::Entity::find()
        .filter(bot::Column::WorkspaceId.eq(workspace))
        .filter(bot::Column::ApiKeyId.is_in(keys.iter().copied()))
        .order_by_asc(bot::Column::Id);
    names.extend(bots.all(connection).await?.into_iter().map(|bot| (bot.api_key_id, bot.name)));
    Ok(names)
}

/// Which bots had a conversation and which has it, the latest first. For who reads it whole.
pub async fn turns(
    connection: &impl ConnectionTrait,
    conversation: &ConversationRow,
    limit: u64,
) -> Result<Vec<bot_turn::Model>> {
    let row = &conversation.row;
    let find = bot_turn::Entity::find()
        .filter(bot_turn::Column::WorkspaceId.eq(row.workspace_id))
        .filter(bot_turn::Column::ConversationId.eq(row.id))
        .order_by_desc(bot_turn::Column::Id)
        .limit(limit);
    Ok(find.all(connection).await?)
}
