//! The auditor: looks at a workspace's people and sign-ins, one rule a file, and keeps what it finds as findings.

pub mod access_change;
mod account_under_attack;
mod address_on_many_accounts;
mod administrator;
mod administrator_without_second_factor;
mod api_key_from_new_network;
mod broken_chain;
mod colleague;
mod dormant_account_awakened;
mod dormant_administrator;
mod ending_grant;
mod endless_grant;
mod evidence;
mod export_after_grant;
pub mod fact;
pub mod finding;
mod guide;
mod holding;
mod impossible_travel;
mod inactive_member;
mod many_sessions;
mod never_signed_in;
mod new_place;
mod nobody_available;
mod only_administrator;
mod orphaned_credential;
mod password_known;
mod password_spraying;
pub mod people;
mod place;
mod powerful_api_key;
pub mod reader;
mod reader_copy;
pub mod report;
pub mod rule;
pub mod run;
pub mod schedule;
mod second_factor_missing;
mod second_factor_reset;
mod secret_due;
mod session_used_elsewhere;
pub mod setting;
mod sign_in_after_factor_reset;
mod sign_in_out_of_hours;
mod silence;
mod stale_api_key;
mod stuffing_succeeded;
mod success_after_failures;
pub mod sweep;
pub mod telling;
mod template_approved_alone;
pub mod timing;
mod tried;
mod undelivered_report;
mod unused_permission;
mod unusual_disclosure;
mod webhook_signatures_failing;

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{ToSpan, civil};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, ChannelId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::workspace;
use sea_orm::ConnectionTrait;

use crate::country::Countries;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::installation::Installation;
use rule::Rule;
use timing::Stopwatch;

pub use evidence::Evidence;
pub use guide::guide;
pub use setting::Settings;

/// Sign-ins are looked at from the beginning of the local day so many days ago. A finding about an attack stays
/// open as long as the attack is in sight, and an auditor that was down for days still sees it.
pub const LOOK_BACK_DAYS: i32 = 7;

/// How many accounts or addresses a finding names; the others it counts.
const NAMED_IN_EVIDENCE: i64 = 20;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MICROS: i64 = 86_400_000_000;

/// Something that a rule saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub rule: AuditRule,
    /// What makes it the same finding when it is seen again.
    pub cause: String,
    pub severity: Severity,
    pub about: About,
    pub evidence: Evidence,
}

/// Whom or what a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Workspace,
    Member(MemberId),
    ApiKey(ApiKeyId),
    Channel(ChannelId),
}

impl Found {
    /// As severe as the rule usually is.
    fn by(rule: &Rule, cause: &impl ToString, about: About, evidence: Evidence) -> Self {
        Self { rule: rule.key, cause: cause.to_string(), severity: rule.severity, about, evidence }
    }

    fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}

impl About {
    pub fn member(self) -> Option<MemberId> {
        if let Self::Member(member) = self { Some(member) } else { None }
    }

    pub fn api_key(self) -> Option<ApiKeyId> {
        if let Self::ApiKey(key) = self { Some(key) } else { None }
    }

    pub fn channel(self) -> Option<ChannelId> {
        if let Self::Channel(channel) = self { Some(channel) } else { None }
    }
}

/// What one audit looked at, and saw.
#[derive(Clone, Debug)]
pub struct Examination {
    pub found: Vec<Found>,
    pub members_checked: i64,
    pub sign_ins_checked: i64,
    /// Sign-ins from then on were looked at.
    pub since: Timestamp,
    pub at: Timestamp,
}

/// What every rule is given.
struct Look<'a> {
    installation: &'a Installation,
    database: &'a Database,
    workspace: WorkspaceId,
    now: Timestamp,
    since: Timestamp,
    settings: Settings,
    countries: Countries,
    /// What to add to an instant so that it is today's hour here.
    offset: i64,
    /// What to add to an instant so that days begin at midnight here, in winter: what is told by the day keeps its day when
    /// the clocks are changed.
    day_offset: i64,
}

/// What a zone's clocks are ahead of the world's when they are not put forward for the summer.
fn winter_offset(zone: &TimeZone, now: jiff::Timestamp) -> Result<i64> {
    let year = zone.to_datetime(now).year();
    let of = |month| civil::date(year, month, 1).to_zoned(zone.clone()).map(|day| micros(day.offset()));
    Ok(of(1).map_err(Error::internal)?.min(of(7).map_err(Error::internal)?))
}

fn micros(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

impl<'a> Look<'a> {
    fn at(
        installation: &'a Installation,
        (workspace, settings): (&workspace::Model, Settings),
        now: Timestamp,
    ) -> Result<Self> {
        let zone = TimeZone::get(&workspace.time_zone).map_err(Error::internal)?;
        let instant = jiff::Timestamp::from_microsecond(now.0).map_err(Error::internal)?;
        let day_offset = winter_offset(&zone, instant)?;
        let today = (now.0 + day_offset).div_euclid(DAY_MICROS);
        let since = (today - i64::from(LOOK_BACK_DAYS)) * DAY_MICROS - day_offset;
        Ok(Self {
            installation,
            database: &installation.database,
            workspace: workspace.id,
            now,
            since: Timestamp(since),
            settings,
            countries: installation.countries.clone(),
            offset: micros(zone.to_offset(instant)),
            day_offset,
        })
    }

    /// What a parameter of a rule is set to here.
    fn parameter(&self, rule: &Rule, name: &str) -> i64 {
        self.settings.parameter(rule, name)
    }

    /// A parameter that is a number of days.
    fn days(&self, rule: &Rule, name: &str) -> Duration {
        DAY * u32::try_from(self.parameter(rule, name)).unwrap_or(0)
    }

    async fn count(&self, sql: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Result<i64> {
        let statement = self.database.statement(sql, values);
        let row = self.database.reader().query_one_raw(statement).await?;
        row.map_or(Ok(0), |row| Ok(row.try_get_by_index(0)?))
    }

    /// Whether the uses of permissions have been recorded since then: else nothing can be said to be unused.
    async fn records_uses_since(&self, since: Timestamp) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND uses_recorded_since <= $2";
        Ok(self.count(sql, [self.workspace.0.into(), since.0.into()]).await? > 0)
    }

    async fn rows(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Vec<sea_orm::QueryResult>> {
        Ok(self.database.reader().query_all_raw(self.database.statement(sql, values)).await?)
    }
}

/// Applies every rule to a workspace as it is now. Only reads.
pub async fn examine(installation: &Installation, workspace: &workspace::Model) -> Result<Examination> {
    let settings = Settings::of(installation.database.reader(), workspace.id).await?;
    let look = Look::at(installation, (workspace, settings), installation.clock.now())?;
    let mut found = Vec::new();
    for rule in rule::all().filter(|rule| look.settings.is_enabled(rule.key)) {
        let stopwatch = Stopwatch::start();
        let seen = find(rule.key, &look).await?;
        stopwatch.rule(rule.key, seen.len());
        found.extend(seen);
    }
    let members = "SELECT COUNT(*) FROM members WHERE workspace_id = $1 AND status = 'active'";
    let sign_ins = "SELECT COUNT(*) FROM members m JOIN sign_in_events e ON e.user_id = m.user_id \
                    WHERE m.workspace_id = $1 AND e.\"at\" >= $2";
    Ok(Examination {
        found,
        members_checked: look.count(members, [look.workspace.0.into()]).await?,
        sign_ins_checked: look.count(sign_ins, [look.workspace.0.into(), look.since.0.into()]).await?,
        since: look.since,
        at: look.now,
    })
}

/// What one rule finds.
async fn find(rule: AuditRule, look: &Look<'_>) -> Result<Vec<Found>> {
    match rule {
        AuditRule::SuccessAfterFailures => success_after_failures::find(look).await,
        AuditRule::PasswordKnown => password_known::find(look).await,
        AuditRule::AddressOnManyAccounts => address_on_many_accounts::find(look).await,
        AuditRule::PasswordSpraying => password_spraying::find(look).await,
        AuditRule::AccountUnderAttack => account_under_attack::find(look).await,
        AuditRule::SecondFactorReset => second_factor_reset::find(look).await,
        AuditRule::StuffingSucceeded => stuffing_succeeded::find(look).await,
        AuditRule::SignInAfterFactorReset => sign_in_after_factor_reset::find(look).await,
        AuditRule::SessionUsedElsewhere => session_used_elsewhere::find(look).await,
        AuditRule::ImpossibleTravel => impossible_travel::find(look).await,
        AuditRule::AdministratorWithoutSecondFactor => administrator_without_second_factor::find(look).await,
        AuditRule::NewPlace => new_place::find(look).await,
        AuditRule::DormantAccountAwakened => dormant_account_awakened::find(look).await,
        AuditRule::ManySessions => many_sessions::find(look).await,
        AuditRule::SecondFactorMissing => second_factor_missing::find(look).await,
        AuditRule::DormantAdministrator => dormant_administrator::find(look).await,
        AuditRule::SignInOutOfHours => sign_in_out_of_hours::find(look).await,
        AuditRule::TemplateApprovedAlone => template_approved_alone::find(look).await,
        AuditRule::UndeliveredReport => undelivered_report::find(look).await,
        AuditRule::InactiveMember => inactive_member::find(look).await,
        AuditRule::NeverSignedIn => never_signed_in::find(look).await,
        AuditRule::BrokenChain => broken_chain::find(look).await,
        AuditRule::ExportAfterGrant => export_after_grant::find(look).await,
        AuditRule::UnusualDisclosure => unusual_disclosure::find(look).await,
        AuditRule::ApiKeyFromNewNetwork => api_key_from_new_network::find(look).await,
        AuditRule::NobodyAvailable => nobody_available::find(look).await,
        AuditRule::WebhookSignaturesFailing => webhook_signatures_failing::find(look).await,
        AuditRule::OnlyAdministrator => only_administrator::find(look).await,
        AuditRule::OrphanedCredential => orphaned_credential::find(look).await,
        AuditRule::PowerfulApiKey => powerful_api_key::find(look).await,
        AuditRule::EndlessGrant => endless_grant::find(look).await,
        AuditRule::EndingGrant => ending_grant::find(look).await,
        AuditRule::UnusedPermission => unused_permission::find(look).await,
        AuditRule::StaleApiKey => stale_api_key::find(look).await,
        AuditRule::SecretDue => secret_due::find(look).await,
    }
}

/// `2026-03-12`, from the number of a local day since 1970.
fn date_of_day(day: i64) -> Result<String> {
    let date = civil::date(1970, 1, 1).checked_add(day.days()).map_err(Error::internal)?;
    Ok(date.to_string())
}
