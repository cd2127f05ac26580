//! A finding in words: who, what was seen, and the facts behind it; in a reader's language, by the clock on the workspace's wall.

use portaria_entity::finding;
use portaria_entity::time::Timestamp;

use super::evidence::Evidence;
use super::fact::{Basis, FactName, FactValue, SignIn};
use super::finding::OpenFinding;
use super::people::{People, Person, RoleHeld};
use super::rule;
use crate::device::Device;
use crate::harmless;
use crate::language::{Language, Period, RoleScope, Speech, Wall, lasting};
use crate::permission::Permission;

/// The longest list inside one fact.
const MOST_NAMED: usize = 6;

const WEEKDAYS: [[&str; 7]; 3] = [
    ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."],
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    ["lun.", "mar.", "mié.", "jue.", "vie.", "sáb.", "dom."],
];

/// One finding, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// A person's name, a key's, a number's, or the address that did it.
    pub who: String,
    pub email: Option<String>,
    pub roles: Option<String>,
    /// What was seen.
    pub seen: String,
    pub facts: Vec<ToldFact>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldFact {
    pub name: FactName,
    pub label: &'static str,
    pub value: String,
}

/// A language, a clock and names: what it takes to tell a finding.
pub struct Teller<'a> {
    pub language: Language,
    pub wall: &'a Wall,
    pub people: &'a People,
    /// When it is told: how long ago something was is counted from then.
    pub at: Timestamp,
}

/// What a rule's words are made from.
pub struct Telling<'a> {
    teller: &'a Teller<'a>,
    evidence: &'a Evidence,
}

impl Teller<'_> {
    pub fn tell(&self, finding: &OpenFinding) -> Told {
        let telling = Telling { teller: self, evidence: &finding.evidence };
        let said = rule::of(finding.row.rule).said(self.language);
        let listed = finding.evidence.facts().iter().filter_map(|fact| {
            let label = fact.name.label(self.language)?;
            let value = self.value(&fact.value)?;
            Some(ToldFact { name: fact.name, label, value })
        });
        let (who, email, roles) = self.who(finding);
        Told { who, email, roles, seen: (said.seen)(&telling), facts: listed.collect() }
    }

    fn who(&self, finding: &OpenFinding) -> (String, Option<String>, Option<String>) {
        if let Some(person) = finding.row.member_id.and_then(|id| self.people.members.get(&id)) {
            let (name, email) = (harmless::name(&person.name), harmless::email(&person.email));
            let roles = Some(self.roles(&person.roles));
            return if name.is_empty() { (email, None, roles) } else { (name, Some(email), roles) };
        }
        let named = |name: Option<&String>| name.map(|name| harmless::name(name));
        let key = finding.row.api_key_id.and_then(|id| named(self.people.api_keys.get(&id)));
        let channel = finding.row.channel_id.and_then(|id| named(self.people.channels.get(&id)));
        let address = match finding.evidence.get(FactName::Address) {
            Some(FactValue::Address(address)) => Some(self.place(address)),
            _ => None,
        };
        let many = (finding.evidence.number(FactName::AddressCount) > 1)
            .then(|| self.language.pick(&["Muitos endereços", "Many addresses", "Muchas direcciones"]));
        let who = key.or(channel).or(address).or(many.map(str::to_owned));
        (who.unwrap_or_else(|| self.the_workspace().to_owned()), None, None)
    }

    /// Whom it is about when it is nobody.
    pub fn the_workspace(&self) -> &'static str {
        self.language.pick(&["Espaço de trabalho", "The workspace", "El espacio de trabajo"])
    }

    fn speech(&self) -> &'static dyn Speech {
        self.language.speech()
    }

    /// As it stands after a label. None: it is not told.
    fn value(&self, value: &FactValue) -> Option<String> {
        Some(match value {
            FactValue::At(at) => self.time(*at),
            FactValue::During { from, to } => self.speech().span(&self.wall.span(period(*from, *to))),
            FactValue::Number(number) => self.speech().number(unsigned(*number)),
            FactValue::Days(days) => self.days(unsigned(*days)),
            FactValue::Is(is) => {
                let words = if *is { ["sim", "yes", "sí"] } else { ["não", "no", "no"] };
                self.language.pick(&words).to_owned()
            }
            FactValue::Text(text) => harmless::name(text),
            FactValue::Address(address) if address.is_empty() => return None,
            FactValue::Address(address) => self.place(address),
            FactValue::Device(user_agent) => self.speech().device(Device::from_user_agent(user_agent)),
            FactValue::SignIn(sign_in) => self.sign_in(sign_in),
            FactValue::Addresses { named, count } => {
                let one = |from: &super::fact::FailuresFrom| {
                    self.with_number(&harmless::address(&from.address), from.failures)
                };
                self.first_few(named.iter().map(one).collect(), unsigned(*count), ", ")
            }
            FactValue::Accounts { named, count, foreign: _ } => {
                let one = |on: &super::fact::FailuresOn| {
                    let email = self.people.members.get(&on.member_id).map_or("", |person| &person.email);
                    self.with_number(&harmless::email(email), on.failures)
                };
                self.first_few(named.iter().map(one).collect(), unsigned(*count), ", ")
            }
            FactValue::Member(None) => "portaria admin".to_owned(),
            FactValue::Member(Some(member)) => self.person(self.people.members.get(member)?),
            FactValue::Members { named, count } => {
                let named = named.iter().filter_map(|id| self.people.members.get(id));
                self.first_few(
                    named.map(|person| harmless::name(&person.name)).collect(),
                    unsigned(*count),
                    ", ",
                )
            }
            FactValue::Role(role) => harmless::name(&self.speech().role(self.people.roles.get(role)?)),
            FactValue::Channel(channel) => harmless::name(self.people.channels.get(channel)?),
            FactValue::Channels(channels) => {
                let named = channels.iter().filter_map(|id| self.people.channels.get(id));
                self.first_few(named.map(|name| harmless::name(name)).collect(), channels.len() as u64, ", ")
            }
            FactValue::Team(team) => harmless::name(self.people.teams.get(team)?),
            FactValue::ApiKey(key) => harmless::name(self.people.api_keys.get(key)?),
            FactValue::MetaApp(app) => harmless::name(self.people.meta_apps.get(app)?),
            FactValue::HoursOfWeek(hours) => self.hours_of_week(hours),
            FactValue::Permissions(uses) => {
                let one = |used: &super::fact::PermissionUse| match Permission::from_key(&used.permission) {
                    Some(permission) => permission.label(self.language).to_owned(),
                    // One of another version.
                    None => harmless::name(&used.permission),
                };
                self.first_few(uses.iter().map(one).collect(), uses.len() as u64, ", ")
            }
            FactValue::Basis(basis) => self.basis(*basis).to_owned(),
            FactValue::Grants(_) => return None,
        })
    }

    fn basis(&self, basis: Basis) -> &'static str {
        let words = match basis {
            Basis::Coordinates => ["pela distância", "distance", "por la distancia"],
            Basis::Countries => ["pelos países", "countries", "por los países"],
            Basis::Networks => [
                "só pelas redes, sem arquivo de localização",
                "networks only, without a location file",
                "solo por las redes, sin archivo de ubicaciones",
            ],
        };
        self.language.pick(&words)
    }

    fn time(&self, at: Timestamp) -> String {
        self.speech().day_and_time(&self.wall.time(instant(at)))
    }

    fn days(&self, days: u64) -> String {
        let [one, many] = self.language.pick(&[["dia", "dias"], ["day", "days"], ["día", "días"]]);
        self.speech().count(days, one, many)
    }

    /// `seg. 8–10 h, ter. 8–9 h`: hours that follow each other on a day are told together. They are the workspace's: to a reader by
    /// another clock it is said whose.
    fn hours_of_week(&self, hours: &[i64]) -> String {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for hour in hours {
            match spans.last_mut() {
                Some((_, until)) if until == hour && hour % 24 != 0 => *until += 1,
                _ => spans.push((*hour, hour + 1)),
            }
        }
        let days = self.language.pick(&WEEKDAYS);
        let one = |(from, until): &(i64, i64)| {
            let day = days[usize::try_from(from / 24 % 7).unwrap_or(0)];
            format!("{day} {}–{} h", from % 24, (until - 1) % 24 + 1)
        };
        let told = self.first_few(spans.iter().map(one).collect(), spans.len() as u64, ", ");
        match self.wall.home_name() {
            Some(home) => format!("{told} · {home}"),
            None => told,
        }
    }

    fn person(&self, person: &Person) -> String {
        format!("{} · {}", harmless::name(&person.name), harmless::email(&person.email))
    }

    fn roles(&self, roles: &[RoleHeld]) -> String {
        if roles.is_empty() {
            let none = ["Sem papel atribuído", "Holds no role", "Sin rol asignado"];
            return self.language.pick(&none).to_owned();
        }
        let named = roles.iter().map(|held| self.role(held));
        self.first_few(named.collect(), roles.len() as u64, " · ")
    }

    fn role(&self, held: &RoleHeld) -> String {
        let role = harmless::name(&self.speech().role(&held.role));
        match (&held.scope, self.speech().scope(&held.scope)) {
            (RoleScope::Workspace, _) | (_, None) => role,
            (_, Some(scope)) => format!("{role} ({})", harmless::name(&scope)),
        }
    }

    /// `ter., 27 de janeiro, 17:42 · 187.22.1.9 (Brasil) · Chrome no Windows`
    fn sign_in(&self, sign_in: &SignIn) -> String {
        let mut parts = vec![self.time(sign_in.at)];
        if !sign_in.address.is_empty() {
            parts.push(self.place(&sign_in.address));
        }
        let device = Device::from_user_agent(&sign_in.user_agent);
        if device.is_known() {
            parts.push(self.speech().device(device));
        }
        parts.join(" · ")
    }

    fn place(&self, address: &str) -> String {
        let shown = harmless::address(address);
        match self.people.countries.of(address) {
            Some(country) => format!("{shown} ({})", harmless::name(self.speech().country(&country))),
            None => shown,
        }
    }

    fn with_number(&self, what: &str, number: i64) -> String {
        format!("{what} ({})", self.speech().number(unsigned(number)))
    }

    /// The first of a list of so many, and how many more there are.
    fn first_few(&self, mut named: Vec<String>, all: u64, between: &str) -> String {
        named.truncate(MOST_NAMED);
        let unnamed = all.saturating_sub(named.len() as u64);
        if unnamed > 0 {
            named.push(self.speech().and_more(unnamed));
        }
        named.join(between)
    }
}

impl Telling<'_> {
    pub fn evidence(&self) -> &Evidence {
        self.evidence
    }

    pub fn number(&self, name: FactName) -> u64 {
        unsigned(self.evidence.number(name))
    }

    /// A number as this language writes it, without a word.
    pub fn written(&self, number: u64) -> String {
        self.teller.speech().number(number)
    }

    /// `1 senha errada`, `2 senhas erradas`.
    pub fn count(&self, number: u64, one: &str, many: &str) -> String {
        self.teller.speech().count(number, one, many)
    }

    /// `2 dias`: whole days.
    pub fn days(&self, days: u64) -> String {
        self.teller.days(days)
    }

    /// Whole days from then until it is told.
    pub fn days_since(&self, at: Timestamp) -> u64 {
        self.teller.at.since(at).as_secs() / (24 * 60 * 60)
    }

    /// Whether that has been by the time it is told.
    pub fn is_past(&self, at: Timestamp) -> bool {
        at <= self.teller.at
    }

    /// How long it lasted, roughly.
    pub fn lasting(&self, from: Timestamp, to: Timestamp) -> String {
        self.teller.speech().lasting(lasting(period(from, to)))
    }

    /// How long it was from one to the other, roughly.
    pub fn between(&self, from: FactName, to: FactName) -> String {
        let at = |name| self.evidence.at(name).unwrap_or_default();
        self.lasting(at(from), at(to))
    }

    /// How far, as this language writes it.
    pub fn kilometres(&self) -> String {
        self.written(self.number(FactName::Kilometres))
    }

    /// The fact as it would stand after its label; empty where there is none.
    pub fn told(&self, name: FactName) -> String {
        self.evidence.get(name).and_then(|value| self.teller.value(value)).unwrap_or_default()
    }
}

impl OpenFinding {
    /// Orders findings of one rule: the bigger, the earlier in a list.
    pub fn weight(&self, now: Timestamp) -> u64 {
        let seen = [FactName::LastActive, FactName::LastSignIn, FactName::Invited];
        let latest = seen.into_iter().filter_map(|name| self.evidence.at(name)).max();
        match self.evidence.get(FactName::Failures) {
            Some(FactValue::Number(number)) => unsigned(*number),
            _ => latest.map_or(0, |at| now.since(at).as_secs()),
        }
    }
}

/// How soon somebody should act.
pub fn urgency(severity: finding::Severity) -> Urgency {
    match severity {
        finding::Severity::Critical => Urgency::Now,
        finding::Severity::High => Urgency::Today,
        finding::Severity::Medium | finding::Severity::Low => Urgency::Sometime,
    }
}

/// A reader knows three degrees, most urgent first: nobody acts differently on a fourth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Now,
    Today,
    Sometime,
}

/// An instant of the database as the calendar's; what no calendar has is told as the nearest that one has.
pub fn instant(at: Timestamp) -> jiff::Timestamp {
    let nearest = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(at.0).unwrap_or(nearest)
}

fn period(from: Timestamp, to: Timestamp) -> Period {
    Period { from: instant(from), to: instant(to) }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
