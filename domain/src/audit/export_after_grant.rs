//! Data taken out soon after the role that allows it was given.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, GrantId, MemberId, RoleId, TeamId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::holding::{EXISTS_THERE, with_history};
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
const NEEDED: &str = "CASE a.action WHEN 'contact.exported' THEN 'contact:export' \
     WHEN 'conversation.exported' THEN 'conversation:export' ELSE 'audit_log:export' END";

/// Without statistics SQLite would go through all grants for each export: those that matter are set apart first. What a role
/// allows is looked at as it was at the time of the export, so that taking it out again afterwards hides nothing.
fn sql() -> String {
    format!(
        "{}, exports AS MATERIALIZED (
    SELECT a.\"at\", a.actor_member_id AS member_id, {NEEDED} AS permission FROM activities a
    WHERE a.workspace_id = $1 AND a.\"at\" >= $2
      AND a.action IN ('activity.exported', 'contact.exported', 'conversation.exported')
), given AS MATERIALIZED (
    SELECT * FROM grants WHERE workspace_id = $1 AND member_id IN (SELECT member_id FROM exports)
), held AS MATERIALIZED (
    SELECT g.id, g.member_id, g.role_id, g.channel_id, g.team_id, g.valid_from, g.valid_until, g.closed_at, g.reason,
           c.permission, c.since, c.until, CASE WHEN c.since > g.valid_from THEN c.allowed_by ELSE g.granted_by END AS given_by,
           CASE WHEN c.since > g.valid_from THEN c.since ELSE g.valid_from END AS began
    FROM given g JOIN confers c ON c.role_id = g.role_id AND {EXISTS_THERE}
)
SELECT h.id, e.member_id, e.\"at\", h.role_id, h.channel_id, h.team_id, h.began, h.given_by,
       CASE WHEN h.closed_at IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM given n WHERE n.member_id = h.member_id AND n.role_id = h.role_id
                  AND n.id <> h.id AND n.created_at >= h.closed_at) THEN h.closed_at
            WHEN h.until IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM confers n WHERE n.role_id = h.role_id AND n.permission = h.permission
                  AND n.since >= h.until) THEN h.until END,
       h.reason, CASE WHEN b.status <> 'active' THEN 1 ELSE 0 END, h.valid_from
FROM exports e
JOIN held h ON h.member_id = e.member_id AND h.permission = e.permission
            AND h.began <= e.\"at\" AND h.began >= e.\"at\" - $3 AND (h.until IS NULL OR h.until >= e.\"at\")
            AND (h.closed_at IS NULL OR h.closed_at >= e.\"at\") AND (h.valid_until IS NULL OR h.valid_until >= e.\"at\")
JOIN workspaces w ON w.id = $1 AND w.created_at < h.began - $3
LEFT JOIN members b ON b.workspace_id = $1 AND b.id = h.given_by
WHERE NOT EXISTS (
    SELECT 1 FROM held p
    WHERE p.member_id = h.member_id AND p.permission = h.permission AND p.began < e.\"at\" - $3
      AND (p.closed_at IS NULL OR p.closed_at >= h.began) AND (p.until IS NULL OR p.until >= h.began)
      AND (p.valid_until IS NULL OR p.valid_until >= h.began))
ORDER BY h.id, h.began, e.\"at\"",
        with_history(EXPORTING)
    )
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let within = look.parameter(&RULE, "hours") * 3_600_000_000;
    let values = [look.workspace.0.into(), look.since.0.into(), within.into()];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql(), values).await? {
        let (grant, member): (GrantId, MemberId) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (began, granted): (Timestamp, Timestamp) = (row.try_get_by_index(6)?, row.try_get_by_index(11)?);
        // One may hold a role for long, and it is the role that is made to allow more.
        let is_widened = began > granted;
        let cause = if is_widened { format!("{grant} {}", began.0) } else { grant.to_string() };
        if let Some(last) = found.last_mut().filter(|last| last.cause == cause) {
            if let Some(FactValue::Number(count)) = last.evidence.get_mut(FactName::Exports) {
                *count += 1;
            }
            continue;
        }
        let taken_back_at: Option<Timestamp> = row.try_get_by_index(8)?;
        let reason: String = row.try_get_by_index(9)?;
        let is_giver_gone = row.try_get_by_index::<i32>(10)? == 1;
        let evidence = Evidence::new()
            .with(FactName::Role, FactValue::Role(row.try_get_by_index::<RoleId>(3)?))
            .with_some(
                FactName::Channel,
                row.try_get_by_index::<Option<ChannelId>>(4)?.map(FactValue::Channel),
            )
            .with_some(FactName::Team, row.try_get_by_index::<Option<TeamId>>(5)?.map(FactValue::Team))
            .with_some(FactName::HeldSince, is_widened.then_some(FactValue::At(granted)))
            .with(FactName::GrantedAt, FactValue::At(began))
            .with(FactName::GrantedBy, FactValue::Member(row.try_get_by_index(7)?))
            .with_some(FactName::Reason, (!is_widened).then_some(FactValue::Text(reason)))
            .with(FactName::ExportedAt, FactValue::At(row.try_get_by_index(2)?))
            .with(FactName::Exports, FactValue::Number(1))
            .with_some(FactName::TakenBackAt, taken_back_at.map(FactValue::At))
            .with(FactName::GranterIsGone, FactValue::Is(is_giver_gone))
            .with(FactName::Grants, FactValue::Grants(vec![grant]));
        let severity =
            if is_giver_gone || taken_back_at.is_some() { Severity::Critical } else { RULE.severity };
        found.push(Found::by(&RULE, &cause, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

/// How long after the grant.
fn after(told: &Telling<'_>) -> String {
    told.between(FactName::GrantedAt, FactName::ExportedAt)
}

/// Whether they held the role before, and it came to allow more.
fn is_widened(told: &Telling<'_>) -> bool {
    told.evidence().get(FactName::HeldSince).is_some()
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
    judges: "A role that allows exporting the activity log, customers or conversations (emergency access included), and an export by that person within `hours` hours after it began, or after a role that they hold was made to allow it; unless they were allowed it before by another. What a role allowed at the time of the export counts. Exports of reports do not count, nor do the first `hours` hours of a workspace. Critical when the role, or the permission in it, was taken back after the export, or when who gave it is not active any more.",
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
    title: "Recebeu um acesso e logo exportou dados",
    why: "Receber um acesso, levar os dados e devolver o acesso é o caminho de quem não quer deixar rastro.",
    what_to_do: "Pergunte a quem deu o acesso se pediu a exportação. Se ninguém pediu, retire o papel e encerre as sessões da pessoa.",
    seen: |told| {
        let (after, role) = (after(told), told.told(FactName::Role));
        let (came, gone) = match is_widened(told) {
            true => ("que o papel passou a permitir isso:", "Quem mudou o papel já não tem acesso."),
            false => ("de receber o papel", "Quem deu o papel já não tem acesso."),
        };
        let worse = and(told, "Depois, o acesso foi retirado.", gone);
        format!("Exportou dados {after} depois {came} {role}.{worse}")
    },
};

const ENGLISH: Said = Said {
    title: "Was given access and exported data soon after",
    why: "Getting access, taking the data and handing the access back is how somebody acts who wants to leave no trace.",
    what_to_do: "Ask whoever gave the access whether they wanted the export. If nobody did, take the role back and end the person's sessions.",
    seen: |told| {
        let (after, role) = (after(told), told.told(FactName::Role));
        let (came, gone) = match is_widened(told) {
            true => ("the role was made to allow it:", "Whoever changed the role has no access any more."),
            false => ("being given the role", "Whoever gave the role has no access any more."),
        };
        let worse = and(told, "Afterwards the access was taken back.", gone);
        format!("Exported data {after} after {came} {role}.{worse}")
    },
};

const SPANISH: Said = Said {
    title: "Recibió un acceso y poco después exportó datos",
    why: "Recibir un acceso, llevarse los datos y devolver el acceso es lo que hace quien no quiere dejar rastro.",
    what_to_do: "Pregunte a quien dio el acceso si pidió la exportación. Si nadie la pidió, retire el rol y cierre las sesiones de la persona.",
    seen: |told| {
        let (after, role) = (after(told), told.told(FactName::Role));
        let (came, gone) = match is_widened(told) {
            true => ("de que el rol pasara a permitirlo:", "Quien cambió el rol ya no tiene acceso."),
            false => ("de recibir el rol", "Quien dio el rol ya no tiene acceso."),
        };
        let worse = and(told, "Después se retiró el acceso.", gone);
        format!("Exportó datos {after} después {came} {role}.{worse}")
    },
};
