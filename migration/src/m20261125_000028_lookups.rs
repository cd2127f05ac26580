//! Indexes that the statements can use: those over a part of a table that is named by values which a statement is given only
//! when it runs, serve none of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP INDEX webhook_deliveries_due",
    "DROP INDEX webhook_deliveries_fresh",
    "DROP INDEX messages_by_reply",
    "CREATE INDEX webhook_deliveries_by_status_nexttempt ON webhook_deliveries (status, next_attempt_at)",
    "CREATE INDEX messages_acting_on ON messages (channel_id, reply_to_whatsapp_id) WHERE kind IN ('edit', 'revoke')",
    "CREATE INDEX messages_reacting ON messages (channel_id, reply_to_whatsapp_id) WHERE kind = 'reaction'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("lookups.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
