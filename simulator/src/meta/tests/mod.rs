//! The simulated Meta as a business's HTTP client, its callback and its customers meet it.

mod codes;
mod control;
mod definitions;
mod faults;
mod files;
mod limits;
mod numbers;
mod refusals;
mod sameness;
mod sending;
mod templates;
mod webhooks;
mod windows;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::UnixClock;
use crate::customer::Customer;
use crate::number::BusinessNumber;
use crate::sender::SenderConfig;
use crate::signature;

/// A day in November 2026.
pub(super) const START: u64 = 1_795_600_000;
/// A customer with a phone, and one without.
pub(super) const ANA: &str = "5511950000001";
pub(super) const BIA: &str = "BR.13491208655302741918";

/// A business with one number, its client, and what its callback was told.
pub(super) struct Business {
    pub(super) meta: Meta,
    client: Client,
    heard: Heard,
}

/// A callback: what it got, and what it answers.
#[derive(Clone, Default)]
pub(super) struct Heard {
    bodies: Arc<Mutex<Vec<Bytes>>>,
    refuses: Arc<Mutex<bool>>,
}

async fn challenge(Query(query): Query<HashMap<String, String>>) -> (StatusCode, String) {
    let known = query["hub.verify_token"] == "token";
    (if known { StatusCode::OK } else { StatusCode::FORBIDDEN }, query["hub.challenge"].clone())
}

async fn receive(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    if given != Some(signature::sign(b"secret", &body).as_str()) {
        return StatusCode::UNAUTHORIZED;
    }
    heard.bodies.lock().unwrap().push(body);
    if *heard.refuses.lock().unwrap() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

impl Heard {
    /// A callback that listens, and where.
    pub(super) async fn listen() -> (Self, String) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let heard = Self::default();
        let router = Router::new().route("/hook", get(challenge).post(receive)).with_state(heard.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (heard, url)
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().iter().map(|body| serde_json::from_slice(body).unwrap()).collect()
    }

    pub(super) fn refuse(&self, refuses: bool) {
        *self.refuses.lock().unwrap() = refuses;
    }

    /// The values of that field, in order.
    pub(super) fn values(&self, field: &str) -> Vec<Value> {
        let changes = self.bodies().into_iter().map(|body| body["entry"][0]["changes"][0].clone());
        changes.filter(|change| change["field"] == field).map(|change| change["value"].clone()).collect()
    }

    /// The statuses told, in order.
    pub(super) fn statuses(&self) -> Vec<Value> {
        self.values("messages").iter().filter_map(|value| value["statuses"].get(0).cloned()).collect()
    }

    /// What customers wrote, in order.
    pub(super) fn messages(&self) -> Vec<Value> {
        self.values("messages").iter().filter_map(|value| value["messages"].get(0).cloned()).collect()
    }
}

/// Two customers, a clock that stands still, everything strict, and wide limits.
pub(super) fn options() -> MetaOptions {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ana = Customer {
        name: "Ana".to_owned(),
        wa_id: Some(ANA.to_owned()),
        user_id: Some("BR.99".to_owned()),
        ..Customer::default()
    };
    let bia = Customer { name: "Bia".to_owned(), user_id: Some(BIA.to_owned()), ..Customer::default() };
    MetaOptions {
        access_tokens: vec!["token".to_owned()],
        clock: UnixClock::paced(START, 0),
        cast: 0,
        customers: vec![ana, bia],
        limits: Limits::wide(),
        ..MetaOptions::new(([127, 0, 0, 1], 0).into(), vec![BusinessNumber::example(0)])
    }
}

pub(super) async fn business(mut options: MetaOptions) -> Business {
    let (heard, url) = Heard::listen().await;
    options.callback = Some(SenderConfig::new(&url, "secret", "token"));
    let meta = Meta::bind(options, &CancellationToken::new()).await.unwrap();
    meta.handshake().await.unwrap();
    Business { meta, client: Client::builder().no_proxy().build().unwrap(), heard }
}

pub(super) async fn ask(request: RequestBuilder) -> (u16, Value) {
    let answer = request.bearer_auth("token").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

impl Business {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/v23.0/{path}", self.meta.base_url())
    }

    /// A path of its number.
    pub(super) fn own(&self, path: &str) -> String {
        self.url(&format!("{}{path}", BusinessNumber::example(0).phone_number_id))
    }

    /// A path of its account.
    pub(super) fn account(&self, path: &str) -> String {
        self.url(&format!("{}{path}", BusinessNumber::example(0).waba_id))
    }

    pub(super) async fn get(&self, url: String) -> (u16, Value) {
        ask(self.client.get(url)).await
    }

    pub(super) async fn post(&self, url: String, body: &Value) -> (u16, Value) {
        ask(self.client.post(url).json(body)).await
    }

    pub(super) async fn send(&self, request: &Value) -> (u16, Value) {
        self.post(self.own("/messages"), request).await
    }

    /// Sends a message of that type to Ana.
    pub(super) async fn send_kind(&self, kind: &str, body: Value) -> (u16, Value) {
        let mut request = json!({ "messaging_product": "whatsapp", "to": ANA, "type": kind });
        request[kind] = body;
        self.send(&request).await
    }

    /// A text to Ana, taken.
    pub(super) async fn text(&self, body: &str) -> Value {
        let (status, answer) = self.send_kind("text", json!({ "body": body })).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The code with which a message of that type is refused.
    pub(super) async fn refusal(&self, kind: &str, body: Value) -> u64 {
        let (status, answer) = self.send_kind(kind, body.clone()).await;
        assert_ne!(status, 200, "{kind} {body} was taken");
        answer["error"]["code"].as_u64().unwrap()
    }

    /// Asks the side that is not Meta's.
    pub(super) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/simulator/{path}", self.meta.base_url());
        let request =
            if body.is_null() { self.client.get(url) } else { self.client.post(url).body(body.to_string()) };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path} {body}");
        answer.json().await.unwrap()
    }

    /// A customer does something.
    pub(super) async fn lets(&self, customer: &str, act: Value) -> Value {
        let told = self.control(&format!("customers/{customer}"), act).await;
        self.settle().await;
        told
    }

    /// What is due now has happened.
    pub(super) async fn settle(&self) {
        self.meta.advance(Duration::ZERO).await;
    }

    pub(super) async fn passes(&self, seconds: u64) {
        self.meta.advance(Duration::from_secs(seconds)).await;
    }

    pub(super) async fn upload(&self, mime_type: &str, content: &[u8]) -> (u16, Value) {
        let mut body = format!(
            "--sep\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
             --sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\
             Content-Type: {mime_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--sep--\r\n");
        let request = self.client.post(self.own("/media")).body(body);
        ask(request.header("content-type", "multipart/form-data; boundary=sep")).await
    }
}

/// The code of a refusal.
pub(super) fn code(answer: &(u16, Value)) -> u64 {
    answer.1["error"]["code"].as_u64().unwrap_or_default()
}
