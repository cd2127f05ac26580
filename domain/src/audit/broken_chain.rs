//! The activity log is not what was written: its chain of seals is broken somewhere.

use std::collections::{BTreeMap, BTreeSet};

use portaria_entity::finding::{AuditRule, FindingStatus, Severity};
use sha2::{Digest, Sha256};

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::{About, DAY, DAY_MICROS, Evidence, Found, Look};
use crate::activity::verification::{Flaw, extent, first_since, verify_part};
use crate::error::Result;

/// The log is looked through in sections of so many activities, some each night, the newest always.
const SECTION: i64 = 10_000;
const NEWEST: i64 = 2;

/// Sections in which something was found, and whether nobody has mended it: those are looked at every time.
const KNOWN: &str = "
SELECT cause, status, evidence FROM findings
WHERE workspace_id = $1 AND rule = 'broken_chain' AND (status <> 'resolved' OR resolved_by IS NOT NULL)
ORDER BY opened_at, id";

/// A finding on record.
struct Known {
    section: i64,
    cause: String,
    status: FindingStatus,
    evidence: String,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let (put_down, last) = extent(look.installation, look.workspace).await?;
    let end = put_down.max(last);
    let known = known(look).await?;
    let mut flaws: BTreeMap<i64, Vec<Flaw>> = BTreeMap::new();
    if put_down < last {
        flaws.entry(section(last)).or_default().push(Flaw::HeadAltered { sequence: put_down });
    }
    for part in parts(look, end, &known).await? {
        let mut seen = verify_part(look.installation, look.workspace, part).await?;
        if seen.is_empty() {
            continue;
        }
        // What is seen of a part is not all that there is, and what is the same must look the same.
        let whole = whole(section(part.1), end);
        if part != whole {
            seen = verify_part(look.installation, look.workspace, whole).await?;
        }
        flaws.entry(section(part.1)).or_default().extend(seen);
    }
    flaws.iter().map(|(section, flaws)| found(*section, flaws, &known)).collect()
}

async fn known(look: &Look<'_>) -> Result<Vec<Known>> {
    let mut known = Vec::new();
    for row in look.rows(KNOWN, [look.workspace.0.into()]).await? {
        let cause: String = row.try_get_by_index(0)?;
        let Some(section) = cause.split(' ').next().and_then(|section| section.parse().ok()) else {
            continue;
        };
        let (status, evidence) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        known.push(Known { section, cause, status, evidence });
    }
    Ok(known)
}

/// After the first number, up to the second.
fn whole(section: i64, end: i64) -> (i64, i64) {
    (section * SECTION, ((section + 1) * SECTION).min(end))
}

/// As long as a finding of the section is open, what comes to it belongs to it. Once somebody has said what is to be thought
/// of it, that was said of what was seen by then: something else is another finding.
fn cause(section: i64, (flaws, evidence): (&[Flaw], &str), known: &[Known]) -> String {
    let of_section = || known.iter().filter(|known| known.section == section);
    let open = of_section().find(|known| known.status == FindingStatus::Open);
    if let Some(same) = open.or_else(|| of_section().find(|known| known.evidence == evidence)) {
        return same.cause.clone();
    }
    let each: BTreeSet<String> = flaws.iter().map(Flaw::to_string).collect();
    let mut digest = Sha256::new();
    for flaw in each {
        digest.update(flaw.as_bytes());
        digest.update([0]);
    }
    let hex: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{section} {hex}")
}

/// The section of a seal, from 0.
fn section(sequence: i64) -> i64 {
    (sequence - 1).max(0) / SECTION
}

/// What is verified now: after the first number, up to the second.
async fn parts(look: &Look<'_>, end: i64, known: &[Known]) -> Result<Vec<(i64, i64)>> {
    let sections = section(end) + 1;
    // Who looks back for less than a day looks often: then what is new will do.
    if look.now.since(look.since) < DAY {
        let first = first_since(look.installation, look.workspace, look.since).await?;
        let first = first.map(|first| first.max(end - NEWEST * SECTION + 1));
        let part = |first: i64| {
            let sections = (section(first)..sections).map(|section| whole(section, end));
            sections.map(move |(after, last)| (after.max(first - 1), last))
        };
        return Ok(first.into_iter().flat_map(part).collect());
    }
    let newest = (sections - NEWEST).max(0)..sections;
    let each_night = look.parameter(&RULE, "sections");
    let turn = look.now.0.div_euclid(DAY_MICROS).wrapping_mul(each_night);
    let in_turn = (0..each_night.min(sections)).map(|one| (turn + one).rem_euclid(sections));
    let mut chosen: BTreeSet<i64> = newest.chain(in_turn).collect();
    let not_mended = known.iter().filter(|known| known.status != FindingStatus::Resolved);
    chosen.extend(not_mended.map(|known| known.section).filter(|section| (0..sections).contains(section)));
    Ok(chosen.into_iter().map(|section| whole(section, end)).collect())
}

fn found(section: i64, flaws: &[Flaw], known: &[Known]) -> Result<Found> {
    let missing = flaws.iter().find_map(|flaw| match flaw {
        Flaw::KeyMissing { key } => Some(key.clone()),
        _ => None,
    });
    let broken: Vec<&Flaw> = flaws.iter().filter(|flaw| !matches!(flaw, Flaw::KeyMissing { .. })).collect();
    let count = i64::try_from(broken.len()).unwrap_or(i64::MAX);
    let evidence = Evidence::new()
        .with(FactName::Flaws, FactValue::Number(count))
        .with_some(FactName::FirstFlaw, broken.first().map(|flaw| FactValue::Text(flaw.to_string())))
        .with_some(FactName::MissingKey, missing.map(FactValue::Text));
    let severity = if broken.is_empty() { Severity::High } else { RULE.severity };
    let cause = cause(section, (flaws, &evidence.to_json()?), known);
    Ok(Found::by(&RULE, &cause, About::Workspace, evidence).with_severity(severity))
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::BrokenChain,
    severity: Severity::Critical,
    at_once: true,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "Activities that were altered, removed, added or put in another order outside Portaria, by the keyed seals over the log. Each night the newest 10,000 to 20,000 are verified, and `sections` sections of 10,000 of the others in turn, so that all of a log of up to 50,000 is verified every night and a longer one in the course of time; `portaria audit verify` verifies the whole at once. A section in which something was found is verified every time, and is another finding when something else comes to be wrong in it after somebody has acknowledged, dismissed or resolved the first. High when only a key to check the seals with is missing, unless seals of one and the same key stand before and after: keys do not come back. Who owns the database and cuts off the newest activities is told by the head of the chain in every report.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "sections",
    unit: Unit::Times,
    default: 3,
    least: 0,
    most: 1_000,
    about: "Sections of 10,000 activities, beside the newest, each night.",
}];

const PORTUGUESE: Said = Said {
    title: "O histórico de atividades foi adulterado",
    why: "Alguém com acesso direto ao banco de dados mudou o registro do que foi feito. O que ele mostra pode não ser verdade.",
    what_to_do: "Chame agora quem cuida do servidor. Não apague nada, guarde uma cópia do banco e compare com o último backup.",
    seen: |told| match told.number(FactName::Flaws) {
        0 => format!("Não foi possível conferir: falta a chave {}.", told.told(FactName::MissingKey)),
        flaws => format!(
            "{} com o que foi registrado.",
            told.count(flaws, "ponto não confere", "pontos não conferem")
        ),
    },
};

const ENGLISH: Said = Said {
    title: "The activity log has been tampered with",
    why: "Somebody with direct access to the database has changed the record of what was done. What it shows may not be true.",
    what_to_do: "Call whoever looks after the server now. Delete nothing, keep a copy of the database, and compare it with the last backup.",
    seen: |told| match told.number(FactName::Flaws) {
        0 => format!("It could not be verified: the key {} is missing.", told.told(FactName::MissingKey)),
        flaws => {
            format!("{} what was recorded.", told.count(flaws, "place does not match", "places do not match"))
        }
    },
};

const SPANISH: Said = Said {
    title: "El registro de actividades fue adulterado",
    why: "Alguien con acceso directo a la base de datos cambió el registro de lo que se hizo. Lo que muestra puede no ser cierto.",
    what_to_do: "Llame ahora a quien cuida el servidor. No borre nada, guarde una copia de la base de datos y compárela con el último respaldo.",
    seen: |told| match told.number(FactName::Flaws) {
        0 => format!("No se pudo verificar: falta la clave {}.", told.told(FactName::MissingKey)),
        flaws => format!(
            "{} con lo que se registró.",
            told.count(flaws, "punto no coincide", "puntos no coinciden")
        ),
    },
};
