//! Settings of the auditor's rules, and the record of which permissions are used.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "ALTER TABLE workspaces DROP COLUMN uses_recorded_since",
    "DROP TABLE api_key_permission_uses",
    "DROP TABLE member_permission_uses",
    "ALTER TABLE findings DROP COLUMN alerted_at",
    "ALTER TABLE findings DROP COLUMN dismissal_reason",
    "ALTER TABLE findings DROP COLUMN dismissed_until",
    "ALTER TABLE findings DROP COLUMN dismissed_by",
    "ALTER TABLE findings DROP COLUMN dismissed_at",
    "ALTER TABLE findings DROP COLUMN acknowledged_by",
    "ALTER TABLE findings DROP COLUMN acknowledged_at",
    "ALTER TABLE findings DROP COLUMN channel_id",
    "ALTER TABLE findings DROP COLUMN api_key_id",
    "ALTER TABLE workspaces ADD COLUMN inactive_after_days INTEGER NOT NULL DEFAULT 30",
    "DROP TABLE audit_rule_parameters",
    "DROP TABLE audit_rule_settings",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("audit_rules.sql")).await?;
        let connection = manager.get_connection();
        let now = match connection.get_database_backend() {
            DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)",
            _ => "unixepoch()",
        };
        let recorded = format!("UPDATE workspaces SET uses_recorded_since = {now} * 1000000");
        connection.execute_unprepared(&recorded).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
