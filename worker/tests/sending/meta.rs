//! A stand-in for Meta that does as it is told, the worst included: it cuts off, waits, answers nonsense. It counts what it took,
//! and takes nothing that Meta's own description of its API does not allow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::openapi;

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Takes it and says so.
    Take,
    /// Takes it and says so, after a while.
    TakeLate(Duration),
    /// Takes it, and closes the connection before it says so.
    TakeAndCut,
    /// Closes the connection and takes nothing.
    Cut,
    /// Takes it, and answers this.
    TakeAndSay(&'static str),
    /// Takes nothing, and answers with an error in its form: status, code, and seconds for `Retry-After`.
    Refuse(u16, i64, Option<u64>),
    /// Takes nothing, and answers this.
    Say(u16, &'static str),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub token: String,
    pub body: Value,
    /// The id that it was given, where it was taken.
    pub whatsapp_id: Option<String>,
}

impl Received {
    pub fn callback(&self) -> &str {
        self.body["biz_opaque_callback_data"].as_str().unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        self.body["text"]["body"].as_str().unwrap_or_default()
    }
}

#[derive(Default)]
struct Memory {
    replies: VecDeque<Reply>,
    usual: Option<Reply>,
    received: Vec<Received>,
    under_way: usize,
    most_under_way: usize,
}

/// It listens on loopback for as long as the test runs.
#[derive(Clone)]
pub struct Meta {
    pub base_url: String,
    memory: Arc<Mutex<Memory>>,
}

impl Meta {
    pub async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let meta = Self { base_url, memory: Arc::default() };
        let serving = meta.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let meta = serving.clone();
                tokio::spawn(async move { meta.serve(stream).await });
            }
        });
        meta
    }

    /// One that nobody reaches.
    pub fn at(base_url: String) -> Self {
        Self { base_url, memory: Arc::default() }
    }

    /// What it does with the next requests; after them it does as usual.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.memory.lock().unwrap().replies.extend(replies);
    }

    /// What it does with all requests for which nothing else was said: it takes them, unless it was told otherwise.
    pub fn usually(&self, reply: Reply) {
        self.memory.lock().unwrap().usual = Some(reply);
    }

    pub fn received(&self) -> Vec<Received> {
        self.memory.lock().unwrap().received.clone()
    }

    /// What it took.
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.whatsapp_id.is_some()).collect()
    }

    pub fn most_under_way(&self) -> usize {
        self.memory.lock().unwrap().most_under_way
    }

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some((path, token, body)) = request(&mut stream).await {
            let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let (reply, given) = self.take_in(path, token, body);
            let answer = self.answer(reply, given).await;
            self.memory.lock().unwrap().under_way -= 1;
            let Some(answer) = answer else { return };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn take_in(&self, path: String, token: String, body: Value) -> (Reply, String) {
        let mut memory = self.memory.lock().unwrap();
        memory.under_way += 1;
        memory.most_under_way = memory.most_under_way.max(memory.under_way);
        let usual = memory.usual.clone().unwrap_or(Reply::Take);
        let mut reply = memory.replies.pop_front().unwrap_or(usual);
        let is_message = body.get("status").is_none();
        let faults = if is_message { openapi::faults(&body) } else { openapi::receipt_faults(&body) };
        if !faults.is_empty() {
            println!("not as Meta describes it: {faults:?}: {body}");
            reply = Reply::Refuse(400, 100, None);
        }
        let given = format!("wamid.{:06}", memory.received.len());
        let takes = match &reply {
            Reply::Take | Reply::TakeLate(_) | Reply::TakeAndCut | Reply::TakeAndSay(_) => true,
            Reply::Cut | Reply::Refuse(..) | Reply::Say(..) => false,
        };
        let whatsapp_id = (takes && is_message).then(|| given.clone());
        memory.received.push(Received { path, token, body, whatsapp_id });
        (reply, given)
    }

    async fn answer(&self, reply: Reply, given: String) -> Option<String> {
        let taken = json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": "+1", "wa_id": "1" }],
            "messages": [{ "id": given }],
        });
        match reply {
            Reply::Take => Some(http(200, None, &taken.to_string())),
            Reply::TakeLate(after) => {
                tokio::time::sleep(after).await;
                Some(http(200, None, &taken.to_string()))
            }
            Reply::TakeAndCut | Reply::Cut => None,
            Reply::TakeAndSay(body) => Some(http(200, None, body)),
            Reply::Refuse(status, code, retry_after) => {
                let error = json!({ "error": {
                    "message": format!("(#{code}) no"), "type": "OAuthException", "code": code,
                    "error_data": { "messaging_product": "whatsapp", "details": "It is so." }, "fbtrace_id": "A1",
                } });
                Some(http(status, retry_after, &error.to_string()))
            }
            Reply::Say(status, body) => Some(http(status, None, body)),
        }
    }
}

fn http(status: u16, retry_after: Option<u64>, body: &str) -> String {
    let wait = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{wait}content-length: {length}\r\n\r\n{body}"
    )
}

/// Path, token and body of the next request on a connection.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut token, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok().filter(|read| *read > 0)?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.trim_start_matches("Bearer ").clone_into(&mut token),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((path, token, body))
}
