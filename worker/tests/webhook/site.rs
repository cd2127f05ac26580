//! A worker that is served on loopback, and Meta as its caller.

use std::net::SocketAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use portaria_entity::{conversation, message};
use portaria_testing::{Stage, TestDatabase};
use portaria_worker::{Worker, WorkerOptions};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::json;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The app of the stage, and its secret.
pub const APP: &str = "/webhooks/whatsapp/padaria";
pub const SECRET: &str = "app secret";

pub struct Site {
    pub stage: Stage,
    address: SocketAddr,
    shutdown: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Site {
    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, WorkerOptions::default()).await
    }

    pub async fn with(database: TestDatabase, options: WorkerOptions) -> Self {
        Self::over(Stage::on(database).await, options).await
    }

    /// A worker on what another left.
    pub async fn over(stage: Stage, options: WorkerOptions) -> Self {
        let worker = Worker::new(stage.installation.clone(), options);
        let router = worker.router();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stopping = shutdown.clone().cancelled_owned();
        let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stopping);
        let running = vec![
            tokio::spawn(async move { serving.await.unwrap() }),
            tokio::spawn(worker.run(shutdown.clone())),
        ];
        Self { stage, address, shutdown, running }
    }

    /// Begins a request and leaves it open: nothing more is sent.
    pub async fn hang(&self, head: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{head}\r\nhost: portaria.example\r\n\r\n").as_bytes()).await.unwrap();
        let _ = stream.write_all(body).await;
        stream
    }

    /// Stops everything, letting it finish what it has begun.
    pub async fn stop(self) -> Stage {
        self.shutdown.cancel();
        for task in self.running {
            tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap();
        }
        self.stage
    }

    /// Sends a request as it is, and reads what comes back.
    pub async fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("{head}\r\nhost: portaria.example\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // Who is refused early may find the connection closed while still sending.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub async fn post(&self, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.send(&format!("POST {path} HTTP/1.1\r\ncontent-length: {}{headers}", body.len()), body).await
    }

    /// Delivers bytes as Meta would, signed with the secret of the stage's app.
    pub async fn deliver(&self, body: &[u8]) -> Answer {
        self.post(APP, &signed(SECRET, body), body).await
    }

    /// Delivers what Meta would say of messages to the number for sales, in one change.
    pub async fn say(&self, value: serde_json::Value) {
        assert_eq!(self.deliver(said("padaria-1", value).as_bytes()).await.status, 200);
    }

    /// Waits until nothing is pending that is due.
    pub async fn settled(&self) {
        let pending = || async {
            let rows = self.deliveries().await;
            rows.into_iter()
                .filter(|row| {
                    row.status == WebhookDeliveryStatus::Pending && row.attempts == 0
                        || row.leased_until.is_some()
                })
                .count()
        };
        for _ in 0..2_000 {
            if pending().await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("deliveries are still pending on {}", self.stage.test_database.name);
    }

    pub async fn messages(&self) -> Vec<message::Model> {
        let find =
            message::Entity::find().order_by_asc(message::Column::SentAt).order_by_asc(message::Column::Id);
        find.all(self.reader()).await.unwrap()
    }

    pub async fn message(&self, whatsapp_id: &str) -> message::Model {
        self.messages().await.into_iter().find(|row| row.whatsapp_id == whatsapp_id).unwrap()
    }

    pub async fn conversations(&self) -> Vec<conversation::Model> {
        conversation::Entity::find().order_by_asc(conversation::Column::Id).all(self.reader()).await.unwrap()
    }

    /// The only conversation there is.
    pub async fn conversation(&self) -> conversation::Model {
        let mut rows = self.conversations().await;
        assert_eq!(rows.len(), 1, "{}", self.stage.test_database.name);
        rows.remove(0)
    }

    pub fn reader(&self) -> &sea_orm::DatabaseConnection {
        self.stage.installation.database.reader()
    }

    pub async fn execute(&self, sql: &str) {
        self.stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
    }

    pub async fn deliveries(&self) -> Vec<webhook_delivery::Model> {
        webhook_delivery::Entity::find().all(self.stage.installation.database.reader()).await.unwrap()
    }
}

/// The header that carries the signature.
pub fn signed(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize();
    let hex: String = mac.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\r\nx-hub-signature-256: sha256={hex}")
}

/// A body that tells this of a number.
pub fn said(number: &str, mut value: serde_json::Value) -> String {
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({ "display_phone_number": "551140000001", "phone_number_id": number });
    let change = json!({ "field": "messages", "value": value });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "padaria-waba", "changes": [change] }] })
        .to_string()
}

/// A text from a customer, so many seconds after the stage's clock began.
pub fn text(id: &str, from: &str, second: i64, body: &str) -> serde_json::Value {
    let at = (portaria_testing::START.as_secs() + second).to_string();
    json!({ "from": from, "id": id, "timestamp": at, "type": "text", "text": { "body": body } })
}

/// A body that tells this of the account of the stage's numbers, at so many seconds after the stage's clock began.
pub fn told(field: &str, second: i64, value: &serde_json::Value) -> String {
    let time = portaria_testing::START.as_secs() + second;
    let change = json!({ "field": field, "value": value });
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "padaria-waba", "time": time, "changes": [change] }] })
        .to_string()
}

impl Site {
    /// The latest message of a kind.
    pub async fn message_of_kind(&self, kind: &str) -> message::Model {
        self.messages().await.into_iter().rfind(|row| row.kind == kind).unwrap()
    }

    /// Delivers what Meta would tell of the account, and waits until it has had its effect.
    pub async fn tell(&self, field: &str, second: i64, value: serde_json::Value) {
        assert_eq!(self.deliver(told(field, second, &value).as_bytes()).await.status, 200);
        self.settled().await;
    }
}
