//! GraphQL over HTTP: media types, status codes, and what is refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use portaria_testing::{PASSWORD, Stage, TestDatabase, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors, send};

fn post(content_type: &str, accept: &str, body: impl Into<String>) -> Request<Body> {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, content_type)
        .header(header::ACCEPT, accept)
        .body(Body::from(body.into()))
        .unwrap()
}

const JSON: &str = "application/json";
const NEW: &str = "application/graphql-response+json";

#[tokio::test]
async fn media_types_and_status_codes() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let good = r#"{"query":"{ __typename }"}"#;
    let cases = [
        (JSON, NEW, good, StatusCode::OK),
        (JSON, "*/*", good, StatusCode::OK),
        (JSON, "text/html", good, StatusCode::NOT_ACCEPTABLE),
        ("text/plain", NEW, good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/x-www-form-urlencoded", NEW, "query={__typename}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json; charset=iso-8859-1", NEW, good, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (JSON, NEW, "{", StatusCode::BAD_REQUEST),
        (JSON, NEW, "[]", StatusCode::BAD_REQUEST),
        (JSON, NEW, r#"{"query":1}"#, StatusCode::BAD_REQUEST),
        (JSON, NEW, r#"{"query":"{","variables":[]}"#, StatusCode::BAD_REQUEST),
        (JSON, NEW, r#"{"query":"{"}"#, StatusCode::BAD_REQUEST),
        (JSON, JSON, r#"{"query":"{"}"#, StatusCode::OK),
        (JSON, NEW, r#"{"query":"{ nothing }"}"#, StatusCode::BAD_REQUEST),
        (
            JSON,
            NEW,
            r#"{"query":"subscription { messageReceived { message { id } } }"}"#,
            StatusCode::BAD_REQUEST,
        ),
    ];
    for (content_type, accept, body, expected) in cases {
        let answer = send(&api, post(content_type, accept, body)).await;
        assert_eq!(answer.status, expected, "{content_type} {accept} {body}: {}", answer.body);
        assert!(!answer.body.contains("expected value at line"), "{}", answer.body);
        if expected == StatusCode::OK && accept == NEW {
            assert_eq!(
                answer.headers[header::CONTENT_TYPE],
                "application/graphql-response+json; charset=utf-8"
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_changed_by_get() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let get = |query: &str| Request::get(format!("/graphql?{query}")).body(Body::empty()).unwrap();
    let answer = send(&api, get("query=%7B__typename%7D")).await;
    assert_eq!(answer.json()["data"]["__typename"], "Query");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "an answer is for who asked");
    let two = "query=query%20A%7B__typename%7D%20mutation%20B%7BsignOut%7BsessionId%7D%7D";
    assert_eq!(send(&api, get(&format!("{two}&operationName=A"))).await.status, StatusCode::OK);
    let mutation = send(&api, get(&format!("{two}&operationName=B"))).await;
    assert_eq!(
        (mutation.status, mutation.headers[header::ALLOW].to_str().unwrap()),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
}

#[tokio::test]
async fn tokens_open_sessions_and_wrong_ones_are_401() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage.person("Ana", &[]).await;
    let sign_in = "mutation($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) {
                     session { token expiresAt } userErrors { code field message } } }";
    let wrong = ask(&api, None, sign_in, json!({ "email": ana.email, "password": "no" })).await;
    let unknown =
        ask(&api, None, sign_in, json!({ "email": "nobody@example.com", "password": PASSWORD })).await;
    assert_eq!(wrong, unknown, "the same answer for a wrong password and an unknown address");
    assert_eq!(wrong["data"]["signIn"]["userErrors"][0]["code"], "INVALID_CREDENTIALS");
    let right = ask(&api, None, sign_in, json!({ "email": ana.email, "password": PASSWORD })).await;
    let token = right["data"]["signIn"]["session"]["token"].as_str().unwrap().to_owned();

    let with = |authorization: String, query: &str| {
        Request::post("/graphql")
            .header(header::CONTENT_TYPE, JSON)
            .header(header::AUTHORIZATION, authorization)
            .body(Body::from(json!({ "query": query }).to_string()))
            .unwrap()
    };
    let name = "{ viewer { member { name } } }";
    let answer = send(&api, with(format!("Bearer {token}"), name)).await;
    assert_eq!(answer.json()["data"]["viewer"]["member"]["name"], "Ana");
    for bad in [format!("Bearer {token}x"), "Bearer ".to_owned(), format!("Basic {token}"), token.clone()] {
        let answer = send(&api, with(bad.clone(), name)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{bad}");
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    send(&api, with(format!("Bearer {token}"), "mutation { signOut { sessionId } }")).await;
    assert_eq!(send(&api, with(format!("Bearer {token}"), name)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_too_much_is_refused_before_it_runs() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let aliases = (0..40).map(|n| format!("a{n}: __typename")).collect::<Vec<_>>().join(" ");
    let deep = format!(
        "{{ {} id {} }}",
        "viewer { member { ".to_owned() + &"grants { role { ".repeat(8),
        "} ".repeat(18)
    );
    let wide =
        "{ conversations(first: 100) { nodes { messages(first: 100) { nodes { id body } } } } }".to_owned();
    for query in [format!("{{ {aliases} }}"), deep, wide] {
        let answer = ask(&api, None, &query, json!({})).await;
        assert!(answer["data"].is_null(), "{answer}");
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
        assert!(["QUERY_TOO_COMPLEX", "BAD_USER_INPUT"].contains(&code), "{answer}");
    }
    let answer = ask(&api, None, "{ viewer { member { id } } }", json!({})).await;
    assert_eq!(answer["extensions"]["cost"], json!({ "requested": 3, "limit": 20000 }));
    let big =
        send(&api, post(JSON, NEW, format!(r#"{{"query":"{{__typename}}","x":"{}"}}"#, "x".repeat(300_000))))
            .await;
    assert_eq!(big.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn arguments_out_of_range_are_bad_input_and_say_nothing_internal() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage
        .person(
            "Ana",
            &[(portaria_entity::role::BuiltInRole::Agent, portaria_domain::access::Scope::Workspace)],
        )
        .await;
    for arguments in [
        "first: 101",
        "first: -1",
        r#"after: "x""#,
        r#"filter: { channelId: "mem_00000000000000000000000000" }"#,
    ] {
        let answer = ask(
            &api,
            Some(&ana),
            &format!("{{ conversations({arguments}) {{ nodes {{ id }} }} }}"),
            json!({}),
        )
        .await;
        assert_eq!(errors(&answer), ["BAD_USER_INPUT at conversations"], "{arguments}");
    }
    let introspection = ask(&api, None, "{ __schema { queryType { name } } }", json!({})).await;
    assert_eq!(introspection["data"]["__schema"]["queryType"]["name"], "Query");
    let suggestion = ask(&api, None, "{ conversation { id } }", json!({})).await;
    assert!(!suggestion.to_string().contains("Did you mean"));
    let _: Value = suggestion;
}

#[tokio::test]
async fn when_the_database_is_gone_the_answer_says_so() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage
        .person(
            "Ana",
            &[(portaria_entity::role::BuiltInRole::Agent, portaria_domain::access::Scope::Workspace)],
        )
        .await;
    stage.installation.viewers.refresh_epochs().await.unwrap();
    ask(&api, Some(&ana), "{ viewer { session { id } } }", json!({})).await;
    stage.installation.database.close().await.unwrap();
    let answer = ask(&api, Some(&ana), "{ conversations { nodes { id } } }", json!({})).await;
    assert_eq!(errors(&answer), ["UNAVAILABLE at conversations"], "{answer}");
    assert!(!answer.to_string().to_lowercase().contains("pool"), "{answer}");
}

#[tokio::test]
async fn graphiql_is_served_from_the_executable() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let page = send(&api, Request::get("/graphiql").body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("https://"), "nothing is loaded from elsewhere");
    for file in page.body.split('"').filter(|part| part.starts_with("/graphiql/")) {
        assert_eq!(
            send(&api, Request::get(file).body(Body::empty()).unwrap()).await.status,
            StatusCode::OK,
            "{file}"
        );
    }
    let missing = send(&api, Request::get("/graphiql/..%2FCargo.toml").body(Body::empty()).unwrap()).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_text_that_one_database_would_not_take_is_refused_on_both() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let sign_in = "mutation($email: String!) { signIn(input: { email: $email, password: \"x\" }) { userErrors { code } } }";
        let escaped =
            "mutation { signIn(input: { email: \"\\u0000\", password: \"x\" }) { userErrors { code } } }";
        for (query, variables) in [(sign_in, json!({ "email": "a\u{0}b" })), (escaped, json!({}))] {
            assert_eq!(errors(&ask(&api, None, query, variables).await), ["BAD_USER_INPUT at "], "{query}");
        }
    }
}
