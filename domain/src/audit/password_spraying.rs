//! Many accounts failing from addresses that none of them had got in from: common passwords tried on everybody, from many
//! places within an hour, or from one network so slowly that no hour stands out.

use std::time::Duration;

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;

use super::fact::{FactName, FactValue, FailuresOn};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::tried::{AWAITED, add, addresses, tried_en, tried_es, tried_pt_br, with_tries};
use super::{About, DAY, Evidence, Found, Look, NAMED_IN_EVIDENCE, address_on_many_accounts, date_of_day};
use crate::error::Result;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Who mistypes gets in soon after. Who gets in later may be the one who tried.
const SOON: Duration = Duration::from_secs(10 * 60);

/// As for one address: each account is `in hand` from a failure until so much later, here whatever the address, or of a
/// network.
const SPRAYED: &str = "
WITH failed AS ({tries}
), strange AS (
    SELECT {network} AS network, f.network AS address, f.email, f.user_id, f.\"at\", f.attempts FROM failed f
    WHERE NOT EXISTS (SELECT 1 FROM sign_in_events s
        WHERE s.user_id = f.user_id AND s.network || '' = f.network AND s.outcome = 'succeeded'
              AND s.\"at\" >= f.\"at\" - 2592000000000 AND s.\"at\" <= f.\"at\" + $9)
), tries AS (
    SELECT network, email, \"at\",
           LAG(\"at\") OVER (PARTITION BY network, email ORDER BY \"at\") AS before,
           LEAD(\"at\") OVER (PARTITION BY network, email ORDER BY \"at\") AS after
    FROM strange
), edges AS (
    SELECT network, \"at\", 1 AS step FROM tries WHERE before IS NULL OR \"at\" - before > $7
    UNION ALL SELECT network, \"at\" + $7, -1 FROM tries WHERE after IS NULL OR after - \"at\" > $7
    UNION ALL SELECT network, \"at\", 0 FROM tries
), counted AS (
    SELECT network, \"at\", step,
           SUM(step) OVER (PARTITION BY network ORDER BY \"at\", step DESC ROWS UNBOUNDED PRECEDING) AS in_hand
    FROM edges
), busy AS (
    SELECT DISTINCT network, (\"at\" + $3) / 86400000000 AS day FROM counted WHERE step = 0 AND in_hand >= $4
), of_day AS (
    SELECT b.day, f.address, f.email, f.user_id, f.\"at\", f.attempts
    FROM busy b JOIN strange f
         ON f.network = b.network AND f.\"at\" >= b.day * 86400000000 - $3 AND f.\"at\" < (b.day + 1) * 86400000000 - $3
), places AS (
    SELECT day, COUNT(DISTINCT address) AS addresses FROM of_day GROUP BY day
), by_account AS (
    SELECT d.day, d.email, m.id AS member_id,
           CAST(SUM(d.attempts) AS BIGINT) AS failures, MIN(d.\"at\") AS first_at, MAX(d.\"at\") AS last_at
    FROM of_day d LEFT JOIN members m ON m.workspace_id = $1 AND m.user_id = d.user_id AND m.status <> 'removed'
    GROUP BY d.day, d.email, m.id
), ranked AS (
    SELECT day, member_id, failures,
           ROW_NUMBER() OVER (PARTITION BY day
               ORDER BY CASE WHEN member_id IS NULL THEN 1 ELSE 0 END, failures DESC, member_id) AS place,
           CAST(SUM(failures) OVER (PARTITION BY day) AS BIGINT) AS total,
           COUNT(*) OVER (PARTITION BY day) AS accounts,
           COUNT(member_id) OVER (PARTITION BY day) AS own,
           MIN(first_at) OVER (PARTITION BY day) AS first_at,
           MAX(last_at) OVER (PARTITION BY day) AS last_at
    FROM by_account
)
SELECT r.day, r.total, p.addresses, r.accounts, r.own, r.first_at, r.last_at, r.member_id, r.failures
FROM ranked r JOIN places p ON p.day = r.day
WHERE p.addresses >= $5 AND r.member_id IS NOT NULL AND r.place <= $6 ORDER BY r.day, r.place";

/// Of IPv4, all but the last of four numbers; of IPv6, roughly what a provider has.
const NETWORK: &str =
    "CASE WHEN f.network LIKE '%:%' THEN substr(f.network, 1, 10) ELSE rtrim(f.network, '0123456789') END";

/// How a row of failures stands out: by so many accounts in hand for so long, from so many addresses of a network.
struct Manner {
    network: &'static str,
    accounts: i64,
    addresses: i64,
    hold: Duration,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let fast = Manner {
        network: "''",
        accounts: look.parameter(&RULE, "accounts"),
        addresses: look.parameter(&RULE, "addresses"),
        hold: HOUR,
    };
    let slow = Manner {
        network: NETWORK,
        accounts: look.parameter(&RULE, "accounts_a_day"),
        addresses: 1,
        hold: DAY,
    };
    let mut found = sprayed(look, &fast).await?;
    let days: Vec<String> = found.iter().map(|found| found.cause.clone()).collect();
    let slowly = sprayed(look, &slow).await?.into_iter();
    let is_other = |found: &Found| !days.contains(&found.cause) && !is_of_one_address(look, found);
    found.extend(slowly.filter(is_other));
    Ok(found)
}

/// Whether it was one address within an hour, which has a rule of its own.
fn is_of_one_address(look: &Look<'_>, found: &Found) -> bool {
    let rule = &address_on_many_accounts::RULE;
    let is_short = match found.evidence.get(FactName::WrongPasswords) {
        Some(FactValue::During { from, to }) => to.since(*from) <= HOUR,
        _ => false,
    };
    let accounts = match found.evidence.get(FactName::Accounts) {
        Some(FactValue::Accounts { count, foreign, .. }) => count + foreign,
        _ => 0,
    };
    is_short
        && found.evidence.number(FactName::AddressCount) == 1
        && accounts >= look.parameter(rule, "accounts")
        && look.settings.is_enabled(rule.key)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// One for each day.
async fn sprayed(look: &Look<'_>, manner: &Manner) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        look.day_offset.into(),
        manner.accounts.into(),
        manner.addresses.into(),
        NAMED_IN_EVIDENCE.into(),
        micros(manner.hold).into(),
        (look.now - AWAITED).0.into(),
        micros(SOON).into(),
    ];
    let sql = with_tries(&SPRAYED.replace("{network}", manner.network), "$2", "$8");
    let mut found: Vec<Found> = Vec::new();
    for row in look.rows(&sql, values).await? {
        let cause = date_of_day(row.try_get_by_index(0)?)?;
        let member_id: MemberId = row.try_get_by_index(7)?;
        let on = FailuresOn { member_id, failures: row.try_get_by_index(8)? };
        if let Some(last) = found.last_mut().filter(|last| last.cause == cause) {
            add(&mut last.evidence, on);
            continue;
        }
        let (all, own): (i64, i64) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        let during = FactValue::During { from: row.try_get_by_index(5)?, to: row.try_get_by_index(6)? };
        let evidence = Evidence::new()
            .with(FactName::WrongPasswords, during)
            .with(FactName::Accounts, FactValue::Accounts { named: vec![on], count: own, foreign: all - own })
            .with(FactName::AddressCount, FactValue::Number(row.try_get_by_index(2)?))
            .with(FactName::Failures, FactValue::Number(row.try_get_by_index(1)?));
        found.push(Found::by(&RULE, &cause, About::Workspace, evidence));
    }
    Ok(found)
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::PasswordSpraying,
    severity: Severity::High,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "`accounts` accounts failing within an hour from at least `addresses` addresses, none of which any of them got in from in the thirty days before nor within ten minutes after; or `accounts_a_day` accounts within a day from one network (IPv4 /24), by the same measure, unless all of it came within an hour from one address, which is told by `address_on_many_accounts`. A right password whose second factor did not come within ten minutes counts as one that failed. Who tries slowly from networks that have nothing in common is not seen.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "accounts",
        unit: Unit::Times,
        default: 10,
        least: 2,
        most: 1_000,
        about: "Accounts that fail within an hour.",
    },
    Parameter {
        name: "addresses",
        unit: Unit::Times,
        default: 3,
        least: 2,
        most: 1_000,
        about: "Addresses it comes from; from fewer it is a matter of each of them.",
    },
    Parameter {
        name: "accounts_a_day",
        unit: Unit::Times,
        default: 8,
        least: 2,
        most: 1_000,
        about: "Accounts that fail within a day from one network.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Senhas testadas em muitas contas",
    why: "Alguém está testando senhas comuns em todo mundo, poucas de cada endereço ou devagar, para que nenhuma conta nem endereço chame atenção.",
    what_to_do: "Peça a todos que configurem um aplicativo autenticador e veja se alguma das contas foi acessada de um lugar que não é do dono.",
    seen: |told| {
        let came = told.count(addresses(told), "endereço", "endereços diferentes");
        format!("{} Vieram de {came}.", tried_pt_br(told))
    },
};

const ENGLISH: Said = Said {
    title: "Passwords tried on many accounts",
    why: "Someone tries common passwords on everybody, a few from each address or slowly, so that no single account or address stands out.",
    what_to_do: "Ask everybody to set up an authenticator app, and look whether one of the accounts was signed in to from a place that is not its owner's.",
    seen: |told| {
        let came = told.count(addresses(told), "address", "different addresses");
        format!("{} They came from {came}.", tried_en(told))
    },
};

const SPANISH: Said = Said {
    title: "Contraseñas probadas en muchas cuentas",
    why: "Alguien prueba contraseñas comunes con todo el mundo, pocas desde cada dirección o despacio, para que ninguna cuenta ni dirección llame la atención.",
    what_to_do: "Pida a todos que configuren una aplicación de autenticación y revise si alguna de las cuentas se usó desde un lugar que no es de su dueño.",
    seen: |told| {
        let came = told.count(addresses(told), "dirección", "direcciones distintas");
        format!("{} Vinieron de {came}.", tried_es(told))
    },
};
