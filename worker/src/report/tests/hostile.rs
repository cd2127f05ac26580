//! Names that try to be more than names.

use portaria_domain::audit::Evidence;
use portaria_domain::audit::access_change::{Action, ToldChange};
use portaria_domain::audit::fact::{FactName, FactValue, SignIn};
use portaria_domain::harmless;
use portaria_domain::language::{RoleName, RoleScope};
use portaria_entity::finding::{AuditRule, Severity};

use super::example::{CHROME, Morning, full_report, person, stamp};
use super::*;

const NASTY: [&str; 8] = [
    "<script>alert(1)</script>",
    "</mj-text></mj-column></mj-section><mj-raw><img src='https://evil.example/x.png' /></mj-raw>",
    "{{ page.subject }}{% include \"report.mjml\" %}",
    "Tom & Jerry \"quoted\" 'n' &lt;b&gt; &#60;i&#62;",
    "\u{202e}gnp.exe\u{202c}\u{200f}\u{2066}",
    "<!-- [if mso]><mj-include path=\"/etc/passwd\" /><![endif]--> ]]>",
    "Mallory\r\nBcc: all@example.com\u{0}",
    "http://evil.example/login www.evil.example",
];

fn add_inactive(morning: &mut Morning, name: &str, email: &str) {
    let role = (RoleName::Custom(name.to_owned()), RoleScope::Channel(name.to_owned()));
    let who = morning.add_person(person(name, email, &[role]));
    let sign_in = SignIn {
        at: stamp("2026-02-01T10:00:00Z"),
        address: name.to_owned(),
        user_agent: format!("{name} {CHROME}"),
    };
    let evidence = Evidence::new().with(FactName::LastSignIn, FactValue::SignIn(sign_in));
    morning.add((AuditRule::InactiveMember, Severity::Low), Some(who), evidence);
}

fn report_about(name: &str) -> RenderedReport {
    let mut morning = Morning::default();
    add_inactive(&mut morning, name, name);
    let report = Report { workspace_name: name.to_owned(), ..morning.report(Language::English) };
    render(&report).unwrap()
}

fn tags(html: &str, tag: &str) -> usize {
    html.matches(&format!("<{tag}")).count()
}

#[test]
fn no_name_adds_an_element_or_a_link() {
    let honest = report_about("Ana");
    for name in NASTY {
        let rendered = report_about(name);
        for tag in ["script", "img", "a ", "div", "table", "td", "!--", "style", "iframe"] {
            assert_eq!(tags(&rendered.html, tag), tags(&honest.html, tag), "{tag} in {name:?}");
        }
        assert!(!rendered.html.contains("://evil.example"), "{name:?}");
        assert!(!rendered.text.contains("://evil.example"), "{name:?}");
    }
}

#[test]
fn markup_in_a_name_is_shown_as_it_was_typed() {
    let html = report_about(NASTY[0]).html;
    assert!(html.contains("&#60;script&#62;alert(1)&#60;/\u{200b}script&#62;"));
    let html = report_about(NASTY[3]).html;
    assert!(
        html.contains("Tom &#38; Jerry &#34;quoted&#34; &#39;n&#39; &#38;lt;b&#38;gt; &#38;#60;i&#38;#62;")
    );
    assert!(report_about(NASTY[2]).html.contains("{{ page.\u{200b}subject }}"));
}

#[test]
fn a_name_adds_no_line_to_the_text_and_none_to_the_subject() {
    let lines = report_about("Ana").text.lines().count();
    for name in NASTY {
        let rendered = report_about(name);
        assert_eq!(rendered.text.lines().count(), lines, "{name:?}");
        assert!(!rendered.subject.chars().any(char::is_control), "{name:?}");
    }
}

#[test]
fn invisible_direction_changes_are_gone() {
    let rendered = report_about(NASTY[4]);
    for text in [&rendered.subject, &rendered.html, &rendered.text] {
        assert!(!text.contains(['\u{202e}', '\u{202c}', '\u{200f}', '\u{2066}']), "{text}");
    }
}

#[test]
fn a_front_end_that_is_no_web_address_is_no_link() {
    for url in
        ["javascript:alert(1)", "https://x.example/\"><script>", "https://x.example/\r\ny", "mailto:a@b.c"]
    {
        let report = Report { front_end_url: Some(url.to_owned()), ..full_report(Language::English) };
        assert_eq!(tags(&render(&report).unwrap().html, "a "), 0, "{url}");
    }
}

#[test]
fn the_only_address_in_a_mail_is_the_front_end() {
    for language in Language::ALL {
        let html = render(&full_report(language)).unwrap().html;
        let urls: Vec<_> = html.match_indices("://").map(|(place, _)| &html[place..]).collect();
        let schemas = [
            "://www.w3.org/1999/xhtml",
            "://schemas.microsoft.com/office/office",
            "://schemas.microsoft.com/vml",
        ];
        let foreign = urls.iter().filter(|rest| {
            !rest.starts_with("://atendimento.aurora.example/")
                && !schemas.iter().any(|known| rest.starts_with(known))
        });
        assert_eq!(foreign.collect::<Vec<_>>(), Vec::<&&str>::new());
        assert!(!html.contains("url(") && !html.contains("@import") && !html.contains("<link"));
    }
}

#[test]
fn a_mass_of_findings_stays_a_mail() {
    let mut morning = Morning::default();
    for n in 0..5_000 {
        add_inactive(&mut morning, &format!("{n} {}", "Long Name ".repeat(50)), "a@example.com");
    }
    let rendered = render(&morning.report(Language::PortugueseOfBrazil)).unwrap();
    assert!(rendered.subject.contains("5.000 pontos novos"), "{}", rendered.subject);
    assert!(rendered.text.contains("e mais 4.980"));
    // Gmail hides what comes after 102 kB.
    assert!(rendered.html.len() < 100_000, "{}", rendered.html.len());
}

#[test]
fn a_mass_of_everything_stays_a_mail_and_counts_what_it_does_not_list() {
    for language in Language::ALL {
        let mut morning = Morning::default();
        for rule in <AuditRule as sea_orm::Iterable>::iter() {
            for n in 0..60 {
                let who = morning.add_person(person(&"ß&<\"".repeat(200), &format!("{n}@example.com"), &[]));
                let at = FactValue::At(stamp("2026-02-01T10:00:00Z"));
                let evidence = Evidence::new()
                    .with(FactName::LastActive, at.clone())
                    .with(FactName::Template, FactValue::Text("&".repeat(500)))
                    .with(FactName::SignedIn, at);
                let row = morning.add((rule, Severity::Critical), Some(who), evidence);
                if n % 3 == 0 {
                    row.opened_at = stamp("2026-02-01T10:00:00Z");
                }
                if n % 3 == 1 {
                    morning.resolve_last();
                }
            }
        }
        let name = "ß&<\"".repeat(200);
        let told = ToldChange {
            what: format!("{} ({})", harmless::name(&name), harmless::name(&name)),
            by: harmless::name(&name),
            whom: Some(harmless::name(&name)),
            when: "12/03, 14:20".to_owned(),
        };
        let all = Action::all().iter();
        let changes = Changes {
            listed: all.clone().map(|action| (action.weight, action, told.clone())).collect(),
            counts: all.map(|action| (action, 1_000)).collect(),
        };
        let rendered = render(&Report { changes, ..morning.report(language) }).unwrap();
        assert!(rendered.html.len() < 100_000, "{}", rendered.html.len());
        let listed = rendered.text.lines().filter(|line| line.ends_with("12/03, 14:20")).count();
        assert!(listed >= 8, "{listed} changes of access are listed");
        let counted =
            (1..60).any(|more| rendered.text.contains(&format!("* {}", language.speech().and_more(more))));
        assert!(counted, "{}", rendered.text);
    }
}

#[test]
fn the_table_has_every_finding_in_a_row_of_as_many_cells() {
    for language in Language::ALL {
        let mut morning = Morning::default();
        for name in NASTY.into_iter().chain(["=cmd|' /C calc'!A1", "@x", "+1", "-1", "a\tb"]) {
            add_inactive(&mut morning, name, name);
        }
        let content = table(&morning.report(language)).unwrap().content;
        let lines: Vec<&str> = content.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 1 + NASTY.len() + 5);
        let separator = language.pick(&["\";\"", "\",\"", "\";\""]);
        for line in &lines {
            assert_eq!(line.split(separator).count(), 13, "{line}");
            assert!(line.starts_with('"') && line.ends_with('"') && !line.contains('\n'), "{line}");
            for cell in line.split(separator) {
                let cell = cell.trim_start_matches('"').trim_start_matches(['\u{2068}', '\u{200b}', ' ']);
                assert!(!cell.starts_with(['=', '@', '+', '-']), "{cell}");
            }
        }
    }
    assert_eq!(table(&super::example::quiet_report(Language::English)), None);
}

#[test]
fn links_lead_to_the_front_end_and_say_nothing_but_which_finding() {
    let rendered = render(&full_report(Language::English)).unwrap();
    let base = "https://atendimento.aurora.example/acessos/findings";
    for (place, _) in rendered.html.match_indices("href=\"") {
        let rest = &rendered.html[place + 6..];
        let url = &rest[..rest.find('"').unwrap()];
        let id = url.strip_prefix(base).unwrap_or_else(|| panic!("{url}"));
        let is_id = id.strip_prefix("/find_").is_some_and(|id| id.len() == 26);
        assert!(id.is_empty() || is_id, "{url}");
    }
    assert!(rendered.text.contains(&format!("{base}/find_")));
}
