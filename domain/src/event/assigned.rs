//! That a conversation went from one to another: whom to, why, and who did it.

use std::str::FromStr;

use portaria_entity::event::{self, AssignmentCause, EventKind};
use portaria_entity::id::{ApiKeyId, ConversationId, EventId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, QueryResult};

use super::Before;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::routing::ChoiceReason;
use crate::viewer::{Principal, Viewer};

/// Who gave a conversation to somebody, or took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Member(MemberId),
    ApiKey(ApiKeyId),
    /// Routing, or what falls due with time.
    Portaria,
}

impl From<&Viewer> for By {
    fn from(viewer: &Viewer) -> Self {
        match viewer.principal {
            Principal::Member(session) => Self::Member(session.member_id),
            Principal::ApiKey(key) => Self::ApiKey(key),
        }
    }
}

/// A change of whose a conversation is. Whose it was tells [`Before`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// None: it waits in the queue, or a bot was given it.
    pub to: Option<MemberId>,
    pub cause: AssignmentCause,
    /// By which rule routing chose.
    pub choice: Option<ChoiceReason>,
    pub by: By,
    pub at: Timestamp,
}

/// Writes that a conversation went from one to another, in the transaction in which it did.
pub async fn append_assigned(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    (workspace, conversation): (WorkspaceId, ConversationId),
    (before, assigned): (Before, Assigned),
) -> Result<()> {
    let (by_member_id, by_api_key_id) = match assigned.by {
        By::Member(member) => (Some(member), None),
        By::ApiKey(key) => (None, Some(key)),
        By::Portaria => (None, None),
    };
    let row = event::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(clock.new_id::<EventId>()),
        seq: Set(None),
        kind: Set(EventKind::ConversationAssigned),
        conversation_id: Set(Some(conversation)),
        message_id: Set(None),
        was_open: Set(Some(before.open)),
        was_team_id: Set(before.team_id),
        was_assignee_id: Set(before.assignee_id),
        was_bot_id: Set(before.bot_id),
        assignee_id: Set(assigned.to),
        cause: Set(Some(assigned.cause)),
        choice: Set(assigned.choice.map(|choice| <&str>::from(choice).to_owned())),
        by_member_id: Set(by_member_id),
        by_api_key_id: Set(by_api_key_id),
        at: Set(assigned.at),
    };
    event::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

impl Assigned {
    /// Reads it from the columns of an event, from this one on; none of an event of another kind.
    pub(super) fn read(row: &QueryResult, from: usize) -> Result<Option<Self>> {
        let cause: Option<String> = row.try_get_by_index(from + 1)?;
        let Some(cause) = cause else { return Ok(None) };
        let choice: Option<String> = row.try_get_by_index(from + 2)?;
        let by = match (row.try_get_by_index(from + 3)?, row.try_get_by_index(from + 4)?) {
            (Some(member), _) => By::Member(member),
            (None, Some(key)) => By::ApiKey(key),
            (None, None) => By::Portaria,
        };
        Ok(Some(Self {
            to: row.try_get_by_index(from)?,
            cause: AssignmentCause::try_from_value(&cause)?,
            choice: choice
                .map(|choice| ChoiceReason::from_str(&choice).map_err(Error::internal))
                .transpose()?,
            by,
            at: row.try_get_by_index(from + 5)?,
        }))
    }
}
