//! A second factor taken away, and then a sign-in from a place that was never its owner's: how an account is talked out of a
//! helpful colleague.

use std::collections::{HashMap, HashSet, hash_map as map};
use std::time::Duration;

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SecondFactorResetId, UserId};
use portaria_entity::time::Timestamp;

use super::colleague::ACQUAINTED;
use super::fact::{FactName, FactValue};
use super::place::{Entry, is_of_company, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, DAY, Evidence, Found, Look};
use crate::device::network;
use crate::error::Result;

/// So long a network is somebody's before it is theirs, and they came from it on more than one day: an intruder who looked in
/// once has not made it so.
const THEIRS: Duration = ACQUAINTED;

/// Sign-ins after a reset.
const SIGN_INS: &str = "
SELECT e.id, m.id, e.user_id, e.\"at\", e.address, e.user_agent, r.id, r.reset_at, r.reset_by
FROM second_factor_resets r
JOIN members m ON m.workspace_id = r.workspace_id AND m.id = r.member_id
JOIN sign_in_events e ON e.user_id = m.user_id AND e.\"at\" >= r.reset_at AND e.\"at\" <= r.reset_at + $3
WHERE r.workspace_id = $1 AND r.reset_at >= $2 - $3 AND m.status <> 'removed'
  AND e.\"at\" >= $2 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND e.address <> ''
ORDER BY r.id, e.\"at\", e.id";

/// From where somebody got in before a reset.
const BEFORE: &str = "
SELECT e.address, MIN(e.\"at\"), MAX(e.\"at\") FROM sign_in_events e
WHERE e.user_id = $2 AND e.\"at\" < $3 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND e.address <> ''
GROUP BY e.address";

struct Reset {
    id: SecondFactorResetId,
    at: Timestamp,
    by: Option<MemberId>,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let hour = i64::try_from(std::time::Duration::from_secs(3600).as_micros()).unwrap_or(i64::MAX);
    let within = look.parameter(&RULE, "hours").saturating_mul(hour);
    let values = [look.workspace.0.into(), look.since.0.into(), within.into()];
    let (mut entries, mut resets) = (Vec::new(), Vec::new());
    for row in look.rows(SIGN_INS, values).await? {
        entries.push(Entry::read(&row, 0)?);
        resets.push(Reset {
            id: row.try_get_by_index(6)?,
            at: row.try_get_by_index(7)?,
            by: row.try_get_by_index(8)?,
        });
    }
    let judged = judged(look, &entries, |entry, past| Some(past.knows_device(entry))).await?;
    let mut usual: HashMap<SecondFactorResetId, HashSet<String>> = HashMap::new();
    let mut found: Vec<Found> = Vec::new();
    let mut told: HashSet<(SecondFactorResetId, String)> = HashSet::new();
    for ((entry, knows_device), reset) in judged.into_iter().zip(resets) {
        let usual = match usual.entry(reset.id) {
            map::Entry::Occupied(known) => known.into_mut(),
            map::Entry::Vacant(unknown) => unknown.insert(usual_networks(look, entry.user, reset.at).await?),
        };
        // Once a reset and network, so that who sees the last hours only sees no other one first.
        let from = (reset.id, network(&entry.address));
        let is_known = usual.contains(&from.1) || told.contains(&from);
        if is_known || is_of_company(look, &entry, reset.at).await? {
            continue;
        }
        told.insert(from);
        let evidence = Evidence::new()
            .with(FactName::ResetAt, FactValue::At(reset.at))
            .with(FactName::ResetBy, FactValue::Member(reset.by))
            .with(FactName::SignedIn, FactValue::SignIn(entry.told()))
            .with(FactName::IsNewDevice, FactValue::Is(!knows_device));
        let severity = if knows_device { Severity::High } else { RULE.severity };
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence).with_severity(severity);
        // It may follow two resets, and is one sign-in.
        if found.iter().all(|other| other.cause != one.cause) {
            found.push(one);
        }
    }
    Ok(found)
}

/// The networks from which they had got in for long enough.
async fn usual_networks(look: &Look<'_>, user: UserId, reset: Timestamp) -> Result<HashSet<String>> {
    let mut networks: HashMap<String, (Timestamp, Timestamp)> = HashMap::new();
    for row in look.rows(BEFORE, [look.workspace.0.into(), user.0.into(), reset.0.into()]).await? {
        let address: String = row.try_get_by_index(0)?;
        let (first, last): (Timestamp, Timestamp) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let known = networks.entry(network(&address)).or_insert((first, last));
        *known = (known.0.min(first), known.1.max(last));
    }
    // Of who is new, all are: they had no other time to come from them.
    let is_new = networks.values().all(|(first, _)| *first >= reset - THEIRS);
    networks.retain(|_, (first, last)| is_new || *first < reset - THEIRS && last.since(*first) >= DAY);
    Ok(networks.into_keys().collect())
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SignInAfterFactorReset,
    severity: Severity::Critical,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::EndSessions,
    judges: "A sign-in within `hours` hours after a member's second factor was taken away, by a colleague or on the machine, from a \
             network that was not theirs for a week, on more than one day (for who is new: never), and an address that is not the company's; \
             once a network. With a device that they had used before it is high.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "hours",
    unit: Unit::Hours,
    default: 24,
    least: 1,
    most: 168,
    about: "How long after the reset a sign-in is looked at.",
}];

const PORTUGUESE: Said = Said {
    title: "Segundo fator redefinido e, logo depois, um login de lugar desconhecido",
    why: "É um golpe comum: alguém se passa pela pessoa, pede a redefinição e entra com a senha roubada antes que ela perceba.",
    what_to_do: "Ligue agora para a pessoa, em um número que você já conhecia. Se não foi ela, encerre as sessões e suspenda o acesso.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewDevice) {
            "O login veio de uma rede que não é de costume desta pessoa, com um aparelho que ela nunca tinha usado."
        } else {
            "O login veio de uma rede que não é de costume desta pessoa, com um aparelho conhecido."
        };
        words.to_owned()
    },
};

const ENGLISH: Said = Said {
    title: "A second factor was reset, and then a sign-in from an unknown place",
    why: "It is a common fraud: someone poses as the person, asks for the reset, and gets in with the stolen password before they notice.",
    what_to_do: "Call the person now, on a number that you knew before. If it was not them, end the sessions and suspend the access.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewDevice) {
            "The sign-in came from a network that is not this person's, with a device that they had never used."
        } else {
            "The sign-in came from a network that is not this person's, with a known device."
        };
        words.to_owned()
    },
};

const SPANISH: Said = Said {
    title: "Segundo factor restablecido y, poco después, un acceso desde un lugar desconocido",
    why: "Es un fraude común: alguien se hace pasar por la persona, pide el restablecimiento y entra con la contraseña robada antes de que ella lo note.",
    what_to_do: "Llame ahora a la persona, a un número que usted ya conocía. Si no fue ella, cierre sus sesiones y suspenda el acceso.",
    seen: |told| {
        let words = if told.evidence().is(FactName::IsNewDevice) {
            "El acceso vino de una red que no es la habitual de esta persona, con un dispositivo que nunca había usado."
        } else {
            "El acceso vino de una red que no es la habitual de esta persona, con un dispositivo conocido."
        };
        words.to_owned()
    },
};
