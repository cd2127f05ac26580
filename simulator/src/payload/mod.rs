//! Webhook bodies: what happened, put into Meta's envelope.

pub mod account;
pub mod call;
pub mod coexistence;
pub mod content;
pub mod envelope;
#[cfg(test)]
mod field_tests;
pub mod group;
pub mod media;
pub mod message;
pub mod reply;
pub mod status;
pub mod system;
pub mod template;
#[cfg(test)]
mod tests;

pub use content::Content;
pub use envelope::{Change, Envelope};
pub use media::Media;
pub use message::{Context, Incoming, Referral};
pub use reply::{CallPermission, Reply};
pub use status::{Pricing, Status, StatusError, StatusState};
pub use system::SystemNotice;
