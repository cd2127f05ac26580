//! Numbers whose customers wait because nobody may take them, or nobody is there, though it is open.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{ChannelId, MemberId};
use portaria_entity::time::Timestamp;

use super::fact::{FactName, FactValue};
use super::rule::{Parameter, Rule, Said, Suggestion, Unit};
use super::telling::Telling;
use super::{About, DAY, Evidence, Found, Look};
use crate::error::Result;
use crate::routing::{Served, served};

const HOUR: i64 = 3_600_000_000;
const HOURS_OF_WEEK: i64 = 7 * 24;
/// 1970 began on a Thursday; hours of the week are counted from Monday.
const FIRST: i64 = 3 * 24;
/// So many weeks are looked at.
const WEEKS: u32 = 4;
/// A number that has been there for less is still being set up.
const SETTLING: u32 = 2;

const ACTIVE: &str =
    "SELECT id FROM members WHERE workspace_id = $1 AND status = 'active' AND last_active_at >= $2";

/// Numbers that are not quite new, with whether somebody has written there within a month.
const SETTLED: &str = "
SELECT c.id, CASE WHEN EXISTS (
    SELECT 1 FROM conversations v
    WHERE v.workspace_id = c.workspace_id AND v.channel_id = c.id AND v.last_activity_at >= $3) THEN 1 ELSE 0 END
FROM channels c WHERE c.workspace_id = $1 AND c.created_at <= $2";

/// Hours in which customers wrote to a number, or were handed on by a bot, and nobody was found for any of them. Whether
/// somebody was is looked for by time alone: of the workspace are its conversations.
const WAITED: &str = "
WITH hours AS (
    SELECT c.channel_id, (d.\"at\" + $3) / 3600000000 AS hour, COUNT(DISTINCT d.episode_id) AS waited
    FROM routing_decisions d
    JOIN conversations c ON c.workspace_id = d.workspace_id AND c.id = d.conversation_id
    WHERE d.workspace_id = $1 AND d.assignee_id IS NULL AND d.\"at\" >= $2 AND d.cause IN ('new_episode', 'from_bot')
    GROUP BY c.channel_id, (d.\"at\" + $3) / 3600000000
)
SELECT h.channel_id, h.hour, h.waited FROM hours h
WHERE NOT EXISTS (
    SELECT 1 FROM routing_decisions d
    JOIN conversations c ON c.workspace_id = $1 AND c.id = d.conversation_id
    WHERE d.assignee_id IS NOT NULL AND c.channel_id = h.channel_id
      AND d.\"at\" >= h.hour * 3600000000 - $3 AND d.\"at\" < (h.hour + 1) * 3600000000 - $3)
ORDER BY h.channel_id, h.hour";

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let settled = settled(look).await?;
    let here = here(look).await?;
    let mut places = served(look.database.reader(), look.database, look.workspace, look.now).await?;
    places.sort_unstable_by_key(|place| (place.channel_id, place.team_id));
    let mut found: Vec<Found> = Vec::new();
    let mut without: BTreeSet<ChannelId> = BTreeSet::new();
    let mut whole: Option<ChannelId> = None;
    for place in &places {
        let Some(is_written_to) = settled.get(&place.channel_id) else { continue };
        let somebody_is_here = place.members.iter().any(|member| here.contains(member));
        // Where nobody has the number, none of its teams has it either.
        if somebody_is_here || whole == Some(place.channel_id) {
            continue;
        }
        if place.team_id.is_none() {
            whole = Some(place.channel_id);
        }
        without.insert(place.channel_id);
        let team = place.team_id.map(|team| format!(" {team}")).unwrap_or_default();
        let evidence = Evidence::new().with_some(FactName::Team, place.team_id.map(FactValue::Team)).with(
            FactName::Permitted,
            FactValue::Number(i64::try_from(place.members.len()).unwrap_or(i64::MAX)),
        );
        let severity = if *is_written_to { RULE.severity } else { Severity::Medium };
        let one = Found::by(
            &RULE,
            &format!("{}{team}", place.channel_id),
            About::Channel(place.channel_id),
            evidence,
        );
        found.push(one.with_severity(severity));
    }
    found.extend(waiting_hours(look, &places, &without).await?);
    Ok(found)
}

/// Numbers that have been there for some days, and whether they are written to.
async fn settled(look: &Look<'_>) -> Result<HashMap<ChannelId, bool>> {
    let (since, month) = (look.now - DAY * SETTLING, look.now - DAY * 30);
    let rows = look.rows(SETTLED, [look.workspace.0.into(), since.0.into(), month.0.into()]).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index::<i32>(1)? == 1))).collect()
}

/// Who has been at work lately.
async fn here(look: &Look<'_>) -> Result<HashSet<MemberId>> {
    let since = look.now - look.days(&RULE, "days");
    let rows = look.rows(ACTIVE, [look.workspace.0.into(), since.0.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The hours of the week, within business hours, in which customers waited in vain in several weeks.
async fn waiting_hours(
    look: &Look<'_>,
    places: &[Served],
    without: &BTreeSet<ChannelId>,
) -> Result<Vec<Found>> {
    let since = look.now - DAY * 7 * WEEKS;
    let weeks = look.parameter(&RULE, "weeks");
    let mut by_channel: BTreeMap<ChannelId, BTreeMap<i64, (i64, i64)>> = BTreeMap::new();
    for row in look.rows(WAITED, [look.workspace.0.into(), since.0.into(), look.offset.into()]).await? {
        let (channel, hour): (ChannelId, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let middle = Timestamp(hour * HOUR - look.offset + HOUR / 2);
        let is_open = |place: &Served| {
            place.channel_id == channel && place.hours.as_ref().is_some_and(|hours| hours.is_open(middle))
        };
        if without.contains(&channel) || !places.iter().any(is_open) {
            continue;
        }
        let hours = by_channel.entry(channel).or_default();
        let (times, waited) = hours.entry((hour + FIRST).rem_euclid(HOURS_OF_WEEK)).or_default();
        *times += 1;
        *waited += row.try_get_by_index::<i64>(2)?;
    }
    let found = by_channel.into_iter().filter_map(|(channel, mut hours)| {
        hours.retain(|_, (times, _)| *times >= weeks);
        if hours.is_empty() {
            return None;
        }
        let waited = hours.values().map(|(_, waited)| waited).sum();
        let evidence = Evidence::new()
            .with(FactName::Hours, FactValue::HoursOfWeek(hours.into_keys().collect()))
            .with(FactName::Waited, FactValue::Number(waited));
        let one = Found::by(&RULE, &format!("{channel} hours"), About::Channel(channel), evidence);
        Some(one.with_severity(Severity::Medium))
    });
    Ok(found.collect())
}

enum Seen {
    /// Nobody may take conversations there.
    NotPermitted,
    /// So many may, and none of them has been there.
    Away(u64),
    /// So many customers waited at certain hours.
    Waited(u64),
}

fn seen(told: &Telling<'_>) -> Seen {
    match (told.number(FactName::Waited), told.number(FactName::Permitted)) {
        (0, 0) => Seen::NotPermitted,
        (0, permitted) => Seen::Away(permitted),
        (waited, _) => Seen::Waited(waited),
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::NobodyAvailable,
    severity: Severity::High,
    at_once: false,
    parameters: PARAMETERS,
    suggestion: Suggestion::LookAtSettings,
    judges: "A number (or a number with one of the teams that look after it) to which routing could give no active member anything, were they all available: permissions, teams and capacities are judged as routing does. Or to somebody, but nobody of them has been at work for `days` days. Medium while nobody has written there for a month; numbers younger than two days are let be. And, Medium: hours of the week within its business hours at which customers wrote in at least `weeks` of the last four weeks, and nobody could be found for any of them; numbers without business hours are not looked at for that.",
    said: [&PORTUGUESE, &ENGLISH, &SPANISH],
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "days",
        unit: Unit::Days,
        default: 7,
        least: 2,
        most: 60,
        about: "How long all may have been away.",
    },
    Parameter {
        name: "weeks",
        unit: Unit::Times,
        default: 2,
        least: 1,
        most: 4,
        about: "In how many of four weeks an hour was without anybody.",
    },
];

const PORTUGUESE: Said = Said {
    title: "Clientes sem ninguém para atender",
    why: "Quem escreve para este número fica sem resposta, e o prazo de 24 horas para responder corre.",
    what_to_do: "Coloque alguém na equipe ou na escala desse horário, dê o papel que falta, ou ajuste o horário de atendimento.",
    seen: |told| match seen(told) {
        Seen::NotPermitted => "Ninguém pode assumir as conversas deste número.".to_owned(),
        Seen::Away(1) => "A única pessoa que pode assumir as conversas não aparece há dias.".to_owned(),
        Seen::Away(people) => format!(
            "{} podem assumir as conversas, mas ninguém aparece há dias.",
            told.count(people, "pessoa", "pessoas")
        ),
        Seen::Waited(waited) => format!(
            "{} dentro do horário de atendimento, sem ninguém disponível.",
            told.count(waited, "cliente esperou", "clientes esperaram")
        ),
    },
};

const ENGLISH: Said = Said {
    title: "Customers with nobody to answer",
    why: "Whoever writes to this number gets no answer, and the 24 hours in which one may answer run out.",
    what_to_do: "Put somebody into the team or on shift at that time, give the role that is missing, or change the business hours.",
    seen: |told| match seen(told) {
        Seen::NotPermitted => "Nobody may take this number's conversations.".to_owned(),
        Seen::Away(1) => {
            "The only person who may take the conversations has not been there for days.".to_owned()
        }
        Seen::Away(people) => format!(
            "{} may take the conversations, but none has been there for days.",
            told.count(people, "person", "people")
        ),
        Seen::Waited(waited) => format!(
            "{} within business hours while nobody was available.",
            told.count(waited, "customer waited", "customers waited")
        ),
    },
};

const SPANISH: Said = Said {
    title: "Clientes sin nadie que los atienda",
    why: "Quien escribe a este número no recibe respuesta, y el plazo de 24 horas para responder corre.",
    what_to_do: "Ponga a alguien en el equipo o en el turno de ese horario, dé el rol que falta o ajuste el horario de atención.",
    seen: |told| match seen(told) {
        Seen::NotPermitted => "Nadie puede tomar las conversaciones de este número.".to_owned(),
        Seen::Away(1) => {
            "La única persona que puede tomar las conversaciones no aparece desde hace días.".to_owned()
        }
        Seen::Away(people) => format!(
            "{} pueden tomar las conversaciones, pero nadie aparece desde hace días.",
            told.count(people, "persona", "personas")
        ),
        Seen::Waited(waited) => format!(
            "{} dentro del horario de atención sin nadie disponible.",
            told.count(waited, "cliente esperó", "clientes esperaron")
        ),
    },
};
