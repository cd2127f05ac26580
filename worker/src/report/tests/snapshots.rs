//! How reports look, in every language. To read the HTML as a picture, open the part of the snapshot below
//! its head in a browser.

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
    use super::example::{at, finding, period, person};
    let lone = Evidence::RepeatedFailures {
        person: person("Ana", "ana@example.com", &[]),
        failures: 1,
        addresses: vec![AddressTally { address: "203.0.113.1".to_owned(), failures: 1 }],
        address_count: 1,
        during: period("2026-03-13T03:00:00Z", "2026-03-13T03:00:20Z"),
    };
    let today = Evidence::NeverSignedIn {
        person: person("Bia", "bia@example.com", &[]),
        days: 1,
        invited_at: at("2026-03-12T10:00:00Z"),
    };
    for language in Language::ALL {
        let findings =
            vec![finding(Severity::Critical, lone.clone()), finding(Severity::Notice, today.clone())];
        let report = Report { findings, members_checked: 1, sign_ins_checked: 1, ..quiet_report(language) };
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
