//! Members whose second factor was taken away for them: for a week, and until they have one again.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SecondFactorResetId};
use portaria_entity::time::Timestamp;

use super::administrator::administers;
use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// The last reset of each member, with whether they have a second factor now and, to be added, whether they administer.
const RESET: &str = "
SELECT r.id, r.member_id, r.reset_by, r.reset_at,
       CASE WHEN EXISTS (SELECT 1 FROM second_factors f WHERE f.user_id = m.user_id AND f.confirmed_at IS NOT NULL)
              OR EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = m.user_id) THEN 1 ELSE 0 END AS has_one,
       CASE WHEN {administers} THEN 1 ELSE 0 END AS administers
FROM second_factor_resets r JOIN members m ON m.workspace_id = r.workspace_id AND m.id = r.member_id
WHERE r.workspace_id = $1 AND m.status = 'active'
  AND NOT EXISTS (SELECT 1 FROM second_factor_resets l
                  WHERE l.workspace_id = r.workspace_id AND l.member_id = r.member_id AND l.id > r.id)
ORDER BY r.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let sql = RESET.replace("{administers}", &administers("$2"));
    let reminder = look.days(&RULE, "days");
    let mut found = Vec::new();
    for row in look.rows(&sql, [look.workspace.0.into(), look.now.0.into()]).await? {
        let id: SecondFactorResetId = row.try_get_by_index(0)?;
        let member: MemberId = row.try_get_by_index(1)?;
        let reset_at: Timestamp = row.try_get_by_index(3)?;
        let set_up_again = row.try_get_by_index::<i32>(4)? != 0;
        if set_up_again && look.now.since(reset_at) > reminder {
            continue;
        }
        let evidence = Evidence::new()
            .with(FactName::ResetAt, FactValue::At(reset_at))
            .with(FactName::ResetBy, FactValue::Member(row.try_get_by_index(2)?))
            .with(FactName::IsSetUpAgain, FactValue::Is(set_up_again));
        let administers = row.try_get_by_index::<i32>(5)? != 0;
        let severity = if administers { Severity::Critical } else { RULE.severity };
        found.push(Found::by(&RULE, &id, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SecondFactorReset,
    severity: Severity::High,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A member whose second factor was taken away for them: for `days` days, and until they have one again. That of an administrator is critical.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 7,
    least: 1,
    most: 90,
    about: "How long administrators are reminded, even of who has set one up again: it may have been a thief.",
}];

const PORTUGUESE: Said = Said {
    title: "O segundo fator de alguém foi redefinido",
    why: "Até que seja configurado de novo, basta a senha para entrar; e quem pediu a redefinição pode não ter sido a pessoa.",
    what_to_do: "Confirme que a pessoa pediu isso e que foi ela quem configurou o novo.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsSetUpAgain) {
            "O segundo fator foi removido e já foi configurado de novo."
        } else {
            "O segundo fator foi removido e ainda não foi configurado de novo."
        };
        words.to_owned()
    },
};

const ENGLISH: Said = Said {
    title: "Someone's second factor was reset",
    why: "Until it is set up again a password is enough to get in; and whoever asked for the reset may not have been the person.",
    what_to_do: "Make sure that the person asked for it, and that they have set up a new one themselves.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsSetUpAgain) {
            "The second factor was removed and has been set up again."
        } else {
            "The second factor was removed and has not been set up again."
        };
        words.to_owned()
    },
};

const SPANISH: Said = Said {
    title: "Se restableció el segundo factor de una persona",
    why: "Hasta que se configure de nuevo, basta la contraseña para entrar; y quien pidió el cambio puede no haber sido la persona.",
    what_to_do: "Confirme que la persona lo pidió y que ella misma configuró uno nuevo.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsSetUpAgain) {
            "El segundo factor se eliminó y ya se configuró de nuevo."
        } else {
            "El segundo factor se eliminó y todavía no se ha configurado de nuevo."
        };
        words.to_owned()
    },
};
