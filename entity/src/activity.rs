//! Who did what. Append-only: the database refuses to change or delete a row.

use sea_orm::entity::prelude::*;

use crate::id::{ActivityId, ApiKeyId, DirectoryCredentialId, MemberId, SessionId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActivityId,
    pub at: Timestamp,
    /// Neither member nor key nor directory: the installation itself.
    pub actor_member_id: Option<MemberId>,
    pub actor_api_key_id: Option<ApiKeyId>,
    pub actor_directory_id: Option<DirectoryCredentialId>,
    pub session_id: Option<SessionId>,
    /// E.g. `conversation.claimed`.
    pub action: String,
    /// External id of what it was done to.
    pub subject: String,
    /// Of rows from before there were details apart; null since.
    pub before: Option<String>,
    pub after: Option<String>,
    pub address: Option<String>,
    /// Covers the details, which may be erased: null when there are none.
    pub details_hash: Option<Vec<u8>>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
