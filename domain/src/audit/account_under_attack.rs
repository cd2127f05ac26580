//! Many wrong passwords for one member's account within an hour, those among them that were turned away unseen; or within a
//! day, from where the person is not at home: who waits as long as is asked of them never has many in an hour.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::fact::{FactName, FactValue, FailuresFrom};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look, NAMED_IN_EVIDENCE, date_of_day};
use crate::error::Result;

/// Failures with how many the hour up to each held; then per member, local day and address; then the worst addresses.
const ATTACKED: &str = "
WITH tries AS (
    SELECT m.id AS member_id, m.user_id, e.network AS address, e.\"at\", CAST(1 AS BIGINT) AS attempts
    FROM members m JOIN sign_in_events e ON e.user_id = m.user_id
    WHERE m.workspace_id = $1 AND m.status <> 'removed' AND e.\"at\" >= $2
          AND e.outcome IN ('wrong_password', 'wrong_code', 'throttled')
    UNION ALL
    SELECT m.id, m.user_id, t.address, t.minute, t.attempts
    FROM members m JOIN throttled_attempts t ON t.user_id = m.user_id
    WHERE m.workspace_id = $1 AND m.status <> 'removed' AND t.minute >= $2
), failed AS (
    SELECT member_id, user_id, address, \"at\", attempts, (\"at\" + $3) / 86400000000 AS day,
           SUM(attempts) OVER (PARTITION BY member_id ORDER BY \"at\"
                               RANGE BETWEEN 3600000000 PRECEDING AND CURRENT ROW) AS in_hour
    FROM tries
), peaks AS (
    SELECT member_id, user_id, address, \"at\", attempts, day,
           CAST(MAX(in_hour) OVER (PARTITION BY member_id, day) AS BIGINT) AS peak,
           SUM(attempts) OVER (PARTITION BY member_id, day) AS in_day FROM failed
), by_address AS (
    SELECT member_id, user_id, day, peak, address, CAST(SUM(attempts) AS BIGINT) AS failures,
           MIN(\"at\") AS first_at, MAX(\"at\") AS last_at
    FROM peaks WHERE peak >= $4 OR in_day >= $6 GROUP BY member_id, user_id, day, peak, address
), known AS (
    SELECT a.member_id, a.day, a.peak, a.address, a.failures, a.first_at, a.last_at,
           CASE WHEN EXISTS (SELECT 1 FROM sign_in_events p
                             WHERE p.user_id = a.user_id AND p.\"at\" >= a.first_at - 2592000000000
                               AND p.\"at\" < a.first_at AND p.network || '' = a.address
                               AND p.outcome = 'succeeded') THEN 1 ELSE 0 END AS is_known
    FROM by_address a
), ranked AS (
    SELECT member_id, day, peak, address, failures,
           MIN(is_known) OVER (PARTITION BY member_id, day) AS all_known,
           SUM(CASE WHEN is_known = 0 THEN failures ELSE 0 END) OVER (PARTITION BY member_id, day) AS strange,
           ROW_NUMBER() OVER (PARTITION BY member_id, day ORDER BY failures DESC, address) AS place,
           CAST(SUM(failures) OVER (PARTITION BY member_id, day) AS BIGINT) AS total,
           COUNT(*) OVER (PARTITION BY member_id, day) AS addresses,
           MIN(first_at) OVER (PARTITION BY member_id, day) AS first_at,
           MAX(last_at) OVER (PARTITION BY member_id, day) AS last_at
    FROM known
)
SELECT member_id, day, peak, total, addresses, first_at, last_at, address, failures, all_known
FROM ranked WHERE place <= $5 AND (peak >= $4 OR strange >= $6) ORDER BY member_id, day, place";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.day_offset.into(),
        look.parameter(&RULE, "failures").into(),
        NAMED_IN_EVIDENCE.into(),
        look.parameter(&RULE, "a_day").into(),
    ];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(ATTACKED, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let cause = format!("{member} {}", date_of_day(row.try_get_by_index(1)?)?);
        let from = FailuresFrom { address: row.try_get_by_index(7)?, failures: row.try_get_by_index(8)? };
        if let Some(last) = found.last_mut().filter(|last| last.cause == cause) {
            if let Some(FactValue::Addresses { named, .. }) = last.evidence.get_mut(FactName::Addresses) {
                named.push(from);
            }
            continue;
        }
        let (peak, total): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let during = FactValue::During { from: row.try_get_by_index(5)?, to: row.try_get_by_index(6)? };
        let addresses = FactValue::Addresses { named: vec![from], count: row.try_get_by_index(4)? };
        let evidence = Evidence::new()
            .with(FactName::WrongPasswords, during)
            .with(FactName::Addresses, addresses)
            // An hour that began the day before may hold more than this day does.
            .with(FactName::Failures, FactValue::Number(peak.max(total)));
        // Where the person is at home it is mostly their own memory that fails.
        let is_at_home = row.try_get_by_index::<i32>(9)? != 0;
        let severity = if is_at_home { Severity::Medium } else { RULE.severity };
        found.push(Found::by(&RULE, &cause, About::Member(member), evidence).with_severity(severity));
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
    key: AuditRule::AccountUnderAttack,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "`failures` wrong passwords or codes for one account within an hour, those among them that were turned away unseen; or `a_day` within a day from addresses where the person had not got in within thirty days before, however slowly. When all of them come from addresses, or connections of IPv6 (/64), where the person got in within thirty days before, it is medium.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "failures",
        unit: Unit::Times,
        default: 10,
        least: 2,
        most: 1_000,
        about: "Wrong passwords or codes within an hour.",
    },
    Parameter {
        name: "a_day",
        unit: Unit::Times,
        default: 25,
        least: 2,
        most: 10_000,
        about: "Wrong passwords or codes within a day from strange addresses.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Muitas senhas erradas em uma conta",
    why: "Ou a pessoa esqueceu a senha, ou alguém está tentando adivinhá-la.",
    what_to_do: "Pergunte à pessoa se foi ela. Se não foi, peça que escolha uma senha longa, que não use em nenhum outro lugar.",
    seen: |told| {
        let times = told.count(told.number(FactName::Failures), "senha errada", "senhas erradas");
        match addresses(told) {
            0 => format!("{times}."),
            1 => format!("{times}, de um só endereço."),
            many => format!("{times}, de {} endereços.", told.written(many)),
        }
    },
};

const ENGLISH: Said = Said {
    title: "Many wrong passwords for one account",
    why: "Either the person forgot the password, or someone is trying to guess it.",
    what_to_do: "Ask the person whether it was them. If not, have them choose a long password that they use nowhere else.",
    seen: |told| {
        let times = told.count(told.number(FactName::Failures), "wrong password", "wrong passwords");
        match addresses(told) {
            0 => format!("{times}."),
            1 => format!("{times}, all from one address."),
            many => format!("{times}, from {} addresses.", told.written(many)),
        }
    },
};

const SPANISH: Said = Said {
    title: "Muchas contraseñas erróneas en una cuenta",
    why: "O la persona olvidó su contraseña, o alguien está intentando adivinarla.",
    what_to_do: "Pregunte a la persona si fue ella. Si no, pídale que elija una contraseña larga que no use en ningún otro sitio.",
    seen: |told| {
        let times = told.count(told.number(FactName::Failures), "contraseña errónea", "contraseñas erróneas");
        match addresses(told) {
            0 => format!("{times}."),
            1 => format!("{times}, desde una sola dirección."),
            many => format!("{times}, desde {} direcciones.", told.written(many)),
        }
    },
};
