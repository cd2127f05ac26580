//! Many more customers' phone numbers shown to somebody in a day than ever before.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, MemberId, TypedId};
use sea_orm::QueryResult;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, DAY_MICROS, Evidence, Found, Look, date_of_day};
use crate::error::Result;

/// A day of `phone_reveal_days` is one of UTC.
/// Their own past, and that of others, is so many days long, and ends where what is looked at begins.
const PAST: i64 = 90;
/// Whose past has fewer days in it is measured by everybody's.
const FEW: i64 = 5;
/// A workspace that was not there so many days before measures nothing.
const YOUNG: i64 = 7;

/// People and programs are not measured by each other: a program may go through all customers every night.
const KINDS: [&str; 2] = [MemberId::PREFIX, ApiKeyId::PREFIX];

/// How many days of any of the kind would be worth a look.
const WORTH: &str = "
SELECT COUNT(*) FROM phone_reveal_days
WHERE workspace_id = $1 AND day >= $2 AND contacts >= $3 AND substr(principal, 1, length($4)) = $4";

/// The busiest day of anybody of the kind in the past. Of each day, the index has the busiest first.
const BUSIEST: &str = "
WITH RECURSIVE days (day) AS (
    SELECT CAST($2 AS BIGINT) - CAST($3 AS BIGINT) UNION ALL SELECT day + 1 FROM days WHERE day < $2 - 1
), tops AS (
    SELECT (SELECT r.contacts FROM phone_reveal_days r
            WHERE r.workspace_id = $1 AND r.day = d.day AND substr(r.principal, 1, length($4)) = $4
            ORDER BY r.contacts DESC LIMIT 1) AS most
    FROM days d
)
SELECT MAX(most) FROM tops";

/// Those with a day that is worth a look are measured by their own past, or by the busiest day of all. Of most a single day
/// of the past shows that there is nothing to it; without statistics SQLite would rather sort out everybody's.
const UNUSUAL: &str = "
WITH lately AS (
    SELECT principal || '' AS principal, MAX(contacts) AS top FROM phone_reveal_days
    WHERE workspace_id = $1 AND day >= $2 AND contacts >= $3 AND substr(principal, 1, length($8)) = $8
    GROUP BY principal || ''
), suspects AS MATERIALIZED (
    SELECT l.principal,
           (SELECT COUNT(*) FROM phone_reveal_days p
            WHERE p.workspace_id = $1 AND p.principal = l.principal AND p.day < $2 AND p.day >= $2 - $5) AS days,
           (SELECT COALESCE(MAX(p.contacts), 0) FROM phone_reveal_days p
            WHERE p.workspace_id = $1 AND p.principal = l.principal AND p.day < $2 AND p.day >= $2 - $5) AS most
    FROM lately l
    WHERE NOT EXISTS (
              SELECT 1 FROM phone_reveal_days p
              WHERE p.workspace_id = $1 AND p.principal = l.principal AND p.day < $2 AND p.day >= $2 - $5
                AND p.contacts * $4 >= l.top)
       OR (SELECT COUNT(*) FROM (
              SELECT 1 FROM phone_reveal_days p
              WHERE p.workspace_id = $1 AND p.principal = l.principal AND p.day < $2 AND p.day >= $2 - $5
              LIMIT $6) few) < $6
)
SELECT r.principal, r.day, r.contacts, r.first_at, r.last_at, s.most
FROM suspects s CROSS JOIN phone_reveal_days r
WHERE r.workspace_id = $1 AND r.principal = s.principal AND r.day >= $2 AND r.contacts >= $3
  AND (s.days >= $6 AND r.contacts > $4 * s.most OR s.days < $6 AND r.contacts > $4 * $7)
ORDER BY r.principal, r.day";

/// Where nobody of the kind has a past: the busiest of each day, by the next one of that day and by the days before.
const FIRST: &str = "
WITH placed AS (
    SELECT principal, day, contacts, first_at, last_at,
           ROW_NUMBER() OVER (PARTITION BY day ORDER BY contacts DESC, principal) AS place,
           COALESCE(LEAD(contacts) OVER (PARTITION BY day ORDER BY contacts DESC, principal), 0) AS next
    FROM phone_reveal_days WHERE workspace_id = $1 AND day >= $2 AND substr(principal, 1, length($5)) = $5
), tops AS (
    SELECT principal, day, contacts, first_at, last_at, next,
           MAX(contacts) OVER (ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM placed WHERE place = 1
)
SELECT t.principal, t.day, t.contacts, t.first_at, t.last_at, COALESCE((
    SELECT MAX(o.contacts) FROM phone_reveal_days o
    WHERE o.workspace_id = $1 AND o.principal = t.principal AND o.day >= $2 AND o.day < t.day), 0)
FROM tops t
WHERE t.contacts >= $3 AND t.contacts > $4 * t.next AND t.contacts > $4 * COALESCE(t.before, 0)
ORDER BY t.day";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let first_day = look.since.0.div_euclid(DAY_MICROS);
    let known_by = (first_day - YOUNG + 1) * DAY_MICROS;
    let is_there = "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND created_at < $2";
    let is_young = look.count(is_there, [look.workspace.0.into(), known_by.into()]).await? == 0;
    let mut found = Vec::new();
    for kind in KINDS {
        for row in unusual(look, kind, is_young).await? {
            let principal: String = row.try_get_by_index(0)?;
            let about = match (principal.parse::<MemberId>(), principal.parse::<ApiKeyId>()) {
                (Ok(member), _) => About::Member(member),
                (_, Ok(key)) => About::ApiKey(key),
                _ => continue,
            };
            let cause = format!("{principal} {}", date_of_day(row.try_get_by_index(1)?)?);
            let during = FactValue::During { from: row.try_get_by_index(3)?, to: row.try_get_by_index(4)? };
            let evidence = Evidence::new()
                .with(FactName::Period, during)
                .with(FactName::Contacts, FactValue::Number(row.try_get_by_index(2)?))
                .with(FactName::MostContacts, FactValue::Number(row.try_get_by_index(5)?));
            found.push(Found::by(&RULE, &cause, about, evidence));
        }
    }
    Ok(found)
}

/// The unusual days of one kind: whose, which, how many, from when to when, and the most before.
async fn unusual(look: &Look<'_>, kind: &'static str, is_young: bool) -> Result<Vec<QueryResult>> {
    let first_day = look.since.0.div_euclid(DAY_MICROS);
    let (times, least) = (look.parameter(&RULE, "times"), look.parameter(&RULE, "least"));
    let worth = [look.workspace.0.into(), first_day.into(), least.into(), kind.into()];
    if look.count(WORTH, worth).await? == 0 {
        return Ok(Vec::new());
    }
    let past = [look.workspace.0.into(), first_day.into(), PAST.into(), kind.into()];
    let busiest = look.rows(BUSIEST, past).await?;
    let busiest: Option<i64> = busiest.first().map_or(Ok(None), |row| row.try_get_by_index(0))?;
    let measured = [look.workspace.0.into(), first_day.into(), least.into(), times.into()];
    match busiest {
        Some(_) => {
            let others = busiest.filter(|_| !is_young);
            let by = [PAST.into(), FEW.into(), others.into(), kind.into()];
            look.rows(UNUSUAL, measured.into_iter().chain(by)).await
        }
        None if is_young => Ok(Vec::new()),
        None => look.rows(FIRST, measured.into_iter().chain([kind.into()])).await,
    }
}

fn most(told: &Telling<'_>) -> String {
    told.written(told.number(FactName::MostContacts))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::UnusualDisclosure,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "Full phone numbers of at least `least` different customers shown to one person or API key within one day (of UTC), and more than `times` times the highest number of any day of theirs in the 90 days before the last week. Whose past has fewer than five such days is measured by the busiest day of anybody in the workspace: a person by people, a key by keys. Where none of them has a past, the busiest of a day is, by the next one of that day and by the days before. Nobody is in a workspace that was not there a week before the last one.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "times",
        unit: Unit::Times,
        default: 4,
        least: 2,
        most: 100,
        about: "How many times the highest number so far.",
    },
    Parameter {
        name: "least",
        unit: Unit::Times,
        default: 30,
        least: 5,
        most: 100_000,
        about: "Customers below which nothing is unusual.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Viu telefones de clientes demais em um dia",
    why: "Pode ser alguém copiando a lista de clientes, ou outra pessoa usando essa conta.",
    what_to_do: "Pergunte para que foi. Se ninguém souber explicar, suspenda o acesso e veja no histórico de atividades de quais clientes foram os telefones.",
    seen: |told| {
        let seen = told.count(told.number(FactName::Contacts), "cliente", "clientes");
        match told.number(FactName::MostContacts) {
            0 => format!("Viu o telefone completo de {seen}; antes, não costumava ver nenhum."),
            _ => format!(
                "Viu o telefone completo de {seen}; até então, o máximo em um dia era {}.",
                most(told)
            ),
        }
    },
};

const ENGLISH: Said = Said {
    title: "Saw far more customers' phone numbers than usual",
    why: "Somebody may be copying the list of customers, or somebody else may be using this account.",
    what_to_do: "Ask what it was for. If nobody can explain it, suspend the access and see in the activity log whose numbers they were.",
    seen: |told| {
        let seen = told.count(told.number(FactName::Contacts), "customer", "customers");
        match told.number(FactName::MostContacts) {
            0 => format!("Saw the full phone numbers of {seen}; before, they used to see none."),
            _ => format!(
                "Saw the full phone numbers of {seen}; until then, the most in one day was {}.",
                most(told)
            ),
        }
    },
};

const SPANISH: Said = Said {
    title: "Vio teléfonos de muchos más clientes que de costumbre",
    why: "Puede ser alguien que copia la lista de clientes, u otra persona que usa esta cuenta.",
    what_to_do: "Pregunte para qué fue. Si nadie sabe explicarlo, suspenda el acceso y vea en el registro de actividades de qué clientes eran los teléfonos.",
    seen: |told| {
        let seen = told.count(told.number(FactName::Contacts), "cliente", "clientes");
        match told.number(FactName::MostContacts) {
            0 => format!("Vio el teléfono completo de {seen}; antes no solía ver ninguno."),
            _ => format!(
                "Vio el teléfono completo de {seen}; hasta entonces, el máximo en un día era {}.",
                most(told)
            ),
        }
    },
};
