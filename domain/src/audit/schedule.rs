//! When a workspace is audited and its reports go out. The audit itself runs each day, whichever reports there are.

use portaria_entity::workspace;
use serde_json::{Value, json};

use crate::error::{Refusal, Result};
use crate::granting::Change;

/// The minutes of a local day.
const MINUTES: std::ops::Range<i32> = 0..24 * 60;

/// The schedule of one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Of the local day, counted from midnight.
    pub minute: i32,
    /// Whether a report goes out each day.
    pub daily: bool,
    /// On which day a report of the whole week goes out, in place of that day's; Monday is 0.
    pub weekday: Option<i32>,
}

impl Schedule {
    pub fn of(row: &workspace::Model) -> Self {
        Self { minute: row.audit_minute, daily: row.reports_daily, weekday: row.reports_weekday }
    }

    /// An auditor that reports to nobody is none: one of the two reports stays.
    fn is_possible(self) -> bool {
        let is_weekday = self.weekday.is_none_or(|weekday| (0..7).contains(&weekday));
        MINUTES.contains(&self.minute) && is_weekday && (self.daily || self.weekday.is_some())
    }

    fn told(self) -> Value {
        json!({ "minuteOfDay": self.minute, "daily": self.daily, "weekday": self.weekday })
    }
}

/// Sets when the workspace is audited and its reports go out.
pub async fn update(change: &mut Change<'_>, schedule: Schedule) -> Result<workspace::Model> {
    if !schedule.is_possible() {
        return Err(Refusal::InvalidPeriod.into());
    }
    let before = Schedule::of(&crate::workspace::find(&change.transaction, change.workspace_id).await?);
    let sql = "UPDATE workspaces SET audit_minute = $2, reports_daily = $3, reports_weekday = $4, reports_set_at = $5 \
               WHERE id = $1";
    let values =
        [schedule.minute.into(), schedule.daily.into(), schedule.weekday.into(), change.now.0.into()];
    change.execute(sql, values).await?;
    let values = (Some(before.told()), Some(schedule.told()));
    change.record("audit_schedule.updated", change.workspace_id, values).await?;
    crate::workspace::find(&change.transaction, change.workspace_id).await
}
