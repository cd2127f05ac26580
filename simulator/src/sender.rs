//! Delivers webhooks to a callback as Meta does: the handshake, then signed bodies, tried again until a 200.

use std::time::{Duration, Instant};

use reqwest::{Client, Url, header, redirect};

use crate::error::SimulatorError;
use crate::signature;

/// Where and how to deliver.
#[derive(Clone)]
pub struct SenderConfig {
    /// The callback, as it would be entered in Meta's dashboard.
    pub callback_url: String,
    /// The key of the signatures.
    pub app_secret: String,
    /// What the callback expects in the handshake.
    pub verify_token: String,
    /// How often a body is tried before it is given up.
    pub attempts: u32,
    /// How long to wait before the second attempt; each further wait is twice as long.
    pub first_backoff: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl SenderConfig {
    /// A callback with five attempts from a quarter of a second on, each of at most ten seconds.
    pub fn new(callback_url: &str, app_secret: &str, verify_token: &str) -> Self {
        Self {
            callback_url: callback_url.to_owned(),
            app_secret: app_secret.to_owned(),
            verify_token: verify_token.to_owned(),
            attempts: 5,
            first_backoff: Duration::from_millis(250),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Something wrong with a delivery on purpose. A faulty delivery is tried once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The signature is of the right form and wrong.
    WrongSignature,
    /// There is no signature.
    NoSignature,
    /// A byte was altered after signing.
    AlteredBody,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// With a 200.
    Accepted,
    /// With this other status, at the last attempt.
    Refused(u16),
    /// Without an answer, at the last attempt.
    Unreachable,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub fate: Fate,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long the last attempt took.
    pub latency: Duration,
}

/// Meta's delivering side for one callback. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    callback: Url,
    config: SenderConfig,
}

impl Sender {
    /// A sender for that callback. Proxies of the environment are ignored and redirects not followed, as Meta
    /// would not. The process must have installed a rustls provider, for reqwest here brings none.
    ///
    /// # Errors
    /// When the URL is none, or the HTTP client cannot be built.
    pub fn new(config: SenderConfig) -> Result<Self, SimulatorError> {
        let callback = Url::parse(&config.callback_url).map_err(|_| SimulatorError::CallbackUrl)?;
        if !matches!(callback.scheme(), "http" | "https") {
            return Err(SimulatorError::CallbackUrl);
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(config.timeout)
            .user_agent("facebookexternalua")
            .build()
            .map_err(SimulatorError::Client)?;
        Ok(Self { client, callback, config })
    }

    /// Meta's check that the callback knows the verify token and echoes the challenge.
    ///
    /// # Errors
    /// When the callback is not reachable, refuses, or echoes something else.
    pub async fn handshake(&self, challenge: &str) -> Result<(), SimulatorError> {
        let mut url = self.callback.clone();
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", challenge)
            .append_pair("hub.verify_token", &self.config.verify_token);
        let answer = self.client.get(url).send().await.map_err(SimulatorError::Unreachable)?;
        if answer.status() != 200 {
            return Err(SimulatorError::HandshakeStatus(answer.status().as_u16()));
        }
        let echoed = answer.text().await.map_err(SimulatorError::Unreachable)?;
        if echoed == challenge { Ok(()) } else { Err(SimulatorError::HandshakeEcho) }
    }

    /// Where it delivers.
    pub fn config(&self) -> &SenderConfig {
        &self.config
    }

    /// Delivers a body, again and again with growing pauses while the answer is not 200. A faulty one once.
    pub async fn deliver(&self, body: &[u8], fault: Fault) -> Outcome {
        let allowed = if fault == Fault::None { self.config.attempts.max(1) } else { 1 };
        let mut pause = self.config.first_backoff;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let began = Instant::now();
            let fate = self.attempt(body, fault).await;
            let outcome = Outcome { fate, attempts, latency: began.elapsed() };
            if fate == Fate::Accepted || attempts >= allowed {
                return outcome;
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
    }

    /// Delivers a body once, whatever the answer.
    pub async fn once(&self, body: &[u8], fault: Fault) -> Outcome {
        let began = Instant::now();
        let fate = self.attempt(body, fault).await;
        Outcome { fate, attempts: 1, latency: began.elapsed() }
    }

    async fn attempt(&self, body: &[u8], fault: Fault) -> Fate {
        let mut bytes = body.to_vec();
        let mut signature = Some(signature::sign(self.config.app_secret.as_bytes(), body));
        match fault {
            Fault::None => {}
            Fault::WrongSignature => signature = Some(signature::sign(b"not the app secret", body)),
            Fault::NoSignature => signature = None,
            // A space behind the JSON changes the bytes and nothing else.
            Fault::AlteredBody => bytes.push(b' '),
        }
        let mut request = self
            .client
            .post(self.callback.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(bytes);
        if let Some(signature) = signature {
            request = request.header(signature::HEADER, signature);
        }
        match request.send().await {
            Ok(answer) if answer.status() == 200 => Fate::Accepted,
            Ok(answer) => Fate::Refused(answer.status().as_u16()),
            Err(_) => Fate::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::{Query, State};
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get;

    use super::*;
    use crate::escape;

    /// A callback that verifies signatures and refuses the first few posts.
    #[derive(Clone, Default)]
    struct Callback {
        refusals: Arc<AtomicU32>,
        seen: Arc<AtomicU32>,
    }

    async fn challenge(Query(query): Query<HashMap<String, String>>) -> (StatusCode, String) {
        if query["hub.mode"] == "subscribe" && query["hub.verify_token"] == "verify me" {
            (StatusCode::OK, query["hub.challenge"].clone())
        } else {
            (StatusCode::FORBIDDEN, String::new())
        }
    }

    async fn receive(State(callback): State<Callback>, headers: HeaderMap, body: Bytes) -> StatusCode {
        callback.seen.fetch_add(1, Ordering::SeqCst);
        let given = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
        if given != Some(signature::sign(b"secret", &body).as_str()) {
            return StatusCode::UNAUTHORIZED;
        }
        let left = callback.refusals.load(Ordering::SeqCst);
        if left > 0 {
            callback.refusals.store(left - 1, Ordering::SeqCst);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        StatusCode::OK
    }

    async fn callback(refusals: u32) -> (Sender, Callback) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let callback = Callback { refusals: Arc::new(refusals.into()), ..Callback::default() };
        let router = Router::new().route("/hook", get(challenge).post(receive)).with_state(callback.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = SenderConfig {
            attempts: 3,
            first_backoff: Duration::from_millis(5),
            ..SenderConfig::new(&url, "secret", "verify me")
        };
        (Sender::new(config).unwrap(), callback)
    }

    #[tokio::test]
    async fn a_signed_body_is_accepted_at_once() {
        let (sender, callback) = callback(0).await;
        let body = escape::to_wire(&serde_json::json!({"text": "olá 👋 / @"}));
        let outcome = sender.deliver(&body, Fault::None).await;
        assert_eq!((outcome.fate, outcome.attempts), (Fate::Accepted, 1));
        assert!(outcome.latency > Duration::ZERO);
        assert_eq!(callback.seen.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_unavailable_callback_is_tried_again() {
        let (sender, callback) = callback(2).await;
        let outcome = sender.deliver(b"{}", Fault::None).await;
        assert_eq!((outcome.fate, outcome.attempts), (Fate::Accepted, 3));
        assert_eq!(callback.seen.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn attempts_are_bounded() {
        let (sender, callback) = callback(99).await;
        let outcome = sender.deliver(b"{}", Fault::None).await;
        assert_eq!((outcome.fate, outcome.attempts), (Fate::Refused(503), 3));
        assert_eq!(callback.seen.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn every_fault_is_refused_and_tried_once() {
        let (sender, _) = callback(0).await;
        for fault in [Fault::WrongSignature, Fault::NoSignature, Fault::AlteredBody] {
            let outcome = sender.deliver(b"{}", fault).await;
            assert_eq!((outcome.fate, outcome.attempts), (Fate::Refused(401), 1), "{fault:?}");
        }
    }

    #[tokio::test]
    async fn nobody_listening_is_unreachable() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        drop(listener);
        let config = SenderConfig { attempts: 1, ..SenderConfig::new(&url, "secret", "token") };
        let outcome = Sender::new(config).unwrap().deliver(b"{}", Fault::None).await;
        assert_eq!(outcome.fate, Fate::Unreachable);
    }

    #[tokio::test]
    async fn the_handshake_wants_its_challenge_back() {
        let (sender, _) = callback(0).await;
        sender.handshake("1158201444").await.unwrap();
        let mut config = sender.config.clone();
        config.verify_token = "something else".to_owned();
        let stranger = Sender::new(config).unwrap();
        assert!(matches!(stranger.handshake("1").await, Err(SimulatorError::HandshakeStatus(403))));
    }

    #[test]
    fn only_web_addresses_are_callbacks() {
        for url in ["", "/hook", "ftp://localhost/", "localhost:8080"] {
            let config = SenderConfig::new(url, "secret", "token");
            assert!(matches!(Sender::new(config), Err(SimulatorError::CallbackUrl)), "{url}");
        }
    }
}
