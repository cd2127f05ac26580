//! Findings as lists show them, the one opened last first.

use portaria_entity::api_key;
use portaria_entity::finding::{self, AuditRule, Column, FindingStatus, Severity};
use portaria_entity::id::{FindingId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::OpenFinding;
use crate::database::{literal, padded};
use crate::error::{Error, Result};

/// Which findings are wanted. What is empty does not narrow.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    pub statuses: Vec<FindingStatus>,
    pub severities: Vec<Severity>,
    pub rules: Vec<AuditRule>,
    /// Only those about this member.
    pub member_id: Option<MemberId>,
}

/// Where a page ends.
pub type FindingCursor = (Timestamp, FindingId);

/// A page of the findings of a workspace.
pub async fn page(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    filter: &FindingFilter,
    after: Option<FindingCursor>,
    limit: u64,
) -> Result<Vec<OpenFinding>> {
    let mut wanted = Condition::all().add(Column::WorkspaceId.eq(workspace));
    if !filter.statuses.is_empty() {
        wanted = wanted.add(Column::Status.is_in(filter.statuses.iter().copied()));
        if !filter.statuses.contains(&FindingStatus::Resolved) {
            // Of the resolved ones, of which there are ever more, none is read: the index names them so.
            wanted = wanted.add(Expr::col(Column::Status).ne(literal("resolved")));
        }
    }
    if !filter.severities.is_empty() {
        wanted = wanted.add(Column::Severity.is_in(filter.severities.iter().copied()));
    }
    if !filter.rules.is_empty() {
        wanted = wanted.add(Column::Rule.is_in(filter.rules.iter().copied()));
    }
    if let Some(member) = filter.member_id {
        wanted = wanted.add(Column::MemberId.eq(member));
    }
    if let Some((at, id)) = after {
        let same = Condition::all().add(Column::OpenedAt.eq(at)).add(Column::Id.lt(id));
        wanted = wanted.add(Condition::any().add(Column::OpenedAt.lt(at)).add(same));
    }
    let rows = finding::Entity::find()
        .filter(wanted)
        .order_by_desc(Column::OpenedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    with_makers(connection, workspace, rows).await
}

/// Reads the findings, with who has a hand in the keys that they are about.
pub(in crate::audit) async fn with_makers(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    rows: Vec<finding::Model>,
) -> Result<Vec<OpenFinding>> {
    let mut findings: Vec<OpenFinding> = rows.into_iter().map(OpenFinding::of).collect::<Result<_>>()?;
    let mut keys: Vec<_> = findings.iter().filter_map(|finding| finding.row.api_key_id).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(findings);
    }
    let keys = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace))
        .filter(api_key::Column::Id.is_in(padded(keys)))
        .all(connection)
        .await?;
    for finding in &mut findings {
        let key = keys.iter().find(|key| Some(key.id) == finding.row.api_key_id);
        finding.key_makers =
            key.into_iter().flat_map(|key| [Some(key.created_by), key.rotated_by]).flatten().collect();
    }
    Ok(findings)
}

/// A finding by its id.
pub async fn find(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: FindingId,
) -> Result<OpenFinding> {
    let row = finding::Entity::find_by_id((workspace, id)).one(connection).await?;
    let found = with_makers(connection, workspace, row.into_iter().collect()).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}
