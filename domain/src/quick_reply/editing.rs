//! Writing quick replies. A change is in force at once, and each version is kept with who wrote it.

use portaria_entity::id::QuickReplyId;
use portaria_entity::time::Timestamp;
use portaria_entity::{quick_reply, quick_reply_version};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::{Content, QuickReplyRow, by_id, seen_by};
use crate::access::Scope;
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::guidance::{MANAGE, author, folded, may_write, one_line, require_scope, require_write, sees};
use crate::installation::Installation;
use crate::turn;
use crate::viewer::Viewer;

/// So many a workspace may have in use, and of such titles.
const MOST: u64 = 2_000;
const LONGEST_TITLE: usize = 80;
const LONGEST_FOLDER: usize = 60;
/// So much of a text is searched in.
const SEARCHED: usize = 2_000;
/// Those who write take turns by this name.
const TURN: &str = "quick replies";

/// A quick reply as somebody writes it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub scope: Scope,
    pub title: String,
    pub shortcut: Option<String>,
    pub folder: Option<String>,
    pub content: Content,
}

/// Whether it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    InUse,
    Archived,
}

impl Draft {
    fn checked(self) -> Result<Self> {
        let title = one_line(&self.title);
        if title.is_empty() {
            return Err(Refusal::TitleMissing.into());
        }
        let said = |text: Option<String>| text.map(|text| one_line(&text)).filter(|text| !text.is_empty());
        let folder = said(self.folder);
        let long = |text: &str, most: usize| text.chars().count() > most;
        if long(&title, LONGEST_TITLE) || folder.as_deref().is_some_and(|text| long(text, LONGEST_FOLDER)) {
            return Err(Refusal::TextTooLong.into());
        }
        let shortcut = said(self.shortcut).map(|text| text.trim_start_matches('/').to_ascii_lowercase());
        let good = |text: &String| {
            let byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=30).contains(&text.len()) && text.bytes().all(byte)
        };
        if !shortcut.as_ref().is_none_or(good) {
            return Err(Refusal::InvalidShortcut.into());
        }
        Ok(Self { title, shortcut, folder, content: self.content.checked()?, ..self })
    }

    fn search_text(&self) -> String {
        let texts = self.content.translations.iter().map(|one| one.text.as_str());
        let names = [Some(self.title.as_str()), self.shortcut.as_deref(), self.folder.as_deref()];
        let all: Vec<&str> = names.into_iter().flatten().chain(texts).collect();
        folded(&all.join("\n")).chars().take(SEARCHED).collect()
    }

    /// Its shortcut as no other of the same place may have it.
    fn taken_shortcut(&self) -> Option<String> {
        let place = match self.scope {
            Scope::Workspace => String::new(),
            Scope::Channel(channel) => channel.to_string(),
            Scope::Team(team) => team.to_string(),
        };
        self.shortcut.as_ref().map(|shortcut| format!("{place}/{shortcut}"))
    }

    fn write_to(&self, row: &mut quick_reply::Model) -> Result<()> {
        (row.channel_id, row.team_id) = self.scope.columns();
        row.title.clone_from(&self.title);
        row.shortcut.clone_from(&self.shortcut);
        row.folder.clone_from(&self.folder);
        row.content = serde_json::to_string(&self.content).map_err(Error::internal)?;
        row.sort_key = folded(&self.title);
        row.search_text = self.search_text();
        row.taken_shortcut = self.taken_shortcut().filter(|_| row.archived_at.is_none());
        Ok(())
    }
}

/// Refuses who may not change a quick reply that they see. Touches no database.
pub fn may_change(viewer: &Viewer, row: &QuickReplyRow, status: Status, now: Timestamp) -> Result<()> {
    may_write(viewer, row.scope(), now)?;
    match (status, row.row.archived_at) {
        (Status::InUse, Some(_)) => Err(Refusal::Archived.into()),
        (Status::Archived, None) => Err(Refusal::NotArchived.into()),
        (Status::InUse, None) | (Status::Archived, Some(_)) => Ok(()),
    }
}

/// Writes a new one.
pub async fn create(installation: &Installation, viewer: &Viewer, draft: Draft) -> Result<QuickReplyRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    require_scope(&transaction, viewer.workspace_id, draft.scope).await?;
    require_write(viewer, draft.scope, now)?;
    let draft = draft.checked()?;
    let (created_by, created_by_key) = author(viewer);
    let mut row = quick_reply::Model {
        workspace_id: viewer.workspace_id,
        id: installation.clock.new_id(),
        channel_id: None,
        team_id: None,
        title: String::new(),
        shortcut: None,
        folder: None,
        content: String::new(),
        version: 1,
        sort_key: String::new(),
        search_text: String::new(),
        taken_shortcut: None,
        created_by,
        created_by_key,
        created_at: now,
        updated_by: created_by,
        updated_by_key: created_by_key,
        updated_at: now,
        archived_at: None,
    };
    draft.write_to(&mut row)?;
    require_room(&transaction, &row).await?;
    quick_reply::Entity::insert(quick_reply::ActiveModel::from(row.clone()))
        .exec_without_returning(&transaction)
        .await?;
    keep_version(&transaction, &row).await?;
    note(&transaction, (installation, viewer), "quick_reply.created", (row.id, None, Some(told(&row))))
        .await?;
    transaction.commit().await?;
    seen_by(viewer, None, row)
}

/// Writes it anew. `version` is the one that was read before: who overlooks a change of somebody else's is refused.
pub async fn update(
    installation: &Installation,
    viewer: &Viewer,
    (id, version): (QuickReplyId, i32),
    draft: Draft,
) -> Result<QuickReplyRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let before = changeable(&transaction, viewer, (id, Status::InUse), now).await?;
    require_scope(&transaction, viewer.workspace_id, draft.scope).await?;
    require_write(viewer, draft.scope, now)?;
    if before.version != version {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let mut row = before.clone();
    draft.checked()?.write_to(&mut row)?;
    if row == before {
        return seen_by(viewer, None, row);
    }
    row.version += 1;
    row.updated_at = now;
    (row.updated_by, row.updated_by_key) = author(viewer);
    require_room(&transaction, &row).await?;
    quick_reply::Entity::update(quick_reply::ActiveModel::from(row.clone()).reset_all())
        .exec(&transaction)
        .await?;
    keep_version(&transaction, &row).await?;
    let told = (row.id, Some(told(&before)), Some(told(&row)));
    note(&transaction, (installation, viewer), "quick_reply.updated", told).await?;
    transaction.commit().await?;
    seen_by(viewer, None, row)
}

/// Archives it, so that it is offered no more, or takes it back into use. It is never deleted: what was sent with it names it.
pub async fn set_status(
    installation: &Installation,
    viewer: &Viewer,
    id: QuickReplyId,
    status: Status,
) -> Result<QuickReplyRow> {
    let transaction = begin(installation, viewer).await?;
    let now = installation.clock.now();
    let (from, action) = match status {
        Status::Archived => (Status::InUse, "quick_reply.archived"),
        Status::InUse => (Status::Archived, "quick_reply.restored"),
    };
    let mut row = changeable(&transaction, viewer, (id, from), now).await?;
    row.archived_at = (status == Status::Archived).then_some(now);
    let seen = seen_by(viewer, None, row.clone())?;
    let draft = Draft {
        scope: seen.scope(),
        title: row.title.clone(),
        shortcut: row.shortcut.clone(),
        folder: row.folder.clone(),
        content: seen.content,
    };
    draft.write_to(&mut row)?;
    require_room(&transaction, &row).await?;
    quick_reply::Entity::update(quick_reply::ActiveModel::from(row.clone()).reset_all())
        .exec(&transaction)
        .await?;
    note(&transaction, (installation, viewer), action, (row.id, None, Some(told(&row)))).await?;
    transaction.commit().await?;
    seen_by(viewer, None, row)
}

async fn begin(installation: &Installation, viewer: &Viewer) -> Result<DatabaseTransaction> {
    let transaction = installation.database.begin().await?;
    turn::take(installation, &transaction, viewer.workspace_id, [TURN]).await?;
    Ok(transaction)
}

/// One that the viewer may change, being in that state.
async fn changeable(
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
    (id, status): (QuickReplyId, Status),
    now: Timestamp,
) -> Result<quick_reply::Model> {
    let row = by_id(transaction, (viewer.workspace_id, id)).await?;
    if !sees(&viewer.access, Scope::of_grant(row.channel_id, row.team_id)) {
        return Err(Error::NotFound);
    }
    may_change(viewer, &seen_by(viewer, None, row.clone())?, status, now)?;
    viewer.note_use(MANAGE);
    Ok(row)
}

/// Refuses a shortcut that another has there, and more than there may be.
async fn require_room(transaction: &DatabaseTransaction, row: &quick_reply::Model) -> Result<()> {
    let others = || {
        quick_reply::Entity::find()
            .filter(quick_reply::Column::WorkspaceId.eq(row.workspace_id))
            .filter(quick_reply::Column::Id.ne(row.id))
    };
    if let Some(taken) = &row.taken_shortcut {
        let same = others().filter(quick_reply::Column::TakenShortcut.eq(taken.as_str()));
        if same.one(transaction).await?.is_some() {
            return Err(Refusal::ShortcutTaken.into());
        }
    }
    let in_use = others().filter(quick_reply::Column::ArchivedAt.is_null()).count(transaction).await?;
    if row.archived_at.is_none() && in_use >= MOST { Err(Refusal::TooMany.into()) } else { Ok(()) }
}

async fn keep_version(transaction: &DatabaseTransaction, row: &quick_reply::Model) -> Result<()> {
    let version = quick_reply_version::ActiveModel {
        workspace_id: Set(row.workspace_id),
        quick_reply_id: Set(row.id),
        version: Set(row.version),
        channel_id: Set(row.channel_id),
        team_id: Set(row.team_id),
        title: Set(row.title.clone()),
        shortcut: Set(row.shortcut.clone()),
        folder: Set(row.folder.clone()),
        content: Set(row.content.clone()),
        author_id: Set(row.updated_by),
        author_key_id: Set(row.updated_by_key),
        created_at: Set(row.updated_at),
    };
    quick_reply_version::Entity::insert(version).exec_without_returning(transaction).await?;
    Ok(())
}

/// The texts stand in the versions, by which the log names them.
fn told(row: &quick_reply::Model) -> Value {
    json!({ "title": row.title, "shortcut": row.shortcut, "folder": row.folder, "version": row.version,
            "channel": row.channel_id, "team": row.team_id })
}

async fn note(
    transaction: &DatabaseTransaction,
    (installation, viewer): (&Installation, &Viewer),
    action: &str,
    (id, before, after): (QuickReplyId, Option<Value>, Option<Value>),
) -> Result<()> {
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action,
        subject: id.to_string(),
        before,
        after,
        address: viewer.stated_address(),
    };
    record(transaction, &installation.clock, deed).await
}
