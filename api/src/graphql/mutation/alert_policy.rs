//! Setting when administrators are told at once.

use async_graphql::{Context, InputObject};
use portaria_domain::alert_policy::{self, AlertPolicy as Policy};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::alert_policy::{AlertPolicy, NoticeSeverity, quiet_hours};
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AlertPolicyMutation;

impl Subject for AlertPolicyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Hours of every day, by the workspace's clock.
#[derive(InputObject)]
pub struct QuietHoursInput {
    /// When they begin: `22:00`.
    from: String,
    /// When they end: `07:00`. Earlier than `from`: on the next day.
    until: String,
    /// What is as severe as this, and what is less, waits for their end; what is critical never does.
    #[graphql(default_with = "NoticeSeverity::Medium")]
    severity: NoticeSeverity,
}

/// The whole policy.
#[derive(InputObject)]
pub struct UpdateAlertPolicyInput {
    /// When what can wait does; none: never.
    quiet_hours: Option<QuietHoursInput>,
    /// So many notices an hour at most, from 1 to 60, and as many again of what is high, and of what is critical.
    #[graphql(default = 6)]
    notices_an_hour: i32,
}

payload! {
    /// What came of setting when administrators are told.
    UpdateAlertPolicyPayload [authenticated] {
        /// The policy as it is now; null when it was refused.
        alert_policy: AlertPolicy
    }
    UpdateAlertPolicyUserError, UpdateAlertPolicyErrorCode {
        /// Quiet hours end when they begin, or there are too few or too many notices.
        InvalidPeriod = InvalidPeriod,
    }
}

#[guarded]
impl AlertPolicyMutation {
    /// Sets when administrators are told at once of what cannot wait for the report, in force for what has not been told yet.
    #[requires(SecurityPolicyManage)]
    async fn update_alert_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The whole policy.")] input: UpdateAlertPolicyInput,
    ) -> Result<UpdateAlertPolicyPayload> {
        let hours = |input: &QuietHoursInput| quiet_hours(&input.from, &input.until, input.severity);
        let quiet = input.quiet_hours.as_ref().map(hours).transpose()?;
        let policy = Policy { quiet, notices_an_hour: input.notices_an_hour };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::SecurityPolicyManage).await?;
            let policy = alert_policy::update(&mut change, policy).await?;
            change.finish().await?;
            Ok(Some(policy))
        };
        UpdateAlertPolicyPayload::new(outcome.await)
    }
}
