//! What roles confer, as the rules need it in SQL: a role that is built in has its permissions in the program, not in a
//! table.

use portaria_entity::role::BuiltInRole;
use sea_orm::{ActiveEnum, Iterable};

use crate::permission::{Breadth, CATALOGUE, Permission, PermissionSet};

/// Permissions that reach far beyond one's own work, though none of them asks for a second factor.
pub(super) const FAR_REACHING: PermissionSet = PermissionSet::of(&[
    Permission::WorkspaceUpdate,
    Permission::MemberReadPrivate,
    Permission::AuditLogRead,
    Permission::FindingResolve,
    Permission::ContactReadAll,
    Permission::ConversationReadTeam,
    Permission::ConversationReadAll,
    Permission::ConversationAssign,
    Permission::TemplateApprove,
    Permission::BotManage,
    Permission::WebhookManage,
    Permission::WebhookEventRead,
]);

/// A grant in the scope of which the permission does not exist confers nothing. Of a grant `g` and a row `c` of `confers`.
pub(super) const EXISTS_THERE: &str = "(g.channel_id IS NULL AND g.team_id IS NULL \
     OR g.channel_id IS NOT NULL AND c.in_channel = 1 OR g.team_id IS NOT NULL AND c.in_team = 1)";

/// The beginning of a statement: `confers (role_id, permission, in_channel, in_team, since, until, allowed_by)` has a row for
/// each of these permissions and each role of the workspace `$1` that allows it. `since`: no later than the role is there, for
/// one that is built in; `until` is null.
pub(super) fn with_confers(watched: PermissionSet) -> String {
    format!("{}) ", conferring(watched))
}

/// The same, and what custom roles allowed once, `until` then.
pub(super) fn with_history(watched: PermissionSet) -> String {
    format!(
        "{} UNION ALL \
             SELECT s.role_id, c.permission, c.in_channel, c.in_team, s.allowed_at, s.forbidden_at, s.allowed_by \
             FROM role_permission_spans s \
             JOIN catalogue c ON c.permission = s.permission \
             WHERE s.workspace_id = $1 AND s.forbidden_at IS NOT NULL) ",
        conferring(watched)
    )
}

fn conferring(watched: PermissionSet) -> String {
    let exists = |exists: bool| i32::from(exists);
    let watched_entries = || CATALOGUE.iter().filter(|entry| watched.contains(entry.permission));
    let catalogue: Vec<String> = watched_entries()
        .map(|entry| {
            let in_channel = exists(matches!(entry.breadth, Breadth::Channel | Breadth::Team));
            let in_team = exists(entry.breadth == Breadth::Team);
            format!("('{}', {in_channel}, {in_team})", entry.key)
        })
        .collect();
    let by_role = |role: BuiltInRole| {
        let held = watched_entries().filter(move |entry| entry.roles.contains(&role));
        held.map(move |entry| format!("('{}', '{}')", role.to_value(), entry.key))
    };
    let built_in: Vec<String> = BuiltInRole::iter().flat_map(by_role).collect();
    format!(
        "WITH catalogue (permission, in_channel, in_team) AS (VALUES {}), \
         built_in_confers (built_in, permission) AS (VALUES {}), \
         confers (role_id, permission, in_channel, in_team, since, until, allowed_by) AS ( \
             SELECT r.id, c.permission, c.in_channel, c.in_team, \
                    r.created_at, CAST(NULL AS BIGINT), CAST(NULL AS UUID) \
             FROM roles r \
             JOIN built_in_confers b ON b.built_in = r.built_in \
             JOIN catalogue c ON c.permission = b.permission \
             WHERE r.workspace_id = $1 \
             UNION ALL \
             SELECT r.id, c.permission, c.in_channel, c.in_team, \
                    COALESCE(s.allowed_at, r.created_at), CAST(NULL AS BIGINT), s.allowed_by \
             FROM roles r \
             JOIN role_permissions p ON p.workspace_id = r.workspace_id AND p.role_id = r.id \
             JOIN catalogue c ON c.permission = p.permission \
             LEFT JOIN role_permission_spans s ON s.workspace_id = p.workspace_id AND s.role_id = p.role_id \
                                               AND s.permission = p.permission AND s.forbidden_at IS NULL \
             WHERE r.workspace_id = $1 AND r.built_in IS NULL",
        catalogue.join(", "),
        built_in.join(", ")
    )
}
