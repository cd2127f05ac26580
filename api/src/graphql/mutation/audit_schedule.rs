//! Setting when the workspace is audited, and which reports one gets oneself.

use async_graphql::{Context, InputObject};
use portaria_domain::audit::reader::{self, Preference};
use portaria_domain::audit::schedule::{self, Schedule};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::audit_schedule::{AuditSchedule, ReportPreference};
use crate::graphql::business_hours::Weekday;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AuditScheduleMutation;

impl Subject for AuditScheduleMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// The schedule as it shall be.
#[derive(InputObject)]
pub struct UpdateAuditScheduleInput {
    /// The minute of the local day, counted from midnight: from 0 to 1439.
    minute_of_day: i32,
    /// Whether a report goes out each day.
    daily: bool,
    /// On which day a report of the whole week goes out; null: on none. One of the two reports there must be.
    weekly_on: Option<Weekday>,
}

payload! {
    /// What came of setting when the workspace is audited.
    UpdateAuditSchedulePayload [authenticated] {
        /// The schedule as it is now; null when it was refused.
        audit_schedule: AuditSchedule
    }
    UpdateAuditScheduleUserError, UpdateAuditScheduleErrorCode {
        /// There is no such minute, or no report would be left.
        InvalidPeriod = InvalidPeriod,
    }
}

/// What one wants.
#[derive(InputObject)]
pub struct UpdateReportPreferenceInput {
    /// Whether one wants the report of the week alone, where the workspace has one.
    weekly_only: bool,
    /// IANA name of the time zone in which times are to be told, e.g. `America/Manaus`; null: the workspace's.
    time_zone: Option<String>,
}

payload! {
    /// What came of saying which reports one wants.
    UpdateReportPreferencePayload [authenticated] {
        /// What holds now; null when it was refused.
        report_preference: ReportPreference
    }
    UpdateReportPreferenceUserError, UpdateReportPreferenceErrorCode {
        /// There is no time zone of that name.
        UnknownTimeZone = UnknownTimeZone at "timeZone",
    }
}

#[guarded]
impl AuditScheduleMutation {
    /// Sets when the workspace is audited and its reports go out. When the new time has passed today, the audit runs at once, unless it has run for a later one. A report of the week whose day has passed waits for the next, but no longer than eight days after the last one.
    #[requires(SecurityPolicyManage)]
    async fn update_audit_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The schedule as it shall be.")] input: UpdateAuditScheduleInput,
    ) -> Result<UpdateAuditSchedulePayload> {
        let weekday = input.weekly_on.map(Weekday::index);
        let wanted = Schedule { minute: input.minute_of_day, daily: input.daily, weekday };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let row = schedule::update(&mut change, wanted).await?;
            change.finish().await?;
            Ok(Some(Schedule::of(&row)))
        };
        UpdateAuditSchedulePayload::new(outcome.await)
    }

    /// Says how one wants the reports of the audit oneself.
    #[requires(AccessAuditRead)]
    async fn update_report_preference(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What one wants.")] input: UpdateReportPreferenceInput,
    ) -> Result<UpdateReportPreferencePayload> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let wanted = Preference { weekly_only: input.weekly_only, time_zone: input.time_zone };
        let outcome = async { reader::set_preference(&request.installation, viewer, wanted).await.map(Some) };
        UpdateReportPreferencePayload::new(outcome.await)
    }
}
