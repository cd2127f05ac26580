//! By which budget something was told at once; mails that wait, by their age; and the index of changes of access anew, with
//! who changed which reports they get.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Changes of who may do what, and of what is told of it, as `domain/src/audit/access_change` lists them: a statement that
/// names the same list is served by the index.
const ACTIONS: &str = "'audit_rule.updated', 'audit_schedule.updated', 'security_policy.updated', \
     'session_policy.updated', 'finding.dismissed', 'report_preference.updated', \
     'alert_policy.updated', 'notification_endpoint.created', 'notification_endpoint.updated', \
     'notification_endpoint.secret_rotated', 'notification_endpoint.deleted', \
     'workspace.front_end_set', 'emergency.activated', 'member.second_factor_reset', \
     'member.second_factor_removed', 'member.password_reset', 'member.reset_link_issued', \
     'member.address_changed', 'identity_provider.created', 'identity_provider.updated', \
     'identity_provider.deleted', 'external_identity.linked', 'directory_credential.created', \
     'grant.made', 'grant.changed', 'role.created', 'role.edited', 'api_key.created', \
     'api_key.rotated', 'api_key.addresses_set', 'api_key.grants_changed', 'meta_app.created', \
     'meta_app.secret_added', 'meta_app.secret_rotated', 'finding.resolved', 'emergency.allowed', \
     'directory_mapping.made', 'bot.connected', 'channel.access_token_set', 'member.reinstated', \
     'member.created', 'invitation.accepted', 'invitation.sent', 'team.member_added', \
     'team.channel_added', 'grant.revoked', 'role.deleted', 'api_key.revoked', \
     'api_key.grant_revoked', 'meta_app.secret_ended', 'emergency.disallowed', \
     'directory_credential.revoked', 'directory_mapping.ended', 'bot.disconnected', \
     'member.suspended', 'member.removed', 'team.member_removed', 'team.channel_removed', \
     'invitation.revoked'";

/// The list before it.
const ACTIONS_BEFORE: &str = "'audit_rule.updated', 'audit_schedule.updated', 'security_policy.updated', \
     'session_policy.updated', 'finding.dismissed', 'alert_policy.updated', \
     'notification_endpoint.created', 'notification_endpoint.updated', \
     'notification_endpoint.secret_rotated', 'notification_endpoint.deleted', \
     'workspace.front_end_set', 'emergency.activated', 'member.second_factor_reset', \
     'member.second_factor_removed', 'member.password_reset', 'member.reset_link_issued', \
     'member.address_changed', 'identity_provider.created', 'identity_provider.updated', \
     'identity_provider.deleted', 'external_identity.linked', 'directory_credential.created', \
     'grant.made', 'grant.changed', 'role.created', 'role.edited', 'api_key.created', \
     'api_key.rotated', 'api_key.addresses_set', 'api_key.grants_changed', 'meta_app.created', \
     'meta_app.secret_added', 'meta_app.secret_rotated', 'finding.resolved', 'emergency.allowed', \
     'directory_mapping.made', 'bot.connected', 'channel.access_token_set', 'member.reinstated', \
     'member.created', 'invitation.accepted', 'invitation.sent', 'team.member_added', \
     'team.channel_added', 'grant.revoked', 'role.deleted', 'api_key.revoked', \
     'api_key.grant_revoked', 'meta_app.secret_ended', 'emergency.disallowed', \
     'directory_credential.revoked', 'directory_mapping.ended', 'bot.disconnected', \
     'member.suspended', 'member.removed', 'team.member_removed', 'team.channel_removed', \
     'invitation.revoked'";

const BEFORE: &[&str] = &[
    "DROP INDEX outgoing_mails_waiting",
    "ALTER TABLE notices ADD COLUMN is_urgent BOOLEAN NOT NULL DEFAULT FALSE",
    "UPDATE notices SET is_urgent = TRUE WHERE budget = 'critical'",
    "ALTER TABLE notices DROP COLUMN budget",
];

async fn index(manager: &SchemaManager<'_>, actions: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared("DROP INDEX activities_of_access").await?;
    let create = format!(
        "CREATE INDEX activities_of_access ON activities (workspace_id, action, \"at\") WHERE action IN ({actions})"
    );
    connection.execute_unprepared(&create).await?;
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("notice_budgets.sql")).await?;
        index(manager, ACTIONS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, ACTIONS_BEFORE).await?;
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
