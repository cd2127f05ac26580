//! Templates that were approved by somebody who had a hand in them, for there was nobody else: for a week.

use std::time::Duration;

use portaria_entity::finding::Severity;
use portaria_entity::id::{MemberId, TemplateVersionId};
use portaria_entity::time::Timestamp;

use super::{DAY, Evidence, Found, Look};
use crate::error::Result;

/// So long administrators are reminded.
const REMINDER: Duration = Duration::from_secs(7 * DAY.as_secs());

const ALONE: &str = "
SELECT v.id, v.decided_by, v.decided_at, t.name, t.language
FROM template_versions v
JOIN templates t ON t.workspace_id = v.workspace_id AND t.id = v.template_id
JOIN members m ON m.workspace_id = v.workspace_id AND m.id = v.decided_by
WHERE v.workspace_id = $1 AND v.alone AND v.decided_at > $2
ORDER BY v.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for row in look.rows(ALONE, [look.workspace.0.into(), (look.now - REMINDER).0.into()]).await? {
        let id: TemplateVersionId = row.try_get_by_index(0)?;
        let approver: MemberId = row.try_get_by_index(1)?;
        let approved_at: Timestamp = row.try_get_by_index(2)?;
        found.push(Found {
            cause: id.to_string(),
            severity: Severity::Medium,
            member_id: Some(approver),
            evidence: Evidence::TemplateApprovedAlone {
                approved_at,
                template: row.try_get_by_index::<Option<String>>(3)?.unwrap_or_default(),
                language: row.try_get_by_index::<Option<String>>(4)?.unwrap_or_default(),
            },
        });
    }
    Ok(found)
}
