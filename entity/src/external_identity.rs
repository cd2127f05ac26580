//! Whom an identity provider means by a subject: a member of the workspace that the provider belongs to.

use sea_orm::entity::prelude::*;

use crate::id::{ExternalIdentityId, IdentityProviderId, MemberId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "external_identities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExternalIdentityId,
    pub provider_id: IdentityProviderId,
    /// The provider's own name for the person, which it never gives to another.
    pub subject: String,
    pub member_id: MemberId,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
