//! A morning at a shop in São Paulo with one finding of every rule, and two of one.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;

pub const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

pub fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub fn period(from: &str, to: &str) -> Period {
    Period { from: at(from), to: at(to) }
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
        ran_at: at("2026-03-13T11:00:00Z"),
        period: period("2026-03-12T11:00:00Z", "2026-03-13T11:00:00Z"),
        members_checked: 42,
        sign_ins_checked: 1_203,
        findings: Vec::new(),
        next_run_at: Some(at("2026-03-14T11:00:00Z")),
        front_end_url: Some("https://atendimento.aurora.example/acessos".to_owned()),
        chain_head: Some(ChainHead {
            sequence: 18_204,
            digest: "9f2c4e0b7d5a1863c4f09ab2e7715d3860c1fa94b2de73508a6c1f4d2b9e7035".to_owned(),
        }),
    }
}

pub fn full_report(language: Language) -> Report {
    // Not in order: the report puts the most urgent first.
    let findings = vec![
        inactive_agent(),
        never_came(),
        repeated(),
        inactive_administrator(),
        reset(),
        approved_alone(),
        spraying(),
        got_in(),
        spraying_from_everywhere(),
    ];
    Report { findings, ..quiet_report(language) }
}

pub fn finding(severity: Severity, evidence: Evidence) -> ReportFinding {
    ReportFinding { severity, opened: Opened::Now, evidence }
}

fn reset() -> ReportFinding {
    let evidence = Evidence::SecondFactorReset {
        person: person("Tiago Moura", "tiago@aurora.example", &[(RoleName::Developer, RoleScope::Workspace)]),
        by: Some(person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[])),
        at: at("2026-03-12T14:20:00Z"),
        set_up_again: false,
    };
    finding(Severity::Warning, evidence)
}

fn approved_alone() -> ReportFinding {
    let evidence = Evidence::TemplateApprovedAlone {
        person: person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[]),
        template: "pedido_a_caminho".to_owned(),
        language: "pt_BR".to_owned(),
        at: at("2026-03-12T15:05:00Z"),
    };
    finding(Severity::Notice, evidence)
}

fn got_in() -> ReportFinding {
    let administrator = (RoleName::Administrator, RoleScope::Workspace);
    let evidence = Evidence::SuccessAfterFailures {
        person: person("Camila Ribeiro", "camila.ribeiro@aurora.example", &[administrator]),
        failures: 14,
        failing: period("2026-03-13T06:08:11Z", "2026-03-13T06:13:40Z"),
        success: SignIn {
            at: at("2026-03-13T06:14:02Z"),
            address: "185.220.101.4".to_owned(),
            country: None,
            user_agent: FIREFOX.to_owned(),
        },
    };
    finding(Severity::Critical, evidence)
}

fn spraying() -> ReportFinding {
    let names = ["ana", "bruno", "camila.ribeiro", "diego", "elisa", "fabio", "gabriela", "heitor", "iara"];
    let tried = |name: &&str| Tried { email: format!("{name}@aurora.example"), failures: 3 };
    let evidence = Evidence::FailuresAcrossAccounts {
        address: "2001:db8:85a3::8a2e:370:7334".to_owned(),
        failures: 31,
        accounts: names.iter().map(tried).collect(),
        account_count: 9,
        stranger_count: 4,
        during: period("2026-03-13T01:40:00Z", "2026-03-13T03:25:00Z"),
    };
    finding(Severity::Warning, evidence)
}

fn spraying_from_everywhere() -> ReportFinding {
    let tried = |name: &str| Tried { email: format!("{name}@aurora.example"), failures: 1 };
    let evidence = Evidence::Spraying {
        failures: 212,
        address_count: 187,
        accounts: ["ana", "bruno", "diego", "elisa", "fabio", "gabriela", "heitor"].map(tried).into(),
        account_count: 12,
        stranger_count: 200,
        during: period("2026-03-13T02:00:00Z", "2026-03-13T05:10:00Z"),
    };
    finding(Severity::Warning, evidence)
}

fn repeated() -> ReportFinding {
    let tally = |address: &str, failures| AddressTally { address: address.to_owned(), failures };
    let sales = (RoleName::Agent, RoleScope::Channel("Vendas".to_owned()));
    let collection = (RoleName::Support, RoleScope::Team("Cobrança".to_owned()));
    let evidence = Evidence::RepeatedFailures {
        person: person("Diego Fernandes", "diego@aurora.example", &[sales, collection]),
        failures: 23,
        addresses: vec![tally("203.0.113.77", 15), tally("203.0.113.78", 7), tally("198.51.100.9", 1)],
        address_count: 3,
        during: period("2026-03-12T19:02:00Z", "2026-03-12T19:47:00Z"),
    };
    finding(Severity::Warning, evidence)
}

fn inactive_agent() -> ReportFinding {
    let evidence = Evidence::InactiveMember {
        person: person("Elisa Prado", "elisa@aurora.example", &[(RoleName::Agent, RoleScope::Workspace)]),
        days: 45,
        last_active_at: Some(at("2026-01-27T21:05:00Z")),
        last_sign_in: Some(SignIn {
            at: at("2026-01-19T20:42:00Z"),
            address: "187.22.1.9".to_owned(),
            country: None,
            user_agent: CHROME.to_owned(),
        }),
    };
    finding(Severity::Notice, evidence)
}

fn inactive_administrator() -> ReportFinding {
    let analyst = (RoleName::Custom("Financeiro & Cobrança".to_owned()), RoleScope::Workspace);
    let evidence = Evidence::InactiveMember {
        person: person("Fábio Antunes", "fabio@aurora.example", &[analyst]),
        days: 112,
        last_active_at: Some(at("2025-11-21T12:05:00Z")),
        last_sign_in: None,
    };
    ReportFinding {
        opened: Opened::Earlier(at("2025-12-22T11:00:00Z")),
        ..finding(Severity::Notice, evidence)
    }
}

fn never_came() -> ReportFinding {
    let evidence = Evidence::NeverSignedIn {
        person: person("Gabriela Nunes", "gabriela@aurora.example", &[]),
        days: 21,
        invited_at: at("2026-02-20T13:00:00Z"),
    };
    finding(Severity::Notice, evidence)
}
