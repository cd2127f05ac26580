//! A provider that says whatever a test wants it to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use portaria_entity::time::Timestamp;
use serde_json::{Value, json};

pub const SECRET: &str = "a secret of the tests";

/// How a document is answered.
#[derive(Clone)]
pub enum Answer {
    Json(Value),
    Redirect,
    Huge,
    Broken,
}

pub struct Says {
    pub discovery: Answer,
    pub keys: Answer,
    pub token: Answer,
    pub userinfo: Answer,
    /// What has been asked, with its body.
    pub asked: Vec<String>,
}

pub struct Mock {
    pub issuer: String,
    says: Arc<Mutex<Says>>,
}

/// How a token is signed.
pub enum Signature<'a> {
    By(&'a CoreEdDsaPrivateSigningKey),
    /// By the client's secret.
    Hmac,
    None,
}

pub fn key(name: &str) -> CoreEdDsaPrivateSigningKey {
    let (pem, id) = match name {
        "one" => (include_str!("one.pem"), "one"),
        _ => (include_str!("other.pem"), "other"),
    };
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

pub fn key_set(keys: &[&CoreEdDsaPrivateSigningKey]) -> Answer {
    let keys: Vec<_> =
        keys.iter().map(|key| serde_json::to_value(key.as_verification_key()).unwrap()).collect();
    Answer::Json(json!({ "keys": keys }))
}

/// A token of these claims.
pub fn signed(claims: &Value, signature: &Signature<'_>, kid: &str) -> String {
    let algorithm = match signature {
        Signature::By(_) => "EdDSA",
        Signature::Hmac => "HS256",
        Signature::None => "none",
    };
    let header = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let made = match signature {
        Signature::By(key) => key.sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes()).unwrap(),
        Signature::Hmac => {
            CoreHmacKey::new(SECRET).sign(&CoreJwsSigningAlgorithm::HmacSha256, message.as_bytes()).unwrap()
        }
        Signature::None => Vec::new(),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(made))
}

/// What a token endpoint answers.
pub fn token(id_token: &str) -> Answer {
    Answer::Json(json!({ "access_token": "an access token", "token_type": "Bearer", "id_token": id_token }))
}

impl Mock {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says {
            discovery: Answer::Broken,
            keys: key_set(&[&key("one")]),
            token: Answer::Broken,
            userinfo: Answer::Broken,
            asked: Vec::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(redeemed))
            .route("/userinfo", get(userinfo))
            .with_state(says.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mock = Self { issuer, says };
        mock.says(|says| says.discovery = Answer::Json(mock.document()));
        mock
    }

    pub fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }

    /// What it has been asked since it was last looked at.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.says.lock().unwrap().asked)
    }

    pub fn document(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}/authorize", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
            "jwks_uri": format!("{}/keys", self.issuer),
        })
    }

    /// The claims of a good token.
    pub fn claims(&self, nonce: &str, now: Timestamp) -> Value {
        json!({
            "iss": self.issuer, "aud": "portaria", "sub": "nina", "exp": now.as_secs() + 300, "iat": now.as_secs(),
            "nonce": nonce, "email": "nina@acme.example", "groups": ["agents"],
        })
    }
}

type Shared = State<Arc<Mutex<Says>>>;

fn answer(said: &Answer) -> Response {
    match said {
        Answer::Json(value) => axum::Json(value.clone()).into_response(),
        Answer::Redirect => Redirect::temporary("/elsewhere").into_response(),
        Answer::Huge => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (kind, Body::from(format!("{{\"x\":\"{}\"}}", "x".repeat(3_000_000)))).into_response()
        }
        Answer::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "broken").into_response(),
    }
}

async fn discovery(State(says): Shared) -> Response {
    let mut says = says.lock().unwrap();
    says.asked.push("discovery".to_owned());
    answer(&says.discovery)
}

async fn keys(State(says): Shared) -> Response {
    let mut says = says.lock().unwrap();
    says.asked.push("keys".to_owned());
    answer(&says.keys)
}

async fn redeemed(State(says): Shared, headers: HeaderMap, body: String) -> Response {
    let mut says = says.lock().unwrap();
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let basic = STANDARD.decode(basic.trim_start_matches("Basic ")).unwrap_or_default();
    says.asked.push(format!("token {} {body}", String::from_utf8(basic).unwrap()));
    answer(&says.token)
}

async fn userinfo(State(says): Shared, headers: HeaderMap) -> Response {
    let mut says = says.lock().unwrap();
    says.asked.push(format!("userinfo {}", headers[header::AUTHORIZATION].to_str().unwrap()));
    answer(&says.userinfo)
}
