//! Members who have been here and have not come back for longer than the workspace allows.

use portaria_entity::finding::{AuditRule, Severity};

use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::silence::{Whom, days, silent};
use super::{About, Found, Look};
use crate::error::Result;

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let silent = silent(look, Whom::Others, look.now - look.days(&RULE, "days")).await?;
    let told = |(member, evidence)| Found::by(&RULE, &member, About::Member(member), evidence);
    Ok(silent.into_iter().map(told).collect())
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::InactiveMember,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::SuspendMember,
    judges: "A member who has been here, and neither made a request nor signed in for `days` days. An administrator is told of by the rule for dormant administrators.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 30,
    least: 1,
    most: 730,
    about: "How long somebody may stay away.",
}];

const PORTUGUESE: Said = Said {
    title: "Tem acesso, mas não o usa há muito tempo",
    why: "Um acesso que ninguém usa continua aberto: se a senha vazar, ninguém vai perceber.",
    what_to_do: "Confirme se a pessoa ainda precisa do acesso. Se não precisa, suspenda esse acesso.",
    seen: |told| format!("Não usa o Portaria há {}.", told.days(days(told))),
};

const ENGLISH: Said = Said {
    title: "Has access, but has not used it for long",
    why: "Access that nobody uses is still open: if the password leaks, nobody will notice.",
    what_to_do: "Find out whether the person still needs access. If not, suspend it.",
    seen: |told| format!("Has not used Portaria for {}.", told.days(days(told))),
};

const SPANISH: Said = Said {
    title: "Tiene acceso, pero no lo usa desde hace mucho",
    why: "Un acceso que nadie usa sigue abierto: si la contraseña se filtra, nadie lo notará.",
    what_to_do: "Confirme si la persona aún necesita el acceso. Si no, suspenda ese acceso.",
    seen: |told| format!("No usa Portaria desde hace {}.", told.days(days(told))),
};
