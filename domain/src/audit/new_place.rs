//! A person's first sign-in from a country, or from a network and with a device together, that were never theirs.

use portaria_entity::finding::{AuditRule, Severity};

use super::fact::{FactName, FactValue};
use super::place::{Entry, Past, is_of_company, judged};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, Evidence, Found, Look};
use crate::error::Result;

/// Sign-ins whose network was never their owner's before. Without the digits at its end two addresses are the same only
/// within one network of 256; what of IPv6 looks different here is compared once more where it is judged.
const STRANGE: &str = "
SELECT e.id, m.id, e.user_id, e.\"at\", e.address, e.user_agent
FROM sign_in_events e JOIN members m ON m.workspace_id = $1 AND m.user_id = e.user_id
WHERE e.\"at\" >= $2 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND e.address <> '' AND m.status <> 'removed'
  AND NOT EXISTS (
      SELECT 1 FROM sign_in_events p
      WHERE p.user_id = e.user_id AND p.\"at\" < e.\"at\" AND p.workspace_id = $1 AND p.outcome = 'succeeded'
        AND rtrim(p.address, '0123456789') = rtrim(e.address, '0123456789'))
  AND EXISTS (
      SELECT 1 FROM sign_in_events f
      WHERE f.user_id = e.user_id AND f.\"at\" < e.\"at\" - $3 AND f.workspace_id = $1 AND f.outcome = 'succeeded')
ORDER BY e.\"at\", e.id";

/// What is new about a place.
#[derive(Clone, Copy)]
struct News {
    country: bool,
    device: bool,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let learning = i64::try_from(look.days(&RULE, "days").as_micros()).unwrap_or(i64::MAX);
    let values = [look.workspace.0.into(), look.since.0.into(), learning.into()];
    let mut entries = Vec::new();
    for row in look.rows(STRANGE, values).await? {
        entries.push(Entry::read(&row, 0)?);
    }
    let mut found = Vec::new();
    for (entry, news) in judged(look, &entries, |entry, past| judge(look, entry, past)).await? {
        if is_of_company(look, &entry, entry.at).await? {
            continue;
        }
        let evidence = Evidence::new()
            .with(FactName::SignedIn, FactValue::SignIn(entry.told()))
            .with(FactName::IsNewCountry, FactValue::Is(news.country))
            .with(FactName::IsNewDevice, FactValue::Is(news.device));
        let severity = if news.country && news.device { Severity::High } else { RULE.severity };
        let one = Found::by(&RULE, &entry.id, About::Member(entry.member), evidence);
        found.push(one.with_severity(severity));
    }
    Ok(found)
}

fn judge(look: &Look<'_>, entry: &Entry, past: &Past) -> Option<News> {
    if past.knows_network(entry, entry.at) {
        return None;
    }
    let country = look.countries.of(&entry.address);
    let news = News {
        country: country.is_some_and(|country| past.is_new_country(country.code(), entry.at)),
        device: !past.knows_device(entry),
    };
    (news.country || news.device).then_some(news)
}

fn is_new(told: &Telling<'_>) -> (bool, bool) {
    (told.evidence().is(FactName::IsNewCountry), told.evidence().is(FactName::IsNewDevice))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::NewPlace,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "A person's first sign-in from a country, or from a network (/24, /48) with a device that were both never theirs. \
             Another network with a known device in a known country is nothing: telephones and providers change theirs daily. \
             Nor is a known network with another device, nor an address from which two colleagues got in more than a week before, again three \
             days after that or later, and within thirty days. \
             A device is another one by program and system, or when it shows itself for the first time, if its owner's others do not \
             do so all the time. A new country with a new device is high. Countries need the operator's database. \
             Only of people whose first sign-in was `days` days before.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "days",
    unit: Unit::Days,
    default: 14,
    least: 1,
    most: 180,
    about: "How long somebody's places are learned before any is new.",
}];

const PORTUGUESE: Said = Said {
    title: "Alguém entrou de um lugar que não é o de costume",
    why: "Pode ser uma viagem ou um celular novo; é também assim que aparece uma senha roubada.",
    what_to_do: "Pergunte à pessoa se foi ela. Se não foi, encerre as sessões e troque a senha da conta.",
    seen: |told| {
        let words = match is_new(told) {
            (true, true) => "O país e o aparelho são novos para esta pessoa.",
            (true, false) => "A pessoa nunca tinha entrado deste país; o aparelho é conhecido.",
            (false, _) => "A rede e o aparelho são novos para esta pessoa.",
        };
        words.to_owned()
    },
};

const ENGLISH: Said = Said {
    title: "Someone signed in from an unusual place",
    why: "It may be a journey or a new telephone; it is also what a stolen password looks like.",
    what_to_do: "Ask the person whether it was them. If not, end the sessions and change the account's password.",
    seen: |told| {
        let words = match is_new(told) {
            (true, true) => "Both the country and the device are new for this person.",
            (true, false) => "This person had never signed in from this country; the device is a known one.",
            (false, _) => "Both the network and the device are new for this person.",
        };
        words.to_owned()
    },
};

const SPANISH: Said = Said {
    title: "Alguien entró desde un lugar que no es el habitual",
    why: "Puede ser un viaje o un teléfono nuevo; así se ve también una contraseña robada.",
    what_to_do: "Pregunte a la persona si fue ella. Si no, cierre sus sesiones y cambie la contraseña de la cuenta.",
    seen: |told| {
        let words = match is_new(told) {
            (true, true) => "El país y el dispositivo son nuevos para esta persona.",
            (true, false) => "La persona nunca había entrado desde este país; el dispositivo es conocido.",
            (false, _) => "La red y el dispositivo son nuevos para esta persona.",
        };
        words.to_owned()
    },
};
