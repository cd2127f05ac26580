//! What an endpoint is sent, made of what it may know: JSON for programs, and blocks of text for Slack. Names, addresses and
//! what was seen are left out for one that does not hold `member:read_private`; phone numbers and texts are in none.

use portaria_entity::finding::Severity;
use portaria_entity::id::NoticeId;
use portaria_entity::notification_endpoint::EndpointKind;
use portaria_entity::time::Timestamp;
use portaria_entity::{alert, workspace};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

use super::EndpointRow;
use crate::alert::in_message;
use crate::alert_policy::{degree, severity_of};
use crate::audit::finding::OpenFinding;
use crate::audit::people::People;
use crate::audit::rule;
use crate::audit::telling::{Teller, instant};
use crate::harmless;
use crate::language::{Language, Wall};
use crate::notice::Waiting;

/// More than so many are counted.
const MOST_IN_JSON: usize = 100;
const MOST_IN_SLACK: usize = 10;
/// Slack takes 3,000 characters in a block and 150 in a header.
const SLACK_TEXT: usize = 2_900;
const SLACK_HEADER: usize = 150;

/// What is told at once, with what it takes to tell it.
pub struct News<'a> {
    pub notice: NoticeId,
    pub workspace: &'a workspace::Model,
    pub waiting: &'a Waiting,
    pub people: &'a People,
    pub wall: &'a Wall,
    pub at: Timestamp,
}

/// One thing, as an endpoint may know it.
struct Item {
    severity: Severity,
    title: String,
    advice: String,
    /// Whom it is about, and what was seen.
    seen: Option<(String, String)>,
    opened_at: Timestamp,
    json: Value,
}

/// What an endpoint is sent of some news; none if it is told of nothing of it.
pub fn news(endpoint: &EndpointRow, news: &News<'_>) -> Option<String> {
    let findings = news.waiting.findings.iter().filter(|one| endpoint.may_have_finding(one.row.severity));
    let alerts = news.waiting.alerts.iter().filter(|one| endpoint.may_have_alert(one));
    let mut items: Vec<(Severity, What<'_>)> =
        findings.map(|one| (one.row.severity, What::Finding(one))).collect();
    items.extend(alerts.map(|one| (severity_of(one.severity), What::Alert(one))));
    if items.is_empty() {
        return None;
    }
    items.sort_by_key(|(severity, _)| std::cmp::Reverse(degree(*severity)));
    let all = items.len();
    let most = match endpoint.row.kind {
        EndpointKind::Slack => MOST_IN_SLACK,
        EndpointKind::Webhook => MOST_IN_JSON,
    };
    items.truncate(most);
    let items: Vec<Item> = items.iter().map(|(_, what)| what.item(endpoint, news)).collect();
    let left_out = all - items.len();
    Some(match endpoint.row.kind {
        EndpointKind::Slack => slack(endpoint, news, (&items, left_out)),
        EndpointKind::Webhook => json!({
            "type": "notice",
            "timestamp": time(news.at),
            "data": {
                "id": news.notice,
                "workspace": { "id": news.workspace.id, "name": news.workspace.name },
                "items": items.iter().map(|item| &item.json).collect::<Vec<_>>(),
                "leftOut": left_out,
                "url": link(news.workspace, "findings"),
            },
        })
        .to_string(),
    })
}

/// What is sent to see whether it arrives.
pub(super) fn test(endpoint: &EndpointRow, workspace: &workspace::Model, now: Timestamp) -> String {
    let words = [
        "Teste do Portaria: os alertas deste espaço de trabalho chegam aqui.",
        "A test by Portaria: alerts of this workspace arrive here.",
        "Prueba de Portaria: las alertas de este espacio de trabajo llegan aquí.",
    ];
    let words = endpoint.language().pick(&words);
    let name = harmless::name(&workspace.name);
    match endpoint.row.kind {
        EndpointKind::Slack => json!({ "text": format!("{words} ({})", escaped(&name)) }),
        EndpointKind::Webhook => json!({
            "type": "test",
            "timestamp": time(now),
            "data": { "workspace": { "id": workspace.id, "name": workspace.name }, "message": words },
        }),
    }
    .to_string()
}

enum What<'a> {
    Finding(&'a OpenFinding),
    Alert(&'a alert::Model),
}

impl What<'_> {
    fn item(&self, endpoint: &EndpointRow, news: &News<'_>) -> Item {
        match self {
            Self::Finding(finding) => of_finding(endpoint, news, finding),
            Self::Alert(alert) => of_alert(endpoint.language(), news, alert),
        }
    }
}

fn of_finding(endpoint: &EndpointRow, news: &News<'_>, finding: &OpenFinding) -> Item {
    let (language, row) = (endpoint.language(), &finding.row);
    let said = rule::of(row.rule).said(language);
    let teller = Teller { language, wall: news.wall, people: news.people, at: news.at };
    let told = endpoint.may_have_names().then(|| teller.tell(finding));
    let mut json = json!({
        "kind": "finding",
        "id": row.id,
        "rule": row.rule.to_value(),
        "severity": row.severity.to_value(),
        "openedAt": time(row.opened_at),
        "title": said.title,
        "why": said.why,
        "whatToDo": said.what_to_do,
        "memberId": row.member_id,
        "apiKeyId": row.api_key_id,
        "channelId": row.channel_id,
        "url": link(news.workspace, &format!("findings/{}", row.id)),
    });
    if let Some(told) = &told {
        let facts = told.facts.iter().map(|fact| {
            let name: &str = fact.name.into();
            json!({ "name": name, "label": fact.label, "value": fact.value })
        });
        json["who"] = told.who.as_str().into();
        json["seen"] = told.seen.as_str().into();
        json["facts"] = facts.collect();
    }
    Item {
        severity: row.severity,
        title: said.title.to_owned(),
        advice: said.what_to_do.to_owned(),
        seen: told.map(|told| (told.who, told.seen)),
        opened_at: row.opened_at,
        json,
    }
}

fn of_alert(language: Language, news: &News<'_>, alert: &alert::Model) -> Item {
    let words = in_message(language, alert);
    let severity = severity_of(alert.severity);
    let json = json!({
        "kind": "alert",
        "id": alert.id,
        "alert": alert.kind.to_value(),
        "severity": severity.to_value(),
        "openedAt": time(alert.opened_at),
        "occurrences": alert.occurrences,
        "title": words.title,
        "whatToDo": words.advice,
        "channelId": alert.channel_id,
        "url": link(news.workspace, "alerts"),
    });
    Item { severity, title: words.title, advice: words.advice, seen: None, opened_at: alert.opened_at, json }
}

fn slack(endpoint: &EndpointRow, news: &News<'_>, (items, left_out): (&[Item], usize)) -> String {
    let language = endpoint.language();
    let name = harmless::name(&news.workspace.name);
    let first = items.first().map(|item| item.title.trim_end_matches('.')).unwrap_or_default();
    let headline = match items.len() + left_out {
        0 | 1 => format!("{name}: {first}"),
        all => format!("{name}: {first} (+{})", all - 1),
    };
    let text =
        |text: String| json!({ "type": "mrkdwn", "text": shortened(&text, SLACK_TEXT), "verbatim": true });
    let plain = json!({ "type": "plain_text", "text": shortened(&headline, SLACK_HEADER), "emoji": false });
    let mut blocks = vec![json!({ "type": "header", "text": plain })];
    for item in items {
        let mut lines = vec![format!("*{}* {}", severity_in(language, item.severity), escaped(&item.title))];
        if let Some((who, seen)) = &item.seen {
            lines.push(format!("{}: {}", escaped(who), escaped(seen)));
        }
        lines.push(escaped(&item.advice));
        lines.push(language.speech().day_and_time(&news.wall.time(instant(item.opened_at))));
        blocks.push(json!({ "type": "section", "text": text(lines.join("\n")) }));
    }
    let more = (left_out > 0).then(|| language.speech().and_more(left_out as u64));
    let open = link(news.workspace, "findings").map(|url| {
        format!("<{url}|{}>", language.pick(&["Abrir o painel", "Open the panel", "Abrir el panel"]))
    });
    let last: Vec<String> = more.into_iter().chain(open).collect();
    if !last.is_empty() {
        blocks.push(json!({ "type": "context", "elements": [text(last.join(" · "))] }));
    }
    json!({ "text": escaped(&headline), "blocks": blocks }).to_string()
}

fn severity_in(language: Language, severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => language.pick(&["Crítico", "Critical", "Crítico"]),
        Severity::High => language.pick(&["Alto", "High", "Alto"]),
        Severity::Medium => language.pick(&["Médio", "Medium", "Medio"]),
        Severity::Low => language.pick(&["Baixo", "Low", "Bajo"]),
    }
}

/// What Slack would take for a command, a mention, a link or an emphasis, is none.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut calm = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '_' | '~' | '`') {
            calm.push('\u{200b}');
        }
        calm.push(c);
        if matches!(c, '*' | '_' | '~' | '`') {
            calm.push('\u{200b}');
        }
    }
    calm
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// A page of the workspace's front end. It carries no power: whoever opens it signs in.
pub fn link(workspace: &workspace::Model, path: &str) -> Option<String> {
    let url = workspace.front_end_url.as_deref()?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '|'));
    (is_web && is_plain).then(|| format!("{}/{path}", url.trim_end_matches('/')))
}

/// As RFC 3339 has it, in UTC.
fn time(at: Timestamp) -> String {
    instant(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobodys_name_is_a_mention_a_link_or_an_emphasis_in_slack() {
        assert_eq!(escaped("<!channel> & <https://x|y>"), "&lt;!channel&gt; &amp; &lt;https://x|y&gt;");
        assert_eq!(escaped("*a*"), "\u{200b}*\u{200b}a\u{200b}*\u{200b}");
        assert_eq!(shortened("áéí", 2), "á…");
    }
}
