//! Takes a file that is to be sent: the body is the file, and the answer its id.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::media::{self, NewUpload, Receiving};
use portaria_entity::media_file::{self, MediaKind};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::Instrument;

use super::problem::Refused;
use crate::ApiState;
use crate::error::Problem;
use crate::graphql::time::DateTime;
use crate::http::origin;
use crate::identity::identify;
use crate::origin::ClientAddress;

/// How long nothing of a file may come, and how long all of it may take.
const PAUSE: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

#[derive(Deserialize)]
pub struct Parameters {
    filename: Option<String>,
    kind: Option<String>,
}

/// `POST /media?kind=...&filename=...`
pub async fn receive(
    State(state): State<Arc<ApiState>>,
    ClientAddress(address): ClientAddress,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // Apart from the request, so that one that is broken off is tidied up all the same.
    let work = async move {
        let origin = origin(address, &headers);
        let identity = identify(&state, &headers, &origin).await?;
        let (_, viewer) = identity.0.ok_or(Problem::Unauthenticated)?;
        let new = new_upload(&headers, parameters)?;
        let _place = state.media.0.clone().try_acquire_owned().map_err(|_| Refused::busy())?;
        let viewer = viewer.asking_from(&origin.address);
        let source = (body.into_data_stream(), Receiving { pause: PAUSE });
        let received = media::receive(&state.installation, &viewer, new, source);
        match tokio::time::timeout(TIMEOUT, received).await {
            Ok(received) => received.map_err(Refused::from),
            Err(_) => Err(Error::from(Refusal::FileIncomplete).into()),
        }
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(Ok(file)) => (StatusCode::CREATED, Json(described(&file))).into_response(),
        Ok(Err(refused)) => refused.into_response(),
        Err(error) => {
            tracing::error!(%error, "a file could not be taken");
            Refused::from(Problem::Internal).into_response()
        }
    }
}

fn new_upload(headers: &HeaderMap, parameters: Parameters) -> Result<NewUpload, Refused> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mime_type = text(header::CONTENT_TYPE.as_str()).map(str::trim).filter(|mime| !mime.is_empty());
    let form = mime_type.is_some_and(|mime| {
        let mime = mime.to_ascii_lowercase();
        mime.starts_with("multipart/") || mime.starts_with("application/x-www-form-urlencoded")
    });
    if form {
        let message = "Send the file itself as the body, with its own type.";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_USER_INPUT", message));
    }
    let kind = parameters.kind.as_deref().map(|kind| match kind {
        "IMAGE" => Ok(MediaKind::Image),
        "VIDEO" => Ok(MediaKind::Video),
        "AUDIO" => Ok(MediaKind::Audio),
        "DOCUMENT" => Ok(MediaKind::Document),
        "STICKER" => Ok(MediaKind::Sticker),
        _ => Err(Refused::from(Problem::BadUserInput(
            "`kind` is IMAGE, VIDEO, AUDIO, DOCUMENT or STICKER.".to_owned(),
        ))),
    });
    let named = text("x-filename").and_then(|name| {
        // Headers carry no letters beyond ASCII: it comes encoded as in addresses.
        let pair = format!("n={}", name.replace('+', "%2B").replace('&', "%26"));
        form_urlencoded::parse(pair.as_bytes()).next().map(|(_, name)| name.into_owned())
    });
    Ok(NewUpload {
        kind: kind.transpose()?,
        mime_type: mime_type.map(str::to_owned),
        filename: parameters.filename.or(named),
        bytes: text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()),
    })
}

/// A file that is there, as its uploader is told.
fn described(file: &media_file::Model) -> Value {
    json!({
        "id": file.id.to_string(),
        "kind": <&str>::from(file.kind).to_ascii_uppercase(),
        "mimeType": file.detected_type,
        "filename": file.filename,
        "bytes": file.bytes,
        "sha256": file.digest.as_deref().and_then(in_base64),
        "expiresAt": async_graphql::ScalarType::to_value(&DateTime(file.expires_at)),
    })
}

/// A digest as WhatsApp and the GraphQL API write it.
pub fn in_base64(hexadecimals: &str) -> Option<String> {
    let digits = hexadecimals.as_bytes().chunks_exact(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Some(STANDARD.encode(bytes.collect::<Option<Vec<u8>>>()?))
}
