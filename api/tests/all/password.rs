//! Passwords as a front end changes and resets them.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::password::answer_requests;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors, go_on};

const NEW: &str = "a new one, well chosen";

#[tokio::test]
async fn a_password_is_changed_and_each_refusal_names_its_field() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let mut ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let change = "mutation($current: String!, $new: String!) { changePassword(input: { currentPassword: $current, newPassword: $new }) {
                        session { id } sessionToken { token } userErrors { code field retryAfter } } }";
        let as_nobody = ask(&api, None, change, json!({ "current": PASSWORD, "new": NEW })).await;
        assert_eq!(errors(&as_nobody), ["UNAUTHENTICATED at changePassword"]);
        for (current, new, code, field) in [
            ("another password", NEW, "INVALID_CREDENTIALS", "currentPassword"),
            (PASSWORD, "1234567", "PASSWORD_LENGTH", "newPassword"),
            (PASSWORD, "flamengo10", "PASSWORD_COMMON", "newPassword"),
            (PASSWORD, "padaria2026", "PASSWORD_PERSONAL", "newPassword"),
        ] {
            let answer = ask(&api, Some(&ana), change, json!({ "current": current, "new": new })).await;
            let expected = json!([{ "code": code, "field": ["input", field], "retryAfter": null }]);
            assert_eq!(answer["data"]["changePassword"]["userErrors"], expected, "{answer}");
        }
        let answer = ask(&api, Some(&ana), change, json!({ "current": PASSWORD, "new": NEW })).await;
        assert_eq!(answer["data"]["changePassword"]["userErrors"], json!([]), "{answer}");
        assert!(answer["data"]["changePassword"]["session"]["id"].is_string(), "{answer}");
        let mine = "{ viewer { session { id } } }";
        let old = ask(&api, Some(&ana), mine, json!({})).await;
        assert_eq!(errors(&old), ["UNAUTHENTICATED at "]);
        go_on(&mut ana, &answer["data"]["changePassword"]);
        let goes_on = ask(&api, Some(&ana), mine, json!({})).await;
        assert_eq!(
            goes_on["data"]["viewer"]["session"]["id"],
            answer["data"]["changePassword"]["session"]["id"]
        );
    }
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_nobody_learns_who_has_an_account() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let request = "mutation($email: String!) { requestPasswordReset(input: { email: $email }) { accepted userErrors { code field retryAfter } } }";
        let told = ask(&api, None, request, json!({ "email": ana.email })).await;
        let stranger = ask(&api, None, request, json!({ "email": "nobody@example.com" })).await;
        assert_eq!(
            told["data"],
            json!({ "requestPasswordReset": { "accepted": true, "userErrors": [] } }),
            "{told}"
        );
        assert_eq!(told["data"], stranger["data"]);
        answer_requests(&stage.installation).await.unwrap();
        let token = stage.token_for(&ana.email).await;
        let reset = "mutation($token: String!, $new: String!, $code: String) { resetPassword(input: { token: $token, newPassword: $new, code: $code }) {
                       email userErrors { code field } } }";
        let common = ask(&api, None, reset, json!({ "token": token, "new": "senha123" })).await;
        assert_eq!(
            common["data"]["resetPassword"],
            json!({ "email": null, "userErrors": [{ "code": "PASSWORD_COMMON", "field": ["input", "newPassword"] }] })
        );
        let done = ask(&api, None, reset, json!({ "token": token, "new": NEW })).await;
        assert_eq!(done["data"]["resetPassword"], json!({ "email": ana.email, "userErrors": [] }), "{done}");
        let again = ask(&api, None, reset, json!({ "token": token, "new": NEW })).await;
        assert_eq!(again["data"]["resetPassword"]["userErrors"][0]["code"], "INVALID_TOKEN");
        let viewer = ask(&api, Some(&ana), "{ viewer { session { id } } }", json!({})).await;
        assert_eq!(errors(&viewer), ["UNAUTHENTICATED at "], "{viewer}");
    }
}

#[tokio::test]
async fn who_guesses_is_told_when_to_come_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[]).await;
        let sign_in = "mutation($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) {
                         session { token } userErrors { code field retryAfter } } }";
        let mut last = Value::Null;
        for guess in 0..11 {
            let with = json!({ "email": ana.email, "password": format!("guess {guess}") });
            last = ask(&api, None, sign_in, with).await;
        }
        let expected = json!([{ "code": "TOO_MANY_ATTEMPTS", "field": null, "retryAfter": 4 }]);
        assert_eq!(last["data"]["signIn"]["userErrors"], expected, "{last}");
        stage.clock.advance(Duration::from_secs(4));
        let right = ask(&api, None, sign_in, json!({ "email": ana.email, "password": PASSWORD })).await;
        assert!(right["data"]["signIn"]["session"]["token"].is_string(), "{right}");
    }
}
