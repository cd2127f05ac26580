//! The index of changes of access anew, over how reports are to come, and access reviews that are set up to come again, ended or
//! called off, too.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// As `domain/src/audit/access_change` lists them: a statement that names the same list is served by the index.
const ACTIONS: &str = "'audit_rule.updated', 'audit_schedule.updated', 'security_policy.updated', 'session_policy.updated', \
     'finding.dismissed', 'report_preference.updated', 'access_review.schedule_ended', 'access_review.cancelled', \
     'access_review.scheduled', 'alert_policy.updated', 'notification_endpoint.created', \
     'notification_endpoint.updated', 'notification_endpoint.secret_rotated', \
     'notification_endpoint.deleted', 'workspace.front_end_set', 'emergency.activated', \
     'member.second_factor_reset', 'member.second_factor_removed', 'member.password_reset', \
     'member.reset_link_issued', 'member.address_changed', 'identity_provider.created', \
     'identity_provider.updated', 'identity_provider.deleted', 'external_identity.linked', \
     'directory_credential.created', 'grant.made', 'grant.changed', 'role.created', 'role.edited', \
     'api_key.created', 'api_key.rotated', 'api_key.addresses_set', 'api_key.grants_changed', \
     'meta_app.created', 'meta_app.secret_added', 'meta_app.secret_rotated', 'finding.resolved', \
     'emergency.allowed', 'directory_mapping.made', 'bot.connected', 'channel.access_token_set', \
     'member.reinstated', 'member.created', 'invitation.accepted', 'invitation.sent', 'team.member_added', \
     'team.channel_added', 'grant.revoked', 'role.deleted', 'api_key.revoked', 'api_key.grant_revoked', \
     'meta_app.secret_ended', 'emergency.disallowed', 'directory_credential.revoked', \
     'directory_mapping.ended', 'bot.disconnected', 'member.suspended', 'member.removed', \
     'team.member_removed', 'team.channel_removed', 'invitation.revoked'";

/// The list before it.
const ACTIONS_BEFORE: &str = "'audit_rule.updated', 'audit_schedule.updated', 'security_policy.updated', 'session_policy.updated', \
     'finding.dismissed', 'alert_policy.updated', 'notification_endpoint.created', \
     'notification_endpoint.updated', 'notification_endpoint.secret_rotated', \
     'notification_endpoint.deleted', 'workspace.front_end_set', 'emergency.activated', \
     'member.second_factor_reset', 'member.second_factor_removed', 'member.password_reset', \
     'member.reset_link_issued', 'member.address_changed', 'identity_provider.created', \
     'identity_provider.updated', 'identity_provider.deleted', 'external_identity.linked', \
     'directory_credential.created', 'grant.made', 'grant.changed', 'role.created', 'role.edited', \
     'api_key.created', 'api_key.rotated', 'api_key.addresses_set', 'api_key.grants_changed', \
     'meta_app.created', 'meta_app.secret_added', 'meta_app.secret_rotated', 'finding.resolved', \
     'emergency.allowed', 'directory_mapping.made', 'bot.connected', 'channel.access_token_set', \
     'member.reinstated', 'member.created', 'invitation.accepted', 'invitation.sent', 'team.member_added', \
     'team.channel_added', 'grant.revoked', 'role.deleted', 'api_key.revoked', 'api_key.grant_revoked', \
     'meta_app.secret_ended', 'emergency.disallowed', 'directory_credential.revoked', \
     'directory_mapping.ended', 'bot.disconnected', 'member.suspended', 'member.removed', \
     'team.member_removed', 'team.channel_removed', 'invitation.revoked'";

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
        index(manager, ACTIONS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        index(manager, ACTIONS_BEFORE).await
    }
}
