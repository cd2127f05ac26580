//! A client of the API that speaks HTTP to its handlers.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use portaria_api::ApiOptions;
use portaria_testing::{Person, Stage};
use serde_json::{Value, json};
use tower::ServiceExt;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

pub fn api(stage: &Stage) -> Router {
    portaria_api::router(stage.installation.clone(), ApiOptions::default())
}

pub async fn send(api: &Router, request: Request<Body>) -> Answer {
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Asks as somebody, or as nobody.
pub async fn ask(api: &Router, person: Option<&Person>, query: &str, variables: Value) -> Value {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json");
    if let Some(person) = person {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", person.token));
    }
    let body = json!({ "query": query, "variables": variables }).to_string();
    send(api, request.body(Body::from(body)).unwrap()).await.json()
}

/// The codes of an answer's errors with their paths, e.g. `FORBIDDEN at conversation.contact.phone`.
pub fn errors(answer: &Value) -> Vec<String> {
    let path = |path: &Value| {
        let parts = path
            .as_array()
            .map(|parts| parts.iter().map(|part| part.to_string().replace('"', "")).collect::<Vec<_>>());
        parts.unwrap_or_default().join(".")
    };
    let told = |error: &Value| {
        format!("{} at {}", error["extensions"]["code"].as_str().unwrap_or("no code"), path(&error["path"]))
    };
    answer["errors"].as_array().map(|errors| errors.iter().map(told).collect()).unwrap_or_default()
}

/// A phone number that no customer has yet.
pub fn new_phone() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("55119{:08}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}
