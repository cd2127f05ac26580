//! The stand-in as a business's HTTP client meets it.

mod objects;
mod refusals;
mod sending;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::*;

struct Business {
    api: CloudApi,
    client: Client,
}

fn options() -> CloudApiOptions {
    let _ = rustls::crypto::ring::default_provider().install_default();
    CloudApiOptions {
        access_tokens: vec!["token".to_owned()],
        clock: UnixClock::fixed(1_800_000_000),
        ..CloudApiOptions::new(([127, 0, 0, 1], 0).into(), vec![BusinessNumber::example(0)])
    }
}

async fn business(options: CloudApiOptions) -> Business {
    let api = CloudApi::bind(options, &CancellationToken::new()).await.unwrap();
    Business { api, client: Client::builder().no_proxy().build().unwrap() }
}

async fn ask(request: RequestBuilder) -> (u16, Value) {
    let answer = request.bearer_auth("token").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

impl Business {
    fn url(&self, path: &str) -> String {
        format!("{}/v23.0/{path}", self.api.base_url())
    }

    fn own(&self, path: &str) -> String {
        self.url(&format!("{}{path}", BusinessNumber::example(0).phone_number_id))
    }

    async fn send(&self, request: &Value) -> (u16, Value) {
        ask(self.client.post(self.own("/messages")).json(request)).await
    }

    /// Sends a message of that type to a customer.
    async fn send_kind(&self, kind: &str, body: Value) -> (u16, Value) {
        let mut request = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+16505551234", "type": kind,
        });
        request[kind] = body;
        self.send(&request).await
    }

    /// The code with which a message of that type is refused.
    async fn refusal(&self, kind: &str, body: Value) -> u64 {
        let (status, answer) = self.send_kind(kind, body.clone()).await;
        assert_ne!(status, 200, "{kind} {body} was taken");
        answer["error"]["code"].as_u64().unwrap()
    }

    async fn upload(&self, content: &str) -> (u16, Value) {
        let body = format!(
            "--sep\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
             --sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
             Content-Type: image/png\r\n\r\n{content}\r\n--sep--\r\n"
        );
        let request = self.client.post(self.own("/media")).body(body);
        ask(request.header("content-type", "multipart/form-data; boundary=sep")).await
    }
}
