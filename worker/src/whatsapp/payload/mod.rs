//! What a webhook body says, in our words: messages, statuses, and everything else kept whole.
//!
//! Reading never fails on what it does not know. Only bytes that are not JSON are an error; a field, type,
//! status or event met for the first time, and an item too broken to understand, is kept with its raw JSON
//! and leaves its neighbours alone.

mod content;
mod envelope;
mod fault;
pub(crate) mod fields;
mod item;
mod kind;
mod message;
mod other;
mod party;
mod raw;
mod status;
mod system;

pub use content::{Media, Target};
pub use envelope::{Change, MalformedJson, Payload, read};
pub use fault::Fault;
pub use item::Item;
pub use kind::MessageKind;
pub use message::{Direction, Forwarding, Message, ReplyTo, Source};
pub use other::OtherChange;
pub use party::{Party, Profile};
pub use status::{Pricing, StatusKind, StatusUpdate};
pub use system::{SystemKind, SystemNotice};
