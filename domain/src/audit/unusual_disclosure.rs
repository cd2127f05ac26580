//! Many more customers' phone numbers shown to somebody in a day than ever before.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ApiKeyId, MemberId};

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look, date_of_day};
use crate::error::Result;

/// A day of `phone_reveal_days` is one of UTC.
const DAY: i64 = 86_400_000_000;
/// Their own past, and that of others, is so many days long, and ends where what is looked at begins.
const PAST: i64 = 90;
/// Whose past has fewer days in it is measured by everybody's.
const FEW: i64 = 5;
/// A workspace without a past of so many days measures nothing.
const YOUNG: i64 = 7;

/// Everybody's days are gone through once; then those of whom it may be are looked at by the day.
const REVEALED: &str = "
WITH busiest AS (
    SELECT MAX(contacts) AS most, MIN(day) AS since FROM phone_reveal_days
    WHERE workspace_id = $1 AND day < $2 AND day >= $2 - $5
), suspects AS (
    SELECT principal, COUNT(CASE WHEN day < $2 THEN 1 END) AS days,
           COALESCE(MAX(CASE WHEN day < $2 THEN contacts END), 0) AS most
    FROM phone_reveal_days
    WHERE workspace_id = $1 AND day >= $2 - $5
    GROUP BY principal
    HAVING MAX(CASE WHEN day >= $2 THEN contacts END) >= $3
       AND (COUNT(CASE WHEN day < $2 THEN 1 END) < $6
            OR MAX(CASE WHEN day >= $2 THEN contacts END) > $4 * MAX(CASE WHEN day < $2 THEN contacts END))
)
SELECT r.principal, r.day, r.contacts, r.first_at, r.last_at, p.most
FROM suspects p CROSS JOIN phone_reveal_days r CROSS JOIN busiest b
WHERE r.workspace_id = $1 AND r.principal = p.principal AND r.day >= $2 AND r.contacts >= $3
  AND (p.days >= $6 AND r.contacts > $4 * p.most
       OR p.days < $6 AND b.since <= $2 - $7 AND r.contacts > $4 * b.most)
ORDER BY r.principal, r.day";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.div_euclid(DAY).into(),
        look.parameter(&RULE, "least").into(),
        look.parameter(&RULE, "times").into(),
        PAST.into(),
        FEW.into(),
        YOUNG.into(),
    ];
    let mut found = Vec::new();
    for row in look.rows(REVEALED, values).await? {
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
    Ok(found)
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
    judges: "Full phone numbers of at least `least` different customers shown to one person or API key within one day (of UTC), and more than `times` times the highest number of any day of theirs in the 90 days before the last week. Whose past has fewer than five such days is measured by the busiest day of anybody in the workspace, and nobody is before the workspace has a week of it.",
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
