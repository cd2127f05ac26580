//! Members who were made one and never came.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const ABSENT: &str = "
SELECT m.id, m.created_at FROM members m
WHERE m.workspace_id = $1 AND m.status = 'active' AND m.created_at < $2 AND m.last_active_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM sessions o WHERE o.workspace_id = m.workspace_id AND o.member_id = m.id)
  AND NOT EXISTS (SELECT 1 FROM sign_in_events s
                  WHERE s.user_id = m.user_id AND s.workspace_id = m.workspace_id AND s.outcome = 'succeeded')
ORDER BY m.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), (look.now - look.days(&RULE, "days")).0.into()];
    let mut found = Vec::new();
    for row in look.rows(ABSENT, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let invited = FactValue::At(row.try_get_by_index(1)?);
        let evidence = Evidence::new().with(FactName::Invited, invited);
        found.push(Found::by(&RULE, &member, About::Member(member), evidence));
    }
    Ok(found)
}

fn invited_for(told: &Telling<'_>) -> u64 {
    told.evidence().at(FactName::Invited).map_or(0, |at| told.days_since(at))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::NeverSignedIn,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::SuspendMember,
    judges: "A member who was made one more than `days` days ago and never came.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 1,
    most: 365,
    about: "How long somebody may take to sign in for the first time.",
}];

const PORTUGUESE: Said = Said {
    title: "Recebeu convite e nunca entrou",
    why: "Um convite esquecido pode acabar sendo usado por quem não deveria.",
    what_to_do: "Pergunte se a pessoa ainda vem. Se vem, reenvie o convite; se não, cancele o convite.",
    seen: |told| match invited_for(told) {
        0 => "O convite é de hoje, e ninguém o usou.".to_owned(),
        days => format!("O convite foi feito há {} e não foi usado.", told.days(days)),
    },
};

const ENGLISH: Said = Said {
    title: "Was invited and never signed in",
    why: "A forgotten invitation may end up being used by the wrong person.",
    what_to_do: "Ask whether the person is still coming. If so, send the invitation again; if not, withdraw it.",
    seen: |told| match invited_for(told) {
        0 => "The invitation is from today and has not been used.".to_owned(),
        days => format!("The invitation is {} old and has not been used.", told.days(days)),
    },
};

const SPANISH: Said = Said {
    title: "Recibió una invitación y nunca entró",
    why: "Una invitación olvidada puede acabar en manos de quien no debería usarla.",
    what_to_do: "Pregunte si la persona todavía va a incorporarse. Si es así, reenvíe la invitación; si no, cancele la invitación.",
    seen: |told| match invited_for(told) {
        0 => "La invitación es de hoy y nadie la ha usado.".to_owned(),
        days => format!("La invitación se hizo hace {} y no se ha usado.", told.days(days)),
    },
};
