//! Passkeys, and what devices are asked about them.

use async_graphql::{ID, InputObject};
use portaria_domain::passkey::{Answer, Asked};
use portaria_entity::passkey::Model;
use portaria_guard::guarded;

use super::id::parse;
use super::time::DateTime;
use crate::error::Result;

pub struct Passkey(Model);

impl From<Model> for Passkey {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

/// A passkey of the viewer: a key kept by one of their devices, or by their password manager. It signs in without a
/// password.
#[guarded]
impl Passkey {
    /// Starts with `passkey_`.
    #[authenticated(enrolling)]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What its owner calls it.
    #[authenticated(enrolling)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The host whose pages can use it, e.g. `app.example.com`.
    #[authenticated(enrolling)]
    fn host(&self) -> &str {
        &self.0.rp_id
    }

    /// When it was registered.
    #[authenticated(enrolling)]
    fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last used; null if never since.
    #[authenticated(enrolling)]
    fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(Into::into)
    }
}

pub struct PasskeyChallenge(Asked);

impl From<Asked> for PasskeyChallenge {
    fn from(asked: Asked) -> Self {
        Self(asked)
    }
}

/// What a device is to sign. Good for one answer within five minutes, right or wrong.
#[guarded]
impl PasskeyChallenge {
    /// Goes back with the answer (`challenge_...`).
    #[public]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// JSON for `PublicKeyCredential.parseCreationOptionsFromJSON` (registering; then `navigator.credentials.create`) or
    /// `parseRequestOptionsFromJSON` (signing in, step-up; then `navigator.credentials.get`).
    #[public]
    fn options(&self) -> &str {
        &self.0.options
    }

    /// Until when it may be answered.
    #[public]
    fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

/// What a device has answered.
#[derive(InputObject)]
pub struct PasskeyAnswerInput {
    /// The challenge that it answers (`challenge_...`).
    challenge_id: ID,
    /// `JSON.stringify(credential.toJSON())` of the credential that `navigator.credentials.get` gave.
    credential: String,
}

impl PasskeyAnswerInput {
    pub fn read(&self) -> Result<Answer<'_>> {
        answer(&self.challenge_id, &self.credential)
    }
}

/// A device's answer, from its parts.
pub fn answer<'a>(challenge_id: &ID, credential: &'a str) -> Result<Answer<'a>> {
    Ok(Answer { challenge_id: parse(challenge_id)?, credential })
}
