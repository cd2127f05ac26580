//! On which number a bot answers.

use sea_orm::entity::prelude::*;

use crate::id::{BotId, ChannelId, WorkspaceId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bot_channels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace_id: WorkspaceId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub bot_id: BotId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: ChannelId,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
