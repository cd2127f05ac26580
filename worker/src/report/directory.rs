//! Turns findings, which know ids, into what a reader is told: names, addresses, roles.

use std::collections::{BTreeSet, HashMap};

use portaria_domain::access::Scope;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::{self, Success};
use portaria_domain::country::Countries;
use portaria_domain::error::{Error, Result};
use portaria_domain::member::{self, MemberRow};
use portaria_domain::role;
use portaria_entity::finding;
use portaria_entity::grant;
use portaria_entity::id::{AuditRunId, ChannelId, MemberId, RoleId, TeamId, WorkspaceId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::model::{
    AddressTally, Evidence, Opened, Period, Person, ReportFinding, RoleHeld, RoleName, RoleScope, Severity,
    SignIn, Tried,
};

/// Members read by one statement.
const BATCH: usize = 500;

/// The people whom some findings are about.
pub struct Directory {
    people: HashMap<MemberId, Person>,
    at: Timestamp,
    countries: Countries,
}

/// The names of roles and of where they hold.
struct Names {
    roles: HashMap<RoleId, RoleName>,
    channels: HashMap<ChannelId, String>,
    teams: HashMap<TeamId, String>,
}

impl Directory {
    pub async fn of(
        connection: &impl ConnectionTrait,
        workspace_id: WorkspaceId,
        findings: &[OpenFinding],
        at: Timestamp,
    ) -> Result<Self> {
        let ids: Vec<MemberId> =
            findings.iter().flat_map(mentioned).collect::<BTreeSet<_>>().into_iter().collect();
        let mut people = HashMap::new();
        if !ids.is_empty() {
            let names = Names::of(connection, workspace_id).await?;
            for batch in ids.chunks(BATCH) {
                let mut held: HashMap<MemberId, Vec<RoleHeld>> = HashMap::new();
                for grant in role::grants_of(connection, workspace_id, batch, at).await? {
                    held.entry(grant.member_id).or_default().extend(names.role_held(&grant));
                }
                let rows = member::by_ids(connection, workspace_id, batch).await?;
                people.extend(rows.into_iter().map(|(id, row)| {
                    let MemberRow { user, .. } = row;
                    let roles = held.remove(&id).unwrap_or_default();
                    (id, Person { name: user.name, email: user.email, roles })
                }));
            }
        }
        Ok(Self { people, at, countries: Countries::default() })
    }

    /// The same, that also tells where sign-ins came from.
    pub fn with_countries(self, countries: Countries) -> Self {
        Self { countries, ..self }
    }

    /// The findings as a report by this run tells them.
    pub fn findings(&self, findings: &[OpenFinding], run_id: AuditRunId) -> Result<Vec<ReportFinding>> {
        findings
            .iter()
            .map(|finding| {
                let row = &finding.row;
                let is_new = row.audit_run_id == run_id;
                let opened = if is_new { Opened::Now } else { Opened::Earlier(instant(row.opened_at)?) };
                Ok(ReportFinding {
                    severity: urgency(row.severity),
                    opened,
                    evidence: self.evidence(finding)?,
                })
            })
            .collect()
    }

    fn sign_in(&self, success: &Success) -> Result<SignIn> {
        Ok(SignIn {
            at: instant(success.at)?,
            address: success.address.clone(),
            country: self.countries.of(&success.address),
            user_agent: success.user_agent.clone(),
        })
    }

    fn evidence(&self, finding: &OpenFinding) -> Result<Evidence> {
        let person = || self.person(finding.row.member_id);
        Ok(match &finding.evidence {
            audit::Evidence::InactiveMember { last_active_at, last_sign_in } => {
                let signed_in_at = last_sign_in.as_ref().map(|last| last.at);
                let last_seen = (*last_active_at).max(signed_in_at).unwrap_or(self.at);
                Evidence::InactiveMember {
                    person: person()?,
                    days: self.days_since(last_seen),
                    last_active_at: last_active_at.map(instant).transpose()?,
                    last_sign_in: last_sign_in.as_ref().map(|last| self.sign_in(last)).transpose()?,
                }
            }
            audit::Evidence::NeverSignedIn { invited_at } => Evidence::NeverSignedIn {
                person: person()?,
                days: self.days_since(*invited_at),
                invited_at: instant(*invited_at)?,
            },
            audit::Evidence::AccountUnderAttack { failures, addresses, address_count, first_at, last_at } => {
                let tally = |from: &audit::FailuresFrom| AddressTally {
                    address: from.address.clone(),
                    failures: number(from.failures),
                };
                Evidence::RepeatedFailures {
                    person: person()?,
                    failures: number(*failures),
                    addresses: addresses.iter().map(tally).collect(),
                    address_count: number(*address_count),
                    during: period(*first_at, *last_at)?,
                }
            }
            audit::Evidence::AddressOnManyAccounts {
                address,
                failures,
                accounts,
                account_count,
                foreign_count,
                first_at,
                last_at,
            } => Evidence::FailuresAcrossAccounts {
                address: address.clone(),
                failures: number(*failures),
                accounts: self.tried(accounts)?,
                account_count: number(*account_count),
                stranger_count: number(*foreign_count),
                during: period(*first_at, *last_at)?,
            },
            audit::Evidence::PasswordSpraying {
                failures,
                address_count,
                accounts,
                account_count,
                foreign_count,
                first_at,
                last_at,
            } => Evidence::Spraying {
                failures: number(*failures),
                address_count: number(*address_count),
                accounts: self.tried(accounts)?,
                account_count: number(*account_count),
                stranger_count: number(*foreign_count),
                during: period(*first_at, *last_at)?,
            },
            audit::Evidence::SuccessAfterFailures {
                failures,
                first_failure_at,
                last_failure_at,
                success,
            } => Evidence::SuccessAfterFailures {
                person: person()?,
                failures: number(*failures),
                failing: period(*first_failure_at, *last_failure_at)?,
                success: self.sign_in(success)?,
            },
            audit::Evidence::SecondFactorReset { reset_at, reset_by, set_up_again } => {
                Evidence::SecondFactorReset {
                    person: person()?,
                    by: reset_by.map(|by| self.person(Some(by))).transpose()?,
                    at: instant(*reset_at)?,
                    set_up_again: *set_up_again,
                }
            }
            audit::Evidence::TemplateApprovedAlone { approved_at, template, language } => {
                Evidence::TemplateApprovedAlone {
                    person: person()?,
                    template: template.clone(),
                    language: language.clone(),
                    at: instant(*approved_at)?,
                }
            }
        })
    }

    fn tried(&self, accounts: &[audit::FailuresOn]) -> Result<Vec<Tried>> {
        let tried = |on: &audit::FailuresOn| {
            let person = self.person(Some(on.member_id))?;
            Ok(Tried { email: person.email, failures: number(on.failures) })
        };
        accounts.iter().map(tried).collect()
    }

    fn person(&self, id: Option<MemberId>) -> Result<Person> {
        let person = id.and_then(|id| self.people.get(&id));
        person.cloned().ok_or_else(|| Error::internal("a finding about somebody who is no member"))
    }

    fn days_since(&self, earlier: Timestamp) -> u64 {
        self.at.since(earlier).as_secs() / (24 * 60 * 60)
    }
}

impl Names {
    async fn of(connection: &impl ConnectionTrait, workspace_id: WorkspaceId) -> Result<Self> {
        let roles = role::all(connection, workspace_id).await?;
        let channels = channel::Entity::find()
            .filter(channel::Column::WorkspaceId.eq(workspace_id))
            .all(connection)
            .await?;
        let teams =
            team::Entity::find().filter(team::Column::WorkspaceId.eq(workspace_id)).all(connection).await?;
        Ok(Self {
            roles: roles.into_iter().map(|row| (row.role.id, role_name(row.role))).collect(),
            channels: channels.into_iter().map(|row| (row.id, row.name)).collect(),
            teams: teams.into_iter().map(|row| (row.id, row.name)).collect(),
        })
    }

    fn role_held(&self, grant: &grant::Model) -> Option<RoleHeld> {
        let role = self.roles.get(&grant.role_id)?.clone();
        let scope = match Scope::of_grant(grant.channel_id, grant.team_id) {
            Scope::Workspace => RoleScope::Workspace,
            Scope::Channel(channel) => RoleScope::Channel(self.channels.get(&channel)?.clone()),
            Scope::Team(team) => RoleScope::Team(self.teams.get(&team)?.clone()),
        };
        Some(RoleHeld { role, scope })
    }
}

fn role_name(role: portaria_entity::role::Model) -> RoleName {
    match role.built_in {
        Some(BuiltInRole::Administrator) => RoleName::Administrator,
        Some(BuiltInRole::Agent) => RoleName::Agent,
        Some(BuiltInRole::Developer) => RoleName::Developer,
        Some(BuiltInRole::Analyst) => RoleName::Analyst,
        Some(BuiltInRole::Support) => RoleName::Support,
        None => RoleName::Custom(role.name),
    }
}

/// Everybody whom a finding is about or names.
fn mentioned(finding: &OpenFinding) -> Vec<MemberId> {
    let mut ids: Vec<MemberId> = finding.row.member_id.into_iter().collect();
    match &finding.evidence {
        audit::Evidence::AddressOnManyAccounts { accounts, .. }
        | audit::Evidence::PasswordSpraying { accounts, .. } => {
            ids.extend(accounts.iter().map(|account| account.member_id));
        }
        audit::Evidence::SecondFactorReset { reset_by, .. } => ids.extend(reset_by),
        audit::Evidence::TemplateApprovedAlone { .. }
        | audit::Evidence::InactiveMember { .. }
        | audit::Evidence::NeverSignedIn { .. }
        | audit::Evidence::AccountUnderAttack { .. }
        | audit::Evidence::SuccessAfterFailures { .. } => {}
    }
    ids
}

/// A report knows three degrees: nobody acts differently on a fourth.
fn urgency(severity: finding::Severity) -> Severity {
    match severity {
        finding::Severity::Critical => Severity::Critical,
        finding::Severity::High => Severity::Warning,
        finding::Severity::Medium | finding::Severity::Low => Severity::Notice,
    }
}

fn period(from: Timestamp, to: Timestamp) -> Result<Period> {
    Ok(Period { from: instant(from)?, to: instant(to)? })
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

/// An instant of the database as the calendar's.
pub fn instant(at: Timestamp) -> Result<jiff::Timestamp> {
    jiff::Timestamp::from_microsecond(at.0).map_err(Error::internal)
}
