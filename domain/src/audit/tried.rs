//! What rules about many accounts that were tried share: the tries themselves, accounts named in evidence, and the sentence
//! about them.

use std::time::Duration;

use super::Evidence;
use super::fact::{FactName, FactValue, FailuresOn};
use super::telling::Telling;

/// Tries since `{since}`, as (network, email, user_id, at, attempts): wrong passwords; right ones whose second factor had not
/// come within ten minutes, known by `{until}`; and what was turned away unseen.
const TRIES: &str = "
    SELECT e.network, e.email, e.user_id, e.\"at\", CAST(1 AS BIGINT) AS attempts
    FROM sign_in_events e
    WHERE e.\"at\" >= {since} AND e.network <> '' AND (
        e.outcome IN ('wrong_password', 'unknown_email', 'no_password')
        OR e.outcome IN ('second_factor_missing', 'wrong_code') AND e.workspace_id IS NOT NULL AND e.\"at\" <= {until}
           AND NOT EXISTS (SELECT 1 FROM sign_in_events s
               WHERE s.user_id = e.user_id AND s.\"at\" >= e.\"at\" AND s.\"at\" <= e.\"at\" + 600000000
                 AND s.network || '' = e.network AND s.outcome = 'succeeded'))
    UNION ALL
    SELECT t.address, COALESCE(u.email_normalized, ''), u.id, t.minute, t.attempts
    FROM throttled_attempts t LEFT JOIN users u ON u.id = t.user_id
    WHERE t.minute >= {since} AND t.address <> ''";

/// So long after a right password its second factor is waited for.
pub(super) const AWAITED: Duration = Duration::from_secs(10 * 60);

/// A query with the tries in place of `{tries}`: since a parameter or what is made of one, and as far as is known by another.
pub(super) fn with_tries(sql: &str, since: &str, until: &str) -> String {
    sql.replace("{tries}", &TRIES.replace("{since}", since).replace("{until}", until))
}

/// Names one more account.
pub(super) fn add(evidence: &mut Evidence, on: FailuresOn) {
    if let Some(FactValue::Accounts { named, .. }) = evidence.get_mut(FactName::Accounts) {
        named.push(on);
    }
}

/// Accounts tried in all, and those of them that are nobody's here.
fn accounts(told: &Telling<'_>) -> (u64, u64) {
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    match told.evidence().get(FactName::Accounts) {
        Some(FactValue::Accounts { count, foreign, .. }) => (unsigned(count + foreign), unsigned(*foreign)),
        _ => (0, 0),
    }
}

/// From how many addresses.
pub(super) fn addresses(told: &Telling<'_>) -> u64 {
    told.number(FactName::AddressCount)
}

pub(super) fn tried_pt_br(told: &Telling<'_>) -> String {
    let (all, foreign) = accounts(told);
    let tried = format!(
        "{} em {}",
        told.count(told.number(FactName::Failures), "senha errada", "senhas erradas"),
        told.count(all, "conta diferente", "contas diferentes")
    );
    match foreign {
        0 => format!("{tried}."),
        1 => format!("{tried}; 1 delas não é de ninguém daqui."),
        many => format!("{tried}; {} delas não são de ninguém daqui.", told.written(many)),
    }
}

pub(super) fn tried_en(told: &Telling<'_>) -> String {
    let (all, foreign) = accounts(told);
    let tried = format!(
        "{} for {}",
        told.count(told.number(FactName::Failures), "wrong password", "wrong passwords"),
        told.count(all, "account", "different accounts")
    );
    match foreign {
        0 => format!("{tried}."),
        1 => format!("{tried}; 1 of them is nobody's here."),
        many => format!("{tried}; {} of them are nobody's here.", told.written(many)),
    }
}

pub(super) fn tried_es(told: &Telling<'_>) -> String {
    let (all, foreign) = accounts(told);
    let tried = format!(
        "{} en {}",
        told.count(told.number(FactName::Failures), "contraseña errónea", "contraseñas erróneas"),
        told.count(all, "cuenta", "cuentas distintas")
    );
    match foreign {
        0 => format!("{tried}."),
        1 => format!("{tried}; 1 de ellas no es de nadie de aquí."),
        many => format!("{tried}; {} de ellas no son de nadie de aquí.", told.written(many)),
    }
}
