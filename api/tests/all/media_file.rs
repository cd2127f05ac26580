//! Files over HTTP: who may hand them in, who is given them and for how long, and that no browser runs what is in them.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use portaria_domain::access::Scope;
use portaria_domain::media;
use portaria_entity::id::{ConversationId, MediaFileId};
use portaria_entity::media_file;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::client::{api, ask, new_phone, program};

const JPEG: &[u8] = b"\xFF\xD8\xFF\xE0\x00\x10JFIF and a hundred more";
const FILE: &str =
    "{ conversations(first: 1) { nodes { messages(first: 1) { nodes { content { ... on MediaContent {
    state reason url bytes mimeType sha256 filename } } } } } } }";

struct Given {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Given {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn send(api: &Router, request: Request<Body>) -> Given {
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Given { status: parts.status, headers: parts.headers, body }
}

async fn hand_in(api: &Router, person: Option<&Person>, query: &str, (mime, body): (&str, &[u8])) -> Given {
    let mut request = Request::post(format!("/media{query}")).header(header::CONTENT_TYPE, mime);
    if let Some(person) = person {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", person.token));
    }
    send(api, request.body(Body::from(body.to_vec())).unwrap()).await
}

async fn get(api: &Router, url: &str, headers: &[(&str, &str)]) -> Given {
    let mut request = Request::get(url.strip_prefix("http://portaria.test").unwrap_or(url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(api, request.body(Body::empty()).unwrap()).await
}

async fn run(stage: &Stage, sql: &str, values: Vec<sea_orm::Value>) {
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
}

/// The conversation of an agent whose only message carries a file that she handed in herself.
async fn with_file(
    stage: &Stage,
    api: &Router,
    agent: &Person,
    (kind, bytes): (&str, &[u8]),
) -> ConversationId {
    let contact = stage.customer("Zoë", &new_phone()).await;
    let id = stage.conversation(contact, stage.sales, Some(agent.member_id), &["foto"]).await;
    let answer = hand_in(api, Some(agent), "", ("image/jpeg", bytes)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&answer.body));
    let handed: Value = serde_json::from_slice(&answer.body).unwrap();
    let file: MediaFileId = handed["id"].as_str().unwrap().parse().unwrap();
    let payload = json!({ kind: { "filename": "Orçamento\u{202e}.pdf", "id": "77" } }).to_string();
    let sql = "UPDATE messages SET kind = $2, payload = $3 WHERE conversation_id = $1";
    run(stage, sql, vec![id.0.into(), kind.into(), payload.into()]).await;
    let reader = stage.installation.database.reader();
    let row = media_file::Entity::find_by_id((stage.workspace_id, file)).one(reader).await.unwrap().unwrap();
    let message = portaria_entity::message::Entity::find().all(reader).await.unwrap();
    let message = message.iter().find(|row| row.conversation_id == id).unwrap().id;
    media::attach(stage.installation.database.writer(), &stage.installation, &row, message).await.unwrap();
    id
}

async fn content(api: &Router, person: &Person) -> Value {
    let answer = ask(api, Some(person), FILE, json!({})).await;
    let nodes = &answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"];
    assert!(nodes[0]["content"].is_object(), "{answer}");
    nodes[0]["content"].clone()
}

async fn url(api: &Router, person: &Person) -> String {
    content(api, person).await["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_handed_in_by_who_may_send_such_and_described() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        let taken = hand_in(&api, Some(&agent), "?filename=..%2Ffoto%0D%0A.jpg", ("image/jpeg", JPEG)).await;
        let told: Value = serde_json::from_slice(&taken.body).unwrap();
        assert_eq!((taken.status, taken.header("content-type")), (StatusCode::CREATED, "application/json"));
        assert!(told["id"].as_str().unwrap().starts_with("media_"));
        assert_eq!((&told["kind"], &told["mimeType"]), (&json!("IMAGE"), &json!("image/jpeg")));
        assert_eq!((&told["filename"], &told["bytes"]), (&json!("foto.jpg"), &json!(JPEG.len())));
        assert_eq!(told["sha256"].as_str().unwrap().len(), 44);
        assert_eq!(told["expiresAt"], json!("2026-03-03T12:00:00Z"));

        for (person, query, mime, body, status, code) in [
            (None, "", "image/jpeg", JPEG, 401, "UNAUTHENTICATED"),
            (Some(&support), "", "image/jpeg", JPEG, 403, "FORBIDDEN"),
            (Some(&agent), "?kind=PICTURE", "image/jpeg", JPEG, 400, "BAD_USER_INPUT"),
            (Some(&agent), "?kind=AUDIO", "image/jpeg", JPEG, 422, "FILE_NOT_OF_KIND"),
            (Some(&agent), "", "multipart/form-data; boundary=x", JPEG, 415, "BAD_USER_INPUT"),
            (Some(&agent), "", "image/jpeg", &b"<html><script>"[..], 415, "FILE_TYPE_NOT_TAKEN"),
            (Some(&agent), "", "image/jpeg", b"", 422, "FILE_EMPTY"),
        ] {
            let refused = hand_in(&api, person, query, (mime, body)).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code), "{query} {mime}");
        }
        let large = vec![0xFF; 6 << 20];
        let large = [JPEG, &large].concat();
        let refused = hand_in(&api, Some(&agent), "", ("image/jpeg", &large)).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (413, "FILE_TOO_LARGE"));
    }
}

#[tokio::test]
async fn no_page_of_strangers_hands_in_files_by_a_cookie() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let by_cookie = |site: &'static str| {
            Request::post("/media")
                .header(header::CONTENT_TYPE, "image/jpeg")
                .header(header::COOKIE, format!("__Host-portaria={}", agent.token))
                .header("sec-fetch-site", site)
                .header(header::ORIGIN, "https://evil.example")
                .body(Body::from(JPEG))
                .unwrap()
        };
        let foreign = send(&api, by_cookie("cross-site")).await;
        assert!(matches!(foreign.status.as_u16(), 401 | 403), "{}", foreign.status);
        let count = media_file::Entity::find().all(stage.installation.database.reader()).await.unwrap().len();
        assert_eq!(count, 0);
    }
}

#[tokio::test]
async fn a_file_is_given_by_a_link_whole_or_in_part_and_never_as_something_to_run() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        with_file(&stage, &api, &agent, ("image", JPEG)).await;
        let told = content(&api, &agent).await;
        assert_eq!((&told["state"], &told["reason"]), (&json!("AVAILABLE"), &Value::Null));
        assert_eq!((&told["mimeType"], &told["bytes"]), (&json!("image/jpeg"), &json!(JPEG.len())));
        assert_eq!(told["filename"], json!("Orçamento.pdf"), "nothing in it misleads");
        let url = told["url"].as_str().unwrap();
        let given = get(&api, url, &[]).await;
        assert_eq!((given.status, given.body.as_slice()), (StatusCode::OK, JPEG));
        for (name, value) in [
            ("content-type", "image/jpeg"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, no-store"),
            ("referrer-policy", "no-referrer"),
            ("accept-ranges", "bytes"),
            ("content-disposition", "inline; filename=\"image.jpg\"; filename*=UTF-8''image.jpg"),
        ] {
            assert_eq!(given.header(name), value, "{name}");
        }
        assert!(given.header("content-security-policy").starts_with("sandbox;"));
        let part = get(&api, url, &[("range", "bytes=3-5")]).await;
        assert_eq!((part.status.as_u16(), part.body.as_slice()), (206, &JPEG[3..6]));
        assert_eq!(part.header("content-range"), format!("bytes 3-5/{}", JPEG.len()));
        assert_eq!(part.header("content-length"), "3");
        let beyond = get(&api, url, &[("range", "bytes=999-")]).await;
        let end = format!("bytes */{}", JPEG.len());
        assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, end.as_str()));
        let several = get(&api, url, &[("range", "bytes=0-1,4-5")]).await;
        assert_eq!((several.status.as_u16(), several.body.len()), (200, JPEG.len()));
        let path = url.strip_prefix("http://portaria.test").unwrap();
        let head = send(&api, Request::head(path).body(Body::empty()).unwrap()).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), JPEG.len().to_string());

        // What a customer sent as a picture and is none is saved, not shown.
        run(&stage, "UPDATE media_files SET detected_type = 'text/html'", vec![]).await;
        let disguised = get(&api, url, &[]).await;
        assert_eq!(disguised.header("content-type"), "application/octet-stream");
        assert!(disguised.header("content-disposition").starts_with("attachment;"));
    }
}

#[tokio::test]
async fn a_link_ends_with_the_right_to_read_the_message() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let id = with_file(&stage, &api, &agent, ("image", JPEG)).await;
        let opens = async |url: &str| get(&api, url, &[]).await.status.as_u16();
        let link = url(&api, &agent).await;
        assert_eq!(opens(&link).await, 200);

        let give = "UPDATE conversations SET assignee_id = $2 WHERE id = $1";
        run(&stage, give, vec![id.0.into(), None::<uuid::Uuid>.into()]).await;
        assert_eq!(opens(&link).await, 404, "it is in the queue: nothing that was said is to be read");
        run(&stage, give, vec![id.0.into(), agent.member_id.0.into()]).await;
        assert_eq!(opens(&link).await, 200);

        run(&stage, "UPDATE messages SET revoked_at = 5", vec![]).await;
        assert_eq!(opens(&link).await, 404, "its writer took it back");
        run(&stage, "UPDATE messages SET revoked_at = NULL", vec![]).await;
        for state in ["scanning", "refused", "lost", "wanted"] {
            run(&stage, "UPDATE media_files SET state = $1", vec![state.into()]).await;
            assert_eq!(opens(&link).await, 404, "{state}");
            assert_eq!(content(&api, &agent).await["url"], Value::Null, "{state}");
        }
        run(&stage, "UPDATE media_files SET state = 'stored'", vec![]).await;

        let (start, end) = link.split_at(link.len() - 1);
        let forged = format!("{start}{}", if end == "A" { "B" } else { "A" });
        for bad in [forged.as_str(), "/media/x", "/media/x.y", "/media/%00", "/media/..%2f..%2fetc"] {
            assert_eq!(opens(bad).await, 404, "{bad}");
        }
        stage.clock.advance(Duration::from_secs(119));
        assert_eq!(opens(&link).await, 200);
        stage.clock.advance(Duration::from_secs(1));
        let expired = get(&api, &link, &[]).await;
        assert_eq!((expired.status.as_u16(), expired.code().as_str()), (410, "LINK_EXPIRED"));

        let link = url(&api, &agent).await;
        run(&stage, "UPDATE grants SET closed_at = $1", vec![stage.clock.now().0.into()]).await;
        stage.installation.viewers.access_changed(stage.workspace_id);
        assert_eq!(opens(&link).await, 404, "the role is gone");
        run(&stage, "UPDATE grants SET closed_at = NULL", vec![]).await;
        stage.installation.viewers.access_changed(stage.workspace_id);
        assert_eq!(opens(&link).await, 200);
        portaria_domain::authentication::sign_out(&stage.installation, &agent.viewer).await.unwrap();
        assert_eq!(opens(&link).await, 404, "the session has ended");
    }
}

#[tokio::test]
async fn a_program_has_links_of_its_own_until_its_key_is_revoked() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Adm", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        with_file(&stage, &api, &agent, ("document", JPEG)).await;
        let (bot, _) = program(&api, &stage, &admin, "Administrator").await;
        let link = url(&api, &bot).await;
        let given = get(&api, &link, &[]).await;
        assert_eq!(given.status.as_u16(), 200);
        assert!(given.header("content-disposition").starts_with("attachment;"), "a document is saved");
        let sql = "UPDATE api_keys SET revoked_at = $1";
        run(&stage, sql, vec![stage.clock.now().0.into()]).await;
        stage.installation.viewers.access_changed(stage.workspace_id);
        assert_eq!(get(&api, &link, &[]).await.status.as_u16(), 404);
    }
}

const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) { message { id body kind status
    content { ... on MediaContent { kind state url caption filename voice } } } userErrors { code field } } }";

async fn handed_in(api: &Router, person: &Person, query: &str, bytes: &[u8]) -> Value {
    let answer = hand_in(api, Some(person), query, ("image/jpeg", bytes)).await;
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, StatusCode::CREATED, "{told}");
    told["id"].clone()
}

#[tokio::test]
async fn what_was_handed_in_is_sent_by_who_did_and_read_like_any_file() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        let conversation = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let send = async |key: &str, content: Value| {
            let input = json!({ "conversationId": conversation.to_string(), "idempotencyKey": key, "content": content });
            let answer = ask(&api, Some(&ana), SEND, json!({ "input": input })).await;
            assert!(answer["errors"].is_null(), "{answer}");
            answer["data"]["sendMessage"].clone()
        };
        let picture = handed_in(&api, &ana, "", JPEG).await;
        let opus = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01";
        let sound = handed_in(&api, &ana, "", opus).await;
        let pdf = handed_in(&api, &ana, "?filename=Or%C3%A7amento.pdf", b"%PDF-1.7\n").await;
        let sent = send("1", json!({ "image": { "fileId": picture, "caption": "Veja" } })).await;
        let message = &sent["message"];
        assert_eq!((&message["kind"], &message["status"]), (&json!("image"), &json!("QUEUED")), "{sent}");
        let content = &message["content"];
        assert_eq!((&content["caption"], &content["state"]), (&json!("Veja"), &json!("AVAILABLE")));
        let given = get(&api, content["url"].as_str().unwrap(), &[]).await;
        assert_eq!((given.status.as_u16(), given.body.as_slice()), (200, JPEG));
        let again = send("1", json!({ "image": { "fileId": picture, "caption": "Veja" } })).await;
        assert_eq!(again["message"]["id"], message["id"], "once");
        let more = send("2", json!({ "document": { "fileId": picture } })).await;
        assert_eq!(more["message"]["content"]["kind"], "DOCUMENT", "a file may go out with several messages");
        let voice = send("3", json!({ "audio": { "fileId": sound, "voice": true } })).await;
        assert_eq!(voice["message"]["content"]["voice"], true);
        let document = send("4", json!({ "document": { "fileId": pdf } })).await;
        assert_eq!(document["message"]["content"]["filename"], "Orçamento.pdf");
        let theirs = handed_in(&api, &bia, "", JPEG).await;
        let none = MediaFileId(uuid::Uuid::from_u128(5)).to_string();
        for (key, content, code) in [
            ("5", json!({ "image": { "fileId": theirs } }), "NO_SUCH_FILE"),
            ("6", json!({ "image": { "fileId": none } }), "NO_SUCH_FILE"),
            ("7", json!({ "audio": { "fileId": picture } }), "FILE_NOT_OF_KIND"),
            ("8", json!({ "sticker": { "fileId": picture } }), "FILE_NOT_OF_KIND"),
            ("9", json!({ "image": { "fileId": picture, "caption": " " } }), "INVALID_CONTENT"),
        ] {
            let refused = send(key, content).await;
            assert_eq!(
                (&refused["userErrors"][0]["code"], &refused["message"]),
                (&json!(code), &Value::Null)
            );
        }
    }
}
