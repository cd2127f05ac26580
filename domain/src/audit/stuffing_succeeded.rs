//! An address that fails on many accounts and gets into one: passwords that leaked elsewhere, tried here, and one of them fits.

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SignInEventId};

use super::fact::{FactName, FactValue, FailuresOn, SignIn};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::tried::{AWAITED, add, tried_en, tried_es, tried_pt_br, with_tries};
use super::{About, Evidence, Found, Look, NAMED_IN_EVIDENCE};
use crate::error::Result;

/// Networks that failed on many accounts; whom they got into who had never got in to this workspace from there; and, within an
/// hour of that, which accounts they failed on. An account that got in from there itself, before or soon after, was its owner mistyping:
/// so an office in the morning is none.
/// SQLite keeps the order of joins that cross.
const STUFFED: &str = "
WITH tries AS MATERIALIZED ({tries}
), many AS MATERIALIZED (
    SELECT network FROM tries GROUP BY network HAVING COUNT(DISTINCT email) >= $3
), entries AS MATERIALIZED (
    SELECT e.id, m.id AS member_id, e.\"at\", e.address, e.network, e.user_agent
    FROM many y CROSS JOIN sign_in_events e CROSS JOIN members m
    WHERE e.network = y.network AND e.\"at\" >= $2 AND m.workspace_id = $1 AND m.user_id = e.user_id
      AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND m.status <> 'removed'
      AND NOT EXISTS (
          SELECT 1 FROM sign_in_events p
          WHERE p.user_id = e.user_id AND p.\"at\" >= e.\"at\" - 2592000000000 AND p.\"at\" < e.\"at\"
            AND p.network || '' = e.network AND p.workspace_id = $1 AND p.outcome = 'succeeded')
), failed AS (
    SELECT e.id, e.member_id, e.\"at\" AS signed_in_at, e.address, e.user_agent,
           t.email, t.user_id, t.attempts, t.\"at\"
    FROM entries e
    JOIN tries t ON t.network = e.network AND t.\"at\" >= e.\"at\" - 3600000000 AND t.\"at\" <= e.\"at\" + 3600000000
    WHERE NOT EXISTS (
        SELECT 1 FROM sign_in_events s
        WHERE s.user_id = t.user_id AND s.\"at\" >= t.\"at\" - 2592000000000 AND s.\"at\" <= e.\"at\" + 3600000000
          AND s.network || '' = t.network AND s.outcome = 'succeeded')
), by_account AS (
    SELECT f.id, f.member_id, f.signed_in_at, f.address, f.user_agent, f.email, o.id AS own_id,
           CAST(SUM(f.attempts) AS BIGINT) AS failures, MIN(f.\"at\") AS first_at, MAX(f.\"at\") AS last_at
    FROM failed f LEFT JOIN members o ON o.workspace_id = $1 AND o.user_id = f.user_id AND o.status <> 'removed'
    GROUP BY f.id, f.member_id, f.signed_in_at, f.address, f.user_agent, f.email, o.id
), ranked AS (
    SELECT id, member_id, signed_in_at, address, user_agent, own_id, failures,
           ROW_NUMBER() OVER (PARTITION BY id
               ORDER BY CASE WHEN own_id IS NULL THEN 1 ELSE 0 END, failures DESC, own_id) AS place,
           CAST(SUM(failures) OVER (PARTITION BY id) AS BIGINT) AS total,
           COUNT(*) OVER (PARTITION BY id) AS accounts,
           COUNT(own_id) OVER (PARTITION BY id) AS own,
           MIN(first_at) OVER (PARTITION BY id) AS first_at,
           MAX(last_at) OVER (PARTITION BY id) AS last_at
    FROM by_account
)
SELECT id, member_id, signed_in_at, address, user_agent, total, accounts, own, first_at, last_at, own_id, failures
FROM ranked
WHERE accounts >= $3 AND (place = 1 OR own_id IS NOT NULL AND place <= $4)
ORDER BY signed_in_at, id, place";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.parameter(&RULE, "accounts").into(),
        NAMED_IN_EVIDENCE.into(),
        (look.now - AWAITED).0.into(),
    ];
    let sql = with_tries(STUFFED, "$2 - 3600000000", "$5");
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql, values).await? {
        let sign_in: SignInEventId = row.try_get_by_index(0)?;
        let own: Option<MemberId> = row.try_get_by_index(10)?;
        let failures = row.try_get_by_index(11)?;
        let on = own.map(|member_id| FailuresOn { member_id, failures });
        let cause = sign_in.to_string();
        if let (Some(last), Some(on)) = (found.last_mut().filter(|last| last.cause == cause), &on) {
            add(&mut last.evidence, on.clone());
            continue;
        }
        let member: MemberId = row.try_get_by_index(1)?;
        let (all, own): (i64, i64) = (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
        let during = FactValue::During { from: row.try_get_by_index(8)?, to: row.try_get_by_index(9)? };
        let named = on.into_iter().collect();
        let signed_in = SignIn {
            at: row.try_get_by_index(2)?,
            address: row.try_get_by_index(3)?,
            user_agent: row.try_get_by_index(4)?,
        };
        let evidence = Evidence::new()
            .with(FactName::SignedIn, FactValue::SignIn(signed_in))
            .with(FactName::WrongPasswords, during)
            .with(FactName::Accounts, FactValue::Accounts { named, count: own, foreign: all - own })
            .with(FactName::Failures, FactValue::Number(row.try_get_by_index(5)?));
        found.push(Found::by(&RULE, &cause, About::Member(member), evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::StuffingSucceeded,
    severity: Severity::Critical,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::EndSessions,
    judges: "A sign-in from an address, or a connection of IPv6 (/64), where its owner had not got in for thirty days, and which \
             within an hour before or after fails on `accounts` accounts. An e-mail that is no account counts as one; what was turned \
             away unseen counts too, and a right password whose second factor did not come within ten minutes; \
             an account that got in from there itself, in the thirty days before or within the hour, does not: \
             colleagues who mistype behind one office address are no attack.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "accounts",
    unit: Unit::Times,
    default: 5,
    least: 2,
    most: 1_000,
    about: "Other accounts on which the same address fails.",
}];

const PORTUGUESE: Said = Said {
    title: "Um endereço que atacava várias contas conseguiu entrar em uma",
    why: "Alguém testa senhas vazadas de outros sites, e uma delas serviu. Muito provavelmente não foi o dono da conta quem entrou.",
    what_to_do: "Encerre as sessões agora, troque a senha da conta e veja o que foi feito desde o login.",
    seen: |told| format!("{} Do mesmo endereço, o login nesta conta deu certo.", tried_pt_br(told)),
};

const ENGLISH: Said = Said {
    title: "An address that attacked many accounts got into one",
    why: "Someone is trying passwords that leaked from other sites, and one of them fitted. Most probably it was not the owner who signed in.",
    what_to_do: "End the sessions now, change the account's password, and look at what was done since the sign-in.",
    seen: |told| format!("{} From the same address, the sign-in to this account worked.", tried_en(told)),
};

const SPANISH: Said = Said {
    title: "Una dirección que atacaba varias cuentas logró entrar en una",
    why: "Alguien prueba contraseñas filtradas de otros sitios, y una de ellas sirvió. Muy probablemente no fue el dueño quien entró.",
    what_to_do: "Cierre las sesiones ahora, cambie la contraseña de la cuenta y revise qué se hizo desde el acceso.",
    seen: |told| format!("{} Desde la misma dirección, el acceso a esta cuenta funcionó.", tried_es(told)),
};
