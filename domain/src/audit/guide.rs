//! `docs/AUDIT-RULES.md`, written from the rules themselves.

use std::fmt::Write;

use portaria_entity::finding::AuditRule;

use super::rule::{self, Parameter, Rule, Suggestion, Unit};
use crate::language::Language;

const HEAD: &str = "\
# The auditor's rules

Written by `portaria audit rules` from the rules themselves; a test fails when it has drifted.

A rule looks at what is in the database, every morning and when somebody asks (`runAudit`, `portaria audit`). What it sees is a
finding, once per cause: the same thing seen tomorrow is the same finding.

- **Open** until somebody does something, or its cause is gone: then it is **resolved** by itself, and open again when it returns.
- **Acknowledged** (`acknowledgeFinding`): somebody is at it. Open again when it becomes more severe.
- **Dismissed** (`dismissFinding`): nothing is to be done until then, for a reason; a year at most. Open again at the first audit after
  that if it is still there, or as soon as it is more severe than it was. When it is gone it is resolved, and while the
  dismissal lasts its return is dismissed too.
- **Resolved by hand** (`resolveFinding`): open again when something about it changes, when it has been gone and returns, or when it
  is still there eight days later.
- `reopenFinding` takes any of these back. Nobody says any of this of a finding about themselves, or about what they did, unless
  nobody else may: then it takes a fresh second factor, and is on record.
- `takeFindingAction` does something about it: as by hand, with the same permissions, rules and activities. What it did shows at
  the next audit.

Severity is what the rule says usually; where it judges otherwise, its text says so. *At once* means that administrators are told within
a minute. Parameters are set by `updateAuditRule`, which can turn a rule off, too: its findings are then resolved. Nobody sets a rule
that has found them, unless nobody else may.

| rule | severity | at once | suggests |
| --- | --- | --- | --- |
";

/// The whole document.
pub fn guide() -> String {
    let mut text = HEAD.to_owned();
    for rule in rule::all() {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| [`{key}`](#{key}) | {severity} | {at_once} | {suggestion} |",
            key = key(rule.key),
            severity = severity(rule),
            at_once = if rule.at_once { "yes" } else { "" },
            suggestion = suggestion(rule.suggestion),
        );
    }
    for rule in rule::all() {
        text.push_str(&section(rule));
    }
    text
}

fn section(rule: &Rule) -> String {
    let said = rule.said(Language::English);
    let when = if rule.at_once { ", told at once" } else { "" };
    let mut text = format!(
        "\n## {key}\n\n**{title}.** {severity}{when}.\n\n{judges}\n\n{why}\n\n**What to do:** {advice}\n",
        key = key(rule.key),
        title = said.title,
        severity = severity(rule),
        judges = rule.judges,
        why = said.why,
        advice = said.what_to_do,
    );
    if !rule.parameters.is_empty() {
        text.push_str(
            "\n| parameter | unit | usual | from | to | |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        text.extend(rule.parameters.iter().map(row));
    }
    text
}

fn row(parameter: &Parameter) -> String {
    let Parameter { name, unit, default, least, most, about } = parameter;
    format!("| `{name}` | {} | {default} | {least} | {most} | {about} |\n", written(*unit))
}

fn key(rule: AuditRule) -> &'static str {
    rule.into()
}

fn severity(rule: &Rule) -> String {
    let name: &str = rule.severity.into();
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}

fn written(unit: Unit) -> &'static str {
    match unit {
        Unit::Times => "times",
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
        Unit::Percent => "per cent",
        Unit::MinuteOfDay => "minute of the day",
        Unit::KilometresPerHour => "km/h",
    }
}

fn suggestion(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::SuspendMember => "suspend the member",
        Suggestion::EndSessions => "end their sessions",
        Suggestion::RevokeGrants => "revoke the grants",
        Suggestion::ShortenGrants => "shorten the grants",
        Suggestion::RevokeApiKey => "revoke the key",
        Suggestion::AskMember => "ask the person",
        Suggestion::LookAtSettings => "look at it",
    }
}
