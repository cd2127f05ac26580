//! Roles without an end of people who were meant to stay for a time.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, GrantId, MemberId, RoleId, TeamId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Rule, Said, Suggestion};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Temporary is whose first roles, given together (as by an invitation), all had an end.
const ENDLESS: &str = "
WITH firsts AS (
    SELECT g.member_id, MIN(g.created_at) AS \"at\" FROM grants g
    WHERE g.workspace_id = $1
      AND g.id NOT IN (SELECT grant_id FROM emergency_activations WHERE workspace_id = $1)
    GROUP BY g.member_id
), temporary AS (
    SELECT g.member_id, MAX(g.valid_until) AS meant_until
    FROM firsts f JOIN grants g ON g.workspace_id = $1 AND g.member_id = f.member_id AND g.created_at = f.\"at\"
    WHERE g.id NOT IN (SELECT grant_id FROM emergency_activations WHERE workspace_id = $1)
    GROUP BY g.member_id HAVING COUNT(*) = COUNT(g.valid_until)
)
SELECT g.id, t.member_id, t.meant_until, g.role_id, g.channel_id, g.team_id, g.created_at, g.granted_by
FROM temporary t
JOIN members m ON m.workspace_id = $1 AND m.id = t.member_id AND m.status = 'active'
JOIN grants g ON g.workspace_id = $1 AND g.member_id = t.member_id
WHERE g.closed_at IS NULL AND g.valid_until IS NULL AND g.valid_from <= $2
ORDER BY g.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for row in look.rows(ENDLESS, [look.workspace.0.into(), look.now.0.into()]).await? {
        let (grant, member): (GrantId, MemberId) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let meant_until: Timestamp = row.try_get_by_index(2)?;
        let evidence = Evidence::new()
            .with(FactName::Role, FactValue::Role(row.try_get_by_index::<RoleId>(3)?))
            .with_some(
                FactName::Channel,
                row.try_get_by_index::<Option<ChannelId>>(4)?.map(FactValue::Channel),
            )
            .with_some(FactName::Team, row.try_get_by_index::<Option<TeamId>>(5)?.map(FactValue::Team))
            .with(FactName::MeantUntil, FactValue::At(meant_until))
            .with(FactName::GrantedAt, FactValue::At(row.try_get_by_index(6)?))
            .with(FactName::GrantedBy, FactValue::Member(row.try_get_by_index(7)?))
            .with(FactName::Grants, FactValue::Grants(vec![grant]));
        // As long as they were meant to be here anyway, there is time.
        let severity = if meant_until <= look.now { Severity::Medium } else { RULE.severity };
        found.push(Found::by(&RULE, &grant, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::EndlessGrant,
    severity: Severity::Low,
    at_once: false,
    parameters: &[],
    suggestion: Suggestion::ShortenGrants,
    judges: "A role without an end that is held by somebody whose first roles all had one: they came for a time. Emergency access does not count, and who began with a role without an end is nobody temporary, whatever they were given later. Medium from when those first roles would have ended.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PORTUGUESE: Said = Said {
    title: "Entrou por um período, mas tem acesso sem data para acabar",
    why: "Contratos temporários acabam, e ninguém se lembra de retirar o acesso.",
    what_to_do: "Coloque uma data final neste papel. Se a pessoa foi efetivada, dispense este aviso com esse motivo.",
    seen: |told| format!("Tem o papel {} sem data final.", told.told(FactName::Role)),
};

const ENGLISH: Said = Said {
    title: "Came for a time, but has access without an end",
    why: "Temporary contracts end, and nobody remembers to take the access back.",
    what_to_do: "Set an end for this role. If the person has come to stay, dismiss this with that reason.",
    seen: |told| format!("Holds the role {} without an end.", told.told(FactName::Role)),
};

const SPANISH: Said = Said {
    title: "Entró por un tiempo, pero tiene acceso sin fecha de fin",
    why: "Los contratos temporales terminan y nadie se acuerda de retirar el acceso.",
    what_to_do: "Ponga una fecha de fin a este rol. Si la persona pasó a ser fija, descarte este aviso con ese motivo.",
    seen: |told| format!("Tiene el rol {} sin fecha de fin.", told.told(FactName::Role)),
};
