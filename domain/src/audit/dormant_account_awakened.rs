//! An account that nobody used for long, and then somebody got into.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::place::{Entry, is_of_company, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// A session that was in use meanwhile is no silence, even if it was opened long before.
const AWAKENED: &str = "
SELECT s.id, m.id, s.user_id, s.\"at\", s.address, s.user_agent,
       (SELECT MAX(p.\"at\") FROM sign_in_events p
        WHERE p.user_id = s.user_id AND p.\"at\" < s.\"at\" AND p.workspace_id = $1 AND p.outcome = 'succeeded'),
       (SELECT MAX(o.last_used_at) FROM sessions o
        WHERE o.user_id = m.user_id AND o.member_id = m.id AND o.created_at < s.\"at\" AND o.last_used_at < s.\"at\")
FROM sign_in_events s JOIN members m ON m.workspace_id = $1 AND m.user_id = s.user_id
WHERE s.\"at\" >= $2 AND s.workspace_id = $1 AND s.outcome = 'succeeded' AND m.status <> 'removed'
  AND m.created_at < s.\"at\" - $3
  AND NOT EXISTS (SELECT 1 FROM sign_in_events p
                  WHERE p.user_id = s.user_id AND p.\"at\" >= s.\"at\" - $3 AND p.\"at\" < s.\"at\"
                    AND p.workspace_id = $1 AND p.outcome = 'succeeded')
  AND NOT EXISTS (SELECT 1 FROM sessions o
                  WHERE o.user_id = m.user_id AND o.member_id = m.id AND o.created_at < s.\"at\"
                    AND o.last_used_at >= s.\"at\" - $3)
ORDER BY s.\"at\", s.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let days = i64::try_from(look.days(&RULE, "days").as_micros()).unwrap_or(i64::MAX);
    let values = [look.workspace.0.into(), look.since.0.into(), days.into()];
    let mut seen: Vec<(Entry, Timestamp)> = Vec::new();
    for row in look.rows(AWAKENED, values).await? {
        let signed_in: Option<Timestamp> = row.try_get_by_index(6)?;
        let used: Option<Timestamp> = row.try_get_by_index(7)?;
        // Who was never here before is new, and not back.
        if let Some(last) = signed_in.max(used) {
            seen.push((Entry::read(&row, 0)?, last));
        }
    }
    let entries: Vec<Entry> = seen.iter().map(|(entry, _)| entry.clone()).collect();
    let judge = |entry: &Entry, past: &super::place::Past| Some(past.knows_network(entry, entry.at));
    let places = judged(look, &entries, judge).await?;
    let mut found = Vec::new();
    for ((entry, last), (_, is_known)) in seen.into_iter().zip(places) {
        let is_known = is_known || is_of_company(look, &entry, entry.at).await?;
        let evidence = Evidence::new()
            .with(FactName::LastActive, FactValue::At(last))
            .with(FactName::SignedIn, FactValue::SignIn(entry.told()));
        let severity = if is_known { RULE.severity } else { Severity::High };
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence);
        found.push(one.with_severity(severity));
    }
    Ok(found)
}

/// Whole days of silence.
fn silence(told: &Telling<'_>) -> u64 {
    let evidence = told.evidence();
    let signed_in = evidence.at(FactName::SignedIn).unwrap_or_default();
    let last = evidence.at(FactName::LastActive).unwrap_or(signed_in);
    signed_in.since(last).as_secs() / (24 * 60 * 60)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::DormantAccountAwakened,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A sign-in to an account that nobody had signed in to nor used for `days` days. From a network that is neither the person's nor the company's it is high. The first sign-in ever is none.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 60,
    least: 7,
    most: 365,
    about: "Silence after which a sign-in is remarkable. Longer than a holiday.",
}];

const PORTUGUESE: Said = Said {
    title: "Uma conta parada há muito tempo voltou a ser usada",
    why: "Pode ser alguém que voltou de licença. Mas contas esquecidas são as preferidas de quem invade: o dono não está olhando.",
    what_to_do: "Confirme com a pessoa, por telefone ou pessoalmente, que foi ela. Se não foi, encerre as sessões e suspenda o acesso.",
    seen: |told| format!("Ninguém usava a conta havia {}, e alguém entrou.", told.days(silence(told))),
};

const ENGLISH: Said = Said {
    title: "An account that was long unused is in use again",
    why: "It may be someone back from leave. But forgotten accounts are what intruders like best: their owner is not looking.",
    what_to_do: "Confirm with the person, by telephone or face to face, that it was them. If not, end the sessions and suspend the access.",
    seen: |told| {
        format!("Nobody had used the account for {}, and then someone signed in.", told.days(silence(told)))
    },
};

const SPANISH: Said = Said {
    title: "Una cuenta parada desde hace mucho volvió a usarse",
    why: "Puede ser alguien que volvió de una licencia. Pero las cuentas olvidadas son las preferidas de los intrusos: su dueño no está mirando.",
    what_to_do: "Confirme con la persona, por teléfono o en persona, que fue ella. Si no, cierre sus sesiones y suspenda el acceso.",
    seen: |told| format!("Nadie usaba la cuenta desde hacía {}, y alguien entró.", told.days(silence(told))),
};
