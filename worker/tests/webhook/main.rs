//! The webhook from bytes on the wire to rows, on real databases.
#![expect(clippy::unwrap_used, reason = "a failed test is the place to stop")]

mod accounts;
mod answering_first;
mod belonging;
mod bundling;
mod consenting;
mod conversing;
mod cut_off;
mod enduring;
mod foreign;
mod fuzz;
mod guarding;
mod knowing;
mod merging;
mod receiving;
mod setting_aside;
mod site;
mod storm;
mod understanding;
mod waiting;
