//! Sessions of browsers: what the cookie is, who gets in by it, and who would like to.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{CountryFile, PASSWORD, Person, Stage, TestDatabase, databases};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::browser::{Browser, OWN, OWN_PAGE, Page};
use crate::client::{api, ask, errors, send};

const SIGN_IN: &str = "mutation($email: String!, $password: String!, $transport: SessionTransport!) {
    signIn(input: { email: $email, password: $password, transport: $transport }) {
      session { token deviceToken expiresAt } userErrors { code } } }";
const NAME: &str = "{ viewer { member { name } } }";
const SESSION: &str = "__Host-portaria";

fn credentials(person: &Person, transport: &str) -> Value {
    json!({ "email": person.email, "password": PASSWORD, "transport": transport })
}

pub async fn signed_in<'a>(api: &'a Router, person: &Person) -> Browser<'a> {
    let mut browser = Browser::new(api);
    let answer = browser.ask(SIGN_IN, credentials(person, "COOKIE")).await;
    assert_eq!(answer["data"]["signIn"]["userErrors"], json!([]), "{answer}");
    browser
}

async fn set_front_end(stage: &Stage, url: &str) {
    let database = &stage.installation.database;
    let sql = "UPDATE workspaces SET front_end_url = $2 WHERE id = $1";
    let statement = database.statement(sql, [stage.workspace_id.0.into(), url.into()]);
    database.writer().execute_raw(statement).await.unwrap();
}

async fn open_sessions(stage: &Stage) -> i64 {
    let database = &stage.installation.database;
    let sql = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL";
    let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_browser_keeps_its_session_in_a_cookie_that_no_script_reads() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[]).await;
        let mut browser = Browser::new(&api);
        let answer = browser.fetch(OWN_PAGE, SIGN_IN, credentials(&ana, "COOKIE")).await;
        let session = &answer.json()["data"]["signIn"]["session"];
        assert_eq!((&session["token"], &session["deviceToken"]), (&Value::Null, &Value::Null));
        assert!(!answer.body.contains("ptr_"), "nothing for a script to steal");
        let set: Vec<_> =
            answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(set.len(), 2);
        assert!(set[0].starts_with("__Host-portaria=ptr_sess_") && set[0].ends_with("; Max-Age=2592000"));
        assert!(set[1].starts_with("__Host-portaria-device=ptr_dev_"));
        for cookie in set {
            assert!(cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Strict; "), "{cookie}");
            assert!(!cookie.contains("Domain"));
        }
        assert_eq!(browser.ask(NAME, json!({})).await["data"]["viewer"]["member"]["name"], "Ana");
        let taken = browser.cookies[SESSION].clone();
        let answer = browser.fetch(OWN_PAGE, "mutation { signOut { sessionId } }", json!({})).await;
        assert_eq!(answer.json()["errors"], Value::Null, "{}", answer.body);
        assert!(!browser.cookies.contains_key(SESSION), "taken away");
        browser.cookies.insert(SESSION.to_owned(), taken);
        assert_eq!(browser.ask(NAME, json!({})).await["data"]["viewer"], Value::Null, "and dead");
        let left = browser.cookies.contains_key(SESSION);
        assert!(left, "it is not taken away, for that could take along one that was given meanwhile");
        let answer = browser.ask(SIGN_IN, credentials(&ana, "COOKIE")).await;
        assert!(answer["data"]["signIn"]["session"].is_object(), "and locks nobody out: {answer}");
    }
}

#[tokio::test]
async fn a_browser_that_steps_up_goes_on_by_a_new_cookie_in_all_its_tabs() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[]).await;
        let mut browser = signed_in(&api, &ana).await;
        let app = stage.authenticator(&ana).await;
        let old = browser.cookies[SESSION].clone();
        let step_up = "mutation($code: String!) { stepUp(input: { code: $code }) {
                         session { secondFactor } sessionToken { token expiresAt } userErrors { code } } }";
        let wrong = browser.fetch(OWN_PAGE, step_up, json!({ "code": "000000" })).await;
        assert_eq!(wrong.json()["data"]["stepUp"]["userErrors"][0]["code"], "WRONG_CODE");
        assert_eq!(browser.cookies[SESSION], old, "a wrong code changes nothing");
        let answer = browser.fetch(OWN_PAGE, step_up, json!({ "code": app.code() })).await;
        let done = &answer.json()["data"]["stepUp"];
        assert_eq!(
            (&done["session"]["secondFactor"], &done["sessionToken"]["token"]),
            (&json!(true), &Value::Null)
        );
        assert!(done["sessionToken"]["expiresAt"].is_string());
        assert!(!answer.body.contains("ptr_"), "nothing for a script to steal");
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with("__Host-portaria=ptr_sess_") && set.ends_with("; Max-Age=2592000"), "{set}");
        assert!(set.contains("; Path=/; Secure; HttpOnly; SameSite=Strict; "), "{set}");
        assert_ne!(browser.cookies[SESSION], old);
        // A tab that asked with the old one meanwhile is answered as nobody, and takes the new one from nobody.
        let mut late = Browser::new(&api);
        late.cookies.insert(SESSION.to_owned(), old.clone());
        let answer = late.fetch(OWN_PAGE, NAME, json!({})).await;
        assert_eq!(answer.json()["data"]["viewer"], Value::Null);
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{:?}", answer.headers);
        assert_eq!(browser.ask(NAME, json!({})).await["data"]["viewer"]["member"]["name"], "Ana");
    }
}

#[tokio::test]
async fn no_foreign_page_acts_through_somebodys_browser() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage.person("Ana", &[]).await;
    let mut browser = signed_in(&api, &ana).await;
    let before = open_sessions(&stage).await;
    let sign_out = "mutation { signOut { sessionId } }";
    let page = |origin, site| Page { origin, site };
    let evil = Some("https://evil.example");
    for (what, foreign) in [
        ("another site", page(evil, Some("cross-site"))),
        ("another site, in an old browser", page(evil, None)),
        ("a neighbour on the same site", page(Some("https://blog.portaria.test"), Some("same-site"))),
        ("the same host on another port", page(Some("http://portaria.test:3000"), Some("same-site"))),
        ("the same host by other means", page(Some("https://portaria.test"), Some("same-site"))),
        ("a frame without an origin", page(Some("null"), Some("cross-site"))),
        ("a frame without an origin, old", page(Some("null"), None)),
        ("who forges half of it", page(Some(OWN), Some("cross-site"))),
        ("who says nothing", page(None, None)),
        ("an address that was typed", page(None, Some("none"))),
        ("garbage", page(Some("http://portaria.test/x"), None)),
    ] {
        for query in [sign_out, NAME] {
            let answer = browser.fetch(foreign, query, json!({})).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {}", answer.body);
            assert_eq!(errors(&answer.json()), ["FORBIDDEN at "], "{what}");
            assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{what}");
        }
        let get = browser
            .request(
                foreign,
                Method::GET,
                "/graphql?query=%7Bviewer%7Bmember%7Bname%7D%7D%7D",
                "",
                String::new(),
            )
            .await;
        assert_eq!(get.status, StatusCode::FORBIDDEN, "{what}, by an image or a link");
    }
    // What a form can send, even from a page that is trusted.
    let body = json!({ "query": sign_out }).to_string();
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let answer = browser.request(OWN_PAGE, Method::POST, "/graphql", media, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
    }
    let uri = "/graphql?query=mutation%7BsignOut%7BsessionId%7D%7D";
    let answer = browser.request(OWN_PAGE, Method::GET, uri, "", String::new()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(open_sessions(&stage).await, before);
    let uri = "/graphql?query=%7Bviewer%7Bmember%7Bname%7D%7D%7D";
    let own = Page { origin: None, site: Some("same-origin") };
    let answer = browser.request(own, Method::GET, uri, "", String::new()).await;
    assert_eq!(answer.json()["data"]["viewer"]["member"]["name"], "Ana", "a query of one's own page may");
}

#[tokio::test]
async fn nobody_is_signed_in_to_somebody_elses_account_by_a_foreign_page() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let thief = stage.person("Thief", &[]).await;
    let before = open_sessions(&stage).await;
    let mut browser = Browser::new(&api);
    let foreign = Page { origin: Some("https://evil.example"), site: Some("cross-site") };
    for page in [foreign, Page { origin: None, site: None }] {
        let answer = browser.fetch(page, SIGN_IN, credentials(&thief, "COOKIE")).await;
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "FORBIDDEN", "{}", answer.body);
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
    assert_eq!(open_sessions(&stage).await, before, "nothing was opened");
}

#[tokio::test]
async fn a_cookie_that_was_tossed_in_or_planted_is_worth_nothing() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let (ana, thief) = (stage.person("Ana", &[]).await, stage.person("Thief", &[]).await);
    let own = signed_in(&api, &ana).await.cookies[SESSION].clone();
    let ask_with = async |cookie: String, authorization: Option<&str>| {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header("sec-fetch-site", if authorization.is_some() { "cross-site" } else { "same-origin" })
            .header(header::COOKIE, cookie);
        if let Some(token) = authorization {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        send(&api, request.body(Body::from(json!({ "query": NAME }).to_string())).unwrap()).await
    };
    let two = ask_with(format!("{SESSION}={}; {SESSION}={own}", thief.token), None).await;
    assert_eq!(two.json()["data"]["viewer"], Value::Null, "of two, none counts");
    let other_name = ask_with(format!("portaria={own}; __host-portaria={own}"), None).await;
    assert_eq!(other_name.json()["data"]["viewer"], Value::Null, "a name without the prefix anybody can set");
    let both = ask_with(format!("{SESSION}={own}"), Some(&thief.token)).await;
    assert_eq!(both.json()["data"]["viewer"]["member"]["name"], "Thief", "the bearer token counts");
    let wrong = ask_with(format!("{SESSION}={own}"), Some("ptr_sess_wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "and does not fall back to the cookie");

    let mut browser = Browser::new(&api);
    browser.cookies.insert(SESSION.to_owned(), "ptr_sess_planted".to_owned());
    browser.ask(SIGN_IN, credentials(&ana, "COOKIE")).await;
    let first = browser.cookies[SESSION].clone();
    assert_ne!(first, "ptr_sess_planted", "signing in gives a new token");
    assert!(stage.viewer("ptr_sess_planted").await.is_none());
    browser.ask(SIGN_IN, credentials(&ana, "COOKIE")).await;
    assert_ne!(browser.cookies[SESSION], first);
    assert!(stage.viewer(&first).await.is_none(), "the session whose place it took has ended");
    assert!(stage.viewer(&browser.cookies[SESSION]).await.is_some());
}

#[tokio::test]
async fn a_front_end_on_the_same_site_may_and_another_workspaces_may_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (outra, _, _) = stage.another_workspace().await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[]).await;
        let caio = stage.person_in(outra, "Caio", &[]).await;
        set_front_end(&stage, "https://chat.portaria.test/app").await;
        let front = Page { origin: Some("https://chat.portaria.test"), site: Some("same-site") };
        let mut browser = Browser::new(&api);
        let answer = browser.fetch(front, SIGN_IN, credentials(&ana, "COOKIE")).await;
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://chat.portaria.test");
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(answer.headers[header::VARY], "origin");
        let answer = browser.fetch(front, NAME, json!({})).await;
        assert_eq!(answer.json()["data"]["viewer"]["member"]["name"], "Ana", "{}", answer.body);
        let mut other = signed_in(&api, &caio).await;
        assert_eq!(other.fetch(front, NAME, json!({})).await.status, StatusCode::FORBIDDEN);

        let beforehand = |origin: &str| {
            Request::builder()
                .method(Method::OPTIONS)
                .uri("/graphql")
                .header(header::ORIGIN, origin)
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
                .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type")
                .body(Body::empty())
                .unwrap()
        };
        let answer = send(&api, beforehand("https://chat.portaria.test")).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, POST");
        for origin in [
            "https://evil.example",
            "null",
            "https://chat.portaria.test.evil.example",
            "http://chat.portaria.test",
        ] {
            let answer = send(&api, beforehand(origin)).await;
            assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{origin}");
        }
    }
}

#[tokio::test]
async fn no_answer_is_kept_by_a_cache() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let api = api(&stage);
    let ana = stage.person("Ana", &[]).await;
    let mut browser = signed_in(&api, &ana).await;
    for query in [NAME, "{", "{ nothing }"] {
        let answer = browser.fetch(OWN_PAGE, query, json!({})).await;
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{query}");
    }
    let foreign = Page { origin: Some("https://evil.example"), site: Some("cross-site") };
    assert_eq!(browser.fetch(foreign, NAME, json!({})).await.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn one_sees_ones_sessions_and_ends_them() {
    for test in databases().await {
        let mut stage = Stage::on(test).await;
        stage.installation.countries = CountryFile::new().countries();
        let (outra, _, _) = stage.another_workspace().await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let ana = stage.person("Ana", &[]).await;
        let mut browser = signed_in(&api, &ana).await;
        let list = "{ viewer { sessions { id current program system address country secondFactor workspaceName } workspaces { name current } } }";
        let answer = browser.ask(list, json!({})).await;
        let sessions = answer["data"]["viewer"]["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), 2, "{answer}");
        let own = sessions.iter().find(|one| one["current"] == true).unwrap();
        assert_eq!((&own["program"], &own["system"]), (&json!("Chrome"), &json!("Windows")));
        let other = sessions.iter().find(|one| one["current"] == false).unwrap();
        assert_eq!((&other["address"], &other["program"]), (&json!("192.0.2.1"), &Value::Null));
        assert_eq!(
            (&other["country"], &own["country"]),
            (&json!("BR"), &Value::Null),
            "as far as it is known"
        );
        assert_eq!(answer["data"]["viewer"]["workspaces"], json!([{ "name": "Padaria", "current": true }]));
        let end = "mutation($id: ID!) { endSession(input: { sessionId: $id }) { ended { sessionId } userErrors { code } } }";
        let answer = browser.ask(end, json!({ "id": other["id"] })).await;
        assert_eq!(answer["data"]["endSession"]["ended"]["sessionId"], other["id"], "{answer}");
        assert!(stage.viewer(&ana.token).await.is_none());
        let answer = browser.ask(end, json!({ "id": other["id"] })).await;
        assert_eq!(answer["data"]["endSession"]["userErrors"][0]["code"], "ALREADY_ENDED");

        let of_member = "query($id: ID!) { node(id: $id) { ... on Member { sessions { program } viewerCan { endSessions } } } }";
        let variables = json!({ "id": ana.member_id.to_string() });
        let answer = ask(&api, Some(&admin), of_member, variables.clone()).await;
        assert_eq!(
            answer["data"]["node"],
            json!({ "sessions": [{ "program": "Chrome" }], "viewerCan": { "endSessions": "YES" } })
        );
        let answer = browser.ask(of_member, json!({ "id": admin.member_id.to_string() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at node.sessions"]);
        let end_all = "mutation($id: ID!) { endMemberSessions(input: { memberId: $id }) { member { id } userErrors { code } } }";
        let answer = browser.ask(end_all, json!({ "id": admin.member_id.to_string() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at endMemberSessions"]);
        let answer = ask(&api, Some(&admin), end_all, variables).await;
        assert_eq!(answer["data"]["endMemberSessions"]["userErrors"], json!([]), "{answer}");
        assert_eq!(browser.ask(NAME, json!({})).await["data"]["viewer"], Value::Null);

        // By cookie, the new session takes the place of the old one.
        let mut browser = signed_in(&api, &ana).await;
        let old = browser.cookies[SESSION].clone();
        let go = "mutation($id: ID!) { switchWorkspace(input: { workspaceId: $id, transport: COOKIE }) { session { token } userErrors { code } } }";
        let answer = browser.ask(go, json!({ "id": outra.to_string() })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at switchWorkspace"]);
        let transaction = stage.installation.database.begin().await.unwrap();
        let new = portaria_domain::member::NewMember {
            name: "Ana",
            email: &ana.email,
            locale: "en",
            password_hash: None,
        };
        portaria_domain::member::create(&transaction, &stage.installation, outra, new).await.unwrap();
        transaction.commit().await.unwrap();
        let answer = browser.ask(go, json!({ "id": outra.to_string() })).await;
        assert_eq!(
            answer["data"]["switchWorkspace"],
            json!({ "session": { "token": null }, "userErrors": [] }),
            "{answer}"
        );
        assert!(stage.viewer(&old).await.is_none());
        let answer =
            browser.ask("{ viewer { workspace { name } session { idleMinutes } } }", json!({})).await;
        assert_eq!(
            answer["data"]["viewer"],
            json!({ "workspace": { "name": "Outra" }, "session": { "idleMinutes": 720 } })
        );
    }
}
