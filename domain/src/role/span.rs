//! Since when a custom role has allowed what, and by whom: for who looks back at what somebody could do then.

use portaria_entity::id::RoleId;

use crate::error::Result;
use crate::granting::Change;

/// What the role does not allow any more.
const ENDED: &str = "
UPDATE role_permission_spans SET forbidden_at = $3, forbidden_by = $4
WHERE workspace_id = $1 AND role_id = $2 AND forbidden_at IS NULL AND permission NOT IN (
    SELECT p.permission FROM role_permissions p WHERE p.workspace_id = $1 AND p.role_id = $2)";

/// What it allows now. What was taken away and put back within one instant was never away.
const BEGUN: &str = "
INSERT INTO role_permission_spans (workspace_id, role_id, permission, allowed_at, allowed_by)
SELECT p.workspace_id, p.role_id, p.permission, $3, $4 FROM role_permissions p
WHERE p.workspace_id = $1 AND p.role_id = $2 AND NOT EXISTS (
    SELECT 1 FROM role_permission_spans s
    WHERE s.workspace_id = $1 AND s.role_id = $2 AND s.permission = p.permission AND s.forbidden_at IS NULL)
ON CONFLICT (workspace_id, role_id, permission, allowed_at) DO UPDATE SET forbidden_at = NULL, forbidden_by = NULL";

/// Takes note of what the role allows now, and that it has changed, if it has.
pub(super) async fn note(change: &Change<'_>, role: RoleId) -> Result<()> {
    for sql in [ENDED, BEGUN] {
        let author = change.author().map(|author| author.0);
        change.execute(sql, [role.0.into(), change.now.0.into(), author.into()]).await?;
    }
    Ok(())
}
