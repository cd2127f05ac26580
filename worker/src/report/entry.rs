//! One finding in words: who, what was seen, and the facts behind it.

use jiff::Timestamp;

use super::harmless;
use super::language::{Label, Phrases};
use super::model::{Evidence, Opened, Period, Person, ReportFinding, RoleHeld, SignIn, Tried};
use super::when::{Wall, lasting};
use portaria_domain::device::Device;

/// The longest list inside one fact.
const MOST_NAMED: usize = 6;

pub struct Entry {
    /// A person's name, or the address that did it.
    pub who: String,
    pub email: Option<String>,
    pub roles: Option<String>,
    /// Said of what the reader has not been told before.
    pub new: Option<&'static str>,
    pub seen: String,
    pub facts: Vec<Fact>,
}

pub struct Fact {
    pub label: &'static str,
    pub value: String,
}

/// A language and a clock: what it takes to say something.
pub struct Words<'a> {
    pub phrases: &'static dyn Phrases,
    pub wall: &'a Wall,
}

impl Words<'_> {
    pub fn time(&self, at: Timestamp) -> String {
        self.phrases.day_and_time(&self.wall.time(at))
    }

    pub fn entry(&self, finding: &ReportFinding) -> Entry {
        let mut entry = self.evidence(&finding.evidence);
        match finding.opened {
            Opened::Now => entry.new = Some(self.phrases.label(Label::New)),
            Opened::Earlier(at) => entry.facts.push(self.fact(Label::ReportedSince, self.time(at))),
        }
        entry
    }

    fn evidence(&self, evidence: &Evidence) -> Entry {
        match evidence {
            Evidence::SuccessAfterFailures { person, failures, failing, success } => {
                let lasted = lasting(Period { from: failing.from, to: success.at });
                self.about(
                    person,
                    self.phrases.got_in_after(*failures, lasted),
                    self.success(success, *failing),
                )
            }
            Evidence::FailuresAcrossAccounts {
                address,
                failures,
                accounts,
                account_count,
                stranger_count,
                during,
            } => {
                let all = account_count + stranger_count;
                let named = self.tried(accounts, *account_count);
                Entry {
                    who: harmless::address(address),
                    email: None,
                    roles: None,
                    new: None,
                    seen: self.phrases.tried_accounts(*failures, all, *stranger_count),
                    facts: vec![self.during(*during), self.fact(Label::Accounts, named)],
                }
            }
            Evidence::Spraying {
                failures,
                address_count,
                accounts,
                account_count,
                stranger_count,
                during,
            } => {
                let all = account_count + stranger_count;
                let tried = self.phrases.tried_accounts(*failures, all, *stranger_count);
                Entry {
                    who: self.phrases.label(Label::ManyAddresses).to_owned(),
                    email: None,
                    roles: None,
                    new: None,
                    seen: format!("{tried} {}", self.phrases.came_from(*address_count)),
                    facts: vec![
                        self.during(*during),
                        self.fact(Label::Accounts, self.tried(accounts, *account_count)),
                    ],
                }
            }
            Evidence::RepeatedFailures { person, failures, addresses, address_count, during } => {
                let seen = self.phrases.failed(*failures, *address_count);
                let named = addresses
                    .iter()
                    .map(|one| self.with_number(&harmless::address(&one.address), one.failures));
                let named = self.first_few(named.collect(), *address_count, ", ");
                self.about(person, seen, vec![self.during(*during), self.fact(Label::Addresses, named)])
            }
            Evidence::SecondFactorReset { person, by, at, set_up_again } => {
                let by = match by {
                    Some(by) => format!("{} · {}", harmless::name(&by.name), harmless::email(&by.email)),
                    None => "portaria admin".to_owned(),
                };
                let facts = vec![self.fact(Label::ResetAt, self.time(*at)), self.fact(Label::ResetBy, by)];
                self.about(person, self.phrases.second_factor_reset(*set_up_again).to_owned(), facts)
            }
            Evidence::TemplateApprovedAlone { person, template, language, at } => {
                let named = format!("{} · {}", harmless::name(template), harmless::name(language));
                let facts =
                    vec![self.fact(Label::Template, named), self.fact(Label::ApprovedAt, self.time(*at))];
                self.about(person, self.phrases.approved_alone().to_owned(), facts)
            }
            Evidence::InactiveMember { person, days, last_active_at, last_sign_in } => {
                let active = last_active_at.map(|at| self.fact(Label::LastActive, self.time(at)));
                let signed_in =
                    last_sign_in.as_ref().map(|last| self.fact(Label::LastSignIn, self.sign_in(last)));
                self.about(
                    person,
                    self.phrases.inactive(*days),
                    active.into_iter().chain(signed_in).collect(),
                )
            }
            Evidence::NeverSignedIn { person, days, invited_at } => {
                let invited = self.fact(Label::Invited, self.time(*invited_at));
                self.about(person, self.phrases.never_came(*days), vec![invited])
            }
        }
    }

    fn about(&self, person: &Person, seen: String, facts: Vec<Fact>) -> Entry {
        let email = harmless::email(&person.email);
        let name = harmless::name(&person.name);
        let (who, email) = if name.is_empty() { (email, None) } else { (name, Some(email)) };
        Entry { who, email, roles: Some(self.roles(&person.roles)), new: None, seen, facts }
    }

    fn roles(&self, roles: &[RoleHeld]) -> String {
        if roles.is_empty() {
            return self.phrases.label(Label::NoRole).to_owned();
        }
        let named = roles.iter().map(|held| {
            let role = harmless::name(&self.phrases.role(&held.role));
            match self.phrases.scope(&held.scope) {
                Some(scope) => format!("{role} ({})", harmless::name(&scope)),
                None => role,
            }
        });
        self.first_few(named.collect(), roles.len() as u64, " · ")
    }

    fn success(&self, success: &SignIn, failing: Period) -> Vec<Fact> {
        let mut facts = vec![self.fact(Label::SignedInAt, self.time(success.at))];
        if !success.address.is_empty() {
            facts.push(self.fact(Label::From, self.place(success)));
        }
        facts.push(
            self.fact(Label::Device, self.phrases.device(Device::from_user_agent(&success.user_agent))),
        );
        facts.push(self.during(failing));
        facts
    }

    /// `ter., 27 de janeiro, 17:42 · 187.22.1.9 (Brasil) · Chrome no Windows`
    fn sign_in(&self, sign_in: &SignIn) -> String {
        let mut parts = vec![self.time(sign_in.at)];
        if !sign_in.address.is_empty() {
            parts.push(self.place(sign_in));
        }
        let device = Device::from_user_agent(&sign_in.user_agent);
        if device.is_known() {
            parts.push(self.phrases.device(device));
        }
        parts.join(" · ")
    }

    fn place(&self, sign_in: &SignIn) -> String {
        let address = harmless::address(&sign_in.address);
        match &sign_in.country {
            Some(country) => format!("{address} ({})", harmless::name(self.phrases.country(country))),
            None => address,
        }
    }

    fn during(&self, period: Period) -> Fact {
        self.fact(Label::WrongPasswords, self.phrases.span(&self.wall.span(period)))
    }

    fn tried(&self, accounts: &[Tried], all: u64) -> String {
        let named = accounts.iter().map(|one| self.with_number(&harmless::email(&one.email), one.failures));
        self.first_few(named.collect(), all, ", ")
    }

    fn with_number(&self, what: &str, number: u64) -> String {
        format!("{what} ({})", self.phrases.number(number))
    }

    /// The first of a list of so many, and how many more there are.
    fn first_few(&self, mut named: Vec<String>, all: u64, between: &str) -> String {
        named.truncate(MOST_NAMED);
        let unnamed = all.saturating_sub(named.len() as u64);
        if unnamed > 0 {
            named.push(self.phrases.and_more(unnamed));
        }
        named.join(between)
    }

    fn fact(&self, label: Label, value: String) -> Fact {
        Fact { label: self.phrases.label(label), value }
    }
}
