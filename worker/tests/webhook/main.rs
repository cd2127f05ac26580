//! The webhook from bytes on the wire to rows, on real databases.
#![expect(clippy::unwrap_used, reason = "a failed test is the place to stop")]

mod accounts;
mod belonging;
mod consenting;
mod conversing;
mod enduring;
mod guarding;
mod knowing;
mod receiving;
mod site;
mod understanding;
mod waiting;
