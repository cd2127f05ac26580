//! The domain on real databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod access_file;
mod activity_log;
mod api_key;
mod api_key_secret;
mod audit;
mod conversation;
mod device;
mod escalation;
mod event;
mod finding;
mod invitation;
mod membership;
mod race;
mod recovery;
mod routing;
mod schema;
mod second_factor;
mod session;
mod signing_in;
mod team;
mod verification;
