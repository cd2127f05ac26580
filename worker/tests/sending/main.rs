//! Sending from the queue to a stand-in for Meta over real connections, on real databases.
#![expect(clippy::unwrap_used, reason = "a failed test is the place to stop")]

mod deciding;
mod mending;
mod meta;
mod office;
mod openapi;
mod ordering;
mod pacing;
mod sharing;
mod showing;
#[path = "../webhook/site.rs"]
#[expect(dead_code, reason = "what tests of webhooks need, too")]
mod site;
mod stopping;
