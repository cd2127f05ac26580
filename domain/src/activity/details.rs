//! What an activity tells that may have to be erased, and the salted hash that stays.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

pub const SALT_BYTES: usize = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// JSON.
    pub before: Option<String>,
    /// JSON.
    pub after: Option<String>,
    pub address: Option<String>,
}

impl Details {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A fresh salt and the hash with it; none when there is nothing to cover.
    pub(super) fn salted(&self) -> Result<Option<([u8; SALT_BYTES], [u8; 32])>> {
        if self.is_empty() {
            return Ok(None);
        }
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(Error::internal)?;
        Ok(Some((salt, self.hash(&salt))))
    }

    pub(super) fn hash(&self, salt: &[u8]) -> [u8; 32] {
        let mut message = Message::default();
        message.field("salt", salt);
        message.text("before", self.before.as_deref());
        message.text("after", self.after.as_deref());
        message.text("address", self.address.as_deref());
        Sha256::digest(message.bytes()).into()
    }
}

/// Named fields one after the other, each with its length, so that no two lists of fields are the same bytes.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub fn field(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), value] {
            self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
            self.0.extend_from_slice(part);
        }
    }

    /// What is absent adds nothing, so that fields which come later leave old messages as they are.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.field(name, value.as_bytes());
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
