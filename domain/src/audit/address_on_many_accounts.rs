//! One address failing on many accounts within an hour: common passwords tried on everybody. What was turned away
//! unseen counts too; of accounts that are none it is one.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::fact::{FactName, FactValue, FailuresOn};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::tried::{AWAITED, add, tried_en, tried_es, tried_pt_br, with_tries};
use super::{About, Evidence, Found, Look, NAMED_IN_EVIDENCE, date_of_day};
use crate::error::Result;

/// Each account is `in hand` of a network from a failure until an hour later. Where those stretches begin and end
/// gives, by a running sum, how many are in hand at each failure: one sort, however many failures there are.
const SPRAYED: &str = "
WITH tried AS ({tries}
), failed AS (
    SELECT f.network, f.email, f.user_id, f.\"at\", f.attempts FROM tried f
    WHERE NOT EXISTS (SELECT 1 FROM sign_in_events s
        WHERE s.user_id = f.user_id AND s.\"at\" >= f.\"at\" - 2592000000000 AND s.\"at\" < f.\"at\"
              AND s.network || '' = f.network AND s.outcome = 'succeeded')
), tries AS (
    SELECT network, email, \"at\",
           LAG(\"at\") OVER (PARTITION BY network, email ORDER BY \"at\") AS before,
           LEAD(\"at\") OVER (PARTITION BY network, email ORDER BY \"at\") AS after
    FROM failed
), edges AS (
    SELECT network, \"at\", 1 AS step FROM tries WHERE before IS NULL OR \"at\" - before > 3600000000
    UNION ALL SELECT network, \"at\" + 3600000000, -1 FROM tries WHERE after IS NULL OR after - \"at\" > 3600000000
    UNION ALL SELECT network, \"at\", 0 FROM tries
), counted AS (
    SELECT network, \"at\", step,
           SUM(step) OVER (PARTITION BY network ORDER BY \"at\", step DESC ROWS UNBOUNDED PRECEDING) AS in_hand
    FROM edges
), busy AS (
    SELECT DISTINCT network, (\"at\" + $3) / 86400000000 AS day FROM counted WHERE step = 0 AND in_hand >= $4
), by_account AS (
    SELECT b.network, b.day, e.email, m.id AS member_id,
           CAST(SUM(e.attempts) AS BIGINT) AS failures, MIN(e.\"at\") AS first_at, MAX(e.\"at\") AS last_at
    FROM busy b JOIN failed e ON e.network = b.network
         AND e.\"at\" >= b.day * 86400000000 - $3 AND e.\"at\" < (b.day + 1) * 86400000000 - $3
    LEFT JOIN members m ON m.workspace_id = $1 AND m.user_id = e.user_id AND m.status <> 'removed'
    GROUP BY b.network, b.day, e.email, m.id
), ranked AS (
    SELECT network, day, member_id, failures,
           ROW_NUMBER() OVER (PARTITION BY network, day
               ORDER BY CASE WHEN member_id IS NULL THEN 1 ELSE 0 END, failures DESC, member_id) AS place,
           CAST(SUM(failures) OVER (PARTITION BY network, day) AS BIGINT) AS total,
           COUNT(*) OVER (PARTITION BY network, day) AS accounts,
           COUNT(member_id) OVER (PARTITION BY network, day) AS own,
           MIN(first_at) OVER (PARTITION BY network, day) AS first_at,
           MAX(last_at) OVER (PARTITION BY network, day) AS last_at
    FROM by_account
)
SELECT network, day, total, accounts, own, first_at, last_at, member_id, failures
FROM ranked WHERE member_id IS NOT NULL AND place <= $5 ORDER BY network, day, place";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.day_offset.into(),
        look.parameter(&RULE, "accounts").into(),
        NAMED_IN_EVIDENCE.into(),
        (look.now - AWAITED).0.into(),
    ];
    let sql = with_tries(SPRAYED, "$2", "$6");
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql, values).await? {
        let address: String = row.try_get_by_index(0)?;
        let cause = format!("{address} {}", date_of_day(row.try_get_by_index(1)?)?);
        let member_id: MemberId = row.try_get_by_index(7)?;
        let on = FailuresOn { member_id, failures: row.try_get_by_index(8)? };
        if let Some(last) = found.last_mut().filter(|last| last.cause == cause) {
            add(&mut last.evidence, on);
            continue;
        }
        let (all, own): (i64, i64) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let during = FactValue::During { from: row.try_get_by_index(5)?, to: row.try_get_by_index(6)? };
        let evidence = Evidence::new()
            .with(FactName::WrongPasswords, during)
            .with(FactName::Accounts, FactValue::Accounts { named: vec![on], count: own, foreign: all - own })
            .with(FactName::Address, FactValue::Address(address))
            .with(FactName::Failures, FactValue::Number(row.try_get_by_index(2)?));
        found.push(Found::by(&RULE, &cause, About::Workspace, evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::AddressOnManyAccounts,
    severity: Severity::High,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "One address, or one connection of IPv6 (/64), failing on `accounts` accounts within an hour. An e-mail that is no account counts as one; what was turned away unseen counts too, and a right password whose second factor did not come within ten minutes; an account that got in from there within thirty days before does not, for colleagues who mistype behind one office address are no attack.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "accounts",
    unit: Unit::Times,
    default: 5,
    least: 2,
    most: 1_000,
    about: "Accounts tried from one address within an hour.",
}];

const PORTUGUESE: Said = Said {
    title: "Um mesmo endereço tentou entrar em várias contas",
    why: "Alguém está testando senhas comuns em muitas contas, na esperança de que uma delas abra.",
    what_to_do: "Se o endereço não é da sua empresa, peça a quem cuida da rede que o bloqueie.",
    seen: tried_pt_br,
};

const ENGLISH: Said = Said {
    title: "One address tried to get into many accounts",
    why: "Someone is trying common passwords on many accounts, hoping that one of them opens.",
    what_to_do: "If the address is not your company's, ask whoever runs your network to block it.",
    seen: tried_en,
};

const SPANISH: Said = Said {
    title: "Una misma dirección intentó entrar en varias cuentas",
    why: "Alguien está probando contraseñas comunes en muchas cuentas, con la esperanza de que una se abra.",
    what_to_do: "Si la dirección no es de su empresa, pida a quien administra la red que la bloquee.",
    seen: tried_es,
};
