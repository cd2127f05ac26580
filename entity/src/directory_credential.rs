//! What a company's directory signs in with to create and remove access: a principal of the workspace.

use sea_orm::entity::prelude::*;

use crate::id::{DirectoryCredentialId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "directory_credentials")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DirectoryCredentialId,
    pub name: String,
    /// How the token begins, so that people recognise it.
    pub prefix: String,
    /// SHA-256 of the token, which is shown once.
    pub token_hash: Vec<u8>,
    pub created_by: MemberId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub revoked_by: Option<MemberId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
