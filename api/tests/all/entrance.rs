//! Who gets in from where: sockets by cookie, and API keys that are tied to addresses.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::granting::Change;
use portaria_domain::role;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, TestDatabase, databases};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::browser::OWN;
use crate::client::{api, ask, send};
use crate::session::signed_in;
use crate::socket::{Socket, next, send as say};

/// Serves the API on loopback, knowing who connects.
async fn serve(api: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = api.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Opens a connection and says what the server answered to a subscription, or with which code it closed.
async fn connect(address: SocketAddr, headers: &[(&'static str, String)], init: Value) -> Value {
    let (mut socket, first) = open(address, headers, init).await;
    if first["type"] != "connection_ack" {
        return first;
    }
    let query = json!({ "type": "subscribe", "id": "1", "payload": { "query": "{ viewer { member { name } apiKey { name } } }" } });
    say(&mut socket, query).await;
    next(&mut socket).await["payload"].clone()
}

async fn open(address: SocketAddr, headers: &[(&'static str, String)], init: Value) -> (Socket, Value) {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": init });
    say(&mut socket, init).await;
    let first = next(&mut socket).await;
    (socket, first)
}

#[tokio::test]
async fn a_socket_by_cookie_is_for_pages_that_may_use_it() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage.person("Ana", &[]).await;
    let cookie = signed_in(&api, &ana).await.header();
    let address = serve(api).await;
    let with = |origin: Option<&str>| {
        let mut headers = vec![("cookie", cookie.clone())];
        headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        headers
    };
    let answer = connect(address, &with(Some(OWN)), json!({})).await;
    assert_eq!(answer["data"]["viewer"]["member"]["name"], "Ana", "{answer}");
    for origin in [Some("https://evil.example"), Some("null"), None] {
        assert_eq!(connect(address, &with(origin), json!({})).await["close"], 4403, "{origin:?}");
    }
    let bearer = json!({ "authorization": format!("Bearer {}", ana.token) });
    let answer = connect(address, &with(Some("https://evil.example")), bearer).await;
    assert_eq!(answer["data"]["viewer"]["member"]["name"], "Ana", "a token is its holder's to use anywhere");
}

#[tokio::test]
async fn a_key_from_another_address_gets_nothing_by_http_and_by_socket() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let reader = stage.installation.database.reader();
        let role = role::built_in(reader, stage.workspace_id, BuiltInRole::Agent).await.unwrap().id;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        let new = NewApiKey {
            name: "CRM",
            grants: &[(role, Scope::Workspace)],
            expires_at: stage.clock.now() + std::time::Duration::from_secs(86_400),
            allowed_addresses: &["198.51.100.0/24".to_owned()],
        };
        let created = api_key::create(&mut change, new).await.unwrap();
        change.finish().await.unwrap();
        let token = created.token.reveal().to_owned();
        let from = async |peer: &str, forwarded: &str| {
            let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
            let request = Request::post("/graphql")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header("x-forwarded-for", forwarded)
                .extension(ConnectInfo(peer))
                .body(Body::from(r#"{"query":"{ viewer { apiKey { name } } }"}"#))
                .unwrap();
            send(&api, request).await.status
        };
        assert_eq!(from("198.51.100.7", "203.0.113.9").await, StatusCode::OK);
        assert_eq!(
            from("203.0.113.9", "198.51.100.7").await,
            StatusCode::UNAUTHORIZED,
            "a header says nothing"
        );

        let set = "mutation($id: ID!, $at: [String!]!) { setApiKeyAddresses(input: { apiKeyId: $id, allowedAddresses: $at }) {
                     apiKey { allowedAddresses } userErrors { code field } } }";
        let set_to = async |at: Value| {
            let variables = json!({ "id": created.key.id.to_string(), "at": at });
            ask(&api, Some(&admin), set, variables).await["data"]["setApiKeyAddresses"].clone()
        };
        let address = serve(api.clone()).await;
        let bearer = json!({ "authorization": format!("Bearer {token}") });
        assert_eq!(connect(address, &[], bearer.clone()).await["close"], 4403);
        assert_eq!(
            set_to(json!(["nowhere"])).await["userErrors"],
            json!([{ "code": "INVALID_ADDRESS", "field": ["input", "allowedAddresses"] }])
        );
        assert_eq!(set_to(json!(["127.0.0.1"])).await["apiKey"]["allowedAddresses"], json!(["127.0.0.1/32"]));
        let answer = connect(address, &[], bearer.clone()).await;
        assert_eq!(answer["data"]["viewer"]["apiKey"]["name"], "CRM", "{answer}");
        // An open subscription ends when its address is not allowed any more.
        let (mut socket, _) = open(address, &[], bearer).await;
        let query = "subscription { messageReceived { message { id } } }";
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
        say(&mut socket, subscribe).await;
        say(&mut socket, json!({ "type": "ping" })).await;
        assert_eq!(next(&mut socket).await["type"], "pong");
        set_to(json!(["192.0.2.1"])).await;
        let ended = next(&mut socket).await;
        assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{ended}");

        stage.installation.viewers.flush_last_use().await.unwrap();
        let list = "{ apiKeys { lastUsedAddress refusedCount lastRefusedAddress } }";
        let answer = ask(&api, Some(&admin), list, json!({})).await;
        let key = &answer["data"]["apiKeys"][0];
        assert_eq!(
            (&key["lastUsedAddress"], &key["lastRefusedAddress"]),
            (&json!("127.0.0.1"), &json!("127.0.0.1"))
        );
        assert!(key["refusedCount"].as_i64().unwrap() >= 3, "{answer}");
    }
}
