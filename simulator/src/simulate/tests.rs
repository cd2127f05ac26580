//! A drive against a callback that verifies: what arrives, what is refused, and what ends it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

use super::*;
use crate::signature;

type Bodies = Arc<Mutex<Vec<Bytes>>>;

async fn challenge(Query(query): Query<HashMap<String, String>>) -> String {
    query["hub.challenge"].clone()
}

async fn receive(State(bodies): State<Bodies>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    if given != Some(signature::sign(b"secret", &body).as_str()) {
        return StatusCode::UNAUTHORIZED;
    }
    bodies.lock().unwrap().push(body);
    StatusCode::OK
}

async fn options() -> (SimulateOptions, Bodies) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bodies = Bodies::default();
    let router = Router::new().route("/", get(challenge).post(receive)).with_state(bodies.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let sender = SenderConfig::new(&url, "secret", "token");
    let numbers = vec![BusinessNumber::example(0), BusinessNumber::example(1)];
    let clock = UnixClock::fixed(1_800_000_000);
    let pace = Pace::Unthrottled;
    (SimulateOptions { clock, pace, deliveries: Some(200), ..SimulateOptions::new(sender, numbers) }, bodies)
}

#[tokio::test]
async fn everything_made_arrives_and_every_forgery_is_refused() {
    let (mut options, bodies) = options().await;
    options.faults = FaultPercents { duplicate: 10, reorder: 10, forged: 10 };
    options.history =
        Some(HistoryPlan { conversations: 20, messages_each: 6, until: 1_800_000_000, span_secs: 86_400 });
    let summary = simulate(options, CancellationToken::new()).await.unwrap();
    assert_eq!(summary.accepted, 220 + summary.duplicated);
    assert_eq!(summary.sent, summary.accepted + summary.forged_refused);
    assert_eq!((summary.refused, summary.unreachable, summary.forged_accepted), (0, 0, 0));
    assert!(summary.forged_refused > 5 && summary.duplicated > 5 && summary.reordered > 5, "{summary:?}");
    assert!(summary.messages >= 120 + 100, "{summary:?}");
    assert!(summary.p50 <= summary.p99 && summary.p99 <= summary.max && !summary.max.is_zero());
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len() as u64, summary.accepted);
    assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), 220);
}

#[tokio::test]
async fn the_shutdown_ends_it() {
    let (mut options, bodies) = options().await;
    options.deliveries = None;
    options.pace = Pace::Every(Duration::from_millis(1));
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(simulate(options, shutdown.clone()));
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if !bodies.lock().unwrap().is_empty() {
            break;
        }
    }
    shutdown.cancel();
    let summary = running.await.unwrap().unwrap();
    assert!(summary.accepted > 0 && summary.accepted == summary.sent, "{summary:?}");
}

#[tokio::test]
async fn the_duration_ends_it() {
    let (mut options, _) = options().await;
    options.deliveries = None;
    options.duration = Some(Duration::from_millis(80));
    let summary = simulate(options, CancellationToken::new()).await.unwrap();
    assert!(summary.accepted > 0);
}

#[tokio::test]
async fn a_pace_of_no_time_is_refused() {
    let (mut options, _) = options().await;
    options.pace = Pace::Every(Duration::ZERO);
    assert!(matches!(simulate(options, CancellationToken::new()).await, Err(SimulatorError::Interval)));
}
