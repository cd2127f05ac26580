//! Members who are, or were within a day, signed in from many places at once: an account that goes round, or one that somebody else is in, too.

use std::time::Duration;

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::fact::{FactName, FactValue, FailuresFrom};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, DAY, Evidence, Found, Look, NAMED_IN_EVIDENCE};
use crate::error::Result;
use crate::session_policy;

/// Sessions are as many as they were when one was opened, or are now; by network: a telephone's address changes within one.
/// Of each member, the moment at which they came from most. Nobody's moments are all looked at who opens them by the hundred.
const MANY: &str = "
WITH lately AS MATERIALIZED (
    SELECT o.member_id, o.network AS address, o.created_at,
           CASE WHEN o.network LIKE '%:%' THEN o.network ELSE rtrim(o.network, '0123456789') END AS network,
           CASE WHEN o.ended_at IS NOT NULL THEN o.ended_at
                WHEN o.expires_at < o.last_used_at + $4 THEN o.expires_at ELSE o.last_used_at + $4 END AS until
    FROM sessions o JOIN members m ON m.workspace_id = $1 AND m.id = o.member_id
    WHERE o.workspace_id = $1 AND o.created_at >= $3 - $5 AND o.last_used_at > $3 - $4
      AND o.network <> '' AND m.status = 'active'
), suspect AS MATERIALIZED (
    SELECT member_id FROM lately GROUP BY member_id HAVING COUNT(DISTINCT network) > $6
), opened AS (
    SELECT l.member_id, l.created_at, ROW_NUMBER() OVER (PARTITION BY l.member_id ORDER BY l.created_at DESC) AS place
    FROM suspect s JOIN lately l ON l.member_id = s.member_id
    WHERE l.created_at >= $3
), moment AS MATERIALIZED (
    SELECT member_id, created_at AS \"at\" FROM opened WHERE place <= 200
    UNION SELECT member_id, $2 FROM suspect
), peak AS (
    SELECT t.member_id, t.\"at\", COUNT(*) AS sessions, COUNT(DISTINCT l.network) AS networks,
           MIN(l.created_at) AS first_at, MAX(l.created_at) AS last_at
    FROM moment t JOIN lately l ON l.member_id = t.member_id AND l.created_at <= t.\"at\" AND l.until > t.\"at\"
    GROUP BY t.member_id, t.\"at\" HAVING COUNT(DISTINCT l.network) > $6
), highest AS (
    SELECT member_id, \"at\", sessions, first_at, last_at,
           ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY networks DESC, sessions DESC, \"at\" DESC) AS place
    FROM peak
), by_address AS (
    SELECT h.member_id, h.sessions, h.first_at, h.last_at, l.address, COUNT(*) AS here
    FROM highest h JOIN lately l ON l.member_id = h.member_id AND l.created_at <= h.\"at\" AND l.until > h.\"at\"
    WHERE h.place = 1
    GROUP BY h.member_id, h.sessions, h.first_at, h.last_at, l.address
), ranked AS (
    SELECT member_id, sessions, first_at, last_at, address, here,
           COUNT(*) OVER (PARTITION BY member_id) AS addresses,
           ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY here DESC, address) AS place
    FROM by_address
)
SELECT member_id, sessions, first_at, last_at, addresses, address, here
FROM ranked WHERE place <= $7 ORDER BY member_id, place";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let micros = |length: Duration| i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
    let policy = session_policy::of(look.database.reader(), look.workspace).await?;
    let values = [
        look.workspace.0.into(),
        look.now.0.into(),
        (look.now - DAY).0.into(),
        micros(policy.idle()).into(),
        micros(policy.lifetime()).into(),
        look.parameter(&RULE, "sessions").into(),
        NAMED_IN_EVIDENCE.into(),
    ];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(MANY, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let from = FailuresFrom { address: row.try_get_by_index(5)?, failures: row.try_get_by_index(6)? };
        if let Some(last) = found.last_mut().filter(|last| last.about.member() == Some(member)) {
            if let Some(FactValue::Addresses { named, .. }) = last.evidence.get_mut(FactName::Addresses) {
                named.push(from);
            }
            continue;
        }
        let during = FactValue::During { from: row.try_get_by_index(2)?, to: row.try_get_by_index(3)? };
        let addresses = FactValue::Addresses { named: vec![from], count: row.try_get_by_index(4)? };
        let evidence = Evidence::new()
            .with(FactName::SessionsOpened, during)
            .with(FactName::Addresses, addresses)
            .with(FactName::SessionCount, FactValue::Number(row.try_get_by_index(1)?));
        found.push(Found::by(&RULE, &member, About::Member(member), evidence));
    }
    Ok(found)
}

fn addresses(told: &Telling<'_>) -> u64 {
    match told.evidence().get(FactName::Addresses) {
        Some(FactValue::Addresses { count, .. }) => u64::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::ManySessions,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::EndSessions,
    judges: "A member whose sessions, neither ended, expired nor idle, were from more than `sessions` networks at once, at some moment of the last day. \
             Several in one network, as a telephone opens them, count as one.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "sessions",
    unit: Unit::Times,
    default: 5,
    least: 2,
    most: 100,
    about: "Open sessions from different networks that are still usual.",
}];

const PORTUGUESE: Said = Said {
    title: "Conectado de muitos lugares ao mesmo tempo",
    why: "Uma pessoa usa o computador, o celular e pouco mais. Tantos lugares de uma vez indicam que a senha é compartilhada, ou que vazou.",
    what_to_do: "Encerre as sessões e peça à pessoa que entre de novo. Se várias pessoas usam a conta, dê a cada uma a sua.",
    seen: |told| {
        format!(
            "{} ao mesmo tempo, de {} endereços.",
            told.count(told.number(FactName::SessionCount), "sessão aberta", "sessões abertas"),
            told.written(addresses(told))
        )
    },
};

const ENGLISH: Said = Said {
    title: "Signed in from many places at once",
    why: "A person uses a computer, a telephone and little else. So many places at once mean that the password is shared, or has leaked.",
    what_to_do: "End the sessions and ask the person to sign in again. If several people use the account, give each their own.",
    seen: |told| {
        format!(
            "{} at the same time, from {} addresses.",
            told.count(told.number(FactName::SessionCount), "open session", "open sessions"),
            told.written(addresses(told))
        )
    },
};

const SPANISH: Said = Said {
    title: "Conectado desde muchos lugares a la vez",
    why: "Una persona usa la computadora, el teléfono y poco más. Tantos lugares a la vez indican que la contraseña se comparte o se filtró.",
    what_to_do: "Cierre las sesiones y pida a la persona que entre de nuevo. Si varias personas usan la cuenta, dé a cada una la suya.",
    seen: |told| {
        format!(
            "{} al mismo tiempo, desde {} direcciones.",
            told.count(told.number(FactName::SessionCount), "sesión abierta", "sesiones abiertas"),
            told.written(addresses(told))
        )
    },
};
