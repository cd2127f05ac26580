//! A stand-in for Meta's WhatsApp Cloud API.
//!
//! It plays Meta from both sides: [`sender`] delivers webhooks, escaped and signed as Meta does, to a callback
//! URL, and [`cloud_api`] answers the Graph requests a business would send. [`payload`] builds the body of
//! every webhook Meta is known to send, and [`scenario`] strings them together into the life of a shop, a
//! clinic and a delivery service, the same for the same seed. [`simulate()`] drives a running installation with
//! all of it. It knows nothing of Portaria.

pub mod clock;
pub mod cloud_api;
pub mod customer;
pub mod error;
pub mod escape;
pub mod latency;
pub mod number;
pub mod payload;
pub mod random;
pub mod scenario;
pub mod sender;
pub mod signature;
pub mod simulate;
pub mod wamid;

pub use clock::UnixClock;
pub use cloud_api::{CloudApi, CloudApiOptions};
pub use customer::Customer;
pub use error::SimulatorError;
pub use number::BusinessNumber;
pub use scenario::{Delivery, Scenario};
pub use sender::{Fate, Fault, Outcome, Sender, SenderConfig};
pub use simulate::{FaultPercents, Pace, SimulateOptions, Summary, simulate};
