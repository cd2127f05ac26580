//! A phone number of a WhatsApp Business account.

use sea_orm::entity::prelude::*;

use crate::id::{ChannelId, MetaAppId, TeamId, WorkspaceId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChannelId,
    pub meta_app_id: MetaAppId,
    pub name: String,
    /// WhatsApp Business account id.
    pub waba_id: String,
    /// Meta's id of the number, unique in the installation.
    pub phone_number_id: String,
    pub display_phone_number: String,
    pub sealed_access_token: Option<Vec<u8>>,
    pub sealing_key: Option<String>,
    /// The team that receives its new conversations.
    pub team_id: Option<TeamId>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
