//! Business hours: when a team, or who answers a number, is there. A team's own go before its number's; where neither has
//! any, somebody is always there.

use std::collections::HashMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use portaria_entity::business_hours::{self, Column};
use portaria_entity::id::{BusinessHoursId, ChannelId, TeamId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, team};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Error, Refusal, Result};
use crate::granting::Change;
use crate::permission::Permission;

const DAY: u16 = 24 * 60;
/// Further ahead nothing is reckoned; nor are so many days set.
const DAYS: usize = 400;

/// From one minute of a day until before another; 1440 is midnight at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub from: u16,
    pub until: u16,
}

/// A span of every week. Monday is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WeeklySpan {
    pub weekday: i8,
    #[serde(flatten)]
    pub span: Span,
}

/// A day that differs: a holiday when it has no span at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exception {
    pub date: String,
    pub spans: Vec<Span>,
}

/// Whose hours they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Team(TeamId),
    Channel(ChannelId),
}

/// Hours as they are set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessHours {
    pub time_zone: String,
    pub weekly: Vec<WeeklySpan>,
    pub exceptions: Vec<Exception>,
}

/// Hours as they are reckoned with.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: TimeZone,
    weekly: Vec<WeeklySpan>,
    exceptions: HashMap<Date, Vec<Span>>,
}

impl Hours {
    /// None: a time zone or a date that there is not, or spans that end before they begin or overlap.
    pub fn new(set: &BusinessHours) -> Option<Self> {
        let zone = TimeZone::get(&set.time_zone).ok()?;
        let mut weekly = set.weekly.clone();
        weekly.sort_unstable();
        for day in 1..=7 {
            let spans: Vec<_> = weekly.iter().filter(|one| one.weekday == day).map(|one| one.span).collect();
            are_in_order(&spans).then_some(())?;
        }
        weekly.iter().all(|one| (1..=7).contains(&one.weekday)).then_some(())?;
        let mut exceptions = HashMap::new();
        for exception in &set.exceptions {
            let mut spans = exception.spans.clone();
            spans.sort_unstable();
            are_in_order(&spans).then_some(())?;
            let date = exception.date.parse().ok()?;
            exceptions.insert(date, spans).is_none().then_some(())?;
        }
        (exceptions.len() <= DAYS).then_some(Self { zone, weekly, exceptions })
    }

    pub fn is_open(&self, at: Timestamp) -> bool {
        self.open_from(at).next().is_some_and(|(from, _)| from <= at)
    }

    /// When it is open next, or now.
    pub fn opens_at(&self, at: Timestamp) -> Option<Timestamp> {
        self.open_from(at).next().map(|(from, _)| from.max(at))
    }

    /// When so many minutes of these hours have gone by.
    pub fn after(&self, start: Timestamp, minutes: i32) -> Option<Timestamp> {
        self.after_micros(start, i64::from(minutes) * 60_000_000)
    }

    /// When so many microseconds of these hours have gone by.
    pub(crate) fn after_micros(&self, start: Timestamp, micros: i64) -> Option<Timestamp> {
        let mut left = micros;
        for (from, until) in self.open_from(start) {
            let from = from.max(start);
            let here = until.0 - from.0;
            if left <= here {
                return Some(Timestamp(from.0 + left));
            }
            left -= here;
        }
        None
    }

    /// How many microseconds of these hours lie between two instants.
    pub(crate) fn open_between(&self, from: Timestamp, until: Timestamp) -> i64 {
        self.open_from(from)
            .take_while(|(opens, _)| *opens < until)
            .map(|(opens, closes)| closes.min(until).0 - opens.max(from).0)
            .sum()
    }

    /// The spans that have not ended at an instant, in order.
    fn open_from(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = jiff::Timestamp::from_microsecond(at.0)
            .map_or(Date::MAX, |instant| instant.to_zoned(self.zone.clone()).date());
        let dates = std::iter::successors(Some(today), |date| date.tomorrow().ok()).take(DAYS);
        dates
            .flat_map(|date| self.on(date).into_iter().map(move |span| (date, span)))
            .filter_map(|(date, span)| {
                Some((self.instant(date, span.from)?, self.instant(date, span.until)?))
            })
            .filter(move |(_, until)| *until > at)
    }

    fn on(&self, date: Date) -> Vec<Span> {
        match self.exceptions.get(&date) {
            Some(spans) => spans.clone(),
            None => {
                let weekday = date.weekday().to_monday_one_offset();
                self.weekly.iter().filter(|one| one.weekday == weekday).map(|one| one.span).collect()
            }
        }
    }

    fn instant(&self, date: Date, minute: u16) -> Option<Timestamp> {
        let (date, minute) = if minute == DAY { (date.tomorrow().ok()?, 0) } else { (date, minute) };
        let time = Time::new(i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?, 0, 0).ok()?;
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_microsecond()))
    }
}

fn are_in_order(spans: &[Span]) -> bool {
    spans.iter().all(|span| span.from < span.until && span.until <= DAY)
        && spans.windows(2).all(|pair| pair[0].until <= pair[1].from)
}

/// The hours of a whole workspace.
#[derive(Debug, Default)]
pub struct Timetable {
    teams: HashMap<TeamId, Hours>,
    channels: HashMap<ChannelId, Hours>,
}

impl Timetable {
    /// The hours that a conversation goes by. None: always.
    pub fn of(&self, (channel, team): (ChannelId, Option<TeamId>)) -> Option<&Hours> {
        team.and_then(|team| self.teams.get(&team)).or_else(|| self.channels.get(&channel))
    }

    /// Whether some team or number has set hours that are open then.
    pub fn is_anybody_open(&self, at: Timestamp) -> bool {
        self.teams.values().chain(self.channels.values()).any(|hours| hours.is_open(at))
    }
}

fn read(row: &business_hours::Model) -> Result<BusinessHours> {
    Ok(BusinessHours {
        time_zone: row.time_zone.clone(),
        weekly: serde_json::from_str(&row.weekly).map_err(Error::internal)?,
        exceptions: serde_json::from_str(&row.exceptions).map_err(Error::internal)?,
    })
}

pub async fn timetable(connection: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Timetable> {
    let mut timetable = Timetable::default();
    let find = business_hours::Entity::find().filter(Column::WorkspaceId.eq(workspace));
    for row in find.all(connection).await? {
        // Hours in a zone that is no more are none.
        let Some(hours) = Hours::new(&read(&row)?) else { continue };
        if let Some(team) = row.team_id {
            timetable.teams.insert(team, hours.clone());
        }
        if let Some(channel) = row.channel_id {
            timetable.channels.insert(channel, hours);
        }
    }
    Ok(timetable)
}

/// What is set for a team or a number itself.
pub async fn of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    place: Place,
) -> Result<Option<BusinessHours>> {
    find(connection, workspace, place).await?.map(|row| read(&row)).transpose()
}

async fn find(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    place: Place,
) -> Result<Option<business_hours::Model>> {
    let find = business_hours::Entity::find().filter(Column::WorkspaceId.eq(workspace));
    let find = match place {
        Place::Team(team) => find.filter(Column::TeamId.eq(team)),
        Place::Channel(channel) => find.filter(Column::ChannelId.eq(channel)),
    };
    Ok(find.one(connection).await?)
}

/// Which permission setting them needs.
pub fn permission(place: Place) -> Permission {
    match place {
        Place::Team(_) => Permission::TeamManage,
        Place::Channel(_) => Permission::ChannelManage,
    }
}

/// Sets the hours of a team or a number, or takes them away.
pub async fn set(change: &mut Change<'_>, place: Place, hours: Option<&BusinessHours>) -> Result<()> {
    require_place(change, place).await?;
    if hours.is_some_and(|hours| Hours::new(hours).is_none()) {
        return Err(Refusal::InvalidPeriod.into());
    }
    let before = of(&change.transaction, change.workspace_id, place).await?;
    let (team, channel) = match place {
        Place::Team(team) => (Some(team.0), None),
        Place::Channel(channel) => (None, Some(channel.0)),
    };
    let sql = "DELETE FROM business_hours WHERE workspace_id = $1 AND (team_id = $2 OR channel_id = $3)";
    change.execute(sql, [team.into(), channel.into()]).await?;
    if let Some(hours) = hours {
        let id: BusinessHoursId = change.installation.clock.new_id();
        let sql = "INSERT INTO business_hours (workspace_id, id, team_id, channel_id, time_zone, weekly, exceptions) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let text = |value| serde_json::to_string(&value).map_err(Error::internal);
        let values = [
            id.0.into(),
            team.into(),
            channel.into(),
            hours.time_zone.clone().into(),
            text(json!(hours.weekly))?.into(),
            text(json!(hours.exceptions))?.into(),
        ];
        change.execute(sql, values).await?;
    }
    let told = |hours: &BusinessHours| json!({ "timeZone": hours.time_zone, "weekly": hours.weekly, "exceptions": hours.exceptions });
    let values = (before.as_ref().map(told), hours.map(told));
    match place {
        Place::Team(team) => change.record("team.hours_set", team, values).await,
        Place::Channel(channel) => change.record("channel.hours_set", channel, values).await,
    }
}

async fn require_place(change: &Change<'_>, place: Place) -> Result<()> {
    let workspace = change.workspace_id;
    let found = match place {
        Place::Team(id) => {
            let find = team::Entity::find_by_id((workspace, id)).filter(team::Column::DeletedAt.is_null());
            find.one(&change.transaction).await?.is_some()
        }
        Place::Channel(id) => {
            channel::Entity::find_by_id((workspace, id)).one(&change.transaction).await?.is_some()
        }
    };
    if found { Ok(()) } else { Err(Error::NotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(exceptions: &[(&str, &[(u16, u16)])]) -> Option<Hours> {
        let span = |(from, until): &(u16, u16)| Span { from: *from, until: *until };
        let weekly = (1..=5).map(|weekday| WeeklySpan { weekday, span: span(&(540, 1080)) }).collect();
        let exceptions = exceptions
            .iter()
            .map(|(date, spans)| Exception {
                date: (*date).to_owned(),
                spans: spans.iter().map(span).collect(),
            })
            .collect();
        Hours::new(&BusinessHours { time_zone: "America/Sao_Paulo".to_owned(), weekly, exceptions })
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn nights_weekends_and_holidays_do_not_count() {
        // 2026-03-06 is a Friday; São Paulo is three hours behind UTC.
        let hours = hours(&[("2026-03-09", &[]), ("2026-03-10", &[(600, 720)])]).unwrap();
        assert!(hours.is_open(at("2026-03-06T12:00:00Z")) && !hours.is_open(at("2026-03-06T11:59:59Z")));
        assert!(!hours.is_open(at("2026-03-06T21:00:00Z")), "six is the end");
        let late = at("2026-03-06T20:30:00Z");
        assert_eq!(hours.after(late, 30), Some(at("2026-03-06T21:00:00Z")));
        assert_eq!(hours.after(late, 31), Some(at("2026-03-10T13:01:00Z")), "Monday is a holiday");
        assert_eq!(hours.after(late, 30 + 120 + 1), Some(at("2026-03-11T12:01:00Z")));
        assert_eq!(hours.opens_at(at("2026-03-06T22:00:00Z")), Some(at("2026-03-10T13:00:00Z")));
    }

    #[test]
    fn hours_that_cannot_be_are_refused() {
        for bad in [
            ("2026-02-30", &[][..]),
            ("2026-03-09", &[(600, 600)]),
            ("2026-03-09", &[(600, 720), (700, 800)]),
        ] {
            assert!(hours(&[bad]).is_none(), "{bad:?}");
        }
        assert!(hours(&[("2026-03-09", &[(0, 1440)])]).is_some());
        assert!(hours(&[("2026-03-09", &[(0, 1441)])]).is_none());
    }
}
