//! Who may vouch for the members of a workspace: an OpenID Connect provider, and this workspace as its client.

use sea_orm::entity::prelude::*;

use crate::id::{IdentityProviderId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdentityProviderId,
    /// As people know it.
    pub name: String,
    /// Where it is, and what it calls itself in every token. It never changes.
    pub issuer: String,
    pub client_id: String,
    /// None: a public client.
    pub sealed_client_secret: Option<Vec<u8>>,
    pub sealing_key: Option<String>,
    /// Asked for, separated by spaces.
    pub scopes: String,
    /// Values of `acr` that stand for a second factor, separated by spaces.
    pub second_factor_acr: String,
    /// Values of `amr` that stand for a second factor, separated by spaces.
    pub second_factor_amr: String,
    /// Whether who is unknown becomes a member, when a role is mapped for them.
    pub creates_members: bool,
    /// Who configured it last: nothing comes in by it that they could not grant.
    pub configured_by: MemberId,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
