//! Single sign-on over HTTP: `GET /sso/{workspace}/{provider}` sends a browser to a provider, `GET /sso/callback/{provider}`
//! is where it comes back.
//!
//! What came of it is told to the front end behind a `#`: `#code=...`, to be given to `finishSingleSignOn`, or `#error=...`.

mod outbound;
mod provider;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use portaria_domain::Error;
use portaria_domain::single_sign_on::{Beginning, Begun, Returned, Want, accept, begin, hand_over, landing};
use serde::Deserialize;

use crate::ApiState;
use crate::error::Problem;

pub use outbound::SingleSignOnOptions;
pub use provider::Providers;
pub use token::{Worthless, authorization_url, redirect_uri};

/// The browser's secret. `__Host-`: set by this host for itself, over TLS.
const COOKIE: &str = "__Host-portaria_sso";
const COOKIE_SECONDS: u32 = 11 * 60;

pub fn router() -> Router<Arc<ApiState>> {
    Router::new()
        .route("/sso/callback/{provider}", get(come_back))
        .route("/sso/{workspace}/{provider}", get(leave))
}

/// The secret in a browser's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    crate::cookie::read(headers, COOKIE).map(str::to_owned)
}

#[derive(Deserialize)]
struct Leaving {
    path: Option<String>,
}

/// Sends a browser to a provider, with a cookie by which it is known again.
async fn leave(
    State(state): State<Arc<ApiState>>,
    Path((workspace, provider)): Path<(String, String)>,
    Query(leaving): Query<Leaving>,
    headers: HeaderMap,
) -> Response {
    let Ok(provider_id) = provider.parse() else { return page(StatusCode::NOT_FOUND, UNKNOWN) };
    // A page elsewhere signs nobody in by a link or a picture: it leads to the page where one chooses to.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        let workspace: String = form_urlencoded::byte_serialize(workspace.as_bytes()).collect();
        return redirect(&format!("{}/sign-in?workspace={workspace}", state.installation.public_url));
    }
    let known = cookie(&headers);
    let beginning = Beginning {
        workspace: &workspace,
        provider_id,
        want: Want::SignIn { invitation: None },
        path: leaving.path.as_deref(),
        cookie: known.as_deref(),
        by_cookie: true,
    };
    let begun = match begin(&state.installation, None, beginning).await {
        Ok(begun) => begun,
        Err(Error::NotFound) => return page(StatusCode::NOT_FOUND, UNKNOWN),
        Err(Error::BadInput(what)) => return page(StatusCode::BAD_REQUEST, &what),
        Err(failure) => return failed(failure),
    };
    let Begun { flow, provider, state: sealed, secret } = begun;
    let parts = (&state.installation, state.providers.as_ref());
    match authorization_url(parts, &provider.provider, &flow, &sealed).await {
        Ok(url) => {
            let cookie = format!(
                "{COOKIE}={}; Path=/; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax",
                secret.as_str()
            );
            let mut response = redirect(&url);
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            response
        }
        Err(worthless) => {
            warn(&flow.provider_id, &worthless);
            page(StatusCode::BAD_GATEWAY, "The identity provider does not answer. Try again in a moment.")
        }
    }
}

const UNKNOWN: &str = "There is no such way to sign in.";
const STALE: &str = "This sign-in was begun elsewhere, too long ago, or is over already. Begin again.";

/// What a provider sends back with the browser.
#[derive(Deserialize)]
struct Returning {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

async fn come_back(
    State(state): State<Arc<ApiState>>,
    Path(provider): Path<String>,
    Query(returning): Query<Returning>,
    headers: HeaderMap,
) -> Response {
    let Ok(provider_id) = provider.parse() else { return page(StatusCode::BAD_REQUEST, STALE) };
    let cookie = cookie(&headers);
    let sealed = returning.state.as_deref().unwrap_or_default();
    let returned = match accept(&state.installation, provider_id, sealed, cookie.as_deref()).await {
        Ok(returned) => returned,
        Err(Error::Refused(_)) => return page(StatusCode::BAD_REQUEST, STALE),
        Err(failure) => return failed(failure),
    };
    let fragment = match answer(&state, &returned, &returning).await {
        Ok(fragment) => fragment,
        Err(worthless) => {
            warn(&returned.flow.provider_id, &worthless);
            let code = match worthless {
                Worthless::Unreachable(_) | Worthless::Inside(_) => "PROVIDER_UNREACHABLE",
                Worthless::Code(_) | Worthless::Token(_) => "INVALID_ANSWER",
            };
            format!("error={code}")
        }
    };
    match landing(&state.installation, &returned.flow, &fragment).await {
        Ok(url) => redirect(&url),
        Err(failure) => failed(failure),
    }
}

/// What the front end is told.
async fn answer(state: &ApiState, returned: &Returned, returning: &Returning) -> Result<String, Worthless> {
    let parts = (&state.installation, state.providers.as_ref());
    let provider = &returned.provider.provider;
    // Before anything is sent anywhere: another provider's code must not be redeemed at this one (RFC 9207).
    let names_itself = match &returning.iss {
        Some(_) => true,
        None => {
            let known = state.providers.known(&provider.issuer).await?;
            known.metadata.authorization_response_iss_parameter_supported
        }
    };
    if names_itself && returning.iss.as_deref() != Some(provider.issuer.as_str()) {
        return Err(Worthless::Token("the answer is another provider's".to_owned()));
    }
    if returning.error.is_some() {
        return Ok("error=ACCESS_DENIED".to_owned());
    }
    let code = returning.code.as_deref().unwrap_or_default();
    let assertion = token::redeem(parts, provider, &returned.flow, code).await?;
    let code = hand_over(&state.installation, &returned.flow, assertion).await?;
    Ok(format!("code={}", code.reveal()))
}

/// Says in the log what was wrong. Never whom it was about.
pub fn warn(provider: &portaria_entity::id::IdentityProviderId, worthless: &Worthless) {
    let worthless = in_a_line(&worthless.to_string());
    tracing::warn!(%provider, worthless, "single sign-on failed");
}

/// What a provider says of an error is a stranger's text: it is not to look like lines of our own.
fn in_a_line(text: &str) -> String {
    text.chars().take(500).flat_map(char::escape_debug).collect()
}

/// A browser takes what stands behind the `#` of an address along to where that sends it, unless there is something of its
/// own, be it nothing: so that nobody sends a landing, with its code, on to a provider of theirs.
fn redirect(to: &str) -> Response {
    let to = if to.contains('#') { to.to_owned() } else { format!("{to}#") };
    let Ok(location) = HeaderValue::from_str(&to) else { return page(StatusCode::BAD_GATEWAY, UNKNOWN) };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    private(response)
}

fn page(status: StatusCode, text: &str) -> Response {
    private((status, text.to_owned()).into_response())
}

fn failed(failure: Error) -> Response {
    match Problem::from(failure) {
        Problem::Unavailable => page(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment."),
        _ => page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong."),
    }
}

/// Addresses with codes and states in them are kept by nobody and told to nobody.
fn private(mut response: Response) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    response.headers_mut().extend(headers);
    response
}

#[cfg(test)]
mod tests {
    use super::in_a_line;

    #[test]
    fn no_provider_writes_lines_of_its_own_into_the_log() {
        let said =
            in_a_line(&format!("no\n2026-03-02 INFO all is well\u{1b}[31m\u{2028}{}", "x".repeat(9_000)));
        assert!(!said.contains(['\n', '\u{1b}', '\u{2028}']) && said.len() < 600, "{said}");
    }
}
