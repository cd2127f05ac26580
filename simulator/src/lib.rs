//! A stand-in for Meta's WhatsApp Cloud API.
//!
//! [`Meta`] is the whole of it, running: the Graph's requests, signed webhooks and customers meet in one state, on a
//! clock that can go faster, with faults by the seed; `/simulator` drives it from outside. [`payload`] builds the body
//! of every webhook Meta is known to send, and [`scenario`] strings them together into the life of a shop, a clinic and
//! a delivery service, the same for the same seed. [`simulate()`] only drives a callback with such a scenario. It knows
//! nothing of Portaria.

pub(crate) mod calendar;
pub mod clock;
pub mod cloud_api;
mod control;
pub mod customer;
pub mod error;
pub mod escape;
pub mod latency;
pub mod meta;
pub mod number;
pub mod payload;
pub mod random;
pub mod sample;
pub mod scenario;
pub mod sender;
pub mod signature;
pub mod simulate;
pub mod sniff;
pub mod span;
pub mod wamid;

pub use clock::UnixClock;
pub use cloud_api::GraphError;
pub use customer::Customer;
pub use error::SimulatorError;
pub use meta::{FaultPlan, Figures, Meta, MetaOptions, Template};
pub use number::BusinessNumber;
pub use scenario::{Delivery, Scenario};
pub use sender::{Fate, Fault, Outcome, Sender, SenderConfig};
pub use simulate::{FaultPercents, Pace, SimulateOptions, Summary, simulate};
