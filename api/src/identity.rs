//! Who asks: by a bearer token, or by a browser's cookie. Of both, the token counts.

use axum::http::{HeaderMap, header};
use portaria_domain::authentication::{Origin, authenticate_from};
use portaria_domain::token::TokenHash;

use crate::ApiState;
use crate::cookie;
use crate::error::Problem;
use crate::provenance::Provenance;
use crate::request::Identity;

/// What the caller is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    #[default]
    Nothing,
    Bearer,
    Cookie,
}

/// Who asks: nobody without a token; a bearer token that opens nothing is refused, a cookie from a foreign page too.
pub async fn identify(
    state: &ApiState,
    headers: &HeaderMap,
    origin: &Origin,
) -> Result<(Identity, Carrier), Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let identity = identify_bearer(state, value.to_str().unwrap_or_default(), origin).await?;
        return Ok((identity, Carrier::Bearer));
    }
    match cookie::read(headers, cookie::SESSION) {
        None => Ok((None, Carrier::Nothing)),
        Some(token) => {
            identify_cookie(state, token, &Provenance::of(headers, &state.front_ends), origin).await
        }
    }
}

/// The viewer behind `Bearer ...`.
pub async fn identify_bearer(
    state: &ApiState,
    authorization: &str,
    origin: &Origin,
) -> Result<Identity, Problem> {
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(Problem::Unauthenticated),
    };
    match authenticate_from(&state.installation, token, origin).await? {
        Some(viewer) => Ok(Some((TokenHash::of(token), viewer))),
        None => Err(Problem::Unauthenticated),
    }
}

/// The session behind a cookie; of one that opens nothing (any more), nobody. An API key is no cookie.
pub async fn identify_cookie(
    state: &ApiState,
    token: &str,
    provenance: &Provenance,
    origin: &Origin,
) -> Result<(Identity, Carrier), Problem> {
    let found = match token.starts_with("ptr_sess_") {
        true => authenticate_from(&state.installation, token, origin).await?,
        false => None,
    };
    // It is not taken away: the browser may have been given a new one while this request was under way, which would go with it.
    let Some(viewer) = found else { return Ok((None, Carrier::Nothing)) };
    match provenance.may_use_cookie(&state.installation, Some(viewer.workspace_id)).await? {
        true => Ok((Some((TokenHash::of(token), viewer)), Carrier::Cookie)),
        false => Err(Problem::ForeignPage),
    }
}
