//! Data taken out soon after the role that allows it was given.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, GrantId, MemberId, RoleId, TeamId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::holding::{EXISTS_THERE, with_confers};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};

/// What takes personal data out of the workspace; a report holds figures only.
const EXPORTING: PermissionSet = PermissionSet::of(&[
    Permission::AuditLogExport,
    Permission::ContactExport,
    Permission::ConversationExport,
]);

/// The action of an export and the permission for it.
const NEEDED: &str = "CASE e.action WHEN 'contact.exported' THEN 'contact:export' \
     WHEN 'conversation.exported' THEN 'conversation:export' ELSE 'audit_log:export' END";

/// Without statistics SQLite would go through all grants for each export: those that matter are set apart first.
fn sql() -> String {
    let older = EXISTS_THERE.replace("g.", "p.");
    format!(
        "{}, exports AS MATERIALIZED (
    SELECT a.\"at\", a.actor_member_id AS member_id, a.action FROM activities a
    WHERE a.workspace_id = $1 AND a.\"at\" >= $2
      AND a.action IN ('activity.exported', 'contact.exported', 'conversation.exported')
), given AS MATERIALIZED (
    SELECT * FROM grants WHERE workspace_id = $1 AND member_id IN (SELECT member_id FROM exports)
)
SELECT g.id, e.member_id, e.\"at\", g.role_id, g.channel_id, g.team_id, g.valid_from, g.granted_by, g.closed_at, g.reason,
       CASE WHEN b.status <> 'active' THEN 1 ELSE 0 END,
       CASE WHEN g.closed_at IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM given n WHERE n.member_id = g.member_id AND n.role_id = g.role_id
             AND n.id <> g.id AND n.created_at >= g.closed_at) THEN 1 ELSE 0 END
FROM exports e
JOIN given g ON g.member_id = e.member_id
             AND g.valid_from <= e.\"at\" AND g.valid_from >= e.\"at\" - $3
JOIN confers c ON c.role_id = g.role_id AND c.permission = {NEEDED} AND {EXISTS_THERE}
JOIN workspaces w ON w.id = $1 AND w.created_at < g.valid_from - $3
LEFT JOIN members b ON b.workspace_id = $1 AND b.id = g.granted_by
WHERE NOT EXISTS (
    SELECT 1 FROM given p JOIN confers c ON c.role_id = p.role_id AND c.permission = {NEEDED} AND {older}
    WHERE p.member_id = g.member_id AND p.id <> g.id AND p.valid_from < e.\"at\" - $3
      AND (p.closed_at IS NULL OR p.closed_at >= g.valid_from)
      AND (p.valid_until IS NULL OR p.valid_until >= g.valid_from))
ORDER BY g.id, e.\"at\"",
        with_confers(EXPORTING)
    )
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let within = look.parameter(&RULE, "hours") * 3_600_000_000;
    let values = [look.workspace.0.into(), look.since.0.into(), within.into()];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql(), values).await? {
        let (grant, member): (GrantId, MemberId) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if let Some(last) = found.last_mut().filter(|last| last.cause == grant.to_string()) {
            if let Some(FactValue::Number(count)) = last.evidence.get_mut(FactName::Exports) {
                *count += 1;
            }
            continue;
        }
        let closed_at: Option<Timestamp> = row.try_get_by_index(8)?;
        let is_granter_gone = row.try_get_by_index::<i32>(10)? == 1;
        let is_taken_back = row.try_get_by_index::<i32>(11)? == 1;
        let evidence = Evidence::new()
            .with(FactName::Role, FactValue::Role(row.try_get_by_index::<RoleId>(3)?))
            .with_some(
                FactName::Channel,
                row.try_get_by_index::<Option<ChannelId>>(4)?.map(FactValue::Channel),
            )
            .with_some(FactName::Team, row.try_get_by_index::<Option<TeamId>>(5)?.map(FactValue::Team))
            .with(FactName::GrantedAt, FactValue::At(row.try_get_by_index(6)?))
            .with(FactName::GrantedBy, FactValue::Member(row.try_get_by_index(7)?))
            .with(FactName::Reason, FactValue::Text(row.try_get_by_index(9)?))
            .with(FactName::ExportedAt, FactValue::At(row.try_get_by_index(2)?))
            .with(FactName::Exports, FactValue::Number(1))
            .with_some(FactName::TakenBackAt, closed_at.filter(|_| is_taken_back).map(FactValue::At))
            .with(FactName::GranterIsGone, FactValue::Is(is_granter_gone))
            .with(FactName::Grants, FactValue::Grants(vec![grant]));
        let severity = if is_granter_gone || is_taken_back { Severity::Critical } else { RULE.severity };
        found.push(Found::by(&RULE, &grant, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

/// How long after the grant.
fn after(told: &Telling<'_>) -> String {
    let evidence = told.evidence();
    match (evidence.at(FactName::GrantedAt), evidence.at(FactName::ExportedAt)) {
        (Some(granted), Some(exported)) => told.lasting(granted, exported),
        _ => String::new(),
    }
}

/// What makes it worse, in words: that the role was taken back after it, that who gave it is gone, or neither.
fn and(told: &Telling<'_>, taken_back: &str, gone: &str) -> String {
    let evidence = told.evidence();
    match (evidence.at(FactName::TakenBackAt).is_some(), evidence.is(FactName::GranterIsGone)) {
        (true, _) => format!(" {taken_back}"),
        (false, true) => format!(" {gone}"),
        (false, false) => String::new(),
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::ExportAfterGrant,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::RevokeGrants,
    judges: "A role that allows exporting the activity log, customers or conversations (emergency access included), and an export by that person within `hours` hours after it began, unless they were allowed it before by another grant. Exports of reports do not count, nor do the first `hours` hours of a workspace. Critical when the role was taken back after the export, or when who gave it is not active any more.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "hours",
    unit: Unit::Hours,
    default: 48,
    least: 1,
    most: 720,
    about: "How soon after the grant.",
}];

const PORTUGUESE: Said = Said {
    title: "Recebeu um papel e logo exportou dados",
    why: "Receber um acesso, levar os dados e devolver o acesso é o caminho de quem não quer deixar rastro.",
    what_to_do: "Pergunte a quem deu o papel se pediu a exportação. Se ninguém pediu, retire o papel e encerre as sessões da pessoa.",
    seen: |told| {
        let worse = and(told, "Depois, o papel foi retirado.", "Quem deu o papel já não tem acesso.");
        format!(
            "Exportou dados {} depois de receber o papel {}.{worse}",
            after(told),
            told.told(FactName::Role)
        )
    },
};

const ENGLISH: Said = Said {
    title: "Was given a role and exported data soon after",
    why: "Getting access, taking the data and handing the access back is how somebody acts who wants to leave no trace.",
    what_to_do: "Ask whoever gave the role whether they wanted the export. If nobody did, take the role back and end the person's sessions.",
    seen: |told| {
        let worse =
            and(told, "Afterwards the role was taken back.", "Whoever gave the role has no access any more.");
        format!(
            "Exported data {} after being given the role {}.{worse}",
            after(told),
            told.told(FactName::Role)
        )
    },
};

const SPANISH: Said = Said {
    title: "Recibió un rol y poco después exportó datos",
    why: "Recibir un acceso, llevarse los datos y devolver el acceso es lo que hace quien no quiere dejar rastro.",
    what_to_do: "Pregunte a quien dio el rol si pidió la exportación. Si nadie la pidió, retire el rol y cierre las sesiones de la persona.",
    seen: |told| {
        let worse = and(told, "Después se retiró el rol.", "Quien dio el rol ya no tiene acceso.");
        format!(
            "Exportó datos {} después de recibir el rol {}.{worse}",
            after(told),
            told.told(FactName::Role)
        )
    },
};
