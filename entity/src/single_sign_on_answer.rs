//! What an identity provider answered, kept for a minute until the front end fetches it.

use sea_orm::entity::prelude::*;

use crate::id::{IdentityProviderId, SingleSignOnId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "single_sign_on_answers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SingleSignOnId,
    pub provider_id: IdentityProviderId,
    /// SHA-256 of the code by which it is fetched; none while the provider is being asked.
    pub code_hash: Option<Vec<u8>>,
    pub sealed_answer: Option<Vec<u8>>,
    pub sealing_key: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
