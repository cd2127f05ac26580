//! A sign-in that succeeds right after a row of wrong passwords: somebody's memory came back, or somebody guessed.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SignInEventId};

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

const GUESSED: &str = "
SELECT s.id, m.id, s.\"at\", s.address, s.user_agent, COUNT(f.id), MIN(f.\"at\"), MAX(f.\"at\"),
       MAX(CASE WHEN f.address <> s.address THEN 1 ELSE 0 END),
       CASE WHEN EXISTS (SELECT 1 FROM sign_in_events k
                         WHERE k.user_id = s.user_id AND k.\"at\" >= s.\"at\" - 2592000000000
                           AND k.\"at\" < s.\"at\" - 3600000000
                           AND k.address || '' = s.address AND k.outcome = 'succeeded') THEN 1 ELSE 0 END
FROM members m
JOIN sign_in_events s ON s.user_id = m.user_id AND s.workspace_id = m.workspace_id
JOIN sign_in_events f ON f.user_id = s.user_id AND f.\"at\" <= s.\"at\" AND f.\"at\" >= s.\"at\" - 3600000000
WHERE m.workspace_id = $1 AND m.status <> 'removed' AND s.\"at\" >= $2 AND s.outcome = 'succeeded'
  AND f.outcome IN ('wrong_password', 'wrong_code')
  AND NOT EXISTS (SELECT 1 FROM sign_in_events p
                  WHERE p.user_id = s.user_id AND p.outcome = 'succeeded' AND p.\"at\" > f.\"at\" AND p.\"at\" < s.\"at\")
  AND NOT EXISTS (SELECT 1 FROM password_resets r
                  WHERE r.user_id = s.user_id AND r.used_at >= f.\"at\" AND r.used_at <= s.\"at\")
GROUP BY s.id, m.id, s.user_id, s.\"at\", s.address, s.user_agent
HAVING COUNT(f.id) >= $3
ORDER BY s.\"at\", s.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), look.since.0.into(), look.parameter(&RULE, "failures").into()];
    let mut found = Vec::new();
    for row in look.rows(GUESSED, values).await? {
        let sign_in: SignInEventId = row.try_get_by_index(0)?;
        let member: MemberId = row.try_get_by_index(1)?;
        let evidence = Evidence::new()
            .with(FactName::SignedIn, FactValue::At(row.try_get_by_index(2)?))
            .with(FactName::From, FactValue::Address(row.try_get_by_index(3)?))
            .with(FactName::Device, FactValue::Device(row.try_get_by_index(4)?))
            .with(
                FactName::WrongPasswords,
                FactValue::During { from: row.try_get_by_index(6)?, to: row.try_get_by_index(7)? },
            )
            .with(FactName::Failures, FactValue::Number(row.try_get_by_index(5)?));
        let (elsewhere, is_known) = (row.try_get_by_index::<i32>(8)?, row.try_get_by_index::<i32>(9)?);
        // All from one address where the person got in before: mostly it is they who remember.
        let severity = if elsewhere == 0 && is_known != 0 { Severity::Medium } else { RULE.severity };
        found.push(Found::by(&RULE, &sign_in, About::Member(member), evidence).with_severity(severity));
    }
    Ok(found)
}

/// From the first wrong password until they got in.
fn lasted(told: &Telling<'_>) -> String {
    let evidence = told.evidence();
    let signed_in = evidence.at(FactName::SignedIn).unwrap_or_default();
    match evidence.get(FactName::WrongPasswords) {
        Some(FactValue::During { from, .. }) => told.lasting(*from, signed_in),
        _ => told.lasting(signed_in, signed_in),
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SuccessAfterFailures,
    severity: Severity::Critical,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::EndSessions,
    judges: "A sign-in that succeeds after `failures` wrong passwords or codes within the hour before it, none of them followed by an earlier success nor by a new password through a mailed link. When all came from one address where the person got in within thirty days before, it is medium.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "failures",
    unit: Unit::Times,
    default: 5,
    least: 2,
    most: 100,
    about: "Wrong passwords or codes in the hour before.",
}];

const PORTUGUESE: Said = Said {
    title: "Alguém entrou depois de muitas senhas erradas",
    why: "Pode ser alguém que esqueceu a própria senha, mas é também o que acontece quando um invasor acerta a senha por tentativas.",
    what_to_do: "Ligue para a pessoa agora. Se não foi ela, encerre as sessões e troque a senha da conta.",
    seen: |told| {
        format!(
            "{} em {} e, em seguida, um login que deu certo.",
            told.count(told.number(FactName::Failures), "senha errada", "senhas erradas"),
            lasted(told)
        )
    },
};

const ENGLISH: Said = Said {
    title: "Someone got in after many wrong passwords",
    why: "It may be someone who forgot their own password; it is also what happens when an intruder guesses one.",
    what_to_do: "Call the person now. If it was not them, end the sessions and change the account's password.",
    seen: |told| {
        format!(
            "{} in {}, and then a sign-in that worked.",
            told.count(told.number(FactName::Failures), "wrong password", "wrong passwords"),
            lasted(told)
        )
    },
};

const SPANISH: Said = Said {
    title: "Alguien entró tras muchas contraseñas erróneas",
    why: "Puede ser alguien que olvidó su propia contraseña, pero es también lo que ocurre cuando un intruso la adivina.",
    what_to_do: "Llame a la persona ahora. Si no fue ella, cierre sus sesiones y cambie la contraseña de la cuenta.",
    seen: |told| {
        format!(
            "{} en {} y, a continuación, un acceso correcto.",
            told.count(told.number(FactName::Failures), "contraseña errónea", "contraseñas erróneas"),
            lasted(told)
        )
    },
};
