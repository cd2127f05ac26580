//! A workspace that one person alone administers.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const ADMINISTRATORS: &str = "
SELECT DISTINCT m.id
FROM roles r
JOIN grants g ON g.workspace_id = r.workspace_id AND g.role_id = r.id
JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id AND m.status = 'active'
WHERE r.workspace_id = $1 AND r.built_in = 'administrator'
  AND g.channel_id IS NULL AND g.team_id IS NULL AND g.closed_at IS NULL
  AND g.valid_from <= $2 AND (g.valid_until IS NULL OR g.valid_until > $2)
ORDER BY m.id LIMIT 2";

/// Whether the workspace has been there for long enough, and has anybody else who could be one.
const COULD_HAVE: &str = "
SELECT COUNT(*) FROM workspaces w WHERE w.id = $1 AND w.created_at <= $2
  AND (SELECT COUNT(*) FROM members m WHERE m.workspace_id = w.id AND m.status = 'active') > 1";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let since = look.now - look.days(&RULE, "days");
    let administrators = look.rows(ADMINISTRATORS, [look.workspace.0.into(), look.now.0.into()]).await?;
    let [only] = &administrators[..] else { return Ok(Vec::new()) };
    if look.count(COULD_HAVE, [look.workspace.0.into(), since.0.into()]).await? == 0 {
        return Ok(Vec::new());
    }
    let member: MemberId = only.try_get_by_index(0)?;
    Ok(vec![Found::by(&RULE, &member, About::Member(member), Evidence::new())])
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::OnlyAdministrator,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "One active member alone holds the role of an administrator for the whole workspace now. Nothing is said of a workspace that has only one active member, or is younger than `days` days.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 0,
    most: 365,
    about: "How old a workspace is before it is told.",
}];

const PORTUGUESE: Said = Said {
    title: "Só uma pessoa administra tudo",
    why: "Se ela adoecer, sair da empresa ou perder o telefone, ninguém poderá dar, retirar ou corrigir acessos.",
    what_to_do: "Dê o papel de administrador a mais uma pessoa de confiança.",
    seen: |_| "Não há outro administrador ativo.".to_owned(),
};

const ENGLISH: Said = Said {
    title: "One person alone administers everything",
    why: "If they fall ill, leave or lose their telephone, nobody can give, take back or mend access.",
    what_to_do: "Make one more person whom you trust an administrator.",
    seen: |_| "There is no other active administrator.".to_owned(),
};

const SPANISH: Said = Said {
    title: "Una sola persona administra todo",
    why: "Si se enferma, se va o pierde el teléfono, nadie podrá dar, retirar ni corregir accesos.",
    what_to_do: "Dé el rol de administrador a otra persona de confianza.",
    seen: |_| "No hay otro administrador activo.".to_owned(),
};
