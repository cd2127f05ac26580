//! Bots: which key answers where, which conversations it has, and which it had.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP TABLE bot_turns",
    "ALTER TABLE events DROP COLUMN was_bot_id",
    "DROP INDEX conversations_of_bots",
    "ALTER TABLE conversations DROP COLUMN bot_id",
    "DROP TABLE bot_channels",
    "DROP TABLE bots",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("bots.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
