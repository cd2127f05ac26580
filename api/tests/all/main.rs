//! The API over real databases, through its HTTP handlers.
#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod activity_log;
mod api_key;
mod browser;
mod catalogue;
mod client;
mod contact;
mod contact_merge;
mod content;
mod document;
mod entrance;
mod explanation;
mod http;
mod leaks;
mod matrix;
mod pages;
mod passkey;
mod password;
mod people;
mod permissions;
mod resuming;
mod revoking;
mod routing;
mod rows;
mod schema;
mod scim;
mod second_factor;
mod security_policy;
mod session;
mod single_sign_on;
mod socket;
mod statements;
mod subscriptions;
mod webhook_delivery;
