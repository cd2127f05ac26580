//! Members of whom the workspace demands a second factor, and who have none. Administrators are a rule of their own.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::administrator::administers;
use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// For whom an identity provider vouches lately needs none here, unless a password opens the same account; who was never
/// here is another matter.
const WITHOUT: &str = "
SELECT m.id, m.created_at, p.updated_at
FROM members m JOIN security_policies p ON p.workspace_id = m.workspace_id JOIN users u ON u.id = m.user_id
WHERE m.workspace_id = $1 AND m.status = 'active' AND m.created_at <= $3 AND p.updated_at <= $3
  AND (p.second_factor = 'everyone' OR p.second_factor = 'roles' AND m.id IN (
      SELECT h.member_id FROM grants h
      JOIN security_policy_roles d ON d.workspace_id = h.workspace_id AND d.role_id = h.role_id
      WHERE h.workspace_id = $1 AND h.closed_at IS NULL AND h.created_at <= $3
        AND h.valid_from <= $3 AND (h.valid_until IS NULL OR h.valid_until > $2)))
  AND NOT EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = m.user_id AND f.confirmed_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = m.user_id)
  AND EXISTS (SELECT 1 FROM sessions o WHERE o.workspace_id = m.workspace_id AND o.member_id = m.id)
  AND NOT (u.password_hash IS NULL AND EXISTS (
                  SELECT 1 FROM sessions v
                  WHERE v.member_id = m.id AND v.second_factor = TRUE
                    AND v.authentication_method = 'single_sign_on' AND v.created_at >= $4))";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.now.0.into(),
        (look.now - look.days(&RULE, "days")).0.into(),
        (look.now - super::DAY * 30).0.into(),
    ];
    let sql = format!("{WITHOUT} AND NOT {} ORDER BY m.id", administers("$2"));
    let mut found = Vec::new();
    for row in look.rows(&sql, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let (joined, demanded): (Timestamp, Timestamp) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let evidence = Evidence::new().with(FactName::RequiredSince, FactValue::At(joined.max(demanded)));
        found.push(Found::by(&RULE, &member, About::Member(member), evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SecondFactorMissing,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A member of whom the security policy has demanded a second factor for `days` days, who has been here and has neither an \
             authenticator app nor a passkey; unless their identity provider vouched for one within thirty days and they have no \
             password here. Administrators are told \
             of by a rule of their own.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 3,
    least: 0,
    most: 90,
    about: "How long somebody has to set one up.",
}];

const PORTUGUESE: Said = Said {
    title: "Falta o segundo fator que a empresa exige",
    why: "Enquanto não o configurar, a pessoa não consegue trabalhar; e quem descobrir a senha pode configurá-lo no lugar dela.",
    what_to_do: "Ajude a pessoa a configurar um aplicativo autenticador ou uma chave de acesso. Leva dois minutos.",
    seen: |_| "Não tem aplicativo autenticador nem chave de acesso.".to_owned(),
};

const ENGLISH: Said = Said {
    title: "The second factor that the company demands is missing",
    why: "Until it is set up the person cannot work; and whoever finds out the password can set one up in their place.",
    what_to_do: "Help the person to set up an authenticator app or a passkey. It takes two minutes.",
    seen: |_| "Has neither an authenticator app nor a passkey.".to_owned(),
};

const SPANISH: Said = Said {
    title: "Falta el segundo factor que la empresa exige",
    why: "Mientras no lo configure, la persona no puede trabajar; y quien descubra la contraseña puede configurarlo en su lugar.",
    what_to_do: "Ayude a la persona a configurar una aplicación de autenticación o una llave de acceso. Son dos minutos.",
    seen: |_| "No tiene aplicación de autenticación ni llave de acceso.".to_owned(),
};
