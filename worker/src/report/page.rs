//! A report in its language, in the order in which it is read; the templates only lay it out.

use jiff::Timestamp;
use portaria_domain::audit::rule;
use portaria_domain::audit::telling::{ToldFact, Urgency};
use portaria_domain::harmless;
use portaria_domain::language::{Language, Wall};
use portaria_entity::finding::AuditRule;

use super::language::{Checked, Label, Phrases, Tally, phrases};
use super::model::{Occasion, Opened, Report, ReportFinding};

/// More of one kind than this are counted, not listed: nobody reads the fortieth on a telephone, and mail
/// programs cut off mails that are too long.
const MOST_ENTRIES: usize = 20;

pub struct Page {
    pub language_tag: &'static str,
    pub subject: String,
    pub title: &'static str,
    pub workspace: String,
    pub ran: String,
    pub lead: String,
    pub checked: Option<String>,
    pub tallies: Vec<Tile>,
    pub sections: Vec<Section>,
    pub why: &'static str,
    pub what_to_do: &'static str,
    pub reported_since: &'static str,
    pub button: Option<Button>,
    pub footer: Vec<String>,
    pub chain: Option<Chain>,
}

/// A big number and what it counts.
pub struct Tile {
    pub tone: Tone,
    pub number: String,
    pub label: &'static str,
}

/// All findings of one severity.
pub struct Section {
    pub tone: Tone,
    pub heading: &'static str,
    pub groups: Vec<Group>,
}

/// All findings of one rule, which share their meaning and what to do about them.
pub struct Group {
    pub title: &'static str,
    pub why: &'static str,
    pub what_to_do: &'static str,
    pub entries: Vec<Entry>,
    pub and_more: Option<String>,
}

pub struct Entry {
    pub who: String,
    pub email: Option<String>,
    pub roles: Option<String>,
    /// Said of what the reader has not been told before.
    pub new: Option<&'static str>,
    pub seen: String,
    pub facts: Vec<ToldFact>,
    /// Since when it has been told, of what the reader knows.
    pub since: Option<String>,
}

/// A language and a clock: what it takes to say something.
struct Words<'a> {
    language: Language,
    phrases: &'static dyn Phrases,
    wall: &'a Wall,
}

pub struct Button {
    pub label: &'static str,
    pub url: String,
}

pub struct Chain {
    pub sentence: String,
    pub digest: String,
}

/// The colours of a severity, on light paper; the template's style sheet has the dark ones.
#[derive(Clone, Copy)]
pub struct Tone {
    pub class: &'static str,
    pub ink: &'static str,
    pub tint: &'static str,
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

impl Page {
    pub fn of(report: &Report) -> Self {
        let wall = Wall::new(&report.time_zone, report.ran_at);
        let words = Words { language: report.language, phrases: phrases(report.language), wall: &wall };
        let phrases = words.phrases;
        let workspace = harmless::name(&report.workspace_name);
        let tally = tally(&report.findings);
        let checked = Checked { members: report.members_checked, sign_ins: report.sign_ins_checked };
        let (lead, checked) = match tally.total {
            0 => (phrases.nothing(checked), None),
            _ => (phrases.lead(tally), Some(phrases.checked(checked, &wall.span(report.period)))),
        };
        Self {
            language_tag: report.language.tag(),
            subject: phrases.subject(&workspace, tally),
            title: phrases.label(Label::ReportTitle),
            ran: ran(report, &words),
            lead,
            checked,
            tallies: tiles(&report.findings, &words),
            sections: sections(&report.findings, &words),
            why: phrases.label(Label::Why),
            what_to_do: phrases.label(Label::WhatToDo),
            reported_since: phrases.label(Label::ReportedSince),
            button: button(report, &words),
            footer: footer(report, &workspace, &words),
            chain: chain(report, &words),
            workspace,
        }
    }
}

fn tally(findings: &[ReportFinding]) -> Tally {
    let critical = findings.iter().filter(|finding| finding.urgency == Urgency::Now).count();
    Tally { total: findings.len() as u64, critical: critical as u64 }
}

fn ran(report: &Report, words: &Words<'_>) -> String {
    let time = words.time(report.ran_at);
    match report.occasion {
        Occasion::Scheduled => time,
        Occasion::Requested => format!("{time} ({})", words.phrases.label(Label::Requested)),
    }
}

const URGENCIES: [Urgency; 3] = [Urgency::Now, Urgency::Today, Urgency::Sometime];

fn tiles(findings: &[ReportFinding], words: &Words<'_>) -> Vec<Tile> {
    let tile = |urgency| {
        let number = findings.iter().filter(|finding| finding.urgency == urgency).count() as u64;
        (number > 0).then(|| Tile {
            tone: Tone::of(urgency),
            number: words.phrases.number(number),
            label: words.phrases.urgency(urgency),
        })
    };
    URGENCIES.into_iter().filter_map(tile).collect()
}

fn sections(findings: &[ReportFinding], words: &Words<'_>) -> Vec<Section> {
    let section = |urgency| {
        let of_it: Vec<_> = findings.iter().filter(|finding| finding.urgency == urgency).collect();
        (!of_it.is_empty()).then(|| Section {
            tone: Tone::of(urgency),
            heading: words.phrases.urgency(urgency),
            groups: groups(of_it, words),
        })
    };
    URGENCIES.into_iter().filter_map(section).collect()
}

fn groups(mut findings: Vec<&ReportFinding>, words: &Words<'_>) -> Vec<Group> {
    // Stable: what weighs the same keeps the order in which it was found.
    findings.sort_by_key(|finding| (finding.rule, std::cmp::Reverse(finding.weight)));
    findings
        .chunk_by(|a, b| a.rule == b.rule)
        .filter_map(|same| same.first().map(|first| group(first.rule, same, words)))
        .collect()
}

fn group(rule: AuditRule, findings: &[&ReportFinding], words: &Words<'_>) -> Group {
    let listed = findings.iter().take(MOST_ENTRIES);
    let unlisted = findings.len().saturating_sub(MOST_ENTRIES) as u64;
    let said = rule::of(rule).said(words.language);
    Group {
        title: said.title,
        why: said.why,
        what_to_do: said.what_to_do,
        entries: listed.map(|finding| words.entry(finding)).collect(),
        and_more: (unlisted > 0).then(|| words.phrases.and_more(unlisted)),
    }
}

impl Words<'_> {
    fn time(&self, at: Timestamp) -> String {
        self.phrases.day_and_time(&self.wall.time(at))
    }

    fn entry(&self, finding: &ReportFinding) -> Entry {
        let told = finding.told.clone();
        let (new, since) = match finding.opened {
            Opened::Now => (Some(self.phrases.label(Label::New)), None),
            Opened::Earlier(at) => (None, Some(self.time(at))),
        };
        Entry {
            who: told.who,
            email: told.email,
            roles: told.roles,
            new,
            seen: told.seen,
            facts: told.facts,
            since,
        }
    }
}

/// Only a plain web address becomes a link.
fn button(report: &Report, words: &Words<'_>) -> Option<Button> {
    let url = report.front_end_url.as_deref()?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>'));
    (is_web && is_plain)
        .then(|| Button { label: words.phrases.label(Label::OpenPortaria), url: url.to_owned() })
}

fn footer(report: &Report, workspace: &str, words: &Words<'_>) -> Vec<String> {
    let next = report.next_run_at.map(|at| words.phrases.next_run(&words.wall.time(at)));
    let reason = words.phrases.reason_for_mail(workspace);
    let zone = words.phrases.time_zone(&words.wall.zone_name());
    [Some(reason), next, Some(zone)].into_iter().flatten().collect()
}

fn chain(report: &Report, words: &Words<'_>) -> Option<Chain> {
    report.chain_head.as_ref().map(|head| Chain {
        sentence: words.phrases.chain_head(head.sequence),
        digest: head.digest.chars().filter(|one| one.is_ascii_alphanumeric() || *one == ':').collect(),
    })
}
