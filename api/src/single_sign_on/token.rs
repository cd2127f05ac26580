//! The protocol itself (OpenID Connect Core, code flow with PKCE): where a browser is sent, and what its code is worth.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthUrl, AuthenticationContextClass, AuthorizationCode,
    ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse, TokenUrl,
};
use portaria_domain::Installation;
use portaria_domain::identity_provider::client_secret;
use portaria_domain::single_sign_on::{Assertion, Flow};
use portaria_entity::id::IdentityProviderId;
use portaria_entity::identity_provider;
use portaria_entity::time::Timestamp;

use super::outbound::Unreachable;
use super::provider::{Known, Providers};

/// How far a provider's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);
/// A token is made for the code that was redeemed just now.
const OLDEST: Duration = Duration::from_secs(10 * 60);
/// A provider that is told how old a sign-in may be has to say when it was (`auth_time`). Nobody is asked anew for this.
const OLDEST_SIGN_IN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const SUBJECT_CHARS: usize = 255;

/// Signatures by the provider's own keys. None that whoever knows the client's secret could make, and never none at all.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// Why a provider's answer is worth nothing.
#[derive(Debug, thiserror::Error)]
pub enum Worthless {
    #[error("the provider: {0}")]
    Unreachable(#[from] Unreachable),
    #[error("the code was not redeemed: {0}")]
    Code(String),
    #[error("the token: {0}")]
    Token(String),
    #[error("inside: {0}")]
    Inside(#[from] portaria_domain::Error),
}

fn token(what: impl std::fmt::Display) -> Worthless {
    Worthless::Token(what.to_string())
}

/// Where a provider sends browsers back to: the address to register with it. Each has its own, so that no other's answer is
/// taken for this one's.
pub fn redirect_uri(installation: &Installation, provider: IdentityProviderId) -> String {
    format!("{}/sso/callback/{provider}", installation.public_url.trim_end_matches('/'))
}

fn client(
    installation: &Installation,
    provider: &identity_provider::Model,
    known: &Known,
) -> Result<Client, Worthless> {
    let malformed = |what: openidconnect::url::ParseError| Unreachable::Malformed(what.to_string());
    let metadata = &known.metadata;
    let client = CoreClient::new(
        ClientId::new(provider.client_id.clone()),
        IssuerUrl::new(metadata.issuer.clone()).map_err(malformed)?,
        known.keys.clone(),
    )
    .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(malformed)?)
    .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(malformed)?)
    .set_redirect_uri(RedirectUrl::new(redirect_uri(installation, provider.id)).map_err(malformed)?)
    .set_auth_type(match metadata.wants_secret_in_body() {
        true => AuthType::RequestBody,
        false => AuthType::BasicAuth,
    });
    Ok(match client_secret(installation, provider)? {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_string())),
        None => client,
    })
}

/// Where the browser is sent.
pub async fn authorization_url(
    (installation, providers): (&Installation, &Providers),
    provider: &identity_provider::Model,
    flow: &Flow,
    state: &str,
) -> Result<String, Worthless> {
    let known = providers.known(&provider.issuer).await?;
    let client = client(installation, provider, &known)?;
    let verifier = PkceCodeVerifier::new(flow.code_verifier.clone());
    let scopes = provider.scopes.split(' ').filter(|scope| *scope != "openid");
    let (state, nonce) = (CsrfToken::new(state.to_owned()), Nonce::new(flow.nonce.clone()));
    let mut request = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
        .add_scopes(scopes.map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if flow.wants_fresh() {
        request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        for acr in provider.second_factor_acr.split(' ').filter(|acr| !acr.is_empty()) {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.to_owned()));
        }
    } else {
        request = request.set_max_age(OLDEST_SIGN_IN);
    }
    let (url, _, _) = request.url();
    Ok(url.to_string())
}

/// Redeems a code, and verifies what comes of it.
pub async fn redeem(
    (installation, providers): (&Installation, &Providers),
    provider: &identity_provider::Model,
    flow: &Flow,
    code: &str,
) -> Result<Assertion, Worthless> {
    let known = providers.known(&provider.issuer).await?;
    let response: CoreTokenResponse = client(installation, provider, &known)?
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.code_verifier.clone()))
        .request_async(&providers.outbound)
        .await
        .map_err(|failure| Worthless::Code(failure.to_string()))?;
    let id_token = response.id_token().ok_or_else(|| token("there is none"))?;
    let now = providers.clock.now();
    let nonce = Nonce::new(flow.nonce.clone());
    let verified = match verify(id_token, &response, (provider, &known), &nonce, now) {
        Err(Unverified::UnknownKey) => match providers.newer(&known).await? {
            Some(newer) => verify(id_token, &response, (provider, &newer), &nonce, now),
            None => Err(Unverified::UnknownKey),
        },
        verified => verified,
    };
    complete(providers, &known, &response, verified.map_err(token)?).await
}

/// What only the token itself can say: how, when and for whom it was made.
const OF_THE_TOKEN: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
];

/// Adds what the provider says of the same person elsewhere: many put little into the token.
async fn complete(
    providers: &Providers,
    known: &Known,
    response: &CoreTokenResponse,
    mut assertion: Assertion,
) -> Result<Assertion, Worthless> {
    let Some(url) = &known.metadata.userinfo_endpoint else { return Ok(assertion) };
    let access_token = response.access_token().secret();
    let more: serde_json::Map<String, serde_json::Value> =
        providers.outbound.get(url, Some(access_token)).await?;
    if more.get("sub").and_then(serde_json::Value::as_str) != Some(assertion.subject.as_str()) {
        return Err(token("what is said besides is of somebody else"));
    }
    for (name, value) in more {
        if !OF_THE_TOKEN.contains(&name.as_str()) {
            assertion.claims.entry(name).or_insert(value);
        }
    }
    Ok(assertion)
}

#[derive(Debug, thiserror::Error)]
enum Unverified {
    #[error("its key is not known")]
    UnknownKey,
    #[error("{0}")]
    Otherwise(String),
}

impl From<ClaimsVerificationError> for Unverified {
    fn from(failure: ClaimsVerificationError) -> Self {
        use SignatureVerificationError::{CryptoError, NoMatchingKey};
        match failure {
            ClaimsVerificationError::SignatureVerification(NoMatchingKey | CryptoError(_)) => {
                Self::UnknownKey
            }
            other => Self::Otherwise(other.to_string()),
        }
    }
}

fn otherwise(what: impl std::fmt::Display) -> Unverified {
    Unverified::Otherwise(what.to_string())
}

fn verify(
    id_token: &CoreIdToken,
    response: &CoreTokenResponse,
    (provider, known): (&identity_provider::Model, &Arc<Known>),
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Assertion, Unverified> {
    let client_id = ClientId::new(provider.client_id.clone());
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(otherwise)?;
    let (earliest, latest) = (date(now - OLDEST)?, date(now + SKEW)?);
    let expires_after = date(now - SKEW)?;
    // As a public client: so no signature counts that a client's secret could make.
    let verifier = CoreIdTokenVerifier::new_public_client(client_id.clone(), issuer, known.keys.clone())
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || expires_after)
        .set_issue_time_verifier_fn(move |at| match at >= earliest && at <= latest {
            true => Ok(()),
            false => Err("it was not issued just now".to_owned()),
        });
    let claims = id_token.claims(&verifier, nonce)?;
    // The library takes further audiences where ours is among them.
    if claims.audiences().iter().any(|audience| audience.as_str() != client_id.as_str()) {
        return Err(otherwise("it is for others too"));
    }
    if claims.authorized_party().is_some_and(|party| *party != client_id) {
        return Err(otherwise("it was made for another client"));
    }
    if let Some(said) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(otherwise)?;
        let key = id_token.signing_key(&verifier).map_err(otherwise)?;
        let made = AccessTokenHash::from_token(response.access_token(), algorithm, key).map_err(otherwise)?;
        if made != *said {
            return Err(otherwise("it belongs to another access token"));
        }
    }
    let subject = claims.subject().as_str().to_owned();
    if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS || subject.contains(char::is_control) {
        return Err(otherwise("its subject is no name"));
    }
    let claims = claims_of(id_token)?;
    // The library does not look at it. A time in it may have a fraction (RFC 7519, section 2).
    let begins =
        claims.get("nbf").map(|at| at.as_f64().ok_or_else(|| otherwise("when it begins is no time")));
    if begins.transpose()?.is_some_and(|at| at > (now + SKEW).as_secs() as f64) {
        return Err(otherwise("it does not hold yet"));
    }
    Ok(Assertion { subject, claims })
}

/// All claims of a token that has been verified, as they were written.
fn claims_of(id_token: &CoreIdToken) -> Result<serde_json::Map<String, serde_json::Value>, Unverified> {
    let text = id_token.to_string();
    let payload = text.split('.').nth(1).ok_or_else(|| otherwise("it has no claims"))?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(otherwise)?;
    serde_json::from_slice(&bytes).map_err(otherwise)
}

fn date(at: Timestamp) -> Result<DateTime<Utc>, Unverified> {
    DateTime::from_timestamp_micros(at.0).ok_or_else(|| otherwise("no date"))
}
