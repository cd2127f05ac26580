//! The Graph paths the stand-in answers.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, ReadReceipt};
use super::graph_error::GraphError;
use super::media::{self, StoredMedia};
use super::message_request::{self, Recipient};

/// What every handler shares.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Arc<Desk>,
    pub(super) base_url: String,
    pub(super) shutdown: CancellationToken,
}

type Answer = Result<Response, GraphError>;
type TwoParts = Path<(String, String)>;

/// Requests to send are JSON of a few kilobytes.
const REQUEST_BYTES: usize = 1 << 20;

pub(super) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/{version}/{id}", get(object).delete(remove))
        .route("/{version}/{id}/messages", post(messages))
        .route("/{version}/{id}/media", post(upload))
        .route("/{version}/{id}/message_templates", get(templates))
        .route("/{version}/{id}/phone_numbers", get(phone_numbers))
        .route("/download/{id}", get(download))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES))
        .with_state(shared)
}

impl Shared {
    /// An answer, or the error in Meta's form.
    fn answer(&self, answer: Answer) -> Response {
        answer.unwrap_or_else(|error| {
            let trace = self.desk.memory().random.hex(22);
            error.answer(&trace)
        })
    }
}

async fn messages(
    State(shared): State<Shared>,
    Path((version, id)): TwoParts,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = shared.send(&version, &id, &headers, &body);
    shared.answer(answer)
}

impl Shared {
    fn send(&self, version: &str, id: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
        self.desk.admit(version, headers)?;
        let number = self.desk.number(id)?;
        if let Some(failure) = self.desk.next_failure() {
            return Err(failure);
        }
        let request: Value = serde_json::from_slice(body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| GraphError::parameter("The body must be a JSON object."))?;
        message_request::product(&request)?;
        if request.get("status").is_some() {
            let (message_id, typing) = message_request::read_receipt(&request)?;
            self.desk.take_receipt(ReadReceipt { phone_number_id: id.to_owned(), message_id, typing });
            return Ok(Json(json!({ "success": true })).into_response());
        }
        let recipient = message_request::recipient(&request, number)?;
        let kind = message_request::kind(&request, &self.desk)?;
        let message = self.desk.take(id, recipient, kind, request);
        let customer = self.desk.customer(&message.recipient);
        let answer = json!({
            "messaging_product": "whatsapp",
            "contacts": [contact(&message.request, &message.recipient)],
            "messages": [{ "id": message.id }],
        });
        if let Some(plan) = self.desk.options.statuses.clone() {
            tokio::spawn(plan.follow(message, number.clone(), customer, self.shutdown.clone()));
        }
        Ok(Json(answer).into_response())
    }
}

/// The recipient as asked for, beside what WhatsApp calls them.
fn contact(request: &Value, recipient: &Recipient) -> Value {
    match recipient {
        Recipient::Phone(phone) => json!({ "input": request["to"], "wa_id": phone }),
        Recipient::User(user) => json!({ "input": request["recipient"], "user_id": user }),
        Recipient::Group(group) => json!({ "input": request["to"], "group_id": group }),
    }
}

async fn object(
    State(shared): State<Shared>,
    Path((version, id)): TwoParts,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let found = shared.desk.admit(&version, &headers).and_then(|()| {
        if let Ok(number) = shared.desk.number(&id) {
            return Ok(number_info(number, query.get("fields")));
        }
        shared.desk.media(&id).map(|file| file.to_value(&shared.base_url))
    });
    shared.answer(found.map(|value| Json(value).into_response()))
}

/// What is said of a number; with `fields`, those and the id.
fn number_info(number: &crate::number::BusinessNumber, fields: Option<&String>) -> Value {
    let mut info = json!({
        "id": number.phone_number_id,
        "display_phone_number": format!("+{}", number.display_phone_number),
        "verified_name": number.verified_name,
        "quality_rating": "GREEN",
    });
    let more = json!({
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "status": "CONNECTED",
        "throughput": { "level": "STANDARD" },
    });
    if let (Some(fields), Value::Object(all), Value::Object(more)) = (fields, &mut info, more) {
        all.extend(more);
        all.retain(|key, _| key == "id" || fields.split(',').any(|field| field.trim() == key));
    }
    info
}

async fn remove(State(shared): State<Shared>, Path((version, id)): TwoParts, headers: HeaderMap) -> Response {
    let removed = shared.desk.admit(&version, &headers).and_then(|()| {
        let removed = shared.desk.memory().shelf.remove(&id);
        removed.then_some(()).ok_or_else(|| GraphError::no_such_object(&id))
    });
    shared.answer(removed.map(|()| Json(json!({ "success": true })).into_response()))
}

async fn upload(
    State(shared): State<Shared>,
    Path((version, id)): TwoParts,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = shared.store(&version, &id, &headers, body).await;
    shared.answer(answer)
}

impl Shared {
    async fn store(&self, version: &str, number_id: &str, headers: &HeaderMap, body: Body) -> Answer {
        self.desk.admit(version, headers)?;
        self.desk.number(number_id)?;
        let (mime_type, bytes) = media::read_upload(headers, body, self.desk.options.media_bytes).await?;
        let mut memory = self.desk.memory();
        let id = memory.random.digits(16);
        memory.shelf.put(StoredMedia { id: id.clone(), mime_type, bytes });
        Ok(Json(json!({ "id": id })).into_response())
    }
}

/// The bytes, under the address that a request for the id gave; the token is needed here too.
async fn download(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Err(error) = shared.desk.admit("v0.0", &headers) {
        return shared.answer(Err(error));
    }
    match shared.desk.media(&id) {
        Ok(file) => ([(header::CONTENT_TYPE, file.mime_type)], file.bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn templates(
    State(shared): State<Shared>,
    Path((version, id)): TwoParts,
    headers: HeaderMap,
) -> Response {
    let listed = shared.account(&version, &id, &headers).map(|()| {
        let data: Vec<Value> = shared.desk.templates().iter().map(super::Template::to_value).collect();
        Json(json!({ "data": data, "paging": { "cursors": { "before": "MAZDZD", "after": "MjQZD" } } }))
    });
    shared.answer(listed.map(IntoResponse::into_response))
}

async fn phone_numbers(
    State(shared): State<Shared>,
    Path((version, id)): TwoParts,
    headers: HeaderMap,
) -> Response {
    let listed = shared.account(&version, &id, &headers).map(|()| {
        let numbers = shared.desk.options.numbers.iter().filter(|number| number.waba_id == id);
        Json(json!({ "data": numbers.map(|number| number_info(number, None)).collect::<Vec<_>>() }))
    });
    shared.answer(listed.map(IntoResponse::into_response))
}

impl Shared {
    /// The token is right and the account has a number here.
    fn account(&self, version: &str, id: &str, headers: &HeaderMap) -> Result<(), GraphError> {
        self.desk.admit(version, headers)?;
        let known = self.desk.options.numbers.iter().any(|number| number.waba_id == id);
        known.then_some(()).ok_or_else(|| GraphError::no_such_object(id))
    }
}
