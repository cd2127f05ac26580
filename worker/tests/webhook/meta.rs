//! Meta as far as files go: it tells where one is, gives it out, and takes it, and does as badly as a test asks for.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use portaria_entity::id::ChannelId;
use portaria_testing::Stage;
use portaria_worker::cloud_api::{CloudApi, CloudApiOptions};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub const TOKEN: &str = "the token of the number";

/// A file as Meta has it.
#[derive(Clone, Default)]
pub struct File {
    pub bytes: Vec<u8>,
    /// What is told of it, where that is not the truth.
    pub told_size: Option<u64>,
    pub told_sha256: Option<String>,
    /// So many links to it have gone before they are followed.
    pub gone_links: usize,
    /// It breaks off in the middle.
    pub breaks: bool,
    /// Nothing comes for so long after its beginning.
    pub stalls: Option<Duration>,
}

#[derive(Default)]
pub struct Desk {
    pub files: BTreeMap<String, File>,
    /// What the next requests are answered, instead of what is asked for.
    pub failures: VecDeque<(u16, Value)>,
    /// Whether the token is taken.
    pub revoked: bool,
    /// Which files were asked for.
    pub asked: Vec<String>,
    /// Which were handed over: for which number, and the whole form.
    pub uploads: Vec<(String, Vec<u8>)>,
    pub upload_takes: Duration,
}

pub struct Meta {
    desk: Arc<Mutex<Desk>>,
    address: SocketAddr,
}

impl Meta {
    pub async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let desk: Arc<Mutex<Desk>> = Arc::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/v23.0/{id}", get(describe))
            .route("/v23.0/{id}/media", post(take))
            .route("/download/{id}", get(give))
            .layer(DefaultBodyLimit::max(200 << 20))
            .with_state((desk.clone(), address));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { desk, address }
    }

    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    pub fn put(&self, id: &str, file: File) {
        self.desk().files.insert(id.to_owned(), file);
    }

    pub fn cloud_api(&self) -> CloudApi {
        let base_url = format!("http://{}", self.address);
        CloudApi::new(&CloudApiOptions { base_url, ..CloudApiOptions::default() }).unwrap()
    }
}

/// Gives a number of the stage its access token.
pub async fn give_token(stage: &Stage, channel: ChannelId) {
    let installation = &stage.installation;
    let sealed = installation.keys.seal(TOKEN.as_bytes(), channel.0.as_bytes()).unwrap();
    let sql = "UPDATE channels SET sealed_access_token = $2, sealing_key = $3 WHERE id = $1";
    let values = [channel.0.into(), sealed.bytes.into(), sealed.key.into()];
    installation.database.writer().execute_raw(installation.database.statement(sql, values)).await.unwrap();
}

type Shared = State<(Arc<Mutex<Desk>>, SocketAddr)>;

fn error(status: u16, code: i64, subcode: i64) -> Response {
    let error = json!({ "error": { "message": "no", "type": "OAuthException", "code": code, "error_subcode": subcode } });
    (StatusCode::from_u16(status).unwrap(), axum::Json(error)).into_response()
}

fn admit(desk: &mut Desk, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if desk.revoked || bearer != format!("Bearer {TOKEN}") {
        return Err(Box::new(error(401, 190, 463)));
    }
    match desk.failures.pop_front() {
        Some((status, body)) => {
            Err(Box::new((StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()))
        }
        None => Ok(()),
    }
}

async fn describe(State((desk, address)): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.asked.push(id.clone());
    if let Err(refused) = admit(&mut desk, &headers) {
        return *refused;
    }
    let Some(file) = desk.files.get(&id) else { return error(400, 100, 33) };
    let digest: String = Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    axum::Json(json!({
        "messaging_product": "whatsapp",
        "url": format!("http://{address}/download/{id}"),
        "sha256": file.told_sha256.clone().unwrap_or(digest),
        "file_size": file.told_size.unwrap_or(file.bytes.len() as u64).to_string(),
        "id": id,
    }))
    .into_response()
}

async fn give(State((desk, _)): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut desk = desk.lock().unwrap();
    if let Err(refused) = admit(&mut desk, &headers) {
        return *refused;
    }
    let Some(file) = desk.files.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
    if file.gone_links > 0 {
        file.gone_links -= 1;
        return StatusCode::NOT_FOUND.into_response();
    }
    let file = file.clone();
    let half = Bytes::from(file.bytes[..file.bytes.len() / 2].to_vec());
    if file.breaks {
        let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
        return Body::from_stream(stream::iter(pieces)).into_response();
    }
    if let Some(pause) = file.stalls {
        let rest = Bytes::from(file.bytes[file.bytes.len() / 2..].to_vec());
        let pieces = stream::unfold(0, move |step| {
            let (half, rest) = (half.clone(), rest.clone());
            async move {
                match step {
                    0 => Some((Ok::<_, std::io::Error>(half), 1)),
                    1 => {
                        tokio::time::sleep(pause).await;
                        Some((Ok(rest), 2))
                    }
                    _ => None,
                }
            }
        });
        return Body::from_stream(pieces).into_response();
    }
    file.bytes.into_response()
}

async fn take(State((desk, _)): Shared, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let pause = desk.lock().unwrap().upload_takes;
    tokio::time::sleep(pause).await;
    let mut desk = desk.lock().unwrap();
    if let Err(refused) = admit(&mut desk, &headers) {
        return *refused;
    }
    desk.uploads.push((id, body.to_vec()));
    let count = desk.uploads.len();
    axum::Json(json!({ "id": format!("9{count}") })).into_response()
}
