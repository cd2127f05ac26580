//! What is told in a line each: findings that are known, those that were resolved, and changes of access.

use std::cmp::Reverse;

use portaria_domain::audit::access_change::Weight;
use portaria_domain::audit::rule;
use portaria_domain::audit::telling::Urgency;

use super::language::Label;
use super::model::{Changes, Report, ReportFinding, Stage};
use super::page::{Tone, Words};

/// So many changes of access are listed however much else there is: nobody makes them vanish with a mass of findings.
const LEAST_CHANGES: usize = 8;

pub struct List {
    pub heading: &'static str,
    pub lines: Vec<Line>,
    pub and_more: Option<String>,
}

pub struct Line {
    /// Marks what cannot wait.
    pub tone: Option<Tone>,
    pub what: String,
    pub detail: String,
    pub aside: String,
    pub url: Option<String>,
}

impl List {
    /// In the order in which they are read; without those that are empty.
    pub fn all(report: &Report, words: &Words<'_>) -> Vec<Self> {
        let lists = [known(report, words), resolved(report, words), changes(&report.changes, words)];
        lists.into_iter().filter(|list| !list.lines.is_empty() || list.and_more.is_some()).collect()
    }
}

/// The most urgent first, the oldest of these first.
fn known(report: &Report, words: &Words<'_>) -> List {
    let mut known: Vec<&ReportFinding> = report.findings.iter().filter(|finding| !finding.is_new()).collect();
    known.sort_by_key(|finding| (finding.urgency, finding.rule, finding.opened_at));
    let most = words.listed * 2;
    let unlisted = (known.len().saturating_sub(most) as u64).saturating_add(report.unlisted);
    let line = |finding: &&ReportFinding| {
        let since = words.phrases.since(&words.wall.time(finding.opened_at));
        let acknowledged = format!("{since} · {}", words.phrases.label(Label::Acknowledged));
        let aside = if finding.stage == Stage::Acknowledged { acknowledged } else { since };
        words.line(finding, aside)
    };
    List {
        heading: words.phrases.label(Label::StillOpen),
        lines: known.iter().take(most).map(line).collect(),
        and_more: words.and_more(unlisted),
    }
}

/// The latest first.
fn resolved(report: &Report, words: &Words<'_>) -> List {
    let mut resolved: Vec<&ReportFinding> = report.resolved.iter().collect();
    let when = |finding: &ReportFinding| match finding.stage {
        Stage::Resolved(at) => at,
        Stage::New | Stage::StillOpen | Stage::Acknowledged => finding.opened_at,
    };
    resolved.sort_by_key(|finding| (Reverse(when(finding)), finding.urgency, finding.rule));
    let line =
        |finding: &&ReportFinding| Line { tone: None, ..words.line(finding, words.time(when(finding))) };
    List {
        heading: words.phrases.label(Label::Resolved),
        lines: resolved.iter().take(words.listed).map(line).collect(),
        and_more: words.and_more(resolved.len().saturating_sub(words.listed) as u64),
    }
}

/// The weightiest first. Of what is not listed, how many there are of each kind.
fn changes(changes: &Changes, words: &Words<'_>) -> List {
    let most = (words.listed + words.listed / 2).max(LEAST_CHANGES);
    let listed = &changes.listed[..changes.listed.len().min(most)];
    let line = |(weight, _, told): &(Weight, _, portaria_domain::audit::access_change::ToldChange)| Line {
        tone: (*weight == Weight::Heavy).then(|| Tone::of(Urgency::Today)),
        what: told.what.clone(),
        detail: told.whom.iter().cloned().chain([words.phrases.by(&told.by)]).collect::<Vec<_>>().join(" · "),
        aside: told.when.clone(),
        url: None,
    };
    let unlisted = changes.counts.iter().filter_map(|(action, count)| {
        let shown = listed.iter().filter(|(_, listed, _)| listed.key == action.key).count() as u64;
        let rest = count.saturating_sub(shown);
        let label = words.language.pick(&action.said);
        (rest > 0).then(|| format!("{label} ({})", words.phrases.number(rest)))
    });
    let unlisted: Vec<String> = unlisted.collect();
    let rest = changes.total().saturating_sub(listed.len() as u64);
    List {
        heading: words.phrases.label(Label::AccessChanges),
        lines: listed.iter().map(line).collect(),
        and_more: words.and_more(rest).map(|more| format!("{more}: {}", unlisted.join(", "))),
    }
}

impl Words<'_> {
    fn line(&self, finding: &ReportFinding, aside: String) -> Line {
        let is_urgent = finding.urgency == Urgency::Now;
        Line {
            tone: is_urgent.then(|| Tone::of(finding.urgency)),
            what: finding.told.who.clone(),
            detail: rule::of(finding.rule).said(self.language).title.to_owned(),
            aside,
            url: self.url_of(finding),
        }
    }
}
