//! A receiver of webhooks on loopback that does as it is told, and a verifier of signatures that shares no code with ours.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it answers, line by line as HTTP has it.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With another address.
    Redirect(String),
    Late(Duration),
    /// Closes the connection.
    Cut,
}

#[derive(Clone, Debug)]
pub struct Received {
    head: String,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether one of its signatures was made with a secret as it is shown.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let id = self.header("webhook-id").unwrap();
        let at = self.header("webhook-timestamp").unwrap();
        let expected = STANDARD.encode(mac(&key, format!("{id}.{at}.{}", self.body).as_bytes()));
        self.header("webhook-signature").unwrap().split(' ').any(|one| one == format!("v1,{expected}"))
    }
}

/// HMAC-SHA256 as RFC 2104 writes it.
fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    replies: Arc<Mutex<Vec<Reply>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// It listens for as long as the test runs, and says 200 if it was told nothing else.
    pub async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}/in?key=s3cret", listener.local_addr().unwrap());
        let receiver = Self { address, replies: Arc::default(), received: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                tokio::spawn(async move { receiver.serve(stream).await });
            }
        });
        receiver
    }

    /// What it answers next, one after the other; the last for all that follow.
    pub fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        *self.replies.lock().unwrap() = replies.into_iter().collect();
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let mut chunk = [0u8; 4096];
        let (head, body) = loop {
            let Ok(count @ 1..) = stream.read(&mut chunk).await else { return };
            bytes.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        self.received.lock().unwrap().push(Received { head, body });
        let reply = {
            let mut replies = self.replies.lock().unwrap();
            match replies.len() {
                0 => Reply::Status(200),
                1 => replies[0].clone(),
                _ => replies.remove(0),
            }
        };
        let (status, more) = match reply {
            Reply::Status(status) => (status, String::new()),
            Reply::Redirect(to) => (302, format!("location: {to}\r\n")),
            Reply::Late(pause) => {
                tokio::time::sleep(pause).await;
                (200, String::new())
            }
            Reply::Cut => return,
        };
        let answer = format!("HTTP/1.1 {status} X\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
