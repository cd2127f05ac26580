//! The findings as a table for a spreadsheet: one a row, with all evidence as text.
//!
//! Cells are separated as the spreadsheets of the language expect it when a file is double-clicked: by semicolons where a
//! comma stands in numbers (Portuguese, Spanish), by commas in English. The mark in front says that it is UTF-8, without
//! which Excel would not believe it.

use jiff::Timestamp;
use portaria_domain::audit::rule;
use portaria_domain::language::Language;

use super::language::{Column, phrases};
use super::model::{Report, ReportFinding, Stage};
use crate::mail::Attachment;

/// A table that is longer is cut, and says so.
const LONGEST: usize = 2_000_000;
const MARK: &str = "\u{feff}";

/// None: there is nothing to put into it.
pub fn table(report: &Report) -> Option<Attachment> {
    if report.findings.is_empty() && report.resolved.is_empty() {
        return None;
    }
    let language = report.language;
    let separator = separator(language);
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|value| cell(value)).collect();
        cells.join(separator) + "\r\n"
    };
    let heading = Column::ALL.map(|column| phrases(language).column(column).to_owned());
    let mut content = MARK.to_owned() + &row(&heading);
    let mut left_out = report.unlisted;
    for finding in report.findings.iter().chain(&report.resolved) {
        let line = row(&cells(report, finding));
        if content.len() + line.len() > LONGEST {
            left_out += 1;
        } else {
            content.push_str(&line);
        }
    }
    if left_out > 0 {
        content.push_str(&row(&[phrases(language).and_more(left_out)]));
    }
    let day = report.time_zone.to_datetime(report.ran_at).date();
    Some(Attachment {
        name: format!("portaria-{day}.csv"),
        media_type: "text/csv; charset=utf-8; header=present".to_owned(),
        content,
    })
}

fn separator(language: Language) -> &'static str {
    language.pick(&[";", ",", ";"])
}

fn cells(report: &Report, finding: &ReportFinding) -> [String; Column::ALL.len()] {
    let said = rule::of(finding.rule).said(report.language);
    let phrases = phrases(report.language);
    let time = |at: Timestamp| report.time_zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let key: &str = finding.rule.into();
    let facts = finding.told.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value));
    let resolved = if let Stage::Resolved(at) = finding.stage { time(at) } else { String::new() };
    Column::ALL.map(|column| match column {
        Column::Urgency => phrases.urgency(finding.urgency).to_owned(),
        Column::State => phrases.stage(finding.stage).to_owned(),
        Column::What => said.title.to_owned(),
        Column::Who => finding.told.who.clone(),
        Column::Email => finding.told.email.clone().unwrap_or_default(),
        Column::Roles => finding.told.roles.clone().unwrap_or_default(),
        Column::Seen => finding.told.seen.clone(),
        Column::Evidence => facts.clone().collect::<Vec<_>>().join(" | "),
        Column::OpenedAt => time(finding.opened_at),
        Column::ResolvedAt => resolved.clone(),
        Column::WhatToDo => said.what_to_do.to_owned(),
        Column::Rule => key.to_owned(),
        Column::Id => finding.id.to_string(),
    })
}

/// Always in quotes, so that no other separator cuts it. What a spreadsheet would run as a formula is made text, and so is
/// what only looks like one after invisible letters or in the wide letters of Asian keyboards.
fn cell(value: &str) -> String {
    let seen = value
        .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c) || c == '"');
    let formula = seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '−'])
        || value.starts_with(['\t', '\r', '\n']);
    let one_line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let marked = if formula { format!("'{one_line}") } else { one_line };
    format!("\"{}\"", marked.replace('"', "\"\""))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_breaks_a_row() {
        for (value, expected) in [
            ("=1+1", "\"'=1+1\""),
            (" \u{200b}=HYPERLINK(\"x\")", "\"' \u{200b}=HYPERLINK(\"\"x\"\")\""),
            ("\u{2068}@SUM(A1)\u{2069}", "\"'\u{2068}@SUM(A1)\u{2069}\""),
            ("＝1", "\"'＝1\""),
            ("-2", "\"'-2\""),
            ("\"=1", "\"'\"\"=1\""),
            ("a;b,\"c\"\nd", "\"a;b,\"\"c\"\" d\""),
            ("Ana Souza", "\"Ana Souza\""),
        ] {
            assert_eq!(cell(value), expected);
        }
    }
}
