//! Somebody who has been asked to become a member: single use, and only for some time.

use sea_orm::entity::prelude::*;

use crate::id::{DirectoryUserId, InvitationId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    pub name: String,
    pub email: String,
    pub email_normalized: String,
    pub locale: String,
    /// SHA-256 of the token in the mail.
    pub token_hash: Vec<u8>,
    pub invited_by: MemberId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub accepted_by: Option<MemberId>,
    pub revoked_at: Option<Timestamp>,
    /// Of whom a directory asks: `invited_by` is then who let the directory in.
    pub directory_user_id: Option<DirectoryUserId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
