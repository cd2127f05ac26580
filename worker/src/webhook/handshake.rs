//! Meta's GET, by which it makes sure that the callback URL is ours.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use portaria_domain::token::TokenHash;
use portaria_entity::webhook_refusal::RefusalCause;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::Reception;

#[derive(Deserialize)]
pub(super) struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Echoes the challenge to who knows the app's verify token.
pub(super) async fn answer(
    State(reception): State<Arc<Reception>>,
    Path(key): Path<String>,
    Query(handshake): Query<Handshake>,
) -> Response {
    let app = match reception.apps.get(&key).await {
        Ok(Some(app)) => app,
        Ok(None) => return reception.refuse(RefusalCause::UnknownApp, &key),
        Err(error) => return reception.unavailable(&error),
    };
    let token = TokenHash::of(handshake.verify_token.as_deref().unwrap_or_default()).to_vec();
    let knows_token: bool = token.ct_eq(&app.app.verify_token_hash).into();
    match handshake.challenge {
        Some(challenge) if knows_token && handshake.mode.as_deref() == Some("subscribe") => {
            let as_text = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (as_text, challenge).into_response()
        }
        Some(_) if !knows_token => reception.refuse(RefusalCause::WrongVerifyToken, &key),
        Some(_) | None => StatusCode::FORBIDDEN.into_response(),
    }
}
