//! The life of a finding beyond being open: acknowledged, dismissed, resolved by hand, asked about. And audits that somebody
//! asks for where no auditor runs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP INDEX findings_by_member",
    "DROP INDEX findings_unseen",
    "DROP INDEX findings_unresolved",
    "DROP INDEX findings_by_opened",
    "DROP INDEX findings_by_status",
    "CREATE INDEX findings_by_status ON findings (workspace_id, status)",
    "ALTER TABLE audit_runs DROP COLUMN requested_by",
    "ALTER TABLE findings DROP COLUMN asked_by",
    "ALTER TABLE findings DROP COLUMN asked_at",
    "ALTER TABLE findings DROP COLUMN reopened_count",
    "ALTER TABLE findings DROP COLUMN resolved_by",
    "ALTER TABLE findings DROP COLUMN dismissed_severity",
    "UPDATE findings SET status = 'open' WHERE status IN ('acknowledged', 'dismissed')",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::open(manager, "findings", "status").await?;
        ddl::run(manager, include_str!("findings.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        ddl::hold_to(manager, "findings", "status", "'open', 'resolved'").await
    }
}
