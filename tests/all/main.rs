//! The real executable, driven from outside: signed webhooks in, GraphQL out.
#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod browser;
mod countries;
mod demo;
mod documents;
mod durability;
mod mailing;
mod main_job;
mod pages;
mod program;
mod recovery;
mod rotation;
mod scim;
mod sending;
mod simulate;
