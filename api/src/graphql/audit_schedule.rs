//! When the workspace is audited, and who wants which reports.

use portaria_domain::audit::reader::Preference;
use portaria_domain::audit::schedule::Schedule;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::business_hours::Weekday;
use crate::guard::Subject;

pub struct AuditSchedule(Schedule);

impl From<Schedule> for AuditSchedule {
    fn from(schedule: Schedule) -> Self {
        Self(schedule)
    }
}

impl Subject for AuditSchedule {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// When the workspace is audited and its reports go out, by the clock of its time zone. The audit runs each day, whichever
/// reports there are.
#[guarded]
impl AuditSchedule {
    /// The minute of the local day, counted from midnight: 480 is 08:00.
    #[requires(SecurityPolicyManage, AccessAuditRead)]
    fn minute_of_day(&self) -> i32 {
        self.0.minute
    }

    /// Whether a report goes out each day.
    #[requires(SecurityPolicyManage, AccessAuditRead)]
    fn daily(&self) -> bool {
        self.0.daily
    }

    /// On which day a report of the whole week goes out, in place of that day's; null where there is none.
    #[requires(SecurityPolicyManage, AccessAuditRead)]
    fn weekly_on(&self) -> Option<Weekday> {
        self.0.weekday.and_then(Weekday::of_index)
    }
}

pub struct ReportPreference(Preference);

impl From<Preference> for ReportPreference {
    fn from(preference: Preference) -> Self {
        Self(preference)
    }
}

impl Subject for ReportPreference {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// How the viewer wants the reports of the audit.
#[guarded]
impl ReportPreference {
    /// Whether they want the report of the week alone, where the workspace has one.
    #[requires(AccessAuditRead)]
    fn weekly_only(&self) -> bool {
        self.0.weekly_only
    }

    /// IANA name of the time zone in which times are told to them; null: the workspace's.
    #[requires(AccessAuditRead)]
    fn time_zone(&self) -> Option<&str> {
        self.0.time_zone.as_deref()
    }
}
