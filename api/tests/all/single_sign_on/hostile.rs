//! Providers that lie, and people between them and us.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, TestDatabase};
use reqwest::Url;
use serde_json::{Value, json};

use super::browser::{Browser, code, location};
use super::mock::{Answer, Mock, SECRET, Signature, key, key_set, signed, token};
use super::{FINISH, admin, api, configure};
use crate::client::{ask, errors};

struct Scene {
    stage: Stage,
    api: Router,
    mock: Mock,
    start_path: String,
}

/// A browser on its way: what it has been sent to the provider with.
struct Away {
    browser: Browser,
    /// Where this provider sends it back to.
    own: String,
    state: String,
    nonce: String,
    challenge: String,
}

impl Scene {
    async fn new() -> Self {
        let stage = Stage::on(TestDatabase::sqlite().await).await;
        let (api, mock) = (api(&stage), Mock::start().await);
        let admin = admin(&stage).await;
        let provider = configure(&api, &admin, &mock.issuer, SECRET).await;
        let start_path = format!("/sso/{}/{}", stage.workspace_id, provider["id"].as_str().unwrap());
        Self { stage, api, mock, start_path }
    }

    async fn leave(&self) -> Away {
        self.leave_by(&self.start_path).await
    }

    async fn leave_by(&self, path: &str) -> Away {
        let mut browser = Browser::new(&self.api);
        let url = Url::parse(&location(&browser.open(path).await)).unwrap();
        assert!(url.as_str().starts_with(&format!("{}/authorize?", self.mock.issuer)));
        let of = |wanted: &str| {
            let found = url.query_pairs().find(|(name, _)| name == wanted);
            found.unwrap_or_else(|| panic!("no {wanted} in {url}")).1.into_owned()
        };
        assert_eq!((of("response_type").as_str(), of("code_challenge_method").as_str()), ("code", "S256"));
        let own = format!("/sso/callback/{}", self.start_path.rsplit('/').next().unwrap());
        assert_eq!(of("redirect_uri"), format!("http://portaria.test{own}"));
        assert_eq!(of("max_age"), "2592000", "so that it has to say when");
        Away { own, state: of("state"), nonce: of("nonce"), challenge: of("code_challenge"), browser }
    }

    fn good(&self, away: &Away) -> Value {
        self.mock.claims(&away.nonce, self.stage.clock.now())
    }

    /// A whole sign-in with a token that the test makes; answers where the front end is entered.
    async fn with_token(&self, make: impl FnOnce(&Away, Value) -> String) -> String {
        let mut away = self.leave().await;
        let id_token = make(&away, self.good(&away));
        self.mock.says(|says| says.token = token(&id_token));
        away.back("code=x").await
    }
}

impl Away {
    /// Comes home; answers where the front end is entered.
    async fn back(&mut self, query: &str) -> String {
        let state = self.state.clone();
        location(&self.browser.open(&format!("{}?state={state}&{query}", self.own)).await)
    }
}

const INVALID: &str = "http://portaria.test/single-sign-on#error=INVALID_ANSWER";

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_good_token_is_redeemed_with_the_clients_secret_and_the_verifier() {
    let scene = Scene::new().await;
    let mut away = scene.leave().await;
    let id_token = signed(&scene.good(&away), &Signature::By(&key("one")), "one");
    scene.mock.says(|says| says.token = token(&id_token));
    scene.mock.asked();
    let landing = away.back("code=a+code").await;
    let asked = scene.mock.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("token portaria:a+secret+of+the+tests "), "{asked:?}");
    assert!(
        asked[0].contains("code=a+code") && asked[0].contains("grant_type=authorization_code"),
        "{asked:?}"
    );
    let verifier = asked[0].split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
    let pkce = openidconnect::PkceCodeVerifier::new(verifier.to_owned());
    let challenge = openidconnect::PkceCodeChallenge::from_code_verifier_sha256(&pkce);
    assert_eq!(challenge.as_str(), away.challenge);
    let answer = away.browser.ask(FINISH, &json!({ "i": { "code": code(&landing) } })).await;
    assert!(answer["data"]["finishSingleSignOn"]["session"]["token"].is_string(), "{answer}");
}

#[tokio::test]
async fn a_token_that_is_not_for_this_sign_in_is_worth_nothing() {
    let scene = Scene::new().await;
    let (one, other) = (key("one"), key("other"));
    let now = scene.stage.clock.now().as_secs();
    let mine = scene.mock.issuer.clone();
    let cases: Vec<(&str, &str, Value)> = vec![
        ("another sign-in's nonce", "nonce", json!("another")),
        ("no nonce", "nonce", Value::Null),
        ("another audience", "aud", json!("another")),
        ("no audience", "aud", json!([])),
        ("others too", "aud", json!(["portaria", "another"])),
        ("another party", "azp", json!("another")),
        ("another issuer", "iss", json!("https://evil.example")),
        ("an issuer that looks the same", "iss", json!(format!("{mine}/"))),
        ("expired", "exp", json!(now - 61)),
        ("issued long ago", "iat", json!(now - 601)),
        ("issued in the future", "iat", json!(now + 61)),
        ("not valid yet", "nbf", json!(now + 61)),
        ("valid from no time", "nbf", json!("tomorrow")),
        ("no subject", "sub", json!("")),
        ("another access token", "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ];
    for (what, name, value) in cases {
        let landing = scene
            .with_token(|_, claims| signed(&with(claims, name, value), &Signature::By(&one), "one"))
            .await;
        assert_eq!(landing, INVALID, "{what}");
    }
    let forged: [(&str, Signature<'_>, &str); 5] = [
        ("no signature", Signature::None, "one"),
        ("signed by the client's secret", Signature::Hmac, "one"),
        ("signed by another's key under a known name", Signature::By(&other), "one"),
        ("signed by another's key", Signature::By(&other), "other"),
        ("of a known key's name only", Signature::None, "other"),
    ];
    for (what, signature, kid) in &forged {
        let landing = scene.with_token(|_, claims| signed(&claims, signature, kid)).await;
        assert_eq!(landing, INVALID, "{what}");
    }
    let altered = scene.with_token(|_, claims| {
        let token = signed(&claims, &Signature::By(&one), "one");
        let parts: Vec<&str> = token.split('.').collect();
        let payload = URL_SAFE_NO_PAD.encode(with(claims, "sub", json!("admin")).to_string());
        format!("{}.{payload}.{}", parts[0], parts[2])
    });
    assert_eq!(altered.await, INVALID);
    let encrypted = scene.with_token(|_, _| "a.b.c.d.e".to_owned());
    assert_eq!(encrypted.await, INVALID);
    let landing = scene.with_token(|_, claims| signed(&claims, &Signature::By(&one), "one")).await;
    assert!(landing.contains("#code="), "and a good one passes: {landing}");
}

#[tokio::test]
async fn keys_that_rotate_are_read_again_and_not_for_every_forgery() {
    let scene = Scene::new().await;
    let other = key("other");
    let by_other = |_: &Away, claims: Value| signed(&claims, &Signature::By(&other), "other");
    assert_eq!(scene.with_token(by_other).await, INVALID);
    scene.mock.says(|says| says.keys = key_set(&[&key("other")]));
    scene.mock.asked();
    assert_eq!(scene.with_token(by_other).await, INVALID, "looked at just now");
    assert!(!scene.mock.asked().iter().any(|asked| asked == "keys"));
    scene.stage.clock.advance(Duration::from_secs(11));
    assert!(scene.with_token(by_other).await.contains("#code="));
    let by_one = |_: &Away, claims: Value| signed(&claims, &Signature::By(&key("one")), "one");
    assert_eq!(scene.with_token(by_one).await, INVALID, "a key that was taken away counts no more");
}

#[tokio::test]
async fn what_a_token_does_not_say_may_be_said_besides_of_the_same_person() {
    let scene = Scene::new().await;
    let mut document = scene.mock.document();
    document["userinfo_endpoint"] = json!(format!("{}/userinfo", scene.mock.issuer));
    scene.mock.says(|says| says.discovery = Answer::Json(document));
    let spare = |_: &Away, mut claims: Value| {
        for name in ["email", "groups"] {
            claims.as_object_mut().unwrap().remove(name);
        }
        signed(&claims, &Signature::By(&key("one")), "one")
    };
    let info = json!({ "sub": "somebody", "email": "nina@acme.example", "groups": ["agents"] });
    scene.mock.says(|says| says.userinfo = Answer::Json(info));
    assert_eq!(scene.with_token(spare).await, INVALID, "of somebody else");
    // How somebody signed in is the token's to say.
    let info =
        json!({ "sub": "nina", "email": "nina@acme.example", "groups": ["agents"], "acr": "urn:test:mfa" });
    scene.mock.says(|says| says.userinfo = Answer::Json(info));
    let mut away = scene.leave().await;
    let id_token = spare(&away, scene.good(&away));
    scene.mock.says(|says| says.token = token(&id_token));
    let landing = away.back("code=x").await;
    assert!(scene.mock.asked().contains(&"userinfo Bearer an access token".to_owned()));
    let answer = away.browser.ask(FINISH, &json!({ "i": { "code": code(&landing) } })).await;
    let token = answer["data"]["finishSingleSignOn"]["session"]["token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(!scene.stage.viewer(token).await.unwrap().session().unwrap().second_factor);
}

#[tokio::test]
async fn an_answer_of_another_provider_is_not_redeemed() {
    let scene = Scene::new().await;
    let mut away = scene.leave().await;
    scene.mock.asked();
    assert_eq!(away.back("code=x&iss=https://evil.example").await, INVALID);
    assert_eq!(scene.mock.asked(), Vec::<String>::new(), "the code was sent nowhere");
    let mut document = scene.mock.document();
    document["authorization_response_iss_parameter_supported"] = json!(true);
    scene.mock.says(|says| says.discovery = Answer::Json(document));
    scene.stage.clock.advance(Duration::from_secs(601));
    let mut away = scene.leave().await;
    assert_eq!(away.back("code=x").await, INVALID, "who always names itself has to");
    let mut away = scene.leave().await;
    let denied = away.back(&format!("error=access_denied&iss={}", scene.mock.issuer)).await;
    assert_eq!(denied, "http://portaria.test/single-sign-on#error=ACCESS_DENIED");
}

#[tokio::test]
async fn an_answer_counts_at_its_own_providers_address_alone() {
    let scene = Scene::new().await;
    let mut away = scene.leave().await;
    let id_token = signed(&scene.good(&away), &Signature::By(&key("one")), "one");
    scene.mock.says(|says| says.token = token(&id_token));
    // Another provider of the same workspace has this one's code sent to itself, that is, to its own address.
    let another = Mock::start().await;
    let boss = scene.stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    let boss = scene.stage.step_up(&boss).await;
    let other = configure(&scene.api, &boss, &another.issuer, SECRET).await;
    scene.mock.asked();
    let state = away.state.clone();
    let (other, none) = (other["id"].as_str().unwrap(), "ws_x");
    for address in [other, none] {
        let answer = away.browser.open(&format!("/sso/callback/{address}?state={state}&code=x")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}: {}", answer.body);
    }
    assert_eq!(scene.mock.asked(), Vec::<String>::new(), "nothing is redeemed");
    assert!(away.back("code=x").await.contains("#code="), "and nothing is used up");
}

#[tokio::test]
async fn a_state_counts_once_and_in_the_browser_that_it_was_given_to() {
    let scene = Scene::new().await;
    let mut away = scene.leave().await;
    let id_token = signed(&scene.good(&away), &Signature::By(&key("one")), "one");
    scene.mock.says(|says| says.token = token(&id_token));
    let own = away.own.clone();
    let path = format!("{own}?state={}&code=x", away.state);
    scene.mock.asked();
    let mut another = scene.leave().await;
    for browser in [&mut Browser::new(&scene.api), &mut another.browser] {
        let refused = browser.open(&path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
        assert!(!refused.body.contains(&away.state));
    }
    assert_eq!(scene.mock.asked(), Vec::<String>::new());
    assert!(location(&away.browser.open(&path).await).contains("#code="));
    let query = |query: &str| format!("{own}{query}");
    for path in [path.as_str(), &query("?state=x&code=x"), &query(""), &query("?code=x&code=y")] {
        assert_eq!(away.browser.open(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn no_code_is_taken_along_to_another_provider() {
    let scene = Scene::new().await;
    // Where a sign-in ends can be a way to another provider: of a workspace that an attacker has.
    let path = format!("{}?path={}", scene.start_path, scene.start_path);
    let mut away = scene.leave_by(&path).await;
    let id_token = signed(&scene.good(&away), &Signature::By(&key("one")), "one");
    scene.mock.says(|says| says.token = token(&id_token));
    let landing = away.back("code=x").await;
    assert!(landing.starts_with(&format!("http://portaria.test{}#code=", scene.start_path)), "{landing}");
    for site in ["none", "cross-site"] {
        let request = axum::http::Request::get(&scene.start_path).header("sec-fetch-site", site);
        let answer = crate::client::send(&scene.api, request.body(axum::body::Body::empty()).unwrap()).await;
        // What a browser makes of a redirection (Fetch, "location URL"): its own fragment, if there is one.
        let mut next = Url::parse("http://portaria.test").unwrap().join(&location(&answer)).unwrap();
        if next.fragment().is_none() {
            next.set_fragment(landing.split_once('#').map(|(_, code)| code));
        }
        assert!(!next.as_str().contains("code=ptr_sso"), "{site}: {next}");
    }
}

#[tokio::test]
async fn a_page_elsewhere_signs_nobody_in() {
    let scene = Scene::new().await;
    for (site, leaves) in [("cross-site", false), ("same-site", true), ("same-origin", true), ("none", true)]
    {
        let request = axum::http::Request::get(&scene.start_path).header("sec-fetch-site", site);
        let answer = crate::client::send(&scene.api, request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{site}: {}", answer.body);
        assert_eq!(answer.headers.get("set-cookie").is_some(), leaves, "{site}");
        let to = answer.headers["location"].to_str().unwrap();
        assert_eq!(to.contains("/sign-in?workspace="), !leaves, "{site}: {to}");
    }
}

#[tokio::test]
async fn a_provider_that_misbehaves_does_no_harm() {
    let scene = Scene::new().await;
    let document = scene.mock.document();
    let other = |name: &str, value: &str| Answer::Json(with(document.clone(), name, json!(value)));
    for (what, discovery) in [
        ("an endless document", Answer::Huge),
        ("a redirect", Answer::Redirect),
        ("an error", Answer::Broken),
        ("nonsense", Answer::Json(json!([]))),
        ("another's name", other("issuer", "https://accounts.example")),
        ("people sent off without TLS", other("authorization_endpoint", "http://evil.example/authorize")),
        ("people sent off to a script", other("authorization_endpoint", "javascript:alert(1)")),
        ("keys within our network", other("jwks_uri", "https://10.0.0.1/keys")),
    ] {
        scene.mock.says(|says| says.discovery = discovery);
        let refused = Browser::new(&scene.api).open(&scene.start_path).await;
        assert_eq!(refused.status, StatusCode::BAD_GATEWAY, "{what}: {}", refused.body);
        assert!(refused.headers.get("set-cookie").is_none());
    }
    scene.mock.says(|says| says.discovery = other("token_endpoint", "https://169.254.169.254/token"));
    assert_eq!(scene.leave().await.back("code=x").await, INVALID);
    scene.mock.says(|says| says.discovery = Answer::Json(document));
    scene.stage.clock.advance(Duration::from_secs(601));
    for answer in [Answer::Huge, Answer::Redirect, Answer::Broken, Answer::Json(json!({})), token("x")] {
        scene.mock.says(|says| says.token = answer);
        assert_eq!(scene.leave().await.back("code=x").await, INVALID);
    }
}

#[tokio::test]
async fn what_leads_nowhere_is_said_so() {
    let scene = Scene::new().await;
    let mut browser = Browser::new(&scene.api);
    let unknown = "/sso/nothing/idp_00000000000000000000000000";
    assert_eq!(browser.open(unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.open("/sso/nothing/nothing").await.status, StatusCode::NOT_FOUND);
    for path in ["//evil.example", "https://evil.example", "/%0d%0aset-cookie:x"] {
        let answer = browser.open(&format!("{}?path={path}", scene.start_path)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let begin = "mutation($i: BeginSingleSignOnInput!) { beginSingleSignOn(input: $i) { start { secret } userErrors { code } } }";
    let provider = scene.start_path.rsplit('/').next().unwrap();
    let workspace = scene.stage.workspace_id.to_string();
    let input = |workspace: &str, purpose: &str| json!({ "i": { "workspace": workspace, "identityProviderId": provider, "purpose": purpose } });
    let answer = ask(&scene.api, None, begin, input(&workspace, "LINK")).await;
    assert_eq!(errors(&answer), ["UNAUTHENTICATED at beginSingleSignOn"]);
    let answer = ask(&scene.api, None, begin, input("nothing", "SIGN_IN")).await;
    assert_eq!(errors(&answer), ["NOT_FOUND at beginSingleSignOn"]);
    scene.mock.says(|says| says.discovery = Answer::Broken);
    let answer = ask(&scene.api, None, begin, input(&workspace, "SIGN_IN")).await;
    assert_eq!(
        answer["data"]["beginSingleSignOn"]["userErrors"][0]["code"], "PROVIDER_UNREACHABLE",
        "{answer}"
    );
    let listed = ask(&scene.api, None, "{ signInProviders(workspace: \"nothing\") { id } }", json!({})).await;
    assert_eq!(listed["data"]["signInProviders"], json!([]));
}

#[tokio::test]
async fn providers_on_this_machine_are_asked_only_where_that_is_configured() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let strict = crate::client::api(&stage);
    let admin = admin(&stage).await;
    let create = "mutation($i: CreateIdentityProviderInput!) { createIdentityProvider(input: $i) { userErrors { code field } } }";
    for issuer in
        ["http://127.0.0.1:9", "http://login.example", "https://192.168.1.1", "https://a.example/?x=y"]
    {
        let input = json!({ "i": { "name": "Acme", "issuer": issuer, "clientId": "x" } });
        let answer = ask(&strict, Some(&admin), create, input).await;
        assert_eq!(
            answer["data"]["createIdentityProvider"]["userErrors"],
            json!([{ "code": "INVALID_ISSUER", "field": ["input", "issuer"] }]),
            "{issuer}: {answer}"
        );
    }
}
