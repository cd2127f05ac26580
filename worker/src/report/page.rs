//! A report in its language, in the order in which it is read; the templates only lay it out.

use jiff::Timestamp;
use portaria_domain::audit::reader::Sight;
use portaria_domain::audit::rule;
use portaria_domain::audit::telling::{ToldFact, Urgency};
use portaria_domain::harmless;
use portaria_domain::language::{Language, Wall};
use portaria_entity::finding::AuditRule;

use super::chart::Chart;
use super::language::{Checked, Label, Phrases, Tally, phrases};
use super::list::List;
use super::model::{Occasion, Report, ReportFinding};

pub struct Page {
    pub language_tag: &'static str,
    pub subject: String,
    pub title: &'static str,
    pub workspace: String,
    pub ran: String,
    pub lead: String,
    pub checked: Option<String>,
    pub tallies: Vec<Tile>,
    /// What is new.
    pub sections: Vec<Section>,
    /// What is told in a line each.
    pub lists: Vec<List>,
    pub chart_heading: &'static str,
    pub chart: Option<Chart>,
    pub why: &'static str,
    pub what_to_do: &'static str,
    pub open_finding: &'static str,
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
    pub seen: Option<String>,
    pub facts: Vec<ToldFact>,
    pub url: Option<String>,
}

/// A language and a clock: what it takes to say something.
pub struct Words<'a> {
    pub language: Language,
    pub phrases: &'static dyn Phrases,
    pub wall: &'a Wall,
    pub front_end: Option<&'a str>,
    /// So many of a kind are listed.
    pub listed: usize,
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
    pub fn of(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Now => Self { class: "critical", ink: "#b3261e", tint: "#fdf0ef" },
            Urgency::Today => Self { class: "warning", ink: "#96560b", tint: "#fdf5e8" },
            Urgency::Sometime => Self { class: "notice", ink: "#2b5c8a", tint: "#eef4fa" },
        }
    }
}

impl Page {
    /// `listed`: so many of a kind, the others are counted.
    pub fn of(report: &Report, listed: usize) -> Self {
        let wall = Wall::new(&report.time_zone, report.ran_at);
        let front_end = front_end(report);
        let (language, phrases) = (report.language, phrases(report.language));
        let words = Words { language, phrases, wall: &wall, front_end, listed };
        let workspace = harmless::name(&report.workspace_name);
        let tally = tally(report);
        let checked = Checked { members: report.members_checked, sign_ins: report.sign_ins_checked };
        let (lead, checked) = match tally.new + tally.known {
            0 => (phrases.nothing(checked), None),
            _ => (phrases.lead(tally), Some(phrases.checked(checked, &wall.span(report.period)))),
        };
        let title = phrases.title(report.cadence);
        let lists = List::all(report, &words);
        let is_quiet = tally.new + tally.known == 0 && lists.is_empty();
        Self {
            language_tag: language.tag(),
            subject: format!("{title} · {workspace}: {}", phrases.subject(tally)),
            title,
            ran: ran(report, &words),
            lead,
            checked,
            tallies: tiles(&report.findings, &words),
            sections: sections(&report.findings, &words),
            lists,
            chart_heading: phrases.label(Label::Trend),
            chart: if is_quiet { None } else { Chart::of(&report.trend, &words) },
            why: phrases.label(Label::Why),
            what_to_do: phrases.label(Label::WhatToDo),
            open_finding: phrases.label(Label::OpenFinding),
            button: words.front_end.map(|base| Button {
                label: phrases.label(Label::OpenPortaria),
                url: format!("{base}/findings"),
            }),
            footer: footer(report, &workspace, &words),
            chain: chain(report, &words),
            workspace,
        }
    }
}

fn tally(report: &Report) -> Tally {
    let count = |is_new: bool, urgent: bool| {
        let wanted = |finding: &&ReportFinding| {
            finding.is_new() == is_new && (!urgent || finding.urgency == Urgency::Now)
        };
        report.findings.iter().filter(wanted).count() as u64
    };
    Tally {
        new: count(true, false),
        new_urgent: count(true, true),
        known: count(false, false).saturating_add(report.unlisted),
        known_urgent: count(false, true),
    }
}

/// When it ran, and since when it tells what is new.
fn ran(report: &Report, words: &Words<'_>) -> String {
    let time = words.time(report.ran_at);
    let since = words.phrases.told_until(&words.wall.time(report.told_until));
    match report.occasion {
        Occasion::Scheduled => format!("{time} · {since}"),
        Occasion::Requested => format!("{time} ({}) · {since}", words.phrases.label(Label::Requested)),
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
        let is_of_it = |finding: &&ReportFinding| finding.urgency == urgency && finding.is_new();
        let of_it: Vec<_> = findings.iter().filter(is_of_it).collect();
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
    let listed = findings.iter().take(words.listed);
    let said = rule::of(rule).said(words.language);
    Group {
        title: said.title,
        why: said.why,
        what_to_do: said.what_to_do,
        entries: listed.map(|finding| words.entry(finding)).collect(),
        and_more: words.and_more(findings.len().saturating_sub(words.listed) as u64),
    }
}

impl Words<'_> {
    pub fn time(&self, at: Timestamp) -> String {
        self.phrases.day_and_time(&self.wall.time(at))
    }

    pub fn and_more(&self, unlisted: u64) -> Option<String> {
        (unlisted > 0).then(|| self.phrases.and_more(unlisted))
    }

    /// Where the front end shows a finding. It asks who comes there to sign in: the link opens nothing.
    pub fn url_of(&self, finding: &ReportFinding) -> Option<String> {
        self.front_end.map(|base| format!("{base}/findings/{}", finding.id))
    }

    fn entry(&self, finding: &ReportFinding) -> Entry {
        let told = finding.told.clone();
        Entry {
            who: told.who,
            email: told.email,
            roles: told.roles,
            seen: (!told.seen.is_empty()).then_some(told.seen),
            facts: told.facts,
            url: self.url_of(finding),
        }
    }
}

/// Only a plain web address becomes a link.
fn front_end(report: &Report) -> Option<&str> {
    let url = report.front_end_url.as_deref()?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain =
        url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '?' | '#'));
    (is_web && is_plain).then(|| url.trim_end_matches('/'))
}

fn footer(report: &Report, workspace: &str, words: &Words<'_>) -> Vec<String> {
    let has_table = !report.findings.is_empty() || !report.resolved.is_empty();
    let attached = has_table.then(|| words.phrases.label(Label::Attached).to_owned());
    let next = report.next_report_at.map(|at| words.phrases.next_run(&words.wall.time(at)));
    let reason = words.phrases.reason_for_mail(workspace);
    let zone = words.phrases.time_zone(&words.wall.zone_name());
    [left_out(report.sight, words.language), attached, Some(reason), next, Some(zone)]
        .into_iter()
        .flatten()
        .collect()
}

/// What the reader would be told with further permissions, by their keys.
fn left_out(sight: Sight, language: Language) -> Option<String> {
    let people = language.pick(&[
        "de quem se trata e o que se viu (member:read_private)",
        "whom it is about and what was seen (member:read_private)",
        "de quién se trata y qué se vio (member:read_private)",
    ]);
    let log = language.pick(&[
        "quem mudou o acesso de quem (audit_log:read)",
        "who changed whose access (audit_log:read)",
        "quién cambió el acceso de quién (audit_log:read)",
    ]);
    let parts = [(!sight.people).then_some(people), (!sight.log).then_some(log)];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    let because = language.pick(&[
        "Ficou de fora, por falta de permissão",
        "Left out, for want of a permission",
        "Se omitió, por falta de permiso",
    ]);
    (!parts.is_empty()).then(|| format!("{because}: {}.", parts.join("; ")))
}

fn chain(report: &Report, words: &Words<'_>) -> Option<Chain> {
    report.chain_head.as_ref().map(|head| Chain {
        sentence: words.phrases.chain_head(head.sequence),
        digest: head.digest.chars().filter(|one| one.is_ascii_alphanumeric() || *one == ':').collect(),
    })
}
