//! An administrator's way to what is sensitive, as a front end goes it.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Authenticator, PASSWORD, Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors, go_on};

#[tokio::test]
async fn an_administrator_enrolls_signs_in_steps_up_and_suspends() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let mut admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let suspend = "mutation($id: ID!) { suspendMember(input: { memberId: $id }) { member { status } userErrors { code } } }";
        let which = json!({ "id": ana.member_id.to_string() });
        let answer = ask(&api, Some(&admin), suspend, which.clone()).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at suspendMember"]);

        let enroll = "mutation { enrollSecondFactor { enrollment { secret uri } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), enroll, json!({})).await;
        let secret =
            answer["data"]["enrollSecondFactor"]["enrollment"]["secret"].as_str().unwrap().to_owned();
        let app = Authenticator::new(&secret, &stage.clock);
        let confirm = "mutation($code: String!) { confirmSecondFactor(input: { code: $code }) { session { secondFactor steppedUpUntil } sessionToken { token } userErrors { code field } } }";
        let answer = ask(&api, Some(&admin), confirm, json!({ "code": "12345" })).await;
        assert_eq!(
            answer["data"]["confirmSecondFactor"],
            json!({ "session": null, "sessionToken": null, "userErrors": [{ "code": "WRONG_CODE", "field": ["input", "code"] }] })
        );
        let answer = ask(&api, Some(&admin), confirm, json!({ "code": app.code() })).await;
        assert_eq!(
            answer["data"]["confirmSecondFactor"]["session"],
            json!({ "secondFactor": true, "steppedUpUntil": "2026-03-02T13:00:00Z" })
        );

        go_on(&mut admin, &answer["data"]["confirmSecondFactor"]);

        let sign_in = "mutation($email: String!, $password: String!, $code: String) { signIn(input: { email: $email, password: $password, code: $code }) {
                         session { token } userErrors { code field } } }";
        let email = admin.email.clone();
        let with = |code: Value| json!({ "email": email, "password": PASSWORD, "code": code });
        let answer = ask(&api, None, sign_in, with(Value::Null)).await;
        assert_eq!(
            answer["data"]["signIn"]["userErrors"],
            json!([{ "code": "SECOND_FACTOR_REQUIRED", "field": ["input", "code"] }])
        );
        stage.clock.advance(std::time::Duration::from_secs(90 * 60));
        let answer = ask(&api, Some(&admin), suspend, which.clone()).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at suspendMember"], "an hour is over");
        let step_up = "mutation($code: String!) { stepUp(input: { code: $code }) { session { steppedUpUntil } sessionToken { token expiresAt } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), step_up, json!({ "code": app.code() })).await;
        assert_eq!(answer["data"]["stepUp"]["session"]["steppedUpUntil"], "2026-03-02T14:30:00Z", "{answer}");
        let used_up = ask(&api, Some(&admin), suspend, which.clone()).await;
        assert_eq!(errors(&used_up), ["UNAUTHENTICATED at "], "the old token opens nothing");
        go_on(&mut admin, &answer["data"]["stepUp"]);
        let answer = ask(&api, Some(&admin), step_up, json!({ "code": app.code() })).await;
        assert_eq!(
            answer["data"]["stepUp"],
            json!({ "session": null, "sessionToken": null, "userErrors": [{ "code": "WRONG_CODE" }] })
        );
        let answer = ask(&api, Some(&admin), suspend, which).await;
        assert_eq!(answer["data"]["suspendMember"]["member"]["status"], "SUSPENDED", "{answer}");
        let mine = "{ viewer { secondFactorEnrolled } }";
        let answer = ask(&api, Some(&admin), mine, json!({})).await;
        assert_eq!(answer["data"]["viewer"]["secondFactorEnrolled"], true);
    }
}
