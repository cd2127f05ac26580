//! One sign-in of one user in one workspace.

use sea_orm::entity::prelude::*;
use strum::VariantNames;

use crate::id::{MemberId, SessionId, UserId, WorkspaceId};
use crate::time::Timestamp;

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, strum::IntoStaticStr, VariantNames,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuthenticationMethod {
    Password,
    Bootstrap,
    /// By an identity provider of the workspace.
    SingleSignOn,
    Passkey,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub user_id: UserId,
    pub member_id: MemberId,
    /// SHA-256 of the bearer token, which is shown once.
    pub token_hash: Vec<u8>,
    pub authentication_method: AuthenticationMethod,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    pub address: String,
    /// The connection that the address is of: an IPv6 address's first 64 bits, an IPv4 address itself.
    pub network: String,
    pub user_agent: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Whether what was proved counts in this workspace alone: by its identity provider, or on its own pages.
    pub confined: bool,
    /// Whether it was opened out of a session in another workspace: nothing was proved from where it was opened.
    pub carried_over: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
