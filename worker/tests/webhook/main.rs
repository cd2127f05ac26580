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
mod fetching;
mod foreign;
mod fuzz;
mod guarding;
mod handing_over;
mod knowing;
mod merging;
mod meta;
mod receiving;
mod setting_aside;
mod site;
mod storm;
mod understanding;
mod waiting;
