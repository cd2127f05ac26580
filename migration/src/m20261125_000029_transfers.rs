//! Conversations go from team to team, targets wait while a conversation is put off, and groups have participants.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP TABLE group_participants",
    "DROP TABLE transfers",
    "ALTER TABLE episodes DROP COLUMN put_off_at",
    "ALTER TABLE episodes DROP COLUMN put_off_targets",
    "ALTER TABLE episodes DROP COLUMN put_off_micros",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("transfers.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
