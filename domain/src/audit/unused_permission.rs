//! Powerful permissions that somebody holds and does not use.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue, PermissionUse};
use super::holding::{EXISTS_THERE, FAR_REACHING, with_confers};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;
use crate::permission::{Permission, PermissionSet};

/// So many administrators are let be, however little they do: one must be able to stand in for the other.
const DEPUTIES: i64 = 2;

fn sql() -> String {
    format!(
        "{}, held AS (
    SELECT g.member_id, c.permission, MIN(CASE WHEN c.since > g.since THEN c.since ELSE g.since END) AS since,
           MAX(CASE WHEN r.built_in = 'administrator' AND g.channel_id IS NULL AND g.team_id IS NULL THEN 1 ELSE 0 END) AS administers
    FROM (SELECT *, COALESCE(held_since, valid_from) AS since FROM grants WHERE workspace_id = $1 AND closed_at IS NULL) g
    JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id AND m.status = 'active'
    JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
    JOIN confers c ON c.role_id = g.role_id AND {EXISTS_THERE}
    WHERE g.since <= $2 AND g.valid_from <= $3 AND c.since <= $2
      AND (g.valid_until IS NULL OR g.valid_until > $3)
    GROUP BY g.member_id, c.permission
), used AS (
    SELECT h.member_id, h.permission, h.since, h.administers, u.last_used_at,
           CASE WHEN u.last_used_at >= $2 THEN 1 ELSE 0 END AS is_used,
           MAX(CASE WHEN u.last_used_at >= $2 THEN 1 ELSE 0 END) OVER (PARTITION BY h.member_id) AS uses_any
    FROM held h
    LEFT JOIN member_permission_uses u ON u.workspace_id = $1 AND u.member_id = h.member_id AND u.permission = h.permission
)
SELECT member_id, permission, last_used_at, since FROM used
WHERE is_used = 0 AND (administers = 0 OR uses_any = 0 AND (
    SELECT COUNT(DISTINCT o.member_id) FROM used o WHERE o.administers = 1) > $4)
ORDER BY member_id, permission",
        with_confers(PermissionSet::SENSITIVE.union(FAR_REACHING))
    )
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now - look.days(&RULE, "days");
    if !look.records_uses_since(since).await? {
        return Ok(Vec::new());
    }
    let values = [look.workspace.0.into(), since.0.into(), look.now.0.into(), DEPUTIES.into()];
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql(), values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let permission: String = row.try_get_by_index(1)?;
        let is_sensitive = Permission::from_key(&permission).is_some_and(|one| one.entry().sensitive);
        let unused = PermissionUse { permission, last_used_at: row.try_get_by_index(2)? };
        let held_since: Timestamp = row.try_get_by_index(3)?;
        if found.last().is_none_or(|last| last.about != About::Member(member)) {
            let evidence = Evidence::new()
                .with(FactName::UnusedPermissions, FactValue::Permissions(Vec::new()))
                .with(FactName::HeldSince, FactValue::At(held_since));
            found.push(Found::by(&RULE, &member, About::Member(member), evidence));
        }
        let Some(last) = found.last_mut() else { continue };
        if let Some(FactValue::Permissions(list)) = last.evidence.get_mut(FactName::UnusedPermissions) {
            list.push(unused);
        }
        if let Some(FactValue::At(since)) = last.evidence.get_mut(FactName::HeldSince) {
            *since = held_since.min(*since);
        }
        if is_sensitive {
            last.severity = Severity::Medium;
        }
    }
    Ok(found)
}

fn unused(told: &Telling<'_>) -> u64 {
    match told.evidence().get(FactName::UnusedPermissions) {
        Some(FactValue::Permissions(list)) => list.len() as u64,
        _ => 0,
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::UnusedPermission,
    severity: Severity::Low,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "Permissions that ask for a second factor, or reach far beyond one's own work, granted for at least `days` days (by a role that has allowed them for as long) and not used in the last `days` days; one finding for each member. A grant of the same role that follows on another within a day, and reaches no farther, counts from when that one began. Nothing is said before uses have been recorded for as long. An administrator is found only who used none of them at all, and only where there are more than two administrators: one must be able to stand in for the other. Medium when one of them asks for a second factor.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 90,
    least: 14,
    most: 730,
    about: "How long granted, and how long not used.",
}];

const PORTUGUESE: Said = Said {
    title: "Pode fazer mais do que precisa",
    why: "Permissões fortes que ninguém usa só servem a quem roubar essa conta.",
    what_to_do: "Troque o papel da pessoa por um menor, que permita só o que ela usa. Se ela ainda precisa, dispense este aviso com o motivo.",
    seen: |told| {
        format!(
            "Não usa {} há muito tempo.",
            told.count(unused(told), "permissão importante", "permissões importantes")
        )
    },
};

const ENGLISH: Said = Said {
    title: "May do more than is needed",
    why: "Strong permissions that nobody uses are good only for somebody who steals the account.",
    what_to_do: "Give the person a smaller role that allows what they use. If they still need it, dismiss this with the reason.",
    seen: |told| {
        format!(
            "Has long not used {}.",
            told.count(unused(told), "important permission", "important permissions")
        )
    },
};

const SPANISH: Said = Said {
    title: "Puede hacer más de lo que necesita",
    why: "Los permisos fuertes que nadie usa solo le sirven a quien robe esa cuenta.",
    what_to_do: "Cambie el rol de la persona por uno menor que permita solo lo que usa. Si aún lo necesita, descarte este aviso con el motivo.",
    seen: |told| {
        format!(
            "Hace mucho que no usa {}.",
            told.count(unused(told), "permiso importante", "permisos importantes")
        )
    },
};
