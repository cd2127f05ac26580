//! The domain on real databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap as tests do")]

mod access_file;
mod activity_log;
mod alert;
mod api_key;
mod api_key_secret;
mod audit;
mod conversation;
mod country;
mod device;
mod directory;
mod escalation;
mod event;
mod finding;
mod identity_provider;
mod invitation;
mod known_place;
mod membership;
mod passkey;
mod password;
mod race;
mod recovery;
mod recovery_code;
mod renewal;
mod retention;
mod routing;
mod schema;
mod second_factor;
mod second_factor_reset;
mod security_policy;
mod session;
mod signing_in;
mod single_sign_on;
mod team;
mod throttle;
mod verification;
