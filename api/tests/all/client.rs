//! A client of the API that speaks HTTP to its handlers.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use portaria_api::ApiOptions;
use portaria_testing::{Person, Stage};
use serde_json::{Value, json};
use tower::ServiceExt;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

pub fn api(stage: &Stage) -> Router {
    portaria_api::router(stage.installation.clone(), ApiOptions::default())
}

pub async fn send(api: &Router, request: Request<Body>) -> Answer {
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Asks as somebody, or as nobody.
pub async fn ask(api: &Router, person: Option<&Person>, query: &str, variables: Value) -> Value {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json");
    if let Some(person) = person {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", person.token));
    }
    let body = json!({ "query": query, "variables": variables }).to_string();
    send(api, request.body(Body::from(body)).unwrap()).await.json()
}

/// Does something, which must succeed; answers the payload.
pub async fn act(api: &Router, person: &Person, mutation: &str, variables: Value) -> Value {
    let answer = ask(api, Some(person), mutation, variables).await;
    let payload = answer["data"].as_object().and_then(|data| data.values().next()).cloned();
    let payload = payload.unwrap_or_else(|| panic!("{mutation}: {answer}"));
    assert!(answer["errors"].is_null(), "{mutation}: {answer}");
    assert!(payload["userErrors"].as_array().is_none_or(Vec::is_empty), "{mutation}: {answer}");
    payload
}

/// Goes on under the token that a payload has given the session; the old one is nobody's.
pub fn go_on(person: &mut Person, payload: &Value) {
    let token = payload["sessionToken"]["token"].as_str();
    let token = token.unwrap_or_else(|| panic!("no token: {payload}"));
    assert_ne!(token, person.token);
    token.clone_into(&mut person.token);
}

/// The id of a role by its name, as somebody finds it who may see roles.
pub async fn role(api: &Router, admin: &Person, name: &str) -> Value {
    let answer = ask(api, Some(admin), "{ roles { id name } }", json!({})).await;
    let roles = answer["data"]["roles"].as_array().unwrap();
    roles.iter().find(|role| role["name"] == name).unwrap()["id"].clone()
}

/// Makes a role of these permissions, which somebody then holds in the whole workspace.
pub async fn custom_role(api: &Router, admin: &Person, who: &Person, permissions: &str) -> Value {
    let create = format!(
        "mutation($name: String!) {{ createRole(input: {{ name: $name, description: \"\", permissions: [{permissions}] }}) {{
           role {{ id }} userErrors {{ code }} }} }}"
    );
    let name = format!("Papel de {}", who.email.split('@').next().unwrap());
    let role = act(api, admin, &create, json!({ "name": name })).await["role"]["id"].clone();
    let grant = "mutation($role: ID!, $member: ID!) { grantRole(input: { memberId: $member, roleId: $role,
                   scope: { kind: WORKSPACE }, reason: \"test\" }) { userErrors { code } } }";
    act(api, admin, grant, json!({ "role": role, "member": who.member_id.to_string() })).await;
    role
}

/// A program with a key that holds a role in the whole workspace. It has the id of its maker as a member's, being none.
pub async fn program(api: &Router, stage: &Stage, admin: &Person, role_name: &str) -> (Person, Value) {
    let create = "mutation($role: ID!) { createApiKey(input: { name: \"Programa\", expiresAt: \"2026-06-01T00:00:00Z\",
                    grants: [{ roleId: $role, scope: { kind: WORKSPACE } }] }) { created { token apiKey { id } } userErrors { code } } }";
    let made = act(api, admin, create, json!({ "role": role(api, admin, role_name).await })).await;
    let token = made["created"]["token"].as_str().unwrap().to_owned();
    let viewer = stage.viewer(&token).await.unwrap();
    let person = Person { token, viewer, member_id: admin.member_id, email: String::new() };
    (person, made["created"]["apiKey"]["id"].clone())
}

/// The codes of an answer's errors with their paths, e.g. `FORBIDDEN at conversation.contact.phone`.
pub fn errors(answer: &Value) -> Vec<String> {
    let path = |path: &Value| {
        let parts = path
            .as_array()
            .map(|parts| parts.iter().map(|part| part.to_string().replace('"', "")).collect::<Vec<_>>());
        parts.unwrap_or_default().join(".")
    };
    let told = |error: &Value| {
        format!("{} at {}", error["extensions"]["code"].as_str().unwrap_or("no code"), path(&error["path"]))
    };
    answer["errors"].as_array().map(|errors| errors.iter().map(told).collect()).unwrap_or_default()
}

/// A phone number that no customer has yet.
pub fn new_phone() -> String {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    format!("55119{:08}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}
