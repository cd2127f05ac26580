//! Findings as lists show them, the one opened last first.

use portaria_entity::finding::{self, AuditRule, Column, FindingStatus, Severity};
use portaria_entity::id::{FindingId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::OpenFinding;
use crate::database::literal;
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
    rows.into_iter().map(OpenFinding::of).collect()
}

/// A finding by its id.
pub async fn find(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: FindingId,
) -> Result<OpenFinding> {
    let row = finding::Entity::find_by_id((workspace, id)).one(connection).await?;
    OpenFinding::of(row.ok_or(Error::NotFound)?)
}
