//! What the tests of every crate share: real databases, a moving clock, and people to act with.

mod authenticator;
pub mod company;
mod countries;
mod database;
mod delivery;
mod outgoing;
mod passkey;
mod postgres;
mod stage;

pub use authenticator::Authenticator;
pub use countries::CountryFile;
pub use database::{TestDatabase, databases};
pub use outgoing::queue_message;
pub use passkey::{Lies, SoftwarePasskey};
pub use stage::{PASSWORD, Person, START, Stage};
