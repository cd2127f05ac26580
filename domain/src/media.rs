//! Files of messages: fetched from Meta or handed in, looked through, kept in a store, and given to who may read the message.

mod erasing;
mod handle;
mod intake;
mod link;
mod name;
mod nature;
mod reading;
mod scanner;
mod store;
mod upkeep;
mod upload;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

pub use erasing::forget_messages;
pub use handle::{Handle, known_handle, release_handle, remember_handle, take_handle};
pub use intake::{Taken, Untaken, take_in};
pub use link::link;
pub use name::{disposition, harmless};
pub use nature::{INBOUND_LIMIT, Nature, fits, is_safe, limit, natural_kind};
pub use reading::{Opened, open};
pub use scanner::{Scanner, Verdict};
pub use store::{Bytestream, Store};
pub use upkeep::{release_what_was_left, tidy};
pub use upload::{NewUpload, Receiving, attach, for_sending, of_messages, receive};
pub use wanted::{Outcome, Wanted, begin, claim, hold_back_channel, of_message, release_channel, settle};

/// How an installation deals with files.
#[derive(Clone)]
pub struct Media {
    pub store: Store,
    /// None: files are not looked through.
    pub scanner: Option<Arc<Scanner>>,
    /// How long a link to a file is good.
    pub link_lifetime: Duration,
}

impl Default for Media {
    /// In memory: for throw-away installations.
    fn default() -> Self {
        Self { store: Store::in_memory(), scanner: None, link_lifetime: Duration::from_secs(120) }
    }
}
