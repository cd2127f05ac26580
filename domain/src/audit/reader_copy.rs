//! What became of the copies of the audit's reports: which stretch of time each tells of, and whether it has arrived.

use std::collections::HashMap;

use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use crate::database::Database;
use crate::error::Result;

/// One reader's copy of a report.
#[derive(Clone, Debug)]
pub(super) struct ReaderCopy {
    /// It tells what happened after this,
    pub from: Timestamp,
    /// up to this.
    pub to: Timestamp,
    pub is_weekly: bool,
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    Waiting,
    /// Given up, with what the queue writes of it.
    Failed(String),
    /// Its reader might not read it any more.
    Withdrawn,
}

impl ReaderCopy {
    pub fn has_arrived(&self) -> bool {
        self.fate == Fate::Sent
    }

    /// What waits is taken to arrive until it does not.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self.fate, Fate::Sent | Fate::Waiting)
    }

    /// From when on none of others, the earliest first, has told what this one would have; none if they have told all of it.
    pub fn unheard<'a>(&self, others: impl Iterator<Item = &'a Self>) -> Option<Timestamp> {
        let mut heard = self.from;
        for other in others {
            if other.from <= heard && other.to > heard {
                heard = other.to;
            }
        }
        (heard < self.to).then_some(heard)
    }
}

/// Every reader's copies that tell until some time after the first and up to the second instant, by where they begin. What
/// became of a mail that is not kept any more is that it was sent.
pub(super) async fn copies(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
    (after, until): (Timestamp, Timestamp),
) -> Result<HashMap<MemberId, Vec<ReaderCopy>>> {
    let sql = "SELECT p.member_id, p.covers_from, p.covers_to, p.week, p.withdrawn_at, m.status, m.error \
               FROM audit_reports p LEFT JOIN outgoing_mails m ON m.id = p.mail_id \
               WHERE p.workspace_id = $1 AND p.covers_to > $2 AND p.covers_to <= $3 \
               ORDER BY p.covers_from, p.covers_to";
    let values = [workspace.0.into(), after.0.into(), until.0.into()];
    let mut copies: HashMap<MemberId, Vec<ReaderCopy>> = HashMap::new();
    for row in connection.query_all_raw(database.statement(sql, values)).await? {
        let status: Option<String> = row.try_get_by_index(5)?;
        let error: Option<String> = row.try_get_by_index(6)?;
        let fate = match (row.try_get_by_index::<Option<Timestamp>>(4)?, status.as_deref()) {
            (Some(_), _) => Fate::Withdrawn,
            (None, Some("failed")) => Fate::Failed(error.unwrap_or_default()),
            (None, Some("queued")) => Fate::Waiting,
            (None, Some(_) | None) => Fate::Sent,
        };
        let week: Option<String> = row.try_get_by_index(3)?;
        let (from, to) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let copy = ReaderCopy { from, to, is_weekly: week.is_some(), fate };
        copies.entry(row.try_get_by_index(0)?).or_default().push(copy);
    }
    Ok(copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(from: i64, to: i64) -> ReaderCopy {
        ReaderCopy { from: Timestamp(from), to: Timestamp(to), is_weekly: false, fate: Fate::Sent }
    }

    #[test]
    fn what_others_have_told_together_is_not_unheard() {
        let unheard = |others: &[ReaderCopy]| copy(0, 7).unheard(others.iter()).map(|at| at.0);
        assert_eq!(unheard(&[]), Some(0));
        assert_eq!(unheard(&[copy(7, 8)]), Some(0));
        assert_eq!(unheard(&[copy(0, 3), copy(3, 6)]), Some(6));
        assert_eq!(unheard(&[copy(0, 3), copy(4, 9)]), Some(3), "there is a gap");
        assert_eq!(unheard(&[copy(-1, 3), copy(2, 9)]), None);
    }
}
