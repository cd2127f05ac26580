//! By which budget something was told at once, and mails that wait, by their age.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP INDEX outgoing_mails_waiting",
    "ALTER TABLE notices ADD COLUMN is_urgent BOOLEAN NOT NULL DEFAULT FALSE",
    "UPDATE notices SET is_urgent = TRUE WHERE budget = 'critical'",
    "ALTER TABLE notices DROP COLUMN budget",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("notice_budgets.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
