//! Two sign-ins of one person, one after the other, in places between which nobody travels that fast.

use std::time::Duration;

use portaria_entity::finding::{AuditRule, Severity};

use super::fact::{Basis, FactName, FactValue};
use super::place::{AT_ONCE, Entry, Past, is_of_company, pasts};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, DAY, DAY_MICROS, Evidence, Found, LOOK_BACK_DAYS, Look, date_of_day};
use crate::alert_policy::degree;
use crate::error::Result;

/// Nobody needs longer to anywhere.
const LONGEST: Duration = DAY;
/// Nothing of this kind is graver.
const GRAVEST: Severity = Severity::High;
/// Nearer places are one place, as far as addresses tell.
const NEAR: i64 = 100;

/// Sign-ins, each with the one before it, when that was within a day and in another network.
const JUMPS: &str = "
WITH entries AS (
    SELECT e.id, m.id AS member_id, e.user_id, e.\"at\", e.address, e.user_agent,
           LAG(e.id) OVER one AS before_id, LAG(e.\"at\") OVER one AS before_at,
           LAG(e.address) OVER one AS before_address, LAG(e.user_agent) OVER one AS before_agent
    FROM sign_in_events e JOIN members m ON m.workspace_id = $1 AND m.user_id = e.user_id
    WHERE e.\"at\" >= $3 AND e.workspace_id = $1 AND e.outcome = 'succeeded' AND e.address <> ''
      AND m.status <> 'removed'
    WINDOW one AS (PARTITION BY e.user_id ORDER BY e.\"at\", e.id)
)
SELECT id, member_id, user_id, \"at\", address, user_agent,
       before_id, member_id, user_id, before_at, before_address, before_agent
FROM entries
WHERE \"at\" >= $2 AND before_at >= \"at\" - $4
  AND rtrim(address, '0123456789') <> rtrim(before_address, '0123456789')
ORDER BY member_id, \"at\", id";

/// One sign-in, and then another.
struct Jump {
    before: Entry,
    after: Entry,
}

/// Why it cannot have been one person, as far as places tell.
#[derive(Clone, Copy)]
struct Impossible {
    basis: Basis,
    kilometres: Option<i64>,
    is_one_country: bool,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let values = [
        look.workspace.0.into(),
        look.since.0.into(),
        (look.since - LONGEST).0.into(),
        i64::try_from(LONGEST.as_micros()).unwrap_or(i64::MAX).into(),
    ];
    let mut jumps = Vec::new();
    for row in look.rows(JUMPS, values).await? {
        let jump = Jump { after: Entry::read(&row, 0)?, before: Entry::read(&row, 6)? };
        jumps.extend(impossible(look, &jump).map(|impossible| (jump, impossible)));
    }
    let mut found: Vec<Found> = Vec::new();
    for some in jumps.chunks(AT_ONCE) {
        let pasts = pasts(look, some.iter().map(|(jump, _)| jump.after.user)).await?;
        for (jump, impossible) in some {
            let Some(past) = pasts.get(&jump.after.user) else { continue };
            let day = date_of_day((jump.after.at.0 + look.day_offset).div_euclid(DAY_MICROS))?;
            let cause = format!("{} {day}", jump.after.member);
            // Who goes to and fro is told once a day: of the gravest, the first.
            let told = found.last().filter(|last| last.cause == cause).map(|last| last.severity);
            if told == Some(GRAVEST) {
                continue;
            }
            let Some(severity) = alarming(look, jump, *impossible, past).await? else { continue };
            match told {
                Some(told) if degree(severity) <= degree(told) => continue,
                Some(_) => drop(found.pop()),
                None => {}
            }
            let kilometres = impossible.kilometres.map(FactValue::Number);
            let evidence = Evidence::new()
                .with(FactName::Before, FactValue::SignIn(jump.before.told()))
                .with(FactName::SignedIn, FactValue::SignIn(jump.after.told()))
                .with_some(FactName::Kilometres, kilometres)
                .with(FactName::JudgedBy, FactValue::Basis(impossible.basis));
            let one = Found::by(&RULE, &cause, About::Member(jump.after.member), evidence);
            found.push(one.with_severity(severity));
        }
    }
    Ok(found)
}

/// By how far the places are from each other, else by their countries, else by their networks.
fn impossible(look: &Look<'_>, jump: &Jump) -> Option<Impossible> {
    let gap = jump.after.at.since(jump.before.at);
    let minutes = u64::try_from(look.parameter(&RULE, "minutes")).unwrap_or(0);
    let at_once = gap < Duration::from_secs(60 * minutes);
    let places = [&jump.before, &jump.after].map(|entry| look.countries.position_of(&entry.address));
    let countries = [&jump.before, &jump.after].map(|entry| look.countries.of(&entry.address));
    let is_one_country = match &countries {
        [Some(one), Some(other)] => one.code() == other.code(),
        _ => false,
    };
    let by = |basis, kilometres| Impossible { basis, kilometres, is_one_country };
    match (places, countries) {
        ([Some(from), Some(to)], _) => {
            let kilometres = from.kilometres_to(&to);
            is_too_far(look, kilometres, gap).then(|| by(Basis::Coordinates, Some(kilometres)))
        }
        (_, [Some(_), Some(_)]) => (at_once && !is_one_country).then(|| by(Basis::Countries, None)),
        // A database that does not know the addresses: they may be anywhere, also next door.
        _ if look.countries.is_there() => None,
        _ => at_once.then(|| by(Basis::Networks, None)),
    }
}

/// Whether nobody comes that far within that time.
pub(super) fn is_too_far(look: &Look<'_>, kilometres: i64, gap: Duration) -> bool {
    let speed = look.parameter(&RULE, "kilometres_per_hour");
    let possible = i64::try_from(gap.as_secs()).unwrap_or(i64::MAX).saturating_mul(speed) / 3600;
    kilometres >= NEAR && kilometres > possible
}

/// How alarming it is for this person. None: it is their way.
async fn alarming(
    look: &Look<'_>,
    jump: &Jump,
    impossible: Impossible,
    past: &Past,
) -> Result<Option<Severity>> {
    let long_ago = jump.before.at - DAY * LOOK_BACK_DAYS.unsigned_abs();
    let both = [&jump.before, &jump.after];
    let is_strange = both.map(|entry| !past.knows_device(entry));
    let mut usual = 0;
    for entry in both {
        let is_usual =
            past.knows_network(entry, long_ago) || is_of_company(look, entry, jump.before.at).await?;
        usual += usize::from(is_usual);
    }
    // One's own connection, and the company's or one's own way round: both are theirs.
    if usual == both.len() {
        return Ok(None);
    }
    let strange_device = is_strange.contains(&true);
    let severity = match impossible.basis {
        Basis::Coordinates if strange_device => Some(Severity::High),
        // A carrier's addresses are where its gateways are: within a country they say nothing against a known device.
        Basis::Coordinates if impossible.is_one_country => None,
        Basis::Coordinates => Some(Severity::Medium),
        Basis::Countries if strange_device => Some(Severity::High),
        // At a border, or with a telephone that roams.
        Basis::Countries => Some(Severity::Low),
        Basis::Networks => {
            let is_new = |entry: &Entry| !past.knows_network(entry, entry.at) && !past.knows_device(entry);
            (usual > 0 && both.into_iter().any(is_new)).then_some(Severity::Low)
        }
    };
    Ok(severity)
}

/// From one sign-in to the other.
fn gap(told: &Telling<'_>) -> String {
    told.between(FactName::Before, FactName::SignedIn)
}

fn basis(told: &Telling<'_>) -> Basis {
    match told.evidence().get(FactName::JudgedBy) {
        Some(FactValue::Basis(basis)) => *basis,
        _ => Basis::Networks,
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::ImpossibleTravel,
    severity: Severity::Medium,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::AskMember,
    judges: "Two successive sign-ins of one person in places so far from each other (at least 100 km, less how inexact both are) that \
             they would have had to travel faster than `kilometres_per_hour`. With a database that has countries only: in two countries \
             within `minutes`. Without any: from two networks within `minutes`, one of them new together with its device and the other \
             usual, which is low and says so. With a device that was never theirs it is high. \
             Nothing when both networks are usual, the person's for a week or the company's, as with a way round through the company's \
             own network; nor within one country with known devices, for carriers give out addresses that are elsewhere. \
             Once a person and day, the gravest of it. Only sign-ins are compared: where a session is used from later is judged by `session_used_elsewhere`.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "kilometres_per_hour",
        unit: Unit::KilometresPerHour,
        default: 900,
        least: 100,
        most: 3_000,
        about: "As fast as anybody travels.",
    },
    Parameter {
        name: "minutes",
        unit: Unit::Minutes,
        default: 60,
        least: 1,
        most: 720,
        about: "Within this time nobody is in two countries, where distances are not known.",
    },
];

const PORTUGUESE: Said = Said {
    title: "A mesma conta em dois lugares quase ao mesmo tempo",
    why: "Ninguém viaja tão depressa: ou a pessoa usa uma VPN, ou alguém mais tem a senha dela.",
    what_to_do: "Pergunte à pessoa se os dois logins são dela. Se não são, encerre as sessões e troque a senha da conta.",
    seen: |told| match basis(told) {
        Basis::Coordinates => format!(
            "Dois logins em lugares a mais de {} km um do outro, com {} entre eles.",
            told.kilometres(),
            gap(told)
        ),
        Basis::Countries => format!("Dois logins em países diferentes, com {} entre eles.", gap(told)),
        Basis::Networks => format!(
            "Dois logins de redes diferentes, com {} entre eles. A que distância ficam, não dá para saber: este Portaria não tem um arquivo de localização.",
            gap(told)
        ),
    },
};

const ENGLISH: Said = Said {
    title: "The same account in two places at nearly the same time",
    why: "Nobody travels that fast: either the person uses a VPN, or someone else has their password.",
    what_to_do: "Ask the person whether both sign-ins are theirs. If not, end the sessions and change the account's password.",
    seen: |told| match basis(told) {
        Basis::Coordinates => format!(
            "Two sign-ins in places more than {} km apart, with {} between them.",
            told.kilometres(),
            gap(told)
        ),
        Basis::Countries => format!("Two sign-ins in different countries, with {} between them.", gap(told)),
        Basis::Networks => format!(
            "Two sign-ins from different networks, with {} between them. How far apart they are cannot be known: this Portaria has no location file.",
            gap(told)
        ),
    },
};

const SPANISH: Said = Said {
    title: "La misma cuenta en dos lugares casi al mismo tiempo",
    why: "Nadie viaja tan rápido: o la persona usa una VPN, o alguien más tiene su contraseña.",
    what_to_do: "Pregunte a la persona si los dos accesos son suyos. Si no, cierre sus sesiones y cambie la contraseña de la cuenta.",
    seen: |told| match basis(told) {
        Basis::Coordinates => format!(
            "Dos accesos en lugares a más de {} km uno del otro, con {} entre ellos.",
            told.kilometres(),
            gap(told)
        ),
        Basis::Countries => format!("Dos accesos en países distintos, con {} entre ellos.", gap(told)),
        Basis::Networks => format!(
            "Dos accesos desde redes distintas, con {} entre ellos. A qué distancia están no se puede saber: este Portaria no tiene un archivo de ubicaciones.",
            gap(told)
        ),
    },
};
