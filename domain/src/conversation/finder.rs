//! The scoped finder: the only way to reach conversations.

use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::id::{ChannelId, ConversationId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::ConversationRow;
use crate::access::{Access, Region};
use crate::error::{Error, Result};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Which of the visible conversations are wanted. What is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct ConversationFilter {
    pub status: Option<ConversationStatus>,
    pub channel_id: Option<ChannelId>,
    pub assignee_id: Option<MemberId>,
    /// Only those that nobody has.
    pub unassigned: Option<Unassigned>,
}

/// Asks for conversations without an assignee.
#[derive(Clone, Copy, Debug)]
pub struct Unassigned;

/// Where a page goes on: after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversationCursor {
    pub last_activity_at: Timestamp,
    pub id: ConversationId,
}

/// The conversations that a viewer may see, as a condition: the same question that `Access::reading` answers of one row.
pub fn visible_to(viewer: &Viewer) -> Condition {
    visible_in(viewer.workspace_id, &viewer.access)
}

/// The same of anybody's access, for who foresees what a change would show them.
pub fn visible_in(workspace: WorkspaceId, access: &Access) -> Condition {
    // To who is no member nothing is assigned; `= NULL` would say so too, if it stayed that.
    let mine = || match access.member_id() {
        Some(member) => Column::AssigneeId.eq(member),
        None => Column::Id.is_null(),
    };
    let mine = || match access.bot_id() {
        Some(bot) => Condition::any().add(mine()).add(Column::BotId.eq(bot)),
        None => Condition::all().add(mine()),
    };
    let my_teams = || Column::TeamId.is_in(access.member_of().iter().copied());
    let queued = || {
        Condition::all()
            .add(Column::AssigneeId.is_null())
            .add(Column::BotId.is_null())
            .add(Column::Status.ne(ConversationStatus::Resolved))
    };
    let mut any = Condition::any();
    for (permission, what) in [
        (Permission::ConversationReadAll, Condition::all()),
        (Permission::ConversationReadTeam, Condition::all().add(my_teams())),
        (Permission::ConversationReadAssigned, Condition::all().add(mine())),
        (Permission::ConversationReadUnassigned, queued()),
    ] {
        any = match access.region(permission) {
            // Seeing every conversation leaves nothing to ask of the row.
            Region::Everywhere if what.is_empty() => return in_workspace(workspace),
            Region::Everywhere => any.add(what),
            Region::Parts { channels, teams } => {
                if channels.is_empty() && teams.is_empty() {
                    any
                } else {
                    let place = Condition::any()
                        .add(Column::ChannelId.is_in(channels))
                        .add(Column::TeamId.is_in(teams));
                    any.add(Condition::all().add(place).add(what))
                }
            }
        };
    }
    if any.is_empty() {
        // Nothing is held anywhere: no row at all.
        any = any.add(Column::Id.is_null());
    }
    in_workspace(workspace).add(any)
}

fn in_workspace(workspace: WorkspaceId) -> Condition {
    Condition::all().add(Column::WorkspaceId.eq(workspace)).add(Column::MergedIntoId.is_null())
}

/// A page of the visible conversations, latest activity first.
pub async fn page(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: &ConversationFilter,
    after: Option<ConversationCursor>,
    limit: u64,
) -> Result<Vec<ConversationRow>> {
    let mut find = conversation::Entity::find().filter(visible_to(viewer));
    if let Some(status) = filter.status {
        find = find.filter(Column::Status.eq(status));
    }
    if let Some(channel) = filter.channel_id {
        find = find.filter(Column::ChannelId.eq(channel));
    }
    if let Some(assignee) = filter.assignee_id {
        find = find.filter(Column::AssigneeId.eq(assignee));
    }
    if let Some(Unassigned) = filter.unassigned {
        find = find.filter(Column::AssigneeId.is_null()).filter(Column::BotId.is_null());
    }
    if let Some(cursor) = after {
        let older = Condition::any().add(Column::LastActivityAt.lt(cursor.last_activity_at)).add(
            Condition::all()
                .add(Column::LastActivityAt.eq(cursor.last_activity_at))
                .add(Column::Id.lt(cursor.id)),
        );
        // The first bound is implied by the second, and lets the index begin at the right place.
        find = find.filter(Column::LastActivityAt.lte(cursor.last_activity_at)).filter(older);
    }
    let rows = find
        .order_by_desc(Column::LastActivityAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|row| ConversationRow::of(viewer, row)).collect())
}

/// One conversation (of one that was merged, the one that it is part of now), or `NotFound` when it is not there or the viewer may not know that it is.
pub async fn find(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    id: ConversationId,
) -> Result<ConversationRow> {
    super::row(connection, (viewer.workspace_id, id), None)
        .await?
        .and_then(|row| ConversationRow::of(viewer, row))
        .ok_or(Error::NotFound)
}

/// What a conversation's id stands for now: the one that it is part of, if it was merged. Says nothing of who may see it.
pub async fn stands_for(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: ConversationId,
) -> Result<ConversationId> {
    Ok(super::row(connection, (workspace, id), None).await?.map_or(id, |row| row.id))
}

/// The channel of a conversation, for who has to be told that it has gone out of their sight.
pub async fn channel_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: ConversationId,
) -> Result<Option<ChannelId>> {
    Ok(conversation::Entity::find_by_id((workspace, id)).one(connection).await?.map(|row| row.channel_id))
}
