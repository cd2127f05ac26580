//! How reports look, in every language. To read the HTML as a picture, open the part of the snapshot below
//! its head in a browser.

use portaria_domain::audit::Evidence;
use portaria_domain::audit::fact::{FactName, FactValue, FailuresFrom};
use portaria_entity::finding::{AuditRule, Severity};

use super::example::{full_report, quiet_report};
use super::*;

fn named(what: &str, language: Language) -> String {
    format!("{what}_{}", language.tag())
}

#[test]
fn a_full_report_in_every_language() {
    for language in Language::ALL {
        let rendered = render(&full_report(language)).unwrap();
        insta::assert_snapshot!(named("full_html", language), rendered.html);
        insta::assert_snapshot!(
            named("full_text", language),
            format!("{}\n\n{}", rendered.subject, rendered.text)
        );
    }
}

#[test]
fn a_report_of_a_week_in_every_language() {
    for language in Language::ALL {
        let weekly = Report {
            cadence: Cadence::Weekly,
            told_until: super::example::at("2026-03-06T11:00:00Z"),
            ..full_report(language)
        };
        let rendered = render(&weekly).unwrap();
        let head: String = rendered.text.lines().take(4).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(named("weekly_head", language), format!("{}\n\n{head}", rendered.subject));
    }
}

#[test]
fn the_table_in_every_language() {
    for language in Language::ALL {
        let table = table(&full_report(language)).unwrap();
        insta::assert_snapshot!(
            named("table", language),
            format!("{}\n{}\n\n{}", table.name, table.media_type, table.content)
        );
    }
}

#[test]
fn nothing_new_says_what_is_open_still() {
    for language in Language::ALL {
        let mut report = full_report(language);
        report.findings.retain(|finding| !finding.is_new());
        report.resolved.clear();
        report.changes = Changes::default();
        let rendered = render(&report).unwrap();
        insta::assert_snapshot!(
            named("known_text", language),
            format!("{}\n\n{}", rendered.subject, rendered.text)
        );
    }
}

#[test]
fn nothing_to_report_is_one_line() {
    for language in Language::ALL {
        let rendered = render(&quiet_report(language)).unwrap();
        insta::assert_snapshot!(
            named("quiet_text", language),
            format!("{}\n\n{}", rendered.subject, rendered.text)
        );
        insta::assert_snapshot!(named("quiet_html", language), rendered.html);
    }
}

#[test]
fn one_is_not_many() {
    use super::example::{Morning, during, person, stamp};
    let mut morning = Morning::default();
    let ana = morning.add_person(person("Ana", "ana@example.com", &[]));
    let once = vec![FailuresFrom { address: "203.0.113.1".to_owned(), failures: 1 }];
    let lone = Evidence::new()
        .with(FactName::WrongPasswords, during("2026-03-13T03:00:00Z", "2026-03-13T03:00:20Z"))
        .with(FactName::Addresses, FactValue::Addresses { named: once, count: 1 })
        .with(FactName::Failures, FactValue::Number(1));
    morning.add((AuditRule::AccountUnderAttack, Severity::Critical), Some(ana), lone);
    let bia = morning.add_person(person("Bia", "bia@example.com", &[]));
    let today = Evidence::new().with(FactName::Invited, FactValue::At(stamp("2026-03-12T10:00:00Z")));
    morning.add((AuditRule::NeverSignedIn, Severity::Low), Some(bia), today);
    for language in Language::ALL {
        let report = Report { members_checked: 1, sign_ins_checked: 1, ..morning.report(language) };
        let rendered = render(&report).unwrap();
        insta::assert_snapshot!(
            named("one_text", language),
            format!("{}\n\n{}", rendered.subject, rendered.text)
        );
    }
}

#[test]
fn the_same_report_is_the_same_bytes() {
    for language in Language::ALL {
        assert_eq!(render(&full_report(language)).unwrap(), render(&full_report(language)).unwrap());
    }
}
