//! The simulated Meta: one state that a business's requests, its customers and the time all meet in, reached over
//! HTTP as Meta is, and driven from outside under `/simulator`.

pub(crate) mod act;
mod address;
pub(crate) mod agenda;
mod drive;
pub mod fault;
mod happen;
mod journey;
pub(crate) mod line;
pub(crate) mod listener;
pub(crate) mod message;
pub(crate) mod offer;
pub mod options;
pub(crate) mod person;
mod price;
mod quota;
mod reviewing;
mod running;
mod sending;
mod shelf;
pub(crate) mod tally;
pub(crate) mod template;
#[cfg(test)]
mod tests;
pub(crate) mod thread;
pub(crate) mod webhook;
pub(crate) mod world;

pub(crate) use self::drive::Shared;
pub use self::fault::FaultPlan;
pub use self::message::{ReadReceipt, Recipient, SentMessage};
pub use self::options::{App, Failures, Limits, Manners, MetaOptions, ReviewPlan, Rules, Templates, Windows};
pub use self::running::{Figures, Meta};
pub(crate) use self::shelf::File;
pub use self::template::{Quality, Review, Template};
