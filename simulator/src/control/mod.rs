//! The side that is not Meta's: under `/simulator` tests and developers look at the state, let customers act, move the
//! clock and break things.

mod customers;
mod scenarios;
mod settings;
mod watching;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::meta::Shared;
pub(crate) use watching::state;

/// What there is, for whoever asks.
const HELP: &str = r#"{
  "GET /simulator/state": "figures: messages taken, limits run into, refusals by code, webhooks waiting, the time",
  "GET /simulator/messages?last=20": "the last messages taken from the business",
  "GET /simulator/taken?callback_data=X": "how often a message with that biz_opaque_callback_data was taken; without X: those taken more than once",
  "GET /simulator/receipts?last=20": "the last read receipts and typing signs",
  "GET /simulator/webhooks?after=0&last=50": "webhooks that were made, by number",
  "GET /simulator/customers?last=50": "who there is",
  "POST /simulator/customers": "{name, wa_id, user_id, parent_user_id, username}: somebody new",
  "POST /simulator/customers/{wa_id or user_id}": "{do, number, ...}: text|quote|ad {text}, press {choice}, file {mime_type, caption, filename, voice}, location, card, react {emoji}, unsupported, read, block, unblock, stop_marketing, resume_marketing, set {lively, unreachable}",
  "GET /simulator/thread?customer=X&number=Y": "the windows between a customer and a number",
  "POST /simulator/clock": "{advance: \"2h\", speed: 60}",
  "POST /simulator/tokens": "{token, revoked, messaging, management} or {revoke_all: true}",
  "POST /simulator/numbers/{id}": "{registered, throughput, quality, refuses: code or null}",
  "POST /simulator/accounts/{id}": "{can_pay, refuses: code or null}",
  "POST /simulator/flows/{id}": "{refuses: 132068, 132069 or null}",
  "POST /simulator/templates/{id}": "{do: approve|reject|pause|reinstate|disable} or {quality: RED} or {category: MARKETING}",
  "GET, POST /simulator/faults": "{faults: [\"slow=5%:2s\", ...]}: from now on these, and no others",
  "POST /simulator/next": "{codes: [130429]}: the next messages are refused with these",
  "GET /simulator/scenarios": "the four test scenarios of Meta's dashboard",
  "POST /simulator/scenarios/{name}": "{number}: plays one"
}"#;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/simulator", get(help))
        .route("/simulator/", get(help))
        .route("/simulator/state", get(watching::figures))
        .route("/simulator/messages", get(watching::messages))
        .route("/simulator/taken", get(watching::taken))
        .route("/simulator/receipts", get(watching::receipts))
        .route("/simulator/webhooks", get(watching::webhooks))
        .route("/simulator/thread", get(watching::thread))
        .route("/simulator/customers", get(customers::list).post(customers::introduce))
        .route("/simulator/customers/{address}", post(customers::act))
        .route("/simulator/clock", post(settings::clock))
        .route("/simulator/tokens", post(settings::tokens))
        .route("/simulator/numbers/{id}", post(settings::number))
        .route("/simulator/accounts/{id}", post(settings::account))
        .route("/simulator/flows/{id}", post(settings::flow))
        .route("/simulator/templates/{id}", post(settings::template))
        .route("/simulator/faults", get(settings::faults).post(settings::set_faults))
        .route("/simulator/next", post(settings::next))
        .route("/simulator/scenarios", get(scenarios::list))
        .route("/simulator/scenarios/{name}", post(scenarios::play))
        .with_state(shared)
}

async fn help() -> Response {
    let help: Value = serde_json::from_str(HELP).unwrap_or(Value::Null);
    answer(Ok(help))
}

/// What was asked for, or what is wrong with it in words.
type Told = Result<Value, String>;

/// An answer that can be read in a terminal.
fn answer(told: Told) -> Response {
    let (status, value) = match told {
        Ok(value) => (StatusCode::OK, value),
        Err(wrong) => (StatusCode::BAD_REQUEST, json!({ "error": wrong })),
    };
    let text = serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
    (status, [(axum::http::header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// The body's object, whatever content type a terminal's client gave it; an empty body is an empty object.
fn object(body: &Bytes) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    if value.is_object() { Ok(value) } else { Err("the body must be an object".to_owned()) }
}

/// The place of the number the object names, else of the first.
fn line_of(shared: &Shared, wanted: &Value) -> Result<usize, String> {
    match wanted["number"].as_str() {
        None => Ok(0),
        Some(number) => {
            let world = shared.world();
            let is_it = |known: &crate::number::BusinessNumber| {
                known.phone_number_id == number
                    || known.display_phone_number == number.trim_start_matches('+')
            };
            let place = world.lines.iter().position(|line| is_it(&line.number));
            place.ok_or_else(|| format!("there is no number {number}"))
        }
    }
}
