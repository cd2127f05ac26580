//! Messages that Portaria itself sends: their queue, how numbers send, what customers are shown, and free entry points.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP TABLE outgoing_receipts",
    "DROP TABLE free_entry_points",
    "DROP TABLE channel_sending",
    "DROP TABLE outgoing_messages",
    "ALTER TABLE messages DROP COLUMN sending",
    "ALTER TABLE messages DROP COLUMN author_key_id",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("sending.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
