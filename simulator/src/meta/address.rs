//! The addresses files are fetched from: signed, and good for five minutes.

use super::world::World;
use crate::signature;
use crate::span::{MINUTE, SECOND};

/// How long an address is good.
const GOOD_FOR: u64 = 5 * MINUTE;
/// However fast the clock goes, a client has so long on its own.
const AT_LEAST: u64 = 30 * SECOND;

impl World {
    /// Where that file can be fetched from now on.
    pub(crate) fn media_url(&self, id: &str, now: u64) -> String {
        let least = AT_LEAST.saturating_mul(u64::from(self.options.clock.speed()));
        let until = now + GOOD_FOR.max(least);
        let hash = self.media_hash(id, until);
        format!("{}/whatsapp_business/attachments/?mid={id}&ext={until}&hash={hash}", self.base_url)
    }

    /// True of an address that was given out and is still good.
    pub(crate) fn is_media_url(&self, id: &str, until: &str, hash: &str, now: u64) -> bool {
        until.parse().is_ok_and(|until: u64| now < until && hash == self.media_hash(id, until))
    }

    fn media_hash(&self, id: &str, until: u64) -> String {
        let key = self.options.seed.to_be_bytes();
        let whole = signature::sign(&key, format!("{id}|{until}").as_bytes());
        whole.trim_start_matches("sha256=").chars().take(32).collect()
    }
}
