//! Alerts; and events of new kinds, which the type in `entity` checks from now on.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const EVENT_KINDS: &str = "'message_received', 'message_updated', 'conversation_changed', 'access_changed'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("alerts.sql")).await?;
        ddl::open(manager, "events", "kind").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::hold_to(manager, "events", "kind", EVENT_KINDS).await?;
        ddl::run(manager, "DROP TABLE alerts;\n").await
    }
}
