//! Somebody who works there: when, where, and with what.

use std::ops::Range;

use portaria_entity::id::{MemberId, SessionId, UserId};
use portaria_entity::role::BuiltInRole;

use super::calendar::{YEARS_END, is_holiday, weekday};
use super::chance::Chance;

/// The address behind which everybody in the office is.
const OFFICE: &str = "198.18.0.10";
const COMPUTERS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
];
const TELEPHONES: [&str; 2] = [
    "Mozilla/5.0 (Linux; Android 14; SM-A546E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
];
const ANSWERING: [&str; 9] = [
    "contact:read",
    "contact:read_phone",
    "contact:read_profile",
    "conversation:claim",
    "conversation:read_assigned",
    "conversation:resolve",
    "message:initiate",
    "message:read",
    "message:send_text",
];
const SUPPORTING: [&str; 5] =
    ["contact:read", "conversation:claim", "conversation:resolve", "message:read", "message:send_template"];
const ADMINISTERING: [&str; 6] = [
    "access_review:decide",
    "audit_log:read",
    "finding:resolve",
    "member:manage",
    "member:read_private",
    "role:assign",
];
const DEVELOPING: [&str; 4] = ["api_key:manage", "bot:manage", "webhook:manage", "webhook_event:read"];
const ANALYSING: [&str; 1] = ["workspace:read"];

pub const COMPUTER: usize = 0;
pub const TELEPHONE: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Administrator,
    Developer,
    Analyst,
    Support,
    Agent,
}

impl Job {
    pub fn role(self) -> BuiltInRole {
        match self {
            Self::Administrator => BuiltInRole::Administrator,
            Self::Developer => BuiltInRole::Developer,
            Self::Analyst => BuiltInRole::Analyst,
            Self::Support => BuiltInRole::Support,
            Self::Agent => BuiltInRole::Agent,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Early,
    Late,
    /// From Wednesday to Sunday.
    Weekend,
    /// Until the next morning.
    Night,
}

impl Shift {
    /// The local minute at which it begins.
    pub fn begins(self) -> i64 {
        match self {
            Self::Early => 8 * 60 + 15,
            Self::Late => 11 * 60,
            Self::Weekend => 9 * 60,
            Self::Night => 22 * 60,
        }
    }

    fn has(self, day: i64) -> bool {
        match self {
            Self::Early | Self::Late => weekday(day) < 5 && !is_holiday(day),
            Self::Weekend => weekday(day) >= 2,
            Self::Night => weekday(day) < 6,
        }
    }
}

#[derive(Debug, Default)]
pub struct Device {
    pub agent: &'static str,
    /// By which Portaria knows it again.
    pub token: Option<String>,
}

/// The session that they opened last.
#[derive(Debug)]
pub struct Open {
    pub id: SessionId,
    pub token: String,
}

#[derive(Debug)]
pub struct Employee {
    pub number: i64,
    pub name: String,
    pub email: String,
    pub account: Option<(MemberId, UserId)>,
    pub job: Job,
    pub shift: Shift,
    /// Of a thousand days, so many at home.
    pub at_home: i64,
    pub has_factor: bool,
    pub joins: i64,
    /// From then on they do not come.
    pub leaves: i64,
    pub away: Vec<Range<i64>>,
    pub devices: [Device; 2],
    pub session: Option<Open>,
    /// Whether nobody takes their access away when they leave.
    pub keeps_access: bool,
    /// Whether they are kept for what is planted: they come every day, and nothing else happens to them.
    pub is_kept: bool,
}

impl Employee {
    pub fn new(seed: i64, number: i64, job: Job) -> Self {
        let mut chance = Chance::of(&[seed, number, 1]);
        let shift = match (job, chance.below(100)) {
            (Job::Agent, 0..5) => Shift::Night,
            (Job::Agent, 5..17) => Shift::Weekend,
            (Job::Agent, 17..50) => Shift::Late,
            _ => Shift::Early,
        };
        let computer = COMPUTERS[chance.below(3).cast_unsigned() as usize];
        let telephone = TELEPHONES[chance.below(2).cast_unsigned() as usize];
        Self {
            number,
            name: format!("Pessoa {number}"),
            email: format!("pessoa{number}@estrela.example"),
            account: None,
            job,
            shift,
            at_home: [0, 200, 400, 1000][chance.below(4).cast_unsigned() as usize],
            has_factor: !matches!(job, Job::Agent | Job::Support) || chance.is(600),
            joins: 0,
            leaves: i64::MAX,
            away: Vec::new(),
            devices: [Device { agent: computer, token: None }, Device { agent: telephone, token: None }],
            session: None,
            keeps_access: false,
            is_kept: false,
        }
    }

    pub fn account(&self) -> (MemberId, UserId) {
        self.account.expect("they have joined")
    }

    /// Of three administrators, one reads English and one Spanish.
    pub fn locale(&self) -> &'static str {
        match (self.job, self.number) {
            (Job::Administrator, 2) => "en",
            (Job::Administrator, 3) => "es",
            _ => "pt-BR",
        }
    }

    /// What they need for their work, week after week.
    pub fn uses(&self) -> &'static [&'static str] {
        match self.job {
            Job::Administrator => &ADMINISTERING,
            Job::Developer => &DEVELOPING,
            Job::Analyst => &ANALYSING,
            Job::Support => &SUPPORTING,
            Job::Agent => &ANSWERING,
        }
    }

    pub fn answers(&self) -> bool {
        matches!(self.job, Job::Agent | Job::Support)
    }

    /// Whether they work on their telephone, too.
    pub fn has_telephone(&self) -> bool {
        self.number % 3 == 0 && !self.is_kept
    }

    pub fn is_away_with_telephone(&self, day: i64) -> bool {
        self.has_telephone() && self.away.iter().any(|away| away.contains(&day) && away.end - away.start < 60)
    }

    pub fn is_there(&self, day: i64) -> bool {
        (self.joins..self.leaves).contains(&day) && !self.away.iter().any(|away| away.contains(&day))
    }

    pub fn works(&self, day: i64) -> bool {
        // Half of the company is closed at the end of the year.
        let closed = YEARS_END.contains(&day) && self.number % 2 == 0;
        self.is_there(day) && self.shift.has(day) && !closed
    }

    /// The first day after a leave that was long.
    pub fn is_back_from_long(&self, day: i64) -> bool {
        self.away.iter().any(|away| away.end - away.start >= 14 && (away.end..away.end + 3).contains(&day))
            && !(day - 3..day).any(|before| self.works(before))
    }

    /// At home, each has a network; the address in it changes every three weeks.
    pub fn home(&self, day: i64) -> String {
        format!("198.18.{}.{}", 1 + self.number % 250, 20 + (day / 20 + self.number) % 200)
    }

    /// Where their computer is that day.
    pub fn desk(&self, day: i64, chance: &mut Chance) -> String {
        if chance.is(self.at_home) { self.home(day) } else { OFFICE.to_owned() }
    }
}

/// On the way, an address is anybody's; that of one in seven is said to be in another city than it is in.
pub fn on_the_way(chance: &mut Chance) -> String {
    let network = if chance.is(850) { chance.below(32) } else { 32 + chance.below(32) };
    format!("198.19.{network}.{}", 1 + chance.below(250))
}
