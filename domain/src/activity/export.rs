//! The log as a file: CSV or JSON Lines, newest first.

use portaria_entity::id::WorkspaceId;
use portaria_entity::time::Timestamp;
use serde_json::json;

use super::{Activity, ActivityFilter, Actor, Deed, page, record};
use crate::error::{Refusal, Result};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// What one answer of the API may hold.
const MOST: usize = 10_000;
pub const PAGE: u64 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

pub struct Export {
    pub content: String,
    pub count: usize,
}

const COLUMNS: &[&str] = &[
    "id",
    "at",
    "member",
    "apiKey",
    "session",
    "action",
    "subject",
    "before",
    "after",
    "address",
    "erased",
    "directory",
];

impl Format {
    /// What comes before the first row.
    pub fn heading(self) -> String {
        match self {
            Self::Csv => COLUMNS.join(",") + "\r\n",
            Self::JsonLines => String::new(),
        }
    }

    pub fn line(self, activity: &Activity) -> String {
        let row = &activity.row;
        let (details, at) = (&activity.details, written(row.at));
        let member = row.actor_member_id.map(|id| id.to_string());
        let key = row.actor_api_key_id.map(|id| id.to_string());
        let directory = row.actor_directory_id.map(|id| id.to_string());
        let session = row.session_id.map(|id| id.to_string());
        match self {
            Self::Csv => {
                let values = [
                    Some(row.id.to_string()),
                    Some(at),
                    member,
                    key,
                    session,
                    Some(row.action.clone()),
                    Some(row.subject.clone()),
                    details.before.clone(),
                    details.after.clone(),
                    details.address.clone(),
                    Some(activity.erased.to_string()),
                    directory,
                ];
                let cells: Vec<String> =
                    values.into_iter().map(|value| cell(&value.unwrap_or_default())).collect();
                cells.join(",") + "\r\n"
            }
            Self::JsonLines => {
                let parsed = |text: &Option<String>| -> Option<serde_json::Value> {
                    text.as_deref().and_then(|text| serde_json::from_str(text).ok())
                };
                let line = json!({
                    "id": row.id, "at": at, "member": member, "apiKey": key, "session": session,
                    "action": row.action, "subject": row.subject, "before": parsed(&details.before),
                    "after": parsed(&details.after), "address": details.address, "erased": activity.erased,
                    "directory": directory,
                });
                line.to_string() + "\n"
            }
        }
    }
}

/// RFC 3339 in UTC.
fn written(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// A cell by RFC 4180. What a spreadsheet would run as a formula is made text.
pub(crate) fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

/// What the viewer asked for, as a file. That they did is recorded first.
pub async fn export(
    installation: &Installation,
    viewer: &Viewer,
    filter: &ActivityFilter,
    format: Format,
) -> Result<Export> {
    viewer.require_everywhere(Permission::AuditLogExport, installation.clock.now())?;
    let rows = all(installation, viewer.workspace_id, filter, MOST).await?;
    let by = (viewer.into(), viewer.stated_address());
    record_export(installation, viewer.workspace_id, by, rows.len()).await?;
    let lines: String = rows.iter().map(|row| format.line(row)).collect();
    Ok(Export { content: format.heading() + &lines, count: rows.len() })
}

/// Puts down that so many activities are taken along.
pub async fn record_export(
    installation: &Installation,
    workspace_id: WorkspaceId,
    (actor, address): (Actor, Option<String>),
    count: usize,
) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let deed = Deed {
        workspace_id,
        actor,
        action: "activity.exported",
        subject: workspace_id.to_string(),
        before: None,
        after: Some(json!({ "count": count })),
        address,
    };
    record(&transaction, &installation.clock, deed).await?;
    Ok(transaction.commit().await?)
}

/// Everything that fits a filter, newest first; refused beyond so many.
async fn all(
    installation: &Installation,
    workspace: WorkspaceId,
    filter: &ActivityFilter,
    most: usize,
) -> Result<Vec<Activity>> {
    let reader = installation.database.reader();
    let mut rows: Vec<Activity> = Vec::new();
    loop {
        let after = rows.last().map(|row| row.row.id);
        let read = page(reader, workspace, filter, after, PAGE).await?;
        if read.is_empty() {
            return Ok(rows);
        }
        rows.extend(read);
        if rows.len() > most {
            return Err(Refusal::TooMany.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_breaks_a_row() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(cell("-2"), "'-2");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("grant.made"), "grant.made");
    }
}
