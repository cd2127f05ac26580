//! What providers say of themselves: where to send people, where to redeem codes, and by which keys they sign. Kept for
//! some minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use portaria_domain::clock::Clock;
use portaria_entity::time::Timestamp;
use serde::Deserialize;

use super::outbound::{Outbound, SingleSignOnOptions, Unreachable};

/// For so long a provider is taken at its word.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// A token signed by an unknown key makes us look again, but not more often than this.
const NEWER_KEYS_AFTER: Duration = Duration::from_secs(10);
/// Issuers in memory. Workspaces choose them, so there is an end to it.
const MOST: usize = 500;

/// What a provider publishes (OpenID Connect Discovery), as far as it is needed here.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    /// What else it says of a person.
    pub userinfo_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether every answer names its issuer (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Whether the client's secret goes into the body, because the provider takes it there only.
    pub fn wants_secret_in_body(&self) -> bool {
        let said = |wanted: &str| {
            self.token_endpoint_auth_methods_supported
                .as_ref()
                .is_some_and(|methods| methods.iter().any(|method| method == wanted))
        };
        said("client_secret_post") && !said("client_secret_basic")
    }
}

/// A provider that has been asked.
#[derive(Clone)]
pub struct Known {
    pub metadata: Metadata,
    pub keys: CoreJsonWebKeySet,
    read_at: Timestamp,
}

/// The providers that this process has asked.
pub struct Providers {
    pub outbound: Outbound,
    pub clock: Clock,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

impl Providers {
    pub fn new(options: SingleSignOnOptions, clock: Clock) -> Self {
        Self { outbound: Outbound::new(options), clock, known: Mutex::default() }
    }

    /// What an issuer publishes, at most some minutes old.
    pub async fn known(&self, issuer: &str) -> Result<Arc<Known>, Unreachable> {
        let kept = self.kept().get(issuer).cloned();
        match kept.filter(|known| self.clock.now().since(known.read_at) < KEPT) {
            Some(known) => Ok(known),
            None => self.read(issuer).await,
        }
    }

    /// The same after a token was signed by a key that is not known (any more); `None` when that was looked at just now.
    pub async fn newer(&self, known: &Known) -> Result<Option<Arc<Known>>, Unreachable> {
        if self.clock.now().since(known.read_at) < NEWER_KEYS_AFTER {
            return Ok(None);
        }
        self.read(&known.metadata.issuer).await.map(Some)
    }

    async fn read(&self, issuer: &str) -> Result<Arc<Known>, Unreachable> {
        self.outbound.permit(issuer)?;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.outbound.get(&url, None).await?;
        if metadata.issuer != issuer {
            return Err(Unreachable::Malformed("it calls itself by another name".to_owned()));
        }
        // People are sent there: never without TLS either.
        self.outbound.permit(&metadata.authorization_endpoint)?;
        let keys = self.outbound.get(&metadata.jwks_uri, None).await?;
        let known = Arc::new(Known { metadata, keys, read_at: self.clock.now() });
        let mut kept = self.kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(issuer.to_owned(), known.clone());
        Ok(known)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
