//! Roles that end soon, or ended a short while ago, with nothing that follows.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, GrantId, MemberId, RoleId, TeamId};

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const ENDING: &str = "
WITH open AS MATERIALIZED (
    SELECT * FROM grants WHERE workspace_id = $1 AND closed_at IS NULL AND (valid_until IS NULL OR valid_until > $2)
)
SELECT g.id, g.member_id, g.role_id, g.channel_id, g.team_id, g.valid_until, g.granted_by
FROM open g
JOIN members m ON m.workspace_id = $1 AND m.id = g.member_id AND m.status = 'active'
WHERE g.valid_until <= $3
  AND g.valid_until - COALESCE(g.held_since, g.valid_from) > 2 * $4
  AND g.id NOT IN (SELECT grant_id FROM emergency_activations WHERE workspace_id = $1)
  AND NOT EXISTS (
      SELECT 1 FROM open n
      WHERE n.member_id = g.member_id AND n.role_id = g.role_id AND n.id <> g.id
        AND (n.valid_until IS NULL OR n.valid_until > g.valid_until)
        AND (n.channel_id IS NULL AND n.team_id IS NULL OR n.channel_id = g.channel_id OR n.team_id = g.team_id))
ORDER BY g.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let days = look.days(&RULE, "days");
    let micros = i64::try_from(days.as_micros()).unwrap_or(i64::MAX / 2);
    let (from, to) = (look.now - days, look.now + days);
    let mut found = Vec::new();
    for row in look.rows(ENDING, [look.workspace.0.into(), from.0.into(), to.0.into(), micros.into()]).await?
    {
        let (grant, member): (GrantId, MemberId) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let evidence = Evidence::new()
            .with(FactName::Role, FactValue::Role(row.try_get_by_index::<RoleId>(2)?))
            .with_some(
                FactName::Channel,
                row.try_get_by_index::<Option<ChannelId>>(3)?.map(FactValue::Channel),
            )
            .with_some(FactName::Team, row.try_get_by_index::<Option<TeamId>>(4)?.map(FactValue::Team))
            .with(FactName::EndsAt, FactValue::At(row.try_get_by_index(5)?))
            .with(FactName::GrantedBy, FactValue::Member(row.try_get_by_index(6)?));
        found.push(Found::by(&RULE, &grant, About::Member(member), evidence));
    }
    Ok(found)
}

fn has_ended(told: &Telling<'_>) -> bool {
    told.evidence().at(FactName::EndsAt).is_some_and(|ends_at| told.is_past(ends_at))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::EndingGrant,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A role that ends within `days` days, or ended within the last `days` days, while nothing follows: no other grant of the same role there or for the whole workspace that lasts longer. Emergency access is meant to end, and so is what was given for less than twice `days` days in all: an extension counts from when the role was first held there.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 1,
    most: 60,
    about: "How long before and after the end it is told.",
}];

const PORTUGUESE: Said = Said {
    title: "Um papel está acabando ou acabou há pouco",
    why: "Sem ele, a pessoa deixa de poder fazer o seu trabalho, talvez no meio de um atendimento.",
    what_to_do: "Se a pessoa continua, prorrogue o papel. Se não continua, não é preciso fazer nada.",
    seen: |told| match has_ended(told) {
        true => format!("O papel {} acabou, e nada o substituiu.", told.told(FactName::Role)),
        false => format!("O papel {} acaba em breve, e nada o substitui.", told.told(FactName::Role)),
    },
};

const ENGLISH: Said = Said {
    title: "A role is about to end, or has just ended",
    why: "Without it the person can no longer do their work, perhaps in the middle of a conversation.",
    what_to_do: "If the person stays, extend the role. If not, nothing needs to be done.",
    seen: |told| match has_ended(told) {
        true => format!("The role {} has ended, and nothing has taken its place.", told.told(FactName::Role)),
        false => format!("The role {} ends soon, and nothing takes its place.", told.told(FactName::Role)),
    },
};

const SPANISH: Said = Said {
    title: "Un rol está por terminar o acaba de terminar",
    why: "Sin él, la persona ya no puede hacer su trabajo, quizá en medio de una conversación.",
    what_to_do: "Si la persona sigue, prorrogue el rol. Si no, no hace falta hacer nada.",
    seen: |told| match has_ended(told) {
        true => format!("El rol {} terminó y nada lo reemplazó.", told.told(FactName::Role)),
        false => format!("El rol {} termina pronto y nada lo reemplaza.", told.told(FactName::Role)),
    },
};
