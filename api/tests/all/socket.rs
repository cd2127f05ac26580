//! A client of subscriptions, over a real socket.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use portaria_api::ApiOptions;
use portaria_domain::Installation;
use portaria_domain::event::{Happening, append};
use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, MessageId};
use portaria_testing::{Person, Stage};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

pub type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A served API, with its outbox relay running.
pub struct Served {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
}

impl Served {
    pub async fn new(stage: &Stage) -> Self {
        Self::of(&stage.installation).await
    }

    /// Of any process on the stage's database.
    pub async fn of(installation: &Installation) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let router = portaria_api::router(installation.clone(), ApiOptions::default());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (events, token) = (installation.events.clone(), shutdown.clone());
        tokio::spawn(async move { events.run(token).await });
        let (process, token) = (installation.clone(), shutdown.clone());
        tokio::spawn(async move { process.signals.run(&process.database, token).await });
        // The relay begins with what comes after its first look.
        tokio::time::sleep(Duration::from_millis(100)).await;
        Self { address, shutdown }
    }

    pub async fn connect(&self, init: Value) -> Socket {
        let mut request = format!("ws://{}/graphql/ws", self.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        send(&mut socket, json!({ "type": "connection_init", "payload": init })).await;
        socket
    }

    pub async fn follow(&self, person: &Person, query: &str) -> Socket {
        let (socket, at_once) = self.begin(person, &[query.to_owned()]).await;
        assert_eq!(at_once, Vec::<Value>::new());
        socket
    }

    /// Begins some subscriptions, whose ids are their places in the list, and answers what they say at once.
    pub async fn begin(&self, person: &Person, queries: &[String]) -> (Socket, Vec<Value>) {
        let mut socket = self.connect(json!({ "authorization": format!("Bearer {}", person.token) })).await;
        assert_eq!(next(&mut socket).await["type"], "connection_ack");
        for (place, query) in queries.iter().enumerate() {
            let id = place.to_string();
            send(&mut socket, json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
        }
        // A subscription has begun once the server has answered something that was sent after it.
        send(&mut socket, json!({ "type": "ping" })).await;
        let mut at_once = Vec::new();
        loop {
            let said = next(&mut socket).await;
            if said["type"] == "pong" {
                return (socket, at_once);
            }
            at_once.push(said);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub async fn send(socket: &mut Socket, message: Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

pub async fn next(socket: &mut Socket) -> Value {
    match tokio::time::timeout(Duration::from_secs(5), socket.next()).await.expect("a message within 5 s") {
        Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
        Some(Ok(Message::Close(frame))) => json!({ "close": frame.map(|frame| u16::from(frame.code)) }),
        other => panic!("{other:?}"),
    }
}

/// What arrives until nothing more does for so long.
pub async fn drain(socket: &mut Socket, quiet: Duration) -> Vec<Value> {
    let mut all = Vec::new();
    while let Ok(said) = tokio::time::timeout(quiet, next(socket)).await {
        all.push(said);
    }
    all
}

/// Nothing more arrives for a while.
pub async fn silence(socket: &mut Socket) {
    let more = tokio::time::timeout(Duration::from_millis(400), socket.next()).await;
    assert!(more.is_err(), "{more:?}");
}

pub async fn publish(stage: &Stage, conversation: ConversationId, message: Option<MessageId>) {
    let transaction = stage.installation.database.begin().await.unwrap();
    let kind = if message.is_some() { EventKind::MessageReceived } else { EventKind::ConversationChanged };
    let happening = Happening {
        workspace_id: stage.workspace_id,
        kind,
        conversation_id: Some(conversation),
        message_id: message,
        before: None,
    };
    append(&transaction, &stage.clock, happening).await.unwrap();
    transaction.commit().await.unwrap();
    stage.installation.events.wake();
}

pub async fn last_message(stage: &Stage, conversation: ConversationId) -> Option<MessageId> {
    use sea_orm::EntityTrait;
    let id = (stage.workspace_id, conversation);
    let row =
        portaria_entity::conversation::Entity::find_by_id(id).one(stage.installation.database.reader()).await;
    row.unwrap().unwrap().last_message_id
}
