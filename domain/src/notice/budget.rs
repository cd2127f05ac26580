//! How often something is told. What is critical, what is high and all the rest have a budget each, so that noise of one keeps
//! nothing of another back; and when one of the first two is used up, what it is for still waits for minutes, not for hours.

use std::time::Duration;

use portaria_entity::finding::Severity;
use portaria_entity::id::WorkspaceId;
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;

use crate::error::Result;
use crate::installation::Installation;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// So long after the notice before, what is grave is told in any case.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The graver, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Budget {
    Others,
    High,
    Critical,
}

impl Budget {
    pub fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Critical,
            Severity::High => Self::High,
            Severity::Medium | Severity::Low => Self::Others,
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Others => "others",
        }
    }
}

/// What notices there were within the hour. One from after now is of a clock that was wrong.
#[derive(Debug, Default)]
pub(super) struct Spending {
    by_budget: Vec<(String, i64)>,
    last: Option<Timestamp>,
}

impl Spending {
    pub async fn of(
        connection: &impl ConnectionTrait,
        installation: &Installation,
        id: WorkspaceId,
    ) -> Result<Self> {
        let sql = "SELECT budget, COUNT(*), MAX(told_at) FROM notices \
                   WHERE workspace_id = $1 AND told_at > $2 AND told_at <= $3 GROUP BY budget";
        let now = installation.clock.now();
        let values = [id.0.into(), (now - HOUR).0.into(), now.0.into()];
        let mut spending = Self::default();
        for row in connection.query_all_raw(installation.database.statement(sql, values)).await? {
            spending.by_budget.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
            spending.last = spending.last.max(row.try_get_by_index(2)?);
        }
        Ok(spending)
    }

    /// Whether a notice of this budget, of which there are so many an hour, may go out now. A notice tells all that waits: who
    /// waits for the pause after any of them waits no longer than that.
    pub fn allows(&self, budget: Budget, (most, now): (i32, Timestamp)) -> bool {
        let spent = self.by_budget.iter().find(|(key, _)| key == budget.key()).map_or(0, |(_, count)| *count);
        let has_paused = self.last.is_none_or(|last| now.since(last) >= PAUSE);
        spent < i64::from(most) || (budget > Budget::Others && has_paused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_grave_waits_for_minutes_and_the_rest_for_its_hour() {
        let second = |seconds: i64| Timestamp::from_secs(seconds);
        let by_budget = vec![("critical".to_owned(), 6), ("others".to_owned(), 6)];
        let spending = Spending { by_budget, last: Some(second(1_000)) };
        let allows = |at: i64| {
            let all = [Budget::Critical, Budget::High, Budget::Others];
            all.map(|budget| spending.allows(budget, (6, second(at))))
        };
        assert_eq!(allows(1_299), [false, true, false]);
        assert_eq!(allows(1_300), [true, true, false]);
    }
}
