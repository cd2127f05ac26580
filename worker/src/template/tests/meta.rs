//! As much of Meta as templates need: an account that keeps them, and answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// How the next request is answered.
#[derive(Clone)]
pub enum Mood {
    /// Done, and the answer is lost.
    DoneAndLost,
    /// Not done, and the answer is lost.
    Lost,
    /// Done, and no answer before one stops waiting.
    DoneAndSlow,
    Refuse(u16, Value),
}

#[derive(Default)]
pub struct Account {
    pub templates: Vec<Value>,
    /// For requests that change something.
    pub moods: VecDeque<Mood>,
    /// For requests that read.
    pub reading: VecDeque<Mood>,
    pub created: usize,
    pub edited: usize,
    pub deleted: usize,
    pub bodies: Vec<Value>,
    next_id: usize,
}

#[derive(Clone, Default)]
pub struct Meta(pub Arc<Mutex<Account>>);

impl Meta {
    /// Serves; answers its address.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Account) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }
}

async fn answer(State(meta): State<Meta>, method: Method, uri: Uri, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (mood, done) = meta.with(|account| {
        let moods = if method == Method::GET { &mut account.reading } else { &mut account.moods };
        let mood = moods.pop_front();
        let done = match mood {
            None | Some(Mood::DoneAndLost | Mood::DoneAndSlow) => account.perform(&method, &uri, &body),
            Some(Mood::Lost | Mood::Refuse(..)) => (200, Value::Null),
        };
        (mood, done)
    });
    match mood {
        None => told(done),
        Some(Mood::DoneAndLost | Mood::Lost) => StatusCode::BAD_GATEWAY.into_response(),
        Some(Mood::DoneAndSlow) => {
            tokio::time::sleep(Duration::from_secs(2)).await;
            told(done)
        }
        Some(Mood::Refuse(status, error)) => told((status, json!({ "error": error }))),
    }
}

fn told((status, body): (u16, Value)) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

impl Account {
    fn perform(&mut self, method: &Method, uri: &Uri, body: &Value) -> (u16, Value) {
        let path = uri.path().trim_start_matches("/v23.0/");
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query: std::collections::HashMap<String, String> = query.into_owned().collect();
        let of_account = path.ends_with("/message_templates");
        if method != Method::GET {
            self.bodies.push(body.clone());
        }
        match (method.as_str(), of_account) {
            ("POST", true) => self.create(body),
            ("GET", true) => self.page(&query),
            ("DELETE", true) => {
                self.deleted += 1;
                self.templates.retain(|one| one["id"] != query["hsm_id"].as_str());
                (200, json!({ "success": true }))
            }
            ("POST", false) => {
                self.edited += 1;
                for one in self.templates.iter_mut().filter(|one| one["id"] == path) {
                    one["components"] = body["components"].clone();
                }
                (200, json!({ "success": true }))
            }
            _ => match self.templates.iter().find(|one| one["id"] == path) {
                Some(one) => (200, one.clone()),
                None => (400, json!({ "error": { "code": 100, "message": "Unsupported get request" } })),
            },
        }
    }

    fn create(&mut self, body: &Value) -> (u16, Value) {
        let same = |one: &Value| one["name"] == body["name"] && one["language"] == body["language"];
        if self.templates.iter().any(same) {
            let error = json!({ "code": 100, "error_subcode": 2_388_024, "message": "Invalid parameter" });
            return (400, json!({ "error": error }));
        }
        self.created += 1;
        self.next_id += 1;
        let id = format!("9{}", self.next_id);
        let mut kept = body.clone();
        kept["id"] = json!(id);
        kept["status"] = json!("PENDING");
        self.templates.push(kept);
        (200, json!({ "id": id, "status": "PENDING", "category": body["category"] }))
    }

    /// Two a page.
    fn page(&self, query: &std::collections::HashMap<String, String>) -> (u16, Value) {
        let named = |one: &&Value| {
            let name = query.get("name").map(String::as_str).unwrap_or_default();
            one["name"].as_str().is_some_and(|known| known.contains(name))
        };
        let from: usize = query.get("after").map_or(0, |after| after.parse().unwrap());
        let all: Vec<&Value> = self.templates.iter().filter(named).collect();
        let rows: Vec<&Value> = all.iter().copied().skip(from).take(2).collect();
        let mut page = json!({ "data": rows, "paging": { "cursors": { "after": (from + 2).to_string() } } });
        if all.len() > from + 2 {
            page["paging"]["next"] = json!("https://graph.facebook.com/next");
        }
        (200, page)
    }
}
