//! What a mail of alerts says, in the order in which it is read; the templates only lay it out. The same look as the report.

use std::cmp::Reverse;
use std::time::Duration;

use askama::Template;
use jiff::tz::TimeZone;
use portaria_domain::alert::in_message;
use portaria_domain::alert_policy::severity_of;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::people::People;
use portaria_domain::audit::rule;
use portaria_domain::audit::telling::{Teller, Urgency, instant, urgency};
use portaria_domain::error::{Error, Result};
use portaria_domain::harmless;
use portaria_domain::language::{Language, Wall};
use portaria_domain::notice::Waiting;
use portaria_domain::notification_endpoint::link;
use portaria_entity::finding::Severity;
use portaria_entity::time::Timestamp;
use portaria_entity::{alert, workspace};

use super::words;
use crate::report::{Label, RenderedReport, phrases, render_layout};

/// More findings of one rule than this are counted, not told.
const MOST_ENTRIES: usize = 6;
/// More kinds of things than this are counted, not told.
const MOST_GROUPS: usize = 20;

/// When an alert was raised last is told if that was so much later than at first.
const LATER: Duration = Duration::from_secs(60 * 60);

/// What all mails of one notice share.
pub struct Notice<'a> {
    pub workspace: &'a workspace::Model,
    pub zone: &'a TimeZone,
    pub waiting: &'a Waiting,
    pub people: &'a People,
    pub at: Timestamp,
}

struct Page {
    language_tag: &'static str,
    subject: String,
    title: &'static str,
    workspace: String,
    lead: String,
    sections: Vec<Section>,
    and_more: Option<String>,
    why: &'static str,
    what_to_do: &'static str,
    button: Option<(&'static str, String)>,
    footer: Vec<String>,
}

/// All that is equally urgent.
struct Section {
    tone: Tone,
    heading: &'static str,
    groups: Vec<Group>,
}

/// Findings of one rule, or an alert.
struct Group {
    urgency: Urgency,
    title: String,
    why: Option<&'static str>,
    what_to_do: String,
    entries: Vec<Entry>,
    and_more: Option<String>,
    size: usize,
}

struct Entry {
    who: Option<String>,
    email: Option<String>,
    seen: Option<String>,
    facts: Vec<(&'static str, String)>,
}

/// The colours of an urgency, on light paper; the template's style sheet has the dark ones.
#[derive(Clone, Copy)]
struct Tone {
    class: &'static str,
    ink: &'static str,
    tint: &'static str,
}

impl Tone {
    fn of(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Now => Self { class: "critical", ink: "#b3261e", tint: "#fdf0ef" },
            Urgency::Today => Self { class: "warning", ink: "#96560b", tint: "#fdf5e8" },
            Urgency::Sometime => Self { class: "notice", ink: "#2b5c8a", tint: "#eef4fa" },
        }
    }
}

#[derive(Template)]
#[template(path = "alert.mjml", escape = "html")]
struct HtmlAlert<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "alert.txt", escape = "none")]
struct TextAlert<'a> {
    page: &'a Page,
}

/// The mail in a language.
pub fn render(notice: &Notice<'_>, language: Language) -> Result<RenderedReport> {
    let page = notice.page(language);
    let layout = HtmlAlert { page: &page }.render().map_err(Error::internal)?;
    let html = render_layout(&layout).map_err(Error::internal)?;
    let text = TextAlert { page: &page }.render().map_err(Error::internal)?;
    Ok(RenderedReport { subject: page.subject, html, text })
}

impl Notice<'_> {
    fn page(&self, language: Language) -> Page {
        let wall = Wall::new(self.zone, instant(self.at));
        let teller = Teller { language, wall: &wall, people: self.people, at: self.at };
        let mut groups = self.of_findings(&teller);
        groups.extend(self.waiting.alerts.iter().map(|alert| of_alert(alert, &teller)));
        // Stable: what is equally urgent keeps the order in which it came.
        groups.sort_by_key(|group| group.urgency);
        let (all, urgent) = (self.waiting.len(), self.urgent());
        let first = groups.first().map(|group| group.title.clone()).unwrap_or_default();
        let left_out: usize = groups.iter().skip(MOST_GROUPS).map(|group| group.size).sum();
        groups.truncate(MOST_GROUPS);
        let (phrases, name) = (phrases(language), harmless::name(&self.workspace.name));
        let url = match (self.waiting.findings.as_slice(), self.waiting.alerts.is_empty()) {
            ([only], true) => link(self.workspace, &format!("findings/{}", only.row.id)),
            ([], _) => link(self.workspace, "alerts"),
            _ => link(self.workspace, "findings"),
        };
        let others = if all > 1 { format!(" (+{})", all - 1) } else { String::new() };
        let powerless = url.is_some().then(|| words::powerless(language).to_owned());
        let footer =
            [Some(phrases.reason_for_mail(&name)), powerless, Some(phrases.time_zone(&wall.zone_name()))];
        Page {
            language_tag: language.tag(),
            subject: format!("{name}: {}{others}", first.trim_end_matches('.')),
            title: words::title(language),
            lead: words::lead(language, (all, urgent)),
            sections: sections(groups, language),
            and_more: (left_out > 0).then(|| phrases.and_more(left_out as u64)),
            why: phrases.label(Label::Why),
            what_to_do: phrases.label(Label::WhatToDo),
            button: url.map(|url| (phrases.label(Label::OpenPortaria), url)),
            footer: footer.into_iter().flatten().collect(),
            workspace: name,
        }
    }

    fn urgent(&self) -> usize {
        let critical = |severity: &Severity| *severity == Severity::Critical;
        let findings = self.waiting.findings.iter().map(|finding| finding.row.severity);
        let alerts = self.waiting.alerts.iter().map(|alert| severity_of(alert.severity));
        findings.chain(alerts).filter(critical).count()
    }

    fn of_findings(&self, teller: &Teller<'_>) -> Vec<Group> {
        let mut findings: Vec<&OpenFinding> = self.waiting.findings.iter().collect();
        findings.sort_by_key(|one| (urgency(one.row.severity), one.row.rule, Reverse(one.weight(self.at))));
        let same = |a: &&OpenFinding, b: &&OpenFinding| {
            a.row.rule == b.row.rule && urgency(a.row.severity) == urgency(b.row.severity)
        };
        findings.chunk_by(same).filter_map(|chunk| of_rule(chunk, teller)).collect()
    }
}

fn of_rule(findings: &[&OpenFinding], teller: &Teller<'_>) -> Option<Group> {
    let first = findings.first()?;
    let said = rule::of(first.row.rule).said(teller.language);
    let entry = |finding: &&OpenFinding| {
        let told = teller.tell(finding);
        let facts = told.facts.into_iter().map(|fact| (fact.label, fact.value));
        Entry { who: Some(told.who), email: told.email, seen: Some(told.seen), facts: facts.collect() }
    };
    let unlisted = findings.len().saturating_sub(MOST_ENTRIES) as u64;
    Some(Group {
        urgency: urgency(first.row.severity),
        title: said.title.to_owned(),
        why: Some(said.why),
        what_to_do: said.what_to_do.to_owned(),
        entries: findings.iter().take(MOST_ENTRIES).map(entry).collect(),
        and_more: (unlisted > 0).then(|| teller.language.speech().and_more(unlisted)),
        size: findings.len(),
    })
}

fn of_alert(alert: &alert::Model, teller: &Teller<'_>) -> Group {
    let (language, speech) = (teller.language, teller.language.speech());
    let said = in_message(language, alert);
    let since = speech.day_and_time(&teller.wall.time(instant(alert.opened_at)));
    let mut facts = vec![(words::when(language), since)];
    if alert.last_seen_at.since(alert.opened_at) > LATER {
        facts.push((
            words::last(language),
            speech.day_and_time(&teller.wall.time(instant(alert.last_seen_at))),
        ));
    }
    if let Some(times) = u64::try_from(alert.occurrences).ok().filter(|times| *times > 1) {
        facts.push((words::times(language), speech.number(times)));
    }
    Group {
        urgency: urgency(severity_of(alert.severity)),
        title: said.title,
        why: None,
        what_to_do: said.advice,
        entries: vec![Entry { who: None, email: None, seen: None, facts }],
        and_more: None,
        size: 1,
    }
}

fn sections(groups: Vec<Group>, language: Language) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut last = None;
    for group in groups {
        if last != Some(group.urgency) {
            last = Some(group.urgency);
            let heading = phrases(language).urgency(group.urgency);
            sections.push(Section { tone: Tone::of(group.urgency), heading, groups: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            section.groups.push(group);
        }
    }
    sections
}
