//! A sign-in at a time of day at which this person is never at work, and the company is closed.

use portaria_entity::finding::{AuditRule, Severity};

use super::fact::{FactName, FactValue};
use super::place::{Entry, is_of_company, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::business_hours;
use crate::error::Result;

/// Two hours around each sign-in and each session of the past are usual, on every day alike: whoever was there at ten in
/// the evening once is not remarkable at ten in the evening. Sessions that lasted longer than a shift say nothing.
const UNUSUAL: &str = "
SELECT e.id, m.id, e.user_id, e.\"at\", e.address, e.user_agent
FROM sign_in_events e JOIN members m ON m.workspace_id = $1 AND m.user_id = e.user_id
WHERE e.\"at\" >= $2 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND m.status <> 'removed'
  AND NOT EXISTS (
      SELECT 1 FROM sign_in_events p
      WHERE p.user_id = e.user_id AND p.\"at\" < e.\"at\" AND p.\"at\" >= e.\"at\" - $3
        AND p.workspace_id = $1 AND p.outcome = 'succeeded'
        AND (e.\"at\" - p.\"at\" + 7200000000) % 86400000000 <= 14400000000)
  AND EXISTS (
      SELECT 1 FROM sign_in_events f
      WHERE f.user_id = e.user_id AND f.\"at\" < e.\"at\" - 1209600000000 AND f.\"at\" >= e.\"at\" - $3
        AND f.workspace_id = $1 AND f.outcome = 'succeeded')
  AND (SELECT COUNT(*) FROM sign_in_events c
       WHERE c.user_id = e.user_id AND c.\"at\" < e.\"at\" AND c.\"at\" >= e.\"at\" - $3
         AND c.workspace_id = $1 AND c.outcome = 'succeeded') >= $4
  AND NOT EXISTS (
      SELECT 1 FROM sessions o
      WHERE o.user_id = m.user_id AND o.member_id = m.id
        AND o.created_at < e.\"at\" AND o.created_at >= e.\"at\" - $3
        AND o.last_used_at - o.created_at <= 57600000000
        AND (e.\"at\" - o.created_at + 7200000000) % 86400000000 <= o.last_used_at - o.created_at + 14400000000)
ORDER BY e.\"at\", e.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let days = i64::try_from(look.days(&RULE, "days").as_micros()).unwrap_or(i64::MAX);
    let sign_ins = look.parameter(&RULE, "sign_ins");
    let values = [look.workspace.0.into(), look.since.0.into(), days.into(), sign_ins.into()];
    let timetable = business_hours::timetable(look.database.reader(), look.workspace).await?;
    let mut entries = Vec::new();
    for row in look.rows(UNUSUAL, values).await? {
        let entry = Entry::read(&row, 0)?;
        if !timetable.is_anybody_open(entry.at) {
            entries.push(entry);
        }
    }
    let mut found = Vec::new();
    for (entry, is_known) in
        judged(look, &entries, |entry, past| Some(past.knows_network(entry, entry.at))).await?
    {
        let is_known = is_known || entry.address.is_empty() || is_of_company(look, &entry, entry.at).await?;
        let evidence = Evidence::new()
            .with(FactName::SignedIn, FactValue::SignIn(entry.told()))
            .with(FactName::IsNewNetwork, FactValue::Is(!is_known));
        let severity = if is_known { RULE.severity } else { Severity::Medium };
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence);
        found.push(one.with_severity(severity));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SignInOutOfHours,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A sign-in more than two hours from every time of day at which this person signed in or had a session open in the last \
             `days` days (at least `sign_ins` sign-ins, the first two weeks before), while no team's and no number's business hours \
             are open; on a holiday they are not. Days of the week are not told apart: who works shifts, or now and then on a Sunday, \
             is no news. From a network that is neither the person's nor the company's it is medium.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "days",
        unit: Unit::Days,
        default: 60,
        least: 21,
        most: 180,
        about: "How far back a person's usual hours are learned.",
    },
    Parameter {
        name: "sign_ins",
        unit: Unit::Times,
        default: 20,
        least: 5,
        most: 500,
        about: "Fewer sign-ins do not make a habit.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Alguém entrou em um horário em que nunca trabalha",
    why: "Quem rouba uma senha costuma usá-la quando ninguém está olhando: de madrugada, fora do expediente.",
    what_to_do: "Pergunte à pessoa se foi ela. Se mudou de turno, não é preciso fazer nada: o novo horário será aprendido.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewNetwork) {
            "Entrou fora do seu horário de costume e do expediente, e de uma rede que nunca tinha usado."
        } else {
            "Entrou fora do seu horário de costume e do expediente, de uma rede conhecida."
        };
        words.to_owned()
    },
};

const ENGLISH: Said = Said {
    title: "Someone signed in at an hour when they never work",
    why: "Whoever steals a password likes to use it when nobody is looking: at night, outside working hours.",
    what_to_do: "Ask the person whether it was them. If their shift has changed, nothing needs doing: the new hours will be learned.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewNetwork) {
            "Signed in outside their usual hours and business hours, from a network they had never used."
        } else {
            "Signed in outside their usual hours and business hours, from a known network."
        };
        words.to_owned()
    },
};

const SPANISH: Said = Said {
    title: "Alguien entró a una hora en la que nunca trabaja",
    why: "Quien roba una contraseña suele usarla cuando nadie mira: de madrugada, fuera del horario de trabajo.",
    what_to_do: "Pregunte a la persona si fue ella. Si cambió de turno, no hace falta nada: el nuevo horario se aprenderá.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewNetwork) {
            "Entró fuera de su horario habitual y del horario de atención, desde una red que nunca había usado."
        } else {
            "Entró fuera de su horario habitual y del horario de atención, desde una red conocida."
        };
        words.to_owned()
    },
};
