//! A right password in what seem to be a stranger's hands, while the second factor keeps them out: guessed, leaked, or
//! phished. It is the last moment at which nothing is lost yet.

use portaria_entity::finding::{AuditRule, Severity};

use super::fact::{FactName, FactValue};
use super::place::{Entry, is_of_company, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::tried::AWAITED;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Right passwords without a second factor within ten minutes, from where their owner had not got in for thirty days: the
/// first of a row. With each, how many wrong ones went before it within an hour; and on how many other accounts its network
/// failed within an hour before or after, but for those that got in from there themselves. SQLite keeps the order of joins that cross.
const HELD: &str = "
WITH held AS MATERIALIZED (
    SELECT e.id, m.id AS member_id, e.user_id, e.\"at\", e.address, e.network, e.user_agent
    FROM sign_in_events e CROSS JOIN members m
    WHERE m.workspace_id = $1 AND m.user_id = e.user_id AND e.\"at\" >= $2 AND e.\"at\" <= $3 AND e.workspace_id = $1
      AND e.outcome IN ('second_factor_missing', 'wrong_code') AND e.network <> '' AND m.status <> 'removed'
      AND NOT EXISTS (
          SELECT 1 FROM sign_in_events s
          WHERE s.user_id = e.user_id AND s.\"at\" >= e.\"at\" - 2592000000000 AND s.\"at\" <= e.\"at\" + 600000000
            AND s.network || '' = e.network AND s.outcome = 'succeeded')
      AND NOT EXISTS (
          SELECT 1 FROM sign_in_events h
          WHERE h.user_id = e.user_id AND h.\"at\" >= e.\"at\" - 3600000000 AND h.\"at\" < e.\"at\"
            AND h.network || '' = e.network AND h.workspace_id = $1
            AND h.outcome IN ('second_factor_missing', 'wrong_code'))
), tries AS (
    SELECT h.id, h.\"at\" AS held_at, h.network, t.email, t.user_id, t.\"at\"
    FROM held h JOIN sign_in_events t
         ON t.network = h.network AND t.\"at\" >= h.\"at\" - 3600000000 AND t.\"at\" <= h.\"at\" + 3600000000
    WHERE t.outcome IN ('wrong_password', 'unknown_email', 'no_password', 'second_factor_missing', 'wrong_code')
      AND (t.user_id IS NULL OR t.user_id <> h.user_id)
    UNION ALL
    SELECT h.id, h.\"at\", h.network, COALESCE(u.email_normalized, ''), u.id, t.minute
    FROM held h CROSS JOIN throttled_attempts t LEFT JOIN users u ON u.id = t.user_id
    WHERE t.minute >= h.\"at\" - 3600000000 AND t.minute <= h.\"at\" + 3600000000 AND t.address = h.network
      AND t.user_id <> h.user_id
), others AS (
    SELECT t.id, COUNT(DISTINCT t.email) AS accounts FROM tries t
    WHERE NOT EXISTS (
        SELECT 1 FROM sign_in_events s
        WHERE s.user_id = t.user_id AND s.\"at\" >= t.\"at\" - 2592000000000 AND s.\"at\" <= t.held_at + 3600000000
          AND s.network || '' = t.network AND s.outcome = 'succeeded')
    GROUP BY t.id
)
SELECT h.id, h.member_id, h.user_id, h.\"at\", h.address, h.user_agent,
       (SELECT COUNT(*) FROM sign_in_events f
        WHERE f.user_id = h.user_id AND f.\"at\" >= h.\"at\" - 3600000000 AND f.\"at\" <= h.\"at\"
          AND f.outcome = 'wrong_password'
          AND NOT EXISTS (SELECT 1 FROM sign_in_events p
                          WHERE p.user_id = h.user_id AND p.\"at\" > f.\"at\" AND p.\"at\" < h.\"at\"
                            AND p.outcome = 'succeeded')),
       COALESCE(o.accounts, 0)
FROM held h LEFT JOIN others o ON o.id = h.id
ORDER BY h.\"at\", h.id";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [look.workspace.0.into(), look.since.0.into(), (look.now - AWAITED).0.into()];
    let (mut entries, mut counts): (Vec<Entry>, Vec<(i64, i64)>) = (Vec::new(), Vec::new());
    for row in look.rows(HELD, values).await? {
        entries.push(Entry::read(&row, 0)?);
        counts.push((row.try_get_by_index(6)?, row.try_get_by_index(7)?));
    }
    let [most_failures, most_accounts] = ["failures", "accounts"].map(|name| look.parameter(&RULE, name));
    let judged = judged(look, &entries, |entry, past| Some(past.is_strange(entry))).await?;
    let mut found = Vec::new();
    for ((entry, is_strange), (failures, accounts)) in judged.into_iter().zip(counts) {
        let is_attack = failures >= most_failures || accounts >= most_accounts;
        let severity = match (is_attack, is_strange) {
            (true, _) => RULE.severity,
            (false, true) if !is_of_company(look, &entry, entry.at).await? => Severity::Medium,
            (false, _) => continue,
        };
        let some = |number: i64| (number > 0).then_some(FactValue::Number(number));
        let evidence = Evidence::new()
            .with(FactName::RightPassword, FactValue::SignIn(entry.told()))
            .with_some(FactName::Failures, some(failures))
            .with_some(FactName::OtherAccounts, some(accounts));
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence);
        found.push(one.with_severity(severity));
    }
    Ok(found)
}

/// What is always true, and what went with it.
fn seen(told: &Telling<'_>, always: &str, failures: &str, accounts: &str) -> String {
    let mut said = always.to_owned();
    for (name, sentence) in [(FactName::Failures, failures), (FactName::OtherAccounts, accounts)] {
        if told.number(name) > 0 {
            said.push(' ');
            said.push_str(sentence);
        }
    }
    said
}

fn failures(told: &Telling<'_>, one: &str, many: &str) -> String {
    told.count(told.number(FactName::Failures), one, many)
}

fn accounts(told: &Telling<'_>, one: &str, many: &str) -> String {
    told.count(told.number(FactName::OtherAccounts), one, many)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::PasswordKnown,
    severity: Severity::High,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A right password whose second factor did not come from there within ten minutes, or was wrong, from an address, or a \
             connection of IPv6 (/64), where the person had not got in for thirty days. High after `failures` wrong passwords for that \
             account within the hour before it, or when the same address fails on `accounts` other accounts within an hour before or \
             after. Without either it is medium, and only when network (/24, /48) and kind of device were both never theirs and \
             the address is not the company's. Once for what follows within an hour. A wrong code in an open session looks the same.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "failures",
        unit: Unit::Times,
        default: 5,
        least: 2,
        most: 100,
        about: "Wrong passwords in the hour before.",
    },
    Parameter {
        name: "accounts",
        unit: Unit::Times,
        default: 5,
        least: 2,
        most: 1_000,
        about: "Other accounts on which the same address fails.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Alguém tem a senha de uma conta; o segundo fator segurou",
    why: "Só o segundo fator ainda separa esta conta de quem sabe a senha dela.",
    what_to_do: "Pergunte à pessoa se foi ela. Se não foi, peça que troque a senha agora, também onde mais a usa, e que não informe código a ninguém.",
    seen: |told| {
        let failures = failures(told, "senha errada", "senhas erradas");
        let accounts = accounts(told, "outra conta", "outras contas");
        seen(
            told,
            "A senha certa veio de um endereço de onde a pessoa não costuma entrar, mas sem o segundo fator.",
            &format!("Antes dela, {failures}."),
            &format!("O mesmo endereço falhou em {accounts}."),
        )
    },
};

const ENGLISH: Said = Said {
    title: "Someone has an account's password; the second factor held",
    why: "Only the second factor still stands between this account and whoever knows its password.",
    what_to_do: "Ask the person whether it was them. If not, have them change the password now, wherever else they use it too, and give no code to anybody.",
    seen: |told| {
        let failures = failures(told, "wrong password", "wrong passwords");
        let accounts = accounts(told, "other account", "other accounts");
        seen(
            told,
            "The right password came from an address that the person does not usually sign in from, but without the second factor.",
            &format!("Before it, {failures}."),
            &format!("The same address failed on {accounts}."),
        )
    },
};

const SPANISH: Said = Said {
    title: "Alguien tiene la contraseña de una cuenta; el segundo factor resistió",
    why: "Solo el segundo factor separa todavía esta cuenta de quien sabe su contraseña.",
    what_to_do: "Pregunte a la persona si fue ella. Si no, pídale que cambie la contraseña ahora, también donde más la use, y que no dé ningún código a nadie.",
    seen: |told| {
        let failures = failures(told, "contraseña errónea", "contraseñas erróneas");
        let accounts = accounts(told, "otra cuenta", "otras cuentas");
        seen(
            told,
            "La contraseña correcta llegó desde una dirección desde la que la persona no suele entrar, pero sin el segundo factor.",
            &format!("Antes, {failures}."),
            &format!("La misma dirección falló en {accounts}."),
        )
    },
};
