//! The activity log: who did what. Rows are inserted with the change they tell of, and never altered; afterwards each is
//! linked into its workspace's [`chain`].

pub mod chain;
mod details;
mod erasure;
pub mod export;
mod finder;
mod flaw;
pub mod phone_reveal;
pub mod verification;

use portaria_entity::id::{ActivityId, ApiKeyId, DirectoryCredentialId, MemberId, SessionId, WorkspaceId};
use portaria_entity::{activity, activity_detail};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::clock::Clock;
use crate::error::Result;
pub use details::Details;
pub(crate) use erasure::{erase_member, erased_among};
pub use finder::{Activity, ActivityCursor, ActivityFilter, page};

use crate::viewer::{MemberSession, Principal, Viewer};

/// Who acts.
#[derive(Clone, Debug)]
pub enum Actor {
    Member {
        member_id: MemberId,
        session_id: SessionId,
    },
    ApiKey(ApiKeyId),
    Directory(DirectoryCredentialId),
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
    let (actor_member_id, session_id) = match deed.actor {
        Actor::Member { member_id, session_id } => (Some(member_id), Some(session_id)),
        Actor::ApiKey(_) | Actor::Directory(_) | Actor::Installation => (None, None),
    };
    let (actor_api_key_id, actor_directory_id) = match deed.actor {
        Actor::ApiKey(key) => (Some(key), None),
        Actor::Directory(directory) => (None, Some(directory)),
        Actor::Member { .. } | Actor::Installation => (None, None),
    };
    let id: ActivityId = clock.new_id();
    let details = Details {
        before: deed.before.map(|value| value.to_string()),
        after: deed.after.map(|value| value.to_string()),
        address: deed.address,
    };
    let salted = details.salted()?;
    let row = activity::ActiveModel {
        workspace_id: Set(deed.workspace_id),
        id: Set(id),
        at: Set(clock.now()),
        actor_member_id: Set(actor_member_id),
        actor_api_key_id: Set(actor_api_key_id),
        actor_directory_id: Set(actor_directory_id),
        session_id: Set(session_id),
        action: Set(deed.action.to_owned()),
        subject: Set(deed.subject),
        before: Set(None),
        after: Set(None),
        address: Set(None),
        details_hash: Set(salted.as_ref().map(|(_, hash)| hash.to_vec())),
    };
    activity::Entity::insert(row).exec_without_returning(transaction).await?;
    if let Some((salt, _)) = salted {
        let row = activity_detail::ActiveModel {
            workspace_id: Set(deed.workspace_id),
            activity_id: Set(id),
            salt: Set(salt.to_vec()),
            before: Set(details.before),
            after: Set(details.after),
            address: Set(details.address),
        };
        activity_detail::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    chain::enqueue(transaction, deed.workspace_id, id).await
}
