//! What was seen, as a finding keeps it.

use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::fact::{Fact, FactName, FactValue};
use crate::error::{Error, Result};

/// Facts, each name at most once, in the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Evidence(Vec<Fact>);

impl Evidence {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and this; in place of what had that name.
    pub fn with(mut self, name: FactName, value: FactValue) -> Self {
        self.0.retain(|fact| fact.name != name);
        self.0.push(Fact { name, value });
        self
    }

    /// The same, and this if there is one.
    pub fn with_some(self, name: FactName, value: Option<FactValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub fn facts(&self) -> &[Fact] {
        &self.0
    }

    pub fn get(&self, name: FactName) -> Option<&FactValue> {
        self.0.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
    }

    pub fn get_mut(&mut self, name: FactName) -> Option<&mut FactValue> {
        self.0.iter_mut().find(|fact| fact.name == name).map(|fact| &mut fact.value)
    }

    /// A number, or a number of days; 0 where there is none.
    pub fn number(&self, name: FactName) -> i64 {
        match self.get(name) {
            Some(FactValue::Number(number) | FactValue::Days(number)) => *number,
            _ => 0,
        }
    }

    pub fn is(&self, name: FactName) -> bool {
        matches!(self.get(name), Some(FactValue::Is(true)))
    }

    /// When that which went on for some time was last seen.
    pub fn latest(&self) -> Option<Timestamp> {
        let ends = self.0.iter().map(|fact| match fact.value {
            FactValue::During { to, .. } => Some(to),
            _ => None,
        });
        ends.max().flatten()
    }

    /// Of how many people it speaks as one matter; 0 where it speaks of one.
    pub fn people(&self) -> i64 {
        let counts = self.0.iter().map(|fact| match fact.value {
            FactValue::Members { count, .. } => count,
            _ => 0,
        });
        counts.max().unwrap_or(0)
    }

    /// An instant; of a sign-in, when that was.
    pub fn at(&self, name: FactName) -> Option<Timestamp> {
        match self.get(name) {
            Some(FactValue::At(at)) => Some(*at),
            Some(FactValue::SignIn(sign_in)) => Some(sign_in.at),
            _ => None,
        }
    }

    /// Everybody whom it names.
    pub fn members(&self) -> Vec<MemberId> {
        let of_value = |value: &FactValue| match value {
            FactValue::Accounts { named, .. } => named.iter().map(|account| account.member_id).collect(),
            FactValue::Member(member) => member.iter().copied().collect(),
            FactValue::Members { named, .. } => named.clone(),
            _ => Vec::new(),
        };
        self.0.iter().flat_map(|fact| of_value(&fact.value)).collect()
    }

    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(Error::internal)
    }
}
