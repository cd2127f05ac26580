//! The languages in which Portaria speaks to people, and how each writes numbers, times, devices and roles.

mod en;
mod es;
mod pt_br;
mod when;

use crate::country::Country;
use crate::device::Device;

pub use en::English;
pub use es::Spanish;
pub use pt_br::PortugueseOfBrazil;
pub use when::{LocalSpan, LocalTime, Period, Wall, lasting};

/// A reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    PortugueseOfBrazil,
    English,
    Spanish,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::PortugueseOfBrazil, Self::English, Self::Spanish];

    /// The nearest language for a tag such as `pt-BR` or `es_MX`; English for any other.
    pub fn from_tag(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "pt" => Self::PortugueseOfBrazil,
            "es" => Self::Spanish,
            _ => Self::English,
        }
    }

    pub fn tag(self) -> &'static str {
        self.pick(&["pt-BR", "en", "es"])
    }

    pub fn speech(self) -> &'static dyn Speech {
        match self {
            Self::PortugueseOfBrazil => &PortugueseOfBrazil,
            Self::English => &English,
            Self::Spanish => &Spanish,
        }
    }

    /// Of the same thing in Portuguese, English and Spanish, the one in this language.
    pub fn pick<T: Copy>(self, [portuguese, english, spanish]: &[T; 3]) -> T {
        match self {
            Self::PortugueseOfBrazil => *portuguese,
            Self::English => *english,
            Self::Spanish => *spanish,
        }
    }
}

/// How long something took, in the unit that says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    UnderAMinute,
    Minutes(u64),
    Hours(u64),
    Days(u64),
}

/// Built-in roles have a name in each language, custom ones the name they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleName {
    Administrator,
    Agent,
    Developer,
    Analyst,
    Support,
    Custom(String),
}

/// Where a role holds; channels and teams by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleScope {
    Workspace,
    Channel(String),
    Team(String),
}

/// What every language can say of small things.
pub trait Speech: Sync {
    fn number(&self, number: u64) -> String;
    fn day_and_time(&self, time: &LocalTime) -> String;
    fn span(&self, span: &LocalSpan) -> String;
    fn lasting(&self, lasting: Lasting) -> String;
    fn country<'a>(&self, country: &'a Country) -> &'a str;
    fn device(&self, device: Device) -> String;
    fn role(&self, role: &RoleName) -> String;
    /// None: everywhere, of which nothing is said.
    fn scope(&self, scope: &RoleScope) -> Option<String>;
    fn and_more(&self, number: u64) -> String;

    /// `1 dia`, `2 dias`: the number as this language writes it, and the word that goes with it.
    fn count(&self, number: u64, one: &str, many: &str) -> String {
        format!("{} {}", self.number(number), if number == 1 { one } else { many })
    }
}

/// Groups of three digits.
fn grouped(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(digit);
    }
    grouped
}
