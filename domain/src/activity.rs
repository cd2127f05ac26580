//! The activity log: who did what. Rows are inserted with the change they tell of, and never altered.

use portaria_entity::activity;
use portaria_entity::id::{ActivityId, ApiKeyId, MemberId, SessionId, WorkspaceId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::clock::Clock;
use crate::error::Result;
use crate::viewer::{MemberSession, Principal, Viewer};

/// Who acts.
#[derive(Clone, Debug)]
pub enum Actor {
    Member {
        member_id: MemberId,
        session_id: SessionId,
    },
    ApiKey(ApiKeyId),
    /// The installation itself: the command line, routing, the schedule.
    Installation,
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        match viewer.principal {
            Principal::Member(MemberSession { member_id, session_id, .. }) => {
                Self::Member { member_id, session_id }
            }
            Principal::ApiKey(key) => Self::ApiKey(key),
        }
    }
}

/// Something that was done. Never carries what a customer said, nor a phone number.
pub struct Deed<'a> {
    pub workspace_id: WorkspaceId,
    pub actor: Actor,
    /// E.g. `conversation.claimed`.
    pub action: &'a str,
    /// External id of what it was done to.
    pub subject: String,
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    pub address: Option<String>,
}

/// Records a deed in the transaction of its change.
pub async fn record(transaction: &impl ConnectionTrait, clock: &Clock, deed: Deed<'_>) -> Result<()> {
    let (actor_member_id, session_id, actor_api_key_id) = match deed.actor {
        Actor::Member { member_id, session_id } => (Some(member_id), Some(session_id), None),
        Actor::ApiKey(key) => (None, None, Some(key)),
        Actor::Installation => (None, None, None),
    };
    let row = activity::ActiveModel {
        workspace_id: Set(deed.workspace_id),
        id: Set(clock.new_id::<ActivityId>()),
        at: Set(clock.now()),
        actor_member_id: Set(actor_member_id),
        actor_api_key_id: Set(actor_api_key_id),
        session_id: Set(session_id),
        action: Set(deed.action.to_owned()),
        subject: Set(deed.subject),
        before: Set(deed.before.map(|value| value.to_string())),
        after: Set(deed.after.map(|value| value.to_string())),
        address: Set(deed.address),
    };
    activity::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}
