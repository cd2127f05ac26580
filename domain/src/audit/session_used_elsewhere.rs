//! A session that is used with another kind of device, or in another country, than it was opened: as by who has copied its token.

mod said;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{MemberId, SessionId, UserId};
use portaria_entity::time::Timestamp;
use sea_orm::QueryResult;

use super::fact::{FactName, FactValue, SignIn};
use super::impossible_travel::is_too_far;
use super::place::{ACQUAINTED, AT_ONCE, COLLEAGUES, OF_COLLEAGUES, Past, is_of_others, pasts};
use super::rule::{Rule, Suggestion};
use super::{About, DAY, Evidence, Found, LOOK_BACK_DAYS, Look, NAMED_IN_EVIDENCE};
use crate::device::{Device, network};
use crate::error::Result;

/// When the sessions of so many people are used from one network within days, that is one matter.
const SEVERAL: usize = 3;

/// Of each network and kind of device the newest: what many come from is known, or is told in one.
const USED: &str = "
WITH odd AS (
    SELECT u.session_id, u.member_id, u.user_id, u.network, u.device, u.first_at, u.address, u.user_agent,
           u.other_device, u.other_country,
           ROW_NUMBER() OVER (PARTITION BY u.network, u.device ORDER BY u.first_at DESC, u.session_id DESC) AS place
    FROM session_uses u
    WHERE u.workspace_id = $1 AND u.last_at >= $2 AND (u.other_device OR u.other_country <> '') {of}
)
SELECT o.session_id, o.member_id, o.user_id, o.network, o.device, o.other_device, o.other_country,
       o.first_at, o.address, o.user_agent, s.created_at, s.address, s.user_agent
FROM odd o
JOIN sessions s ON s.workspace_id = $1 AND s.id = o.session_id
JOIN members m ON m.workspace_id = $1 AND m.id = o.member_id
WHERE o.place <= 50 AND m.status <> 'removed'
ORDER BY o.first_at, o.session_id, o.network, o.device";

/// Those who first came from a network so, in the order in which they did.
const FIRST_THERE: &str = "
SELECT user_id, MIN(first_at) AS first_at FROM (
    SELECT u.user_id, u.first_at FROM session_uses u
    WHERE u.workspace_id = $1 AND u.network = $2 AND u.first_at >= $3 AND {so}
    ORDER BY u.first_at LIMIT 300) AS uses
GROUP BY user_id ORDER BY 2, 1 LIMIT 3";
const WITH_DEVICE: &str = "u.other_device AND u.device = $4";
const AT_ADDRESS: &str = "u.other_country <> '' AND u.address = $4";

/// Other sessions of the same person that were used so.
const OWN: &str = "
SELECT COUNT(*) FROM session_uses u
WHERE u.workspace_id = $1 AND u.user_id = $2 AND u.session_id <> $3 AND u.first_at >= $4 AND u.first_at < $5 AND {so}";
const OWN_DEVICE: &str = "u.other_device AND u.device = $6";
const OWN_COUNTRY: &str = "u.other_country <> '' AND u.other_country = $6";

/// Where and with what else a session was used.
struct Used {
    session: SessionId,
    member: MemberId,
    user: UserId,
    network: String,
    device: String,
    is_other_device: bool,
    /// If it is another than the one it was opened in.
    country: Option<String>,
    there: SignIn,
    opened: SignIn,
}

impl Used {
    fn read(row: &QueryResult) -> Result<Self> {
        let sign_in = |first: usize| -> Result<SignIn> {
            Ok(SignIn {
                at: row.try_get_by_index(first)?,
                address: row.try_get_by_index(first + 1)?,
                user_agent: row.try_get_by_index(first + 2)?,
            })
        };
        Ok(Self {
            session: row.try_get_by_index(0)?,
            member: row.try_get_by_index(1)?,
            user: row.try_get_by_index(2)?,
            network: row.try_get_by_index(3)?,
            device: row.try_get_by_index(4)?,
            is_other_device: row.try_get_by_index(5)?,
            country: Some(row.try_get_by_index::<String>(6)?).filter(|code| !code.is_empty()),
            there: sign_in(7)?,
            opened: sign_in(10)?,
        })
    }

    /// In the network where it was opened it may be another program on the same computer.
    fn is_near(&self) -> bool {
        self.country.is_none() && network(&self.opened.address) == self.network
    }

    /// Who goes through many networks with what they took is one thief: told once for each country.
    fn cause(&self) -> String {
        format!("{} {} {}", self.session, self.device, self.country.as_deref().unwrap_or("-"))
    }
}

/// What speaks against its owner.
#[derive(Clone, Copy, Default)]
struct Odd {
    device: bool,
    country: bool,
    /// So far from where it was opened that nobody was there in time.
    kilometres: Option<i64>,
}

pub(super) async fn find(look: &Look<'_>) -> Result<Vec<Found>> {
    let mut judge = Judge { look, known: HashMap::new(), crowds: HashMap::new() };
    let mut told = HashSet::new();
    let mut found = Vec::new();
    for (used, odd) in judge.odd_ones(uses(look, look.since, None).await?).await? {
        let one = match judge.crowd(&used).await? {
            Some(crowd) => crowd,
            None => alone(&used, odd),
        };
        if told.insert(one.cause.clone()) {
            found.push(one);
        }
    }
    Ok(found)
}

/// Those since then, of one network or of all.
async fn uses(look: &Look<'_>, since: Timestamp, network: Option<&str>) -> Result<Vec<Used>> {
    let of = if network.is_some() { "AND u.network = $3" } else { "" };
    let mut values = vec![look.workspace.0.into(), since.0.into()];
    values.extend(network.map(sea_orm::Value::from));
    look.rows(&USED.replace("{of}", of), values).await?.iter().map(Used::read).collect()
}

fn alone(used: &Used, odd: Odd) -> Found {
    let evidence = Evidence::new()
        .with(FactName::OpenedFrom, FactValue::SignIn(used.opened.clone()))
        .with(FactName::UsedFrom, FactValue::SignIn(used.there.clone()))
        .with(FactName::IsNewDevice, FactValue::Is(odd.device))
        .with(FactName::IsNewCountry, FactValue::Is(odd.country))
        .with_some(FactName::Kilometres, odd.kilometres.map(FactValue::Number));
    let severity = if used.is_near() { Severity::Medium } else { RULE.severity };
    Found::by(&RULE, &used.cause(), About::Member(used.member), evidence).with_severity(severity)
}

/// Several people at once: one who has robbed them all, or a server of the company's that nobody knows yet.
fn together(uses: &[Used]) -> Option<Found> {
    let mut members: Vec<MemberId> = Vec::new();
    for used in uses {
        if !members.contains(&used.member) {
            members.push(used.member);
        }
    }
    let first = uses.first().filter(|_| members.len() >= SEVERAL)?;
    let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
    members.truncate(usize::try_from(NAMED_IN_EVIDENCE).unwrap_or(0));
    let evidence = Evidence::new()
        .with(FactName::FirstSeen, FactValue::At(first.there.at))
        .with(FactName::Address, FactValue::Address(first.there.address.clone()))
        .with(FactName::Device, FactValue::Device(first.there.user_agent.clone()))
        .with(FactName::Accounts, FactValue::Members { named: members, count });
    Some(Found::by(&RULE, &first.network, About::Workspace, evidence))
}

/// What is known of networks while uses are judged.
struct Judge<'a> {
    look: &'a Look<'a>,
    /// Who first came from a network so, by network and device or address.
    known: HashMap<(String, String), Vec<(UserId, Timestamp)>>,
    /// By network, what is told of several people at once.
    crowds: HashMap<String, Option<Found>>,
}

impl Judge<'_> {
    /// Of these, what speaks against their owners.
    async fn odd_ones(&mut self, uses: Vec<Used>) -> Result<Vec<(Used, Odd)>> {
        let mut odd_ones = Vec::new();
        let mut uses = uses.into_iter().peekable();
        while uses.peek().is_some() {
            let some: Vec<Used> = uses.by_ref().take(AT_ONCE).collect();
            let abroad = some.iter().filter(|used| used.country.is_some());
            let pasts = pasts(self.look, abroad.map(|used| used.user)).await?;
            for used in some {
                let odd = self.odd(&used, pasts.get(&used.user)).await?;
                odd_ones.extend(odd.map(|odd| (used, odd)));
            }
        }
        Ok(odd_ones)
    }

    /// What is told of the network, if it is several people's within a week: also of those whom this look does not reach.
    async fn crowd(&mut self, used: &Used) -> Result<Option<Found>> {
        if used.is_near() {
            return Ok(None);
        }
        if let Some(known) = self.crowds.get(&used.network) {
            return Ok(known.clone());
        }
        let since = self.look.now - DAY * LOOK_BACK_DAYS.unsigned_abs();
        let there = uses(self.look, since, Some(&used.network)).await?;
        let odd = self.odd_ones(there).await?.into_iter().map(|(used, _)| used);
        let crowd = together(&odd.filter(|used| !used.is_near()).collect::<Vec<_>>());
        self.crowds.insert(used.network.clone(), crowd.clone());
        Ok(crowd)
    }

    async fn odd(&mut self, used: &Used, past: Option<&Past>) -> Result<Option<Odd>> {
        if self.is_opened_by_server(used).await? {
            return Ok(None);
        }
        let device = used.is_other_device
            && !self.is_others((used, WITH_DEVICE), &used.device).await?
            && !self.is_own((used, OWN_DEVICE), &used.device).await?;
        let mut odd = Odd { device, ..Odd::default() };
        if let (Some(code), Some(past)) = (&used.country, past)
            && !self.is_others((used, AT_ADDRESS), &used.there.address).await?
            && !self.is_own((used, OWN_COUNTRY), code).await?
            && !is_of_others(self.look, (&used.there.address, used.user), used.there.at).await?
        {
            odd.country = self.is_new_country(used, code, past);
            odd.kilometres = self.too_far(used, past);
        }
        Ok((odd.device || odd.country || odd.kilometres.is_some()).then_some(odd))
    }

    fn is_new_country(&self, used: &Used, code: &str, past: &Past) -> bool {
        match self.look.countries.of(&used.opened.address) {
            Some(_) => !past.knows_country(code, used.there.at),
            // As in a network of the company's own: only who has been in some country is in another.
            None => past.is_new_country(code, used.there.at),
        }
    }

    /// From where it was opened, as far as is known where that is; not through a network that was theirs for a week.
    fn too_far(&self, used: &Used, past: &Past) -> Option<i64> {
        let [from, to] = [&used.opened, &used.there].map(|one| self.look.countries.position_of(&one.address));
        let kilometres = from?.kilometres_to(&to?);
        let is_own = past.knows_network_of(&used.there.address, used.opened.at - ACQUAINTED);
        (!is_own && is_too_far(self.look, kilometres, used.there.at.since(used.opened.at)))
            .then_some(kilometres)
    }

    /// Whether a front end opened it by itself for whoever uses it: that says nothing about their device.
    async fn is_opened_by_server(&self, used: &Used) -> Result<bool> {
        let is_browser = Device::from_user_agent(&used.opened.user_agent).system.is_some();
        Ok(!is_browser && is_of_others(self.look, (&used.opened.address, used.user), used.opened.at).await?)
    }

    /// Whether others' sessions were used so more than a week before, as by a server of the company's.
    async fn is_others(&mut self, (used, so): (&Used, &str), what: &str) -> Result<bool> {
        let first = match self.known.entry((used.network.clone(), what.to_owned())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let values = [
                    self.look.workspace.0.into(),
                    used.network.as_str().into(),
                    (self.look.now - OF_COLLEAGUES).0.into(),
                    what.into(),
                ];
                let rows = self.look.rows(&FIRST_THERE.replace("{so}", so), values).await?;
                let first = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
                unknown.insert(first.collect::<Result<_>>()?)
            }
        };
        let is_other =
            |(user, first): &&(UserId, Timestamp)| *user != used.user && *first < used.there.at - ACQUAINTED;
        let others = first.iter().filter(is_other).count();
        Ok(i64::try_from(others).unwrap_or(i64::MAX) >= COLLEAGUES)
    }

    /// Whether it has been this person's way for a week.
    async fn is_own(&self, (used, so): (&Used, &str), what: &str) -> Result<bool> {
        let values = [
            self.look.workspace.0.into(),
            used.user.0.into(),
            used.session.0.into(),
            (used.there.at - OF_COLLEAGUES).0.into(),
            (used.there.at - ACQUAINTED).0.into(),
            what.into(),
        ];
        Ok(self.look.count(&OWN.replace("{so}", so), values).await? > 0)
    }
}

pub(super) static RULE: Rule = Rule {
    key: AuditRule::SessionUsedElsewhere,
    severity: Severity::High,
    at_once: true,
    parameters: &[],
    suggestion: Suggestion::EndSessions,
    judges: "A session, also one that has ended, used otherwise than it was opened: with another program or system (a newer version is none, \
             nor a telephone that asks for the pages of a computer; a program that does not say what it is differs from one that does); in \
             another country in which its person never got in before; or so far away that nobody was there in time, by what \
             `impossible_travel` is set to. Another device in the network where it was opened is medium. Countries and distances need the \
             operator's database. Once for each session, kind of device and country. \
             Nothing when two others' sessions were used from the same network with that kind of device, or they came from that address, more \
             than a week before: a front end that calls from its own server, or the company's way out; nor of sessions that such a server opens; \
             nor what has been this person's way for a week. Of three people or more from one network within a week it is one finding about the \
             workspace. Who copies the name of the browser, too, and stays in the country is not seen.",
    said: [&said::PORTUGUESE, &said::ENGLISH, &said::SPANISH],
};
