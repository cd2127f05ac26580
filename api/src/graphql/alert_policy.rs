//! When administrators are told at once.

use async_graphql::{Context, Enum};
use jiff::tz::TimeZone;
use portaria_domain::alert_policy::{AlertPolicy as Policy, QuietHours as Hours};
use portaria_domain::{notice, workspace};
use portaria_guard::guarded;

use super::business_hours::{minute, time};
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::request::Request;

/// How severe something is, of findings and alerts alike. An alert that is a NOTICE is LOW, a WARNING is MEDIUM.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::finding::Severity")]
pub enum NoticeSeverity {
    /// Somebody is to act now.
    Critical,
    /// Somebody is to look at it today.
    High,
    /// Somebody is to look at it some time.
    Medium,
    /// Good to know.
    Low,
}

pub struct AlertPolicy(Policy);

impl From<Policy> for AlertPolicy {
    fn from(policy: Policy) -> Self {
        Self(policy)
    }
}

/// When administrators are told, by mail and by endpoints, of what cannot wait for the report.
#[guarded]
impl AlertPolicy {
    /// When what can wait does; null: never.
    #[authenticated]
    fn quiet_hours(&self) -> Option<QuietHours> {
        self.0.quiet.map(QuietHours)
    }

    /// So many notices an hour at most, and as many again of what is high, and of what is critical: these wait for minutes at most.
    #[authenticated]
    fn notices_an_hour(&self) -> i32 {
        self.0.notices_an_hour
    }

    /// When the quiet hours end; null when it is none of them now.
    #[authenticated]
    async fn quiet_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let row = workspace::find(reader, request.viewer()?.workspace_id).await?;
        let zone = TimeZone::get(&row.time_zone).map_err(portaria_domain::Error::internal)?;
        Ok(notice::quiet_until(&self.0, &zone, request.now).map(Into::into))
    }
}

pub struct QuietHours(Hours);

/// Hours of every day, by the workspace's clock, in which what is not severe waits.
#[guarded]
impl QuietHours {
    /// When they begin: `22:00`.
    #[authenticated]
    fn from(&self) -> String {
        time(u16::try_from(self.0.from).unwrap_or(0))
    }

    /// When they end, perhaps on the next day: `07:00`.
    #[authenticated]
    fn until(&self) -> String {
        time(u16::try_from(self.0.until).unwrap_or(0))
    }

    /// What is as severe as this, and what is less, waits for their end; what is critical never does.
    #[authenticated]
    fn severity(&self) -> NoticeSeverity {
        self.0.most.into()
    }
}

/// Quiet hours as they are written.
pub fn quiet_hours(from: &str, until: &str, severity: NoticeSeverity) -> Result<Hours> {
    let of_day = |text: &str| match minute(text)? {
        1_440 => Err(Problem::BadUserInput("A time of the day is from 00:00 to 23:59.".to_owned())),
        minute => Ok(i32::from(minute)),
    };
    Ok(Hours { from: of_day(from)?, until: of_day(until)?, most: severity.into() })
}
