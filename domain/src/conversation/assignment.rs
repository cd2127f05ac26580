//! Who has a conversation: claiming, assigning, resolving. Each is one transaction with its event and activity.

use portaria_entity::bot_turn::TurnEnd;
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::event::{AssignmentCause, EventKind};
use portaria_entity::id::{ConversationId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::LockType;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};

use super::{Act, ConversationRow, assignee, find, permit, placement};
use crate::activity::{Deed, record};
use crate::bot::turn::{Ending, end};
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append};
use crate::grant::access_of_members;
use crate::installation::Installation;
use crate::permission::Permission;
use crate::routing::lacking;
use crate::target;
use crate::viewer::Viewer;

/// Whom a conversation is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    Member(MemberId),
    /// Back to the queue.
    Nobody,
}

/// A change of one conversation, from its first read to its commit.
pub(crate) struct Change<'a> {
    pub installation: &'a Installation,
    pub viewer: &'a Viewer,
    pub transaction: DatabaseTransaction,
    pub conversation: ConversationRow,
    pub now: Timestamp,
}

impl<'a> Change<'a> {
    /// Opens a transaction and reads the conversation in it, locked where the database locks rows.
    pub async fn begin(
        installation: &'a Installation,
        viewer: &'a Viewer,
        id: ConversationId,
    ) -> Result<Self> {
        let transaction = installation.database.begin().await?;
        let row = super::row(&transaction, (viewer.workspace_id, id), Some(LockType::Update)).await?;
        let conversation = row.and_then(|row| ConversationRow::of(viewer, row)).ok_or(Error::NotFound)?;
        Ok(Self { installation, viewer, transaction, conversation, now: installation.clock.now() })
    }

    /// Refuses what the viewer may not do. What it takes counts as used.
    pub fn permit(&self, act: Act) -> Result<()> {
        self.viewer.note_use(permit(self.viewer, &self.conversation, act, self.now)?);
        Ok(())
    }

    /// Sets columns of the conversation; the values are `$3` and following.
    pub async fn update<const N: usize>(&self, set: &str, values: [sea_orm::Value; N]) -> Result<()> {
        let row = &self.conversation.row;
        self.update_row(
            &format!("UPDATE conversations SET {set} WHERE workspace_id = $1 AND id = $2"),
            row.id.0,
            values,
        )
        .await
    }

    /// Sets columns of the episode that the conversation is in; the values are `$3` and following.
    async fn update_episode<const N: usize>(&self, set: &str, values: [sea_orm::Value; N]) -> Result<()> {
        let Some(episode) = self.conversation.row.episode_id else { return Ok(()) };
        self.update_row(
            &format!("UPDATE episodes SET {set} WHERE workspace_id = $1 AND id = $2"),
            episode.0,
            values,
        )
        .await
    }

    /// Lets the time for its targets go on, where it stood still because it was put off.
    pub async fn go_on_with_targets(&self) -> Result<()> {
        let database = &self.installation.database;
        target::go_on(&self.transaction, database, &self.conversation.row, self.now).await
    }

    async fn update_row<const N: usize>(
        &self,
        sql: &str,
        id: uuid::Uuid,
        values: [sea_orm::Value; N],
    ) -> Result<()> {
        let key = [self.conversation.row.workspace_id.0.into(), id.into()];
        let statement = self.installation.database.statement(sql, key.into_iter().chain(values));
        self.transaction.execute_raw(statement).await?;
        Ok(())
    }

    /// Records what was done, commits, and answers with the conversation as it is now.
    pub async fn finish(self, action: &str, after: Option<serde_json::Value>) -> Result<conversation::Model> {
        let row = &self.conversation.row;
        let deed = Deed {
            workspace_id: row.workspace_id,
            actor: self.viewer.into(),
            action,
            subject: row.id.to_string(),
            before: Some(serde_json::json!({ "assignee": row.assignee_id })),
            after,
            address: self.viewer.stated_address(),
        };
        record(&self.transaction, &self.installation.clock, deed).await?;
        let happening = Happening {
            workspace_id: row.workspace_id,
            kind: EventKind::ConversationChanged,
            conversation_id: Some(row.id),
            message_id: None,
            before: Some(placement(row).into()),
        };
        append(&self.transaction, &self.installation.clock, happening).await?;
        let changed =
            conversation::Entity::find_by_id((row.workspace_id, row.id)).one(&self.transaction).await?;
        self.end_turn(changed.as_ref()).await?;
        self.transaction.commit().await?;
        self.installation.events.wake();
        changed.ok_or(Error::NotFound)
    }
}

impl Change<'_> {
    /// A bot that has it no longer, or is done with it, has had its turn.
    async fn end_turn(&self, changed: Option<&conversation::Model>) -> Result<()> {
        let row = &self.conversation.row;
        let cause = match changed {
            Some(now) if now.bot_id != row.bot_id => match row.bot_id == self.viewer.access.bot_id() {
                true => TurnEnd::HandedOver,
                false => TurnEnd::TakenOver,
            },
            Some(now) if now.status != row.status && now.status == ConversationStatus::Resolved => {
                TurnEnd::Resolved
            }
            Some(_) | None => return Ok(()),
        };
        if row.bot_id.is_none() {
            return Ok(());
        }
        let ending = Ending::of(cause, self.viewer.member_id(), self.now);
        end(&self.transaction, &self.installation.database, row, ending).await
    }
}

/// Takes an unassigned conversation, or one from a bot.
pub async fn claim(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
) -> Result<ConversationRow> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Claim)?;
    let claimant = viewer.session()?.member_id;
    if act.conversation.row.bot_id.is_some() {
        require_may_have(&act, claimant).await?;
    }
    give(&act, Some(claimant), AssignmentCause::Claimed).await?;
    let row = act.finish("conversation.claimed", Some(serde_json::json!({ "assignee": claimant }))).await?;
    ConversationRow::of(viewer, row).ok_or(Error::NotFound)
}

/// Gives a conversation to a member who may have it, or back to the queue.
///
/// Needs `conversation:assign` there, or, for one's own, `conversation:transfer`. Who gives away their own may no
/// longer see it: then the answer is `None`.
pub async fn assign(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    to: Assignment,
) -> Result<Option<ConversationRow>> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Assign)?;
    let assignee = match to {
        Assignment::Nobody => None,
        Assignment::Member(member) => {
            require_may_have(&act, member).await?;
            Some(member)
        }
    };
    if assignee.is_none() {
        decline(&act).await?;
    }
    let own = act.conversation.row.assignee_id.is_some_and(|had| viewer.is_member(had));
    let cause = match (own, to) {
        (true, Assignment::Member(_)) => AssignmentCause::Transferred,
        (true, Assignment::Nobody) => AssignmentCause::Declined,
        (false, Assignment::Member(_)) => AssignmentCause::Assigned,
        (false, Assignment::Nobody) => AssignmentCause::Returned,
    };
    give(&act, assignee, cause).await?;
    let row = act.finish("conversation.assigned", Some(serde_json::json!({ "assignee": assignee }))).await?;
    Ok(ConversationRow::of(viewer, row))
}

/// Ends the stretch that the conversation is in. A new message from the customer opens the next.
pub async fn resolve(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
) -> Result<ConversationRow> {
    let act = Change::begin(installation, viewer, id).await?;
    act.permit(Act::Resolve)?;
    act.go_on_with_targets().await?;
    act.update(
        "status = 'resolved', waiting_since = NULL, unread_count = 0, snoozed_until = NULL, escalated_at = NULL",
        [],
    )
    .await?;
    act.update_episode(
        "resolved_by = $3, resolved_at = $4",
        [viewer.member_id().map(|member| member.0).into(), act.now.0.into()],
    )
    .await?;
    let row = act.finish("conversation.resolved", None).await?;
    ConversationRow::of(viewer, row).ok_or(Error::NotFound)
}

/// Takes note that its assignee has read what was unread.
pub async fn mark_read(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
) -> Result<ConversationRow> {
    let conversation = find(installation.database.reader(), viewer, id).await?;
    permit(viewer, &conversation, Act::MarkRead, installation.clock.now())?;
    let id = conversation.row.id;
    if conversation.row.unread_count == 0 {
        return Ok(conversation);
    }
    let transaction = installation.database.begin().await?;
    let statement = installation.database.statement(
        "UPDATE conversations SET unread_count = 0 WHERE workspace_id = $1 AND id = $2 AND assignee_id = $3",
        [viewer.workspace_id.0.into(), id.0.into(), viewer.session()?.member_id.0.into()],
    );
    transaction.execute_raw(statement).await?;
    let happening = Happening {
        workspace_id: viewer.workspace_id,
        kind: EventKind::ConversationChanged,
        conversation_id: Some(id),
        message_id: None,
        before: Some(placement(&conversation.row).into()),
    };
    append(&transaction, &installation.clock, happening).await?;
    transaction.commit().await?;
    installation.events.wake();
    find(installation.database.reader(), viewer, id).await
}

async fn give(act: &Change<'_>, assignee: Option<MemberId>, cause: AssignmentCause) -> Result<()> {
    let row = &act.conversation.row;
    let key = (row.workspace_id, row.id);
    let to = (assignee::Holder::Anybody, assignee);
    assignee::write(&act.transaction, &act.installation.database, key, to).await?;
    assignee::tell(&act.transaction, act.installation, row, (assignee, cause, act.viewer.into())).await?;
    if let Some(member) = assignee {
        act.update_episode(
            "first_assigned_at = COALESCE(first_assigned_at, $3), waiting_reason = NULL",
            [act.now.0.into()],
        )
        .await?;
        if let Some(episode) = act.conversation.row.episode_id {
            let sql =
                "DELETE FROM episode_declines WHERE workspace_id = $1 AND episode_id = $2 AND member_id = $3";
            let values = [act.viewer.workspace_id.0.into(), episode.0.into(), member.0.into()];
            act.transaction.execute_raw(act.installation.database.statement(sql, values)).await?;
        }
    }
    Ok(())
}

/// Remembers that who has the conversation is not to be given it again in this episode.
pub(super) async fn decline(act: &Change<'_>) -> Result<()> {
    let row = &act.conversation.row;
    let (Some(episode), Some(member)) = (row.episode_id, row.assignee_id) else { return Ok(()) };
    let sql = "INSERT INTO episode_declines (workspace_id, episode_id, member_id, declined_at) \
               VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, episode_id, member_id) DO NOTHING";
    let values = [row.workspace_id.0.into(), episode.0.into(), member.0.into(), act.now.0.into()];
    act.transaction.execute_raw(act.installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Refuses an assignee who could not look after the conversation once they have it: it would be taken from them again. One that is escalated is so no more when it
/// is given to who receives no escalations.
async fn require_may_have(act: &Change<'_>, member: MemberId) -> Result<()> {
    let row = &act.conversation.row;
    let everybody =
        access_of_members(&act.transaction, &act.installation.database, row.workspace_id, act.now).await?;
    let access = everybody.get(&member).ok_or(Refusal::AssigneeNotPermitted)?;
    let held = access.in_conversation(row.channel_id, row.team_id);
    if !lacking(held).is_empty() {
        return Err(Refusal::AssigneeNotPermitted.into());
    }
    if row.escalated_at.is_some() && !held.contains(Permission::ConversationReceiveEscalation) {
        act.update("escalated_at = NULL", []).await?;
    }
    Ok(())
}
