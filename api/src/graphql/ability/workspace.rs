//! What the viewer may do in the workspace, apart from any single thing in it.

use async_graphql::Context;
use portaria_domain::directory::REQUIRED;
use portaria_domain::permission::Permission;
use portaria_guard::guarded;

use super::{Ability, everywhere};
use crate::error::Result;
use crate::request::Request;

pub struct WorkspaceAbilities;

/// What the viewer may do in the workspace now, apart from any single thing in it.
#[guarded]
impl WorkspaceAbilities {
    /// Invite somebody: `inviteMember`. What they would hold is looked at then.
    #[authenticated]
    fn invite_member(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::MemberManage)
    }

    /// Make a role: `createRole`.
    #[authenticated]
    fn create_role(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::RoleManage)
    }

    /// Make a team: `createTeam`.
    #[authenticated]
    fn create_team(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::TeamManage)
    }

    /// Say of whom a second factor is demanded: `updateSecurityPolicy`.
    #[authenticated]
    fn update_security_policy(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::SecurityPolicyManage)
    }

    /// Say when it is audited and reports go out: `updateAuditSchedule`.
    #[authenticated]
    fn update_audit_schedule(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::SecurityPolicyManage)
    }

    /// Make an API key: `createApiKey`. What it would hold is looked at then.
    #[authenticated]
    fn create_api_key(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::ApiKeyManage)
    }

    /// Let a directory in, and say what its groups stand for: `createDirectoryCredential`, `mapDirectoryGroup`. What it could
    /// give is looked at then.
    #[authenticated]
    fn manage_directory(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let ask = |permission: &Permission| viewer.ask_everywhere(*permission, request.now).map(|_| ());
        Ok(REQUIRED.iter().try_for_each(ask).into())
    }

    /// Read the activity log: `activities`.
    #[authenticated]
    fn read_activities(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::AuditLogRead)
    }

    /// Ask for an audit: `runAudit`.
    #[authenticated]
    fn run_audit(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::AuditRun)
    }

    /// Set the auditor's rules: `updateAuditRule`.
    #[authenticated]
    fn update_audit_rules(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::SecurityPolicyManage)
    }

    /// Take the activity log along: `exportActivities`.
    #[authenticated]
    fn export_activities(&self, ctx: &Context<'_>) -> Result<Ability> {
        everywhere(ctx, Permission::AuditLogExport)
    }
}
