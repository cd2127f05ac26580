//! When audit reports go out, what went to whom, what it was about, and what goes along with a mail.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Changes of who may do what, as `domain/src/audit/access_change` lists them: a statement that names the same list is
/// served by the index.
const ACTIONS: &str = "'audit_rule.updated', 'audit_schedule.updated', 'security_policy.updated', \
     'session_policy.updated', 'emergency.activated', 'member.second_factor_reset', 'member.second_factor_removed', \
     'member.password_reset', 'member.reset_link_issued', 'member.address_changed', 'identity_provider.created', \
     'identity_provider.updated', 'identity_provider.deleted', 'directory_credential.created', 'grant.made', \
     'grant.changed', 'role.created', 'role.edited', 'api_key.created', 'api_key.rotated', 'api_key.addresses_set', \
     'emergency.allowed', 'directory_mapping.made', 'bot.connected', 'channel.access_token_set', 'member.reinstated', \
     'member.created', 'invitation.accepted', 'invitation.sent', 'team.member_added', 'team.channel_added', \
     'grant.revoked', 'role.deleted', 'api_key.revoked', 'emergency.disallowed', 'directory_credential.revoked', \
     'directory_mapping.ended', 'bot.disconnected', 'member.suspended', 'member.removed', 'team.member_removed', \
     'team.channel_removed', 'invitation.revoked'";

const BEFORE: &[&str] = &[
    "DROP INDEX activities_of_access",
    "DROP INDEX findings_by_resolved",
    "DROP TABLE mail_attachments",
    "DROP TABLE audit_tallies",
    "DROP TABLE audit_reports",
    "DROP TABLE report_preferences",
    "ALTER TABLE workspaces DROP COLUMN reports_set_at",
    "ALTER TABLE workspaces DROP COLUMN reports_weekday",
    "ALTER TABLE workspaces DROP COLUMN reports_daily",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, &include_str!("audit_reports.sql").replace("{actions}", ACTIONS)).await?;
        let connection = manager.get_connection();
        let now = match connection.get_database_backend() {
            DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)",
            _ => "unixepoch()",
        };
        let from_now = format!("UPDATE workspaces SET reports_weekday = 0, reports_set_at = {now} * 1000000");
        connection.execute_unprepared(&from_now).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
