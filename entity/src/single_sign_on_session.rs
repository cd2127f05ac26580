//! By which external identity a session was opened.

use sea_orm::entity::prelude::*;

use crate::id::{ExternalIdentityId, IdentityProviderId, SessionId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "single_sign_on_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub session_id: SessionId,
    pub provider_id: IdentityProviderId,
    pub identity_id: ExternalIdentityId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
