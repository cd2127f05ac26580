//! A morning at a shop in São Paulo with one finding of every rule, and two of one.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use portaria_domain::audit::Evidence;
use portaria_domain::audit::access_change::{Action, ToldChange, Weight};
use portaria_domain::audit::fact::{FactName, FactValue, FailuresFrom, FailuresOn, SignIn};
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::people::{People, Person, RoleHeld};
use portaria_domain::audit::reader::Sight;
use portaria_domain::audit::report::{Tally, Week};
use portaria_domain::audit::telling::Teller;
use portaria_domain::language::{Period, RoleName, RoleScope, Wall};
use portaria_entity::finding::{self, AuditRule, FindingStatus, Severity};
use portaria_entity::id::{AuditRunId, FindingId, MemberId};
use portaria_entity::time;
use uuid::Uuid;

use super::*;

pub const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

pub fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub fn period(from: &str, to: &str) -> Period {
    Period { from: at(from), to: at(to) }
}

pub fn stamp(time: &str) -> time::Timestamp {
    time::Timestamp(at(time).as_microsecond())
}

pub fn during(from: &str, to: &str) -> FactValue {
    FactValue::During { from: stamp(from), to: stamp(to) }
}

pub fn person(name: &str, email: &str, roles: &[(RoleName, RoleScope)]) -> Person {
    let held = |(role, scope): &(RoleName, RoleScope)| RoleHeld { role: role.clone(), scope: scope.clone() };
    Person { name: name.to_owned(), email: email.to_owned(), roles: roles.iter().map(held).collect() }
}

pub fn quiet_report(language: Language) -> Report {
    Report {
        workspace_name: "Loja Aurora".to_owned(),
        language,
        time_zone: TimeZone::get("America/Sao_Paulo").unwrap(),
        occasion: Occasion::Scheduled,
        cadence: Cadence::Daily,
        told_until: at(TOLD),
        ran_at: at("2026-03-13T11:00:00Z"),
        period: period("2026-03-12T11:00:00Z", "2026-03-13T11:00:00Z"),
        members_checked: 42,
        sign_ins_checked: 1_203,
        findings: Vec::new(),
        unlisted: 0,
        resolved: Vec::new(),
        changes: Changes::default(),
        trend: Vec::new(),
        next_report_at: Some(at("2026-03-14T11:00:00Z")),
        front_end_url: Some("https://atendimento.aurora.example/acessos".to_owned()),
        chain_head: Some(ChainHead {
            sequence: 18_204,
            digest: "9f2c4e0b7d5a1863c4f09ab2e7715d3860c1fa94b2de73508a6c1f4d2b9e7035".to_owned(),
        }),
        sight: Sight { people: true, log: true },
    }
}

/// What is found, before it has a language.
#[derive(Clone, Default)]
pub struct Morning {
    pub people: People,
    pub findings: Vec<OpenFinding>,
    pub resolved: Vec<OpenFinding>,
    /// Action, weight, what, who, whom.
    pub changes: Vec<(&'static str, Weight, &'static str, &'static str, Option<&'static str>)>,
    /// How many were open, of each degree of urgency, week after week.
    pub weeks: Vec<Option<[u64; 3]>>,
}

const RAN: &str = "2026-03-13T11:00:00Z";
const TOLD: &str = "2026-03-12T11:00:00Z";
const THIS_RUN: AuditRunId = AuditRunId(Uuid::from_u128(2));

impl Morning {
    pub fn add_person(&mut self, person: Person) -> MemberId {
        let id = MemberId(Uuid::from_u128(100 + self.people.members.len() as u128));
        self.people.members.insert(id, person);
        id
    }

    pub fn add(
        &mut self,
        (rule, severity): (AuditRule, Severity),
        member_id: Option<MemberId>,
        evidence: Evidence,
    ) -> &mut finding::Model {
        let row = finding::Model {
            workspace_id: portaria_entity::id::WorkspaceId(Uuid::from_u128(1)),
            id: FindingId(Uuid::from_u128(1_000 + self.findings.len() as u128)),
            rule,
            cause: String::new(),
            severity,
            status: FindingStatus::Open,
            member_id,
            api_key_id: None,
            channel_id: None,
            evidence: String::new(),
            opened_at: stamp(RAN),
            last_seen_at: stamp(RAN),
            resolved_at: None,
            audit_run_id: THIS_RUN,
            acknowledged_at: None,
            acknowledged_by: None,
            dismissed_at: None,
            dismissed_by: None,
            dismissed_until: None,
            dismissal_reason: None,
            alerted_at: None,
            asked_at: None,
            asked_by: None,
            dismissed_severity: None,
            reopened_count: 0,
            resolved_by: None,
        };
        self.findings.push(OpenFinding { row, evidence, key_makers: Vec::new() });
        &mut self.findings.last_mut().unwrap().row
    }

    pub fn report(&self, language: Language) -> Report {
        let quiet = quiet_report(language);
        let wall = Wall::new(&quiet.time_zone, quiet.ran_at);
        let teller = Teller { language, wall: &wall, people: &self.people, at: stamp(RAN) };
        let tell = |one: &OpenFinding| ReportFinding::of(one, &teller, stamp(TOLD));
        let findings = self.findings.iter().map(tell).collect();
        let resolved = self.resolved.iter().map(tell).collect();
        Report { findings, resolved, changes: self.changes(language), trend: self.trend(), ..quiet }
    }

    fn changes(&self, language: Language) -> Changes {
        let mut changes = Changes::default();
        for (key, weight, what, by, whom) in &self.changes {
            let action = Action::of(key).unwrap();
            let label = language.pick(&action.said);
            let what = if what.is_empty() { label.to_owned() } else { format!("{label}: {what}") };
            let told = ToldChange {
                what,
                by: (*by).to_owned(),
                whom: whom.map(str::to_owned),
                when: language.speech().day_and_time(
                    &Wall::new(&TimeZone::get("America/Sao_Paulo").unwrap(), at(RAN))
                        .time(at("2026-03-12T17:20:00Z")),
                ),
            };
            changes.listed.push((*weight, action, told));
            match changes.counts.iter_mut().find(|(counted, _)| counted.key == *key) {
                Some((_, count)) => *count += 1,
                None => changes.counts.push((action, 1)),
            }
        }
        changes
    }

    fn trend(&self) -> Vec<Week> {
        let ago = |index: usize| (self.weeks.len() - 1 - index) as u64 * 7 * 24 * 60 * 60;
        let week = |(index, counts): (usize, &Option<[u64; 3]>)| Week {
            until: stamp(RAN) - std::time::Duration::from_secs(ago(index)),
            tally: counts.map(|[critical, high, medium]| Tally { critical, high, medium, low: 0 }),
        };
        self.weeks.iter().enumerate().map(week).collect()
    }

    /// What was found last, was found earlier, and is gone.
    pub fn resolve_last(&mut self) {
        let mut gone = self.findings.pop().unwrap();
        gone.row.status = FindingStatus::Resolved;
        gone.row.opened_at = stamp("2026-03-02T11:00:00Z");
        gone.row.resolved_at = Some(stamp(RAN));
        self.resolved.push(gone);
    }

    fn tried(&mut self, names: &[&str], failures: i64) -> Vec<FailuresOn> {
        let on = |name: &&str| {
            let member_id = self.add_person(person(name, &format!("{name}@aurora.example"), &[]));
            FailuresOn { member_id, failures }
        };
        names.iter().map(on).collect()
    }
}

pub fn full_report(language: Language) -> Report {
    full_morning().report(language)
}

/// Not in order: the report puts the most urgent first.
fn full_morning() -> Morning {
    let mut morning = Morning::default();
    inactive_agent(&mut morning);
    never_came(&mut morning);
    repeated(&mut morning);
    inactive_administrator(&mut morning);
    reset(&mut morning);
    approved_alone(&mut morning);
    spraying(&mut morning);
    got_in(&mut morning);
    spraying_from_everywhere(&mut morning);
    known(&mut morning);
    undelivered(&mut morning);
    morning.weeks = vec![
        None,
        Some([0, 1, 9]),
        Some([0, 0, 8]),
        Some([1, 3, 7]),
        Some([0, 2, 7]),
        Some([0, 1, 5]),
        Some([0, 0, 3]),
        Some([1, 4, 5]),
    ];
    morning.changes = vec![
        ("grant.made", Weight::Heavy, "Administrador", "Camila Ribeiro", Some("Heitor Lima")),
        ("member.second_factor_reset", Weight::Heavy, "", "Camila Ribeiro", Some("Tiago Moura")),
        ("api_key.created", Weight::More, "Integração ERP", "Tiago Moura", None),
        ("grant.made", Weight::More, "Atendente (número Vendas)", "Camila Ribeiro", Some("Gabriela Nunes")),
        ("team.member_added", Weight::More, "equipe Cobrança", "o próprio Portaria", Some("Gabriela Nunes")),
        ("member.suspended", Weight::Less, "", "Camila Ribeiro", Some("Jonas Pires")),
    ];
    morning
}

fn known(morning: &mut Morning) {
    let heitor = morning.add_person(person("Heitor Lima", "heitor@aurora.example", &[]));
    let evidence = Evidence::new()
        .with(FactName::SignedIn, FactValue::At(stamp("2026-03-11T06:14:02Z")))
        .with(FactName::From, FactValue::Address("185.220.101.9".to_owned()))
        .with(FactName::Failures, FactValue::Number(31));
    let row = morning.add((AuditRule::SuccessAfterFailures, Severity::Critical), Some(heitor), evidence);
    row.opened_at = stamp("2026-03-11T11:00:00Z");
    let iara = morning.add_person(person("Iara Campos", "iara@aurora.example", &[]));
    let evidence = Evidence::new().with(FactName::Invited, FactValue::At(stamp("2026-02-01T10:00:00Z")));
    let row = morning.add((AuditRule::NeverSignedIn, Severity::Low), Some(iara), evidence);
    (row.opened_at, row.status) = (stamp("2026-02-16T11:00:00Z"), FindingStatus::Acknowledged);
    let jonas = morning.add_person(person("Jonas Pires", "jonas@aurora.example", &[]));
    let evidence = Evidence::new().with(FactName::LastActive, FactValue::At(stamp("2026-01-30T10:05:00Z")));
    morning.add((AuditRule::InactiveMember, Severity::Low), Some(jonas), evidence);
    morning.resolve_last();
}

fn undelivered(morning: &mut Morning) {
    let camila = morning.add_person(person("Nelson Prates", "nelson@aurora.example", &[]));
    let evidence = Evidence::new()
        .with(FactName::ReportsLost, FactValue::Number(2))
        .with(FactName::ReportsLostSince, FactValue::At(stamp("2026-03-09T11:00:00Z")))
        .with(FactName::MailAnswer, FactValue::Text("550".to_owned()));
    morning.add((AuditRule::UndeliveredReport, Severity::Medium), Some(camila), evidence);
}

fn reset(morning: &mut Morning) {
    let developer = (RoleName::Developer, RoleScope::Workspace);
    let tiago = morning.add_person(person("Tiago Moura", "tiago@aurora.example", &[developer]));
    let camila = morning.add_person(person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[]));
    let evidence = Evidence::new()
        .with(FactName::ResetAt, FactValue::At(stamp("2026-03-12T14:20:00Z")))
        .with(FactName::ResetBy, FactValue::Member(Some(camila)))
        .with(FactName::IsSetUpAgain, FactValue::Is(false));
    morning.add((AuditRule::SecondFactorReset, Severity::High), Some(tiago), evidence);
}

fn approved_alone(morning: &mut Morning) {
    let camila = morning.add_person(person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[]));
    let evidence = Evidence::new()
        .with(FactName::Template, FactValue::Text("pedido_a_caminho · pt_BR".to_owned()))
        .with(FactName::ApprovedAt, FactValue::At(stamp("2026-03-12T15:05:00Z")));
    morning.add((AuditRule::TemplateApprovedAlone, Severity::Medium), Some(camila), evidence);
}

fn got_in(morning: &mut Morning) {
    let administrator = (RoleName::Administrator, RoleScope::Workspace);
    let camila = person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[administrator]);
    let camila = morning.add_person(camila);
    let evidence = Evidence::new()
        .with(FactName::SignedIn, FactValue::At(stamp("2026-03-13T06:14:02Z")))
        .with(FactName::From, FactValue::Address("185.220.101.4".to_owned()))
        .with(FactName::Device, FactValue::Device(FIREFOX.to_owned()))
        .with(FactName::WrongPasswords, during("2026-03-13T06:08:11Z", "2026-03-13T06:13:40Z"))
        .with(FactName::Failures, FactValue::Number(14));
    morning.add((AuditRule::SuccessAfterFailures, Severity::Critical), Some(camila), evidence);
}

fn spraying(morning: &mut Morning) {
    let names = ["ana", "bruno", "camila.ribeiro", "diego", "elisa", "fabio", "gabriela", "heitor", "iara"];
    let named = morning.tried(&names, 3);
    let evidence = Evidence::new()
        .with(FactName::WrongPasswords, during("2026-03-13T01:40:00Z", "2026-03-13T03:25:00Z"))
        .with(FactName::Accounts, FactValue::Accounts { named, count: 9, foreign: 4 })
        .with(FactName::Address, FactValue::Address("2001:db8:85a3::8a2e:370:7334".to_owned()))
        .with(FactName::Failures, FactValue::Number(31));
    morning.add((AuditRule::AddressOnManyAccounts, Severity::High), None, evidence);
}

fn spraying_from_everywhere(morning: &mut Morning) {
    let named = morning.tried(&["ana", "bruno", "diego", "elisa", "fabio", "gabriela", "heitor"], 1);
    let evidence = Evidence::new()
        .with(FactName::WrongPasswords, during("2026-03-13T02:00:00Z", "2026-03-13T05:10:00Z"))
        .with(FactName::Accounts, FactValue::Accounts { named, count: 12, foreign: 200 })
        .with(FactName::AddressCount, FactValue::Number(187))
        .with(FactName::Failures, FactValue::Number(212));
    morning.add((AuditRule::PasswordSpraying, Severity::High), None, evidence);
}

fn repeated(morning: &mut Morning) {
    let sales = (RoleName::Agent, RoleScope::Channel("Vendas".to_owned()));
    let collection = (RoleName::Support, RoleScope::Team("Cobrança".to_owned()));
    let diego = morning.add_person(person("Diego Fernandes", "diego@aurora.example", &[sales, collection]));
    let tally = |address: &str, failures| FailuresFrom { address: address.to_owned(), failures };
    let named = vec![tally("203.0.113.77", 15), tally("203.0.113.78", 7), tally("198.51.100.9", 1)];
    let evidence = Evidence::new()
        .with(FactName::WrongPasswords, during("2026-03-12T19:02:00Z", "2026-03-12T19:47:00Z"))
        .with(FactName::Addresses, FactValue::Addresses { named, count: 3 })
        .with(FactName::Failures, FactValue::Number(23));
    morning.add((AuditRule::AccountUnderAttack, Severity::High), Some(diego), evidence);
}

fn inactive_agent(morning: &mut Morning) {
    let agent = (RoleName::Agent, RoleScope::Workspace);
    let elisa = morning.add_person(person("Elisa Prado", "elisa@aurora.example", &[agent]));
    let sign_in = SignIn {
        at: stamp("2026-01-19T20:42:00Z"),
        address: "187.22.1.9".to_owned(),
        user_agent: CHROME.to_owned(),
    };
    let evidence = Evidence::new()
        .with(FactName::LastActive, FactValue::At(stamp("2026-01-27T21:05:00Z")))
        .with(FactName::LastSignIn, FactValue::SignIn(sign_in));
    morning.add((AuditRule::InactiveMember, Severity::Low), Some(elisa), evidence);
}

fn inactive_administrator(morning: &mut Morning) {
    let analyst = (RoleName::Custom("Financeiro & Cobrança".to_owned()), RoleScope::Workspace);
    let fabio = morning.add_person(person("Fábio Antunes", "fabio@aurora.example", &[analyst]));
    let evidence = Evidence::new().with(FactName::LastActive, FactValue::At(stamp("2025-11-21T12:05:00Z")));
    let row = morning.add((AuditRule::InactiveMember, Severity::Medium), Some(fabio), evidence);
    row.opened_at = stamp("2025-12-22T11:00:00Z");
}

fn never_came(morning: &mut Morning) {
    let gabriela = morning.add_person(person("Gabriela Nunes", "gabriela@aurora.example", &[]));
    let evidence = Evidence::new().with(FactName::Invited, FactValue::At(stamp("2026-02-20T13:00:00Z")));
    morning.add((AuditRule::NeverSignedIn, Severity::Low), Some(gabriela), evidence);
}
