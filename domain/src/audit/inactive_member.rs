//! Members who have been here and have not come back for longer than the workspace allows.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue, SignIn};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Last seen is the latest of: an authenticated request, a sign-in, a session opened in another way. Sessions are looked for
/// by their user: with the workspace, SQLite would rather look through all of that than use an index.
const SILENT: &str = "
SELECT m.id, m.last_active_at, e.\"at\", e.address, e.user_agent,
       CASE WHEN m.id IN (
           SELECT g.member_id FROM grants g JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id
           WHERE g.workspace_id = $1 AND g.closed_at IS NULL
             AND (g.valid_until IS NULL OR g.valid_until > $3) AND r.built_in = 'administrator'
       ) THEN 1 ELSE 0 END
FROM members m
LEFT JOIN sign_in_events e ON e.id = (
    SELECT s.id FROM sign_in_events s
    WHERE s.user_id = m.user_id AND s.workspace_id = m.workspace_id AND s.outcome = 'succeeded'
    ORDER BY s.\"at\" DESC LIMIT 1)
WHERE m.workspace_id = $1 AND m.status = 'active'
  AND COALESCE(m.last_active_at, 0) < $2 AND COALESCE(e.\"at\", 0) < $2
  AND NOT EXISTS (SELECT 1 FROM sessions o
                  WHERE o.user_id = m.user_id AND o.member_id = m.id AND o.created_at >= $2)
  AND (m.last_active_at IS NOT NULL OR e.id IS NOT NULL)
ORDER BY m.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let silent_since = look.now - look.days(&RULE, "days");
    let values = [look.workspace.0.into(), silent_since.0.into(), look.now.0.into()];
    let mut found = Vec::new();
    for row in look.rows(SILENT, values).await? {
        let member: MemberId = row.try_get_by_index(0)?;
        let last_sign_in = match row.try_get_by_index::<Option<Timestamp>>(2)? {
            Some(at) => {
                Some(SignIn { at, address: row.try_get_by_index(3)?, user_agent: row.try_get_by_index(4)? })
            }
            None => None,
        };
        let is_administrator = row.try_get_by_index::<i32>(5)? == 1;
        let last_active_at: Option<Timestamp> = row.try_get_by_index(1)?;
        let evidence = Evidence::new()
            .with_some(FactName::LastActive, last_active_at.map(FactValue::At))
            .with_some(FactName::LastSignIn, last_sign_in.map(FactValue::SignIn));
        let severity = if is_administrator { Severity::Medium } else { RULE.severity };
        // What an administrator's forgotten account opens is everything.
        found.push(Found::by(&RULE, &member, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

/// Days since they were seen last.
fn silent_for(told: &Telling<'_>) -> u64 {
    let evidence = told.evidence();
    let last = evidence.at(FactName::LastActive).max(evidence.at(FactName::LastSignIn));
    last.map_or(0, |last| told.days_since(last))
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
    seen: |told| format!("Não usa o Portaria há {}.", told.days(silent_for(told))),
};

const ENGLISH: Said = Said {
    title: "Has access, but has not used it for long",
    why: "Access that nobody uses is still open: if the password leaks, nobody will notice.",
    what_to_do: "Find out whether the person still needs access. If not, suspend it.",
    seen: |told| format!("Has not used Portaria for {}.", told.days(silent_for(told))),
};

const SPANISH: Said = Said {
    title: "Tiene acceso, pero no lo usa desde hace mucho",
    why: "Un acceso que nadie usa sigue abierto: si la contraseña se filtra, nadie lo notará.",
    what_to_do: "Confirme si la persona aún necesita el acceso. Si no, suspenda ese acceso.",
    seen: |told| format!("No usa Portaria desde hace {}.", told.days(silent_for(told))),
};
