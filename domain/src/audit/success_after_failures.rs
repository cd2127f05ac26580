//! A sign-in that succeeds right after a row of wrong passwords: somebody's memory came back, or somebody guessed.

use portaria_entity::finding::{AuditRule, Severity};
use sea_orm::QueryResult;

use super::fact::{FactName, FactValue};
use super::place::{Entry, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Those who failed often enough are few: from them on, in the order of the joins, which SQLite keeps where they cross.
const GUESSED: &str = "
WITH failed AS MATERIALIZED (
    SELECT user_id FROM sign_in_events
    WHERE \"at\" >= $2 - 3600000000 AND outcome IN ('wrong_password', 'wrong_code')
), failing AS MATERIALIZED (
    SELECT user_id FROM failed GROUP BY user_id HAVING COUNT(*) >= $3
)
SELECT s.id, m.id, s.user_id, s.\"at\", s.address, s.user_agent, COUNT(f.id), MIN(f.\"at\"), MAX(f.\"at\"),
       MAX(CASE WHEN f.network <> s.network THEN 1 ELSE 0 END),
       CASE WHEN EXISTS (SELECT 1 FROM sign_in_events k
                         WHERE k.user_id = s.user_id AND k.\"at\" >= s.\"at\" - 2592000000000
                           AND k.\"at\" < s.\"at\" - 3600000000
                           AND k.network || '' = s.network AND k.workspace_id = $1
                           AND k.outcome = 'succeeded') THEN 1 ELSE 0 END
FROM failing o CROSS JOIN members m CROSS JOIN sign_in_events s CROSS JOIN sign_in_events f
WHERE m.workspace_id = $1 AND m.user_id = o.user_id AND s.user_id = o.user_id AND s.workspace_id = $1
  AND f.user_id = s.user_id AND f.\"at\" <= s.\"at\" AND f.\"at\" >= s.\"at\" - 3600000000
  AND m.status <> 'removed' AND s.\"at\" >= $2 AND s.outcome = 'succeeded'
  AND f.outcome IN ('wrong_password', 'wrong_code')
  AND NOT EXISTS (SELECT 1 FROM sign_in_events p
                  WHERE p.user_id = s.user_id AND p.workspace_id = $1 AND p.outcome = 'succeeded'
                    AND p.\"at\" > f.\"at\" AND p.\"at\" < s.\"at\")
  AND NOT EXISTS (SELECT 1 FROM password_resets r
                  WHERE r.user_id = s.user_id AND r.used_at >= f.\"at\" AND r.used_at <= s.\"at\")
GROUP BY s.id, m.id, s.user_id, s.\"at\", s.address, s.network, s.user_agent
HAVING COUNT(f.id) >= $3
ORDER BY s.\"at\", s.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), look.since.0.into(), look.parameter(&RULE, "failures").into()];
    let (mut entries, mut guesses) = (Vec::new(), Vec::new());
    for row in look.rows(GUESSED, values).await? {
        entries.push(Entry::read(&row, 0)?);
        guesses.push(Guess::read(&row)?);
    }
    let judged = judged(look, &entries, |entry, past| Some(past.recognises(entry))).await?;
    let mut found = Vec::new();
    for ((entry, is_theirs), guess) in judged.into_iter().zip(guesses) {
        let severity = match (is_theirs, guess.is_where_they_are) {
            // At their own device, where they always are: it is they who remember.
            (true, true) => continue,
            (false, false) => RULE.severity,
            _ => Severity::Medium,
        };
        let evidence = Evidence::new()
            .with(FactName::SignedIn, FactValue::At(entry.at))
            .with(FactName::From, FactValue::Address(entry.address))
            .with(FactName::Device, FactValue::Device(entry.user_agent))
            .with(FactName::IsNewDevice, FactValue::Is(!is_theirs))
            .with(FactName::WrongPasswords, guess.during)
            .with(FactName::Failures, FactValue::Number(guess.failures));
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence);
        found.push(one.with_severity(severity));
    }
    Ok(found)
}

/// What went before a success.
struct Guess {
    failures: i64,
    during: FactValue,
    /// All of it, and the success, from one address where the person had got in before.
    is_where_they_are: bool,
}

impl Guess {
    /// From the columns of a row after those of the success.
    fn read(row: &QueryResult) -> Result<Self> {
        let (elsewhere, is_known) = (row.try_get_by_index::<i32>(9)?, row.try_get_by_index::<i32>(10)?);
        Ok(Self {
            failures: row.try_get_by_index(6)?,
            during: FactValue::During { from: row.try_get_by_index(7)?, to: row.try_get_by_index(8)? },
            is_where_they_are: elsewhere == 0 && is_known != 0,
        })
    }
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
    judges: "A sign-in that succeeds after `failures` wrong passwords or codes within the hour before it, none of them followed by an earlier success in this workspace nor by a new password through a mailed link. It is medium when all came from one address, or one connection of IPv6 (/64), where the person got in within thirty days before, or when the sign-in is from a device that Portaria knows as theirs; nothing is said when both are true.",
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
    what_to_do: "Ligue para a pessoa e pergunte se foi ela. Se não foi, encerre as sessões e troque a senha da conta.",
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
    what_to_do: "Call the person and ask whether it was them. If not, end the sessions and change the account's password.",
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
    what_to_do: "Llame a la persona y pregúntele si fue ella. Si no, cierre sus sesiones y cambie la contraseña de la cuenta.",
    seen: |told| {
        format!(
            "{} en {} y, a continuación, un acceso correcto.",
            told.count(told.number(FactName::Failures), "contraseña errónea", "contraseñas erróneas"),
            lasted(told)
        )
    },
};
