//! Administrators whom a password alone lets in, whatever the workspace demands.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// With since when they administer. For whom an identity provider vouches lately needs none here, unless a password opens
/// the same account.
const WITHOUT: &str = "
SELECT m.id, MIN(g.valid_from)
FROM grants g
JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id
JOIN users u ON u.id = m.user_id
WHERE g.workspace_id = $1 AND g.closed_at IS NULL AND g.channel_id IS NULL AND g.team_id IS NULL
  AND g.valid_from <= $3 AND g.created_at <= $3 AND (g.valid_until IS NULL OR g.valid_until > $2)
  AND r.built_in = 'administrator' AND m.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = m.user_id AND f.confirmed_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = m.user_id)
  AND NOT (u.password_hash IS NULL AND EXISTS (
                  SELECT 1 FROM sessions v
                  WHERE v.member_id = m.id AND v.second_factor = TRUE
                    AND v.authentication_method = 'single_sign_on' AND v.created_at >= $4))
GROUP BY m.id ORDER BY m.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.now.0.into(),
        (look.now - look.days(&RULE, "days")).0.into(),
        (look.now - super::DAY * 30).0.into(),
    ];
    let mut found = Vec::new();
    for row in look.rows(WITHOUT, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let since: Timestamp = row.try_get_by_index(1)?;
        let evidence = Evidence::new().with(FactName::AdministratorSince, FactValue::At(since));
        found.push(Found::by(&RULE, &member, About::Member(member), evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::AdministratorWithoutSecondFactor,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "Somebody who has held the built-in role of administrator in the whole workspace for `days` days, with neither an authenticator \
             app nor a passkey, whatever the security policy says; unless their identity provider vouched for one within thirty days \
             and they have no password here.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 1,
    least: 0,
    most: 30,
    about: "How long a new administrator has to set one up.",
}];

const PORTUGUESE: Said = Said {
    title: "Um administrador não tem segundo fator",
    why: "Quem descobrir a senha desta conta terá nas mãos todas as conversas, contatos e acessos da empresa.",
    what_to_do: "Configure hoje um aplicativo autenticador ou uma chave de acesso para este administrador.",
    seen: |_| "É administrador e não tem aplicativo autenticador nem chave de acesso.".to_owned(),
};

const ENGLISH: Said = Said {
    title: "An administrator has no second factor",
    why: "Whoever finds out this account's password holds all of the company's conversations, contacts and access.",
    what_to_do: "Have this administrator set up an authenticator app or a passkey today.",
    seen: |_| "Is an administrator and has neither an authenticator app nor a passkey.".to_owned(),
};

const SPANISH: Said = Said {
    title: "Un administrador no tiene segundo factor",
    why: "Quien descubra la contraseña de esta cuenta tendrá en sus manos todas las conversaciones, los contactos y los accesos de la empresa.",
    what_to_do: "Haga que este administrador configure hoy una aplicación de autenticación o una llave de acceso.",
    seen: |_| "Es administrador y no tiene aplicación de autenticación ni llave de acceso.".to_owned(),
};
