//! What rules about many accounts that were tried share: accounts named in evidence, and the sentence about them.

use super::Evidence;
use super::fact::{FactName, FactValue, FailuresOn};
use super::telling::Telling;

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
