//! Passkeys as a front end uses them, with a device in software; and what a device or a page that lies gets for it.

use std::time::Duration;

use axum::Router;
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_testing::{Lies, Person, SoftwarePasskey, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::{Value, json};

use crate::client::{api, ask, errors, go_on};

/// Where the stage is reached.
const HERE: &str = "http://portaria.test";

const BEGIN_REGISTRATION: &str =
    "mutation($origin: String) { beginPasskeyRegistration(input: { origin: $origin }) {
    challenge { id options expiresAt } userErrors { code field } } }";
const FINISH_REGISTRATION: &str = "mutation($id: ID!, $credential: String!, $name: String!) {
    finishPasskeyRegistration(input: { challengeId: $id, credential: $credential, name: $name }) { sessionToken { token }
        passkey { id name host } recoveryCodes userErrors { code field } } }";
const BEGIN_SIGN_IN: &str = "mutation($origin: String) { beginPasskeySignIn(input: { origin: $origin }) {
    challenge { id options } userErrors { code field } } }";
const FINISH_SIGN_IN: &str = "mutation($id: ID!, $credential: String!, $workspace: ID) {
    finishPasskeySignIn(input: { challengeId: $id, credential: $credential, workspaceId: $workspace }) {
        session { token } userErrors { code } } }";
const BEGIN_STEP_UP: &str = "mutation($origin: String) { beginPasskeyStepUp(input: { origin: $origin }) {
    challenge { id options } userErrors { code } } }";
const STEP_UP: &str = "mutation($id: ID!, $credential: String!) {
    stepUp(input: { passkey: { challengeId: $id, credential: $credential } }) { sessionToken { token }
        session { steppedUpUntil } userErrors { code field } } }";

struct Office {
    stage: Stage,
    api: Router,
}

impl Office {
    async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        Self { api: api(&stage), stage }
    }

    async fn ask(&self, person: Option<&Person>, query: &str, variables: Value) -> Value {
        ask(&self.api, person, query, variables).await
    }

    /// A challenge's id and options.
    async fn challenge(
        &self,
        person: Option<&Person>,
        query: &str,
        origin: Option<&str>,
    ) -> (String, String) {
        let answer = self.ask(person, query, json!({ "origin": origin })).await;
        let data = answer["data"].as_object().unwrap_or_else(|| panic!("{answer}"));
        let challenge = &data.values().next().unwrap()["challenge"];
        let text =
            |key: &str| challenge[key].as_str().unwrap_or_else(|| panic!("{key}: {answer}")).to_owned();
        (text("id"), text("options"))
    }

    async fn register(&self, person: &mut Person, page: Option<&str>) -> (SoftwarePasskey, Value) {
        let (id, options) = self.challenge(Some(person), BEGIN_REGISTRATION, page).await;
        let (passkey, credential) = SoftwarePasskey::create(&options, page.unwrap_or(HERE), &Lies::default());
        let variables = json!({ "id": id, "credential": credential, "name": "Celular da Ana" });
        let answer = self.ask(Some(person), FINISH_REGISTRATION, variables).await;
        let done = answer["data"]["finishPasskeyRegistration"].clone();
        assert_eq!(done["userErrors"], json!([]), "{answer}");
        go_on(person, &done);
        (passkey, done)
    }

    /// Signs in on a page; a token, or the code of the refusal.
    async fn sign_in(
        &self,
        passkey: &SoftwarePasskey,
        page: Option<&str>,
        lies: &Lies,
    ) -> Result<String, String> {
        let (id, options) = self.challenge(None, BEGIN_SIGN_IN, page).await;
        let credential = passkey.sign(&options, page.unwrap_or(HERE), lies);
        self.finish_sign_in(&id, &credential, Value::Null).await
    }

    async fn finish_sign_in(&self, id: &str, credential: &str, workspace: Value) -> Result<String, String> {
        let variables = json!({ "id": id, "credential": credential, "workspace": workspace });
        let answer = self.ask(None, FINISH_SIGN_IN, variables).await;
        let done = &answer["data"]["finishPasskeySignIn"];
        match done["session"]["token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => {
                Err(done["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
            }
        }
    }

    async fn step_up(
        &self,
        person: &mut Person,
        passkey: &SoftwarePasskey,
        lies: &Lies,
    ) -> Result<(), String> {
        let (id, options) = self.challenge(Some(person), BEGIN_STEP_UP, None).await;
        let credential = passkey.sign(&options, HERE, lies);
        self.finish_step_up(person, &id, &credential).await
    }

    async fn finish_step_up(&self, person: &mut Person, id: &str, credential: &str) -> Result<(), String> {
        let answer = self.ask(Some(person), STEP_UP, json!({ "id": id, "credential": credential })).await;
        let done = &answer["data"]["stepUp"];
        match done["session"]["steppedUpUntil"].as_str() {
            Some(_) => {
                go_on(person, done);
                Ok(())
            }
            None => {
                Err(done["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
            }
        }
    }

    async fn outcomes(&self) -> Vec<SignInOutcome> {
        let find = sign_in_event::Entity::find().order_by_asc(sign_in_event::Column::Id);
        let events = find.all(self.stage.installation.database.reader()).await.unwrap();
        events.iter().map(|event| event.outcome).collect()
    }

    async fn subjects_of_mail(&self) -> Vec<String> {
        let database = &self.stage.installation.database;
        let sql = "SELECT subject FROM outgoing_mails ORDER BY id";
        let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_passkey_is_registered_signs_in_and_steps_up() {
    for test in databases().await {
        let office = Office::on(test).await;
        let stage = &office.stage;
        let mut ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let elsewhere = stage.sign_in(&ana.email).await;
        let (mut passkey, done) = office.register(&mut ana, None).await;
        assert_eq!(done["passkey"]["name"], "Celular da Ana");
        assert_eq!(done["passkey"]["host"], "portaria.test");
        assert_eq!(done["recoveryCodes"].as_array().unwrap().len(), 10, "with the first factor");
        assert!(stage.viewer(&ana.token).await.unwrap().is_stepped_up(stage.clock.now()));
        assert!(stage.viewer(&elsewhere.token).await.is_none(), "other sessions end");
        assert_eq!(office.subjects_of_mail().await, ["Uma chave de acesso foi adicionada"]);

        let token = office.sign_in(&passkey, None, &Lies::default()).await.unwrap();
        let viewer = stage.viewer(&token).await.unwrap();
        assert!(viewer.is_member(ana.member_id) && viewer.is_stepped_up(stage.clock.now()));
        stage.clock.advance(Duration::from_secs(61 * 60));
        assert!(!stage.viewer(&ana.token).await.unwrap().is_stepped_up(stage.clock.now()));
        passkey.counter = 1;
        assert_eq!(office.step_up(&mut ana, &passkey, &Lies::default()).await, Ok(()));
        assert!(stage.viewer(&ana.token).await.unwrap().is_stepped_up(stage.clock.now()));

        // The password alone opens nothing any more.
        let sign_in = "mutation($e: String!, $p: String!) { signIn(input: { email: $e, password: $p }) { session { token } userErrors { code } } }";
        let variables = json!({ "e": ana.email, "p": portaria_testing::PASSWORD });
        let answer = office.ask(None, sign_in, variables).await;
        assert_eq!(answer["data"]["signIn"]["userErrors"][0]["code"], "SECOND_FACTOR_REQUIRED");

        let (_, second) = office.register(&mut ana, None).await;
        assert!(second["recoveryCodes"].is_null(), "the codes are there already");
        let mine = "{ viewer { secondFactorEnrolled authenticatorApp recoveryCodesLeft passkeys { id name lastUsedAt } } }";
        let answer = office.ask(Some(&ana), mine, json!({})).await;
        let told = &answer["data"]["viewer"];
        assert_eq!(told["secondFactorEnrolled"], true);
        assert_eq!(
            (told["authenticatorApp"].as_bool(), told["recoveryCodesLeft"].as_u64()),
            (Some(false), Some(10))
        );
        let keys = told["passkeys"].as_array().unwrap();
        assert!(keys.len() == 2 && keys[0]["lastUsedAt"].is_string() && keys[1]["lastUsedAt"].is_null());

        let rename = "mutation($id: ID!, $name: String!) { renamePasskey(input: { passkeyId: $id, name: $name }) { passkey { name } userErrors { code } } }";
        let named = |name: &str| json!({ "id": keys[0]["id"], "name": name });
        let answer = office.ask(Some(&ana), rename, named("  ")).await;
        assert_eq!(answer["data"]["renamePasskey"]["userErrors"][0]["code"], "NAME_MISSING");
        let answer = office.ask(Some(&ana), rename, named("Chaveiro")).await;
        assert_eq!(answer["data"]["renamePasskey"]["passkey"]["name"], "Chaveiro");
        let remove = "mutation($id: ID!) { removePasskey(input: { passkeyId: $id }) { sessionToken { token } viewer { passkeys { name } } userErrors { code } } }";
        let answer = office.ask(Some(&ana), remove, json!({ "id": keys[0]["id"] })).await;
        assert_eq!(
            answer["data"]["removePasskey"]["viewer"]["passkeys"],
            json!([{ "name": "Celular da Ana" }])
        );
        go_on(&mut ana, &answer["data"]["removePasskey"]);
        assert!(stage.viewer(&ana.token).await.is_some());
        passkey.counter = 2;
        assert_eq!(
            office.sign_in(&passkey, None, &Lies::default()).await,
            Err("INVALID_CREDENTIALS".to_owned()),
            "it is gone"
        );
    }
}

#[tokio::test]
async fn what_a_device_did_not_truly_sign_opens_nothing_and_is_recorded() {
    for test in databases().await {
        let office = Office::on(test).await;
        let mut ana = office.stage.person("Ana", &[]).await;
        let mut bia = office.stage.person("Bia", &[]).await;
        let (passkey, _) = office.register(&mut ana, None).await;
        let (hers, _) = office.register(&mut bia, None).await;
        let (other, _) = {
            let (_, options) = office.challenge(Some(&ana), BEGIN_REGISTRATION, None).await;
            SoftwarePasskey::create(&options, HERE, &Lies::default())
        };
        let refused = Err("INVALID_CREDENTIALS".to_owned());
        let lies = [
            (
                "another page",
                Lies { origin: Some("https://portaria.evil.test".to_owned()), ..Lies::default() },
            ),
            ("a page within", Lies { origin: Some("http://a.portaria.test".to_owned()), ..Lies::default() }),
            (
                "another port",
                Lies { origin: Some("http://portaria.test:8080".to_owned()), ..Lies::default() },
            ),
            ("another host's key", Lies { host: Some("evil.test".to_owned()), ..Lies::default() }),
            ("an owner not verified", Lies { unverified: true, ..Lies::default() }),
            (
                "an older challenge",
                Lies { challenge: Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned()), ..Lies::default() },
            ),
            ("a broken signature", Lies { broken: true, ..Lies::default() }),
            ("another person", Lies { user_handle: Some(hers.user_handle()), ..Lies::default() }),
        ];
        for (what, lies) in &lies {
            assert_eq!(office.sign_in(&passkey, None, lies).await, refused, "{what}");
        }
        assert_eq!(
            office.sign_in(&other, None, &Lies::default()).await,
            refused,
            "a key that is not registered"
        );
        // A stranger gets the same as long as the challenge is good.
        let mut stolen = other;
        stolen.id = passkey.id.clone();
        assert_eq!(office.sign_in(&stolen, None, &Lies::default()).await, refused, "her name, another key");
        let outcomes = office.outcomes().await;
        let of = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!(of(SignInOutcome::WrongPasskey), 7 + 1, "{outcomes:?}");
        assert_eq!(of(SignInOutcome::UnknownPasskey), 2, "{outcomes:?}");
        assert!(office.sign_in(&passkey, None, &Lies::default()).await.is_ok(), "the truth still does");

        // In a session of Ana's, Bia's passkey proves nothing, whatever it says.
        let wrong = Err("WRONG_PASSKEY".to_owned());
        assert_eq!(office.step_up(&mut ana, &hers, &Lies::default()).await, wrong);
        let lie = Lies { user_handle: Some(passkey.user_handle()), ..Lies::default() };
        assert_eq!(office.step_up(&mut ana, &hers, &lie).await, wrong);
        for (what, lies) in &lies[..7] {
            assert_eq!(office.step_up(&mut ana, &passkey, lies).await, wrong, "{what}");
        }
    }
}

fn expired<T>() -> Result<T, String> {
    Err("CHALLENGE_EXPIRED".to_owned())
}

#[tokio::test]
async fn a_challenge_is_for_one_answer_one_purpose_one_session_and_five_minutes() {
    for test in databases().await {
        let office = Office::on(test).await;
        let stage = &office.stage;
        let mut ana = stage.person("Ana", &[]).await;
        let (passkey, _) = office.register(&mut ana, None).await;
        let truth = Lies::default();
        let expired = expired::<String>();

        let (id, options) = office.challenge(None, BEGIN_SIGN_IN, None).await;
        let credential = passkey.sign(&options, HERE, &truth);
        assert!(office.finish_sign_in(&id, &credential, Value::Null).await.is_ok());
        assert_eq!(office.finish_sign_in(&id, &credential, Value::Null).await, expired, "a replay");
        let (other, _) = office.challenge(None, BEGIN_SIGN_IN, None).await;
        assert_eq!(
            office.finish_sign_in(&other, &credential, Value::Null).await,
            Err("INVALID_CREDENTIALS".to_owned()),
            "an old answer to a new challenge"
        );
        assert_eq!(office.finish_sign_in(&other, &credential, Value::Null).await, expired, "used up by it");

        // What was asked in one place is no answer in another.
        let (id, options) = office.challenge(None, BEGIN_SIGN_IN, None).await;
        let credential = passkey.sign(&options, HERE, &truth);
        assert_eq!(
            office.finish_step_up(&mut ana, &id, &credential).await,
            self::expired(),
            "another purpose"
        );
        let (id, options) = office.challenge(Some(&ana), BEGIN_STEP_UP, None).await;
        let credential = passkey.sign(&options, HERE, &truth);
        assert_eq!(office.finish_sign_in(&id, &credential, Value::Null).await, expired, "nor the other way");
        let token = office.sign_in(&passkey, None, &truth).await.unwrap();
        let mut again = Person { token, email: ana.email.clone(), ..stage.person("X", &[]).await };
        assert_eq!(
            office.finish_step_up(&mut again, &id, &credential).await,
            self::expired(),
            "another session"
        );
        assert_eq!(office.finish_step_up(&mut ana, &id, &credential).await, Ok(()), "nobody used it up");

        let (id, options) = office.challenge(None, BEGIN_SIGN_IN, None).await;
        let credential = passkey.sign(&options, HERE, &truth);
        stage.clock.advance(Duration::from_secs(5 * 60));
        assert_eq!(office.finish_sign_in(&id, &credential, Value::Null).await, expired, "too late");
        let (id, options) = office.challenge(Some(&ana), BEGIN_REGISTRATION, None).await;
        let (_, credential) = SoftwarePasskey::create(&options, HERE, &truth);
        let variables = json!({ "id": id, "credential": credential, "name": "x" });
        let answer = office.ask(Some(&again), FINISH_REGISTRATION, variables.clone()).await;
        assert_eq!(answer["data"]["finishPasskeyRegistration"]["userErrors"][0]["code"], "CHALLENGE_EXPIRED");
        let answer = office.ask(Some(&ana), FINISH_REGISTRATION, variables.clone()).await;
        assert_eq!(answer["data"]["finishPasskeyRegistration"]["userErrors"], json!([]));
        go_on(&mut ana, &answer["data"]["finishPasskeyRegistration"]);
        let answer = office.ask(Some(&ana), FINISH_REGISTRATION, variables).await;
        assert_eq!(answer["data"]["finishPasskeyRegistration"]["userErrors"][0]["code"], "CHALLENGE_EXPIRED");
    }
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_recorded_and_told() {
    for test in databases().await {
        let office = Office::on(test).await;
        let mut ana = office.stage.person("Ana", &[]).await;
        let (mut passkey, _) = office.register(&mut ana, None).await;
        passkey.counter = 7;
        assert!(office.sign_in(&passkey, None, &Lies::default()).await.is_ok());
        let refused = Err("INVALID_CREDENTIALS".to_owned());
        for counter in [7, 6, 0] {
            let copy = Lies { counter: Some(counter), ..Lies::default() };
            assert_eq!(office.sign_in(&passkey, None, &copy).await, refused, "{counter}");
        }
        let copy = Lies { counter: Some(3), ..Lies::default() };
        assert_eq!(office.step_up(&mut ana, &passkey, &copy).await, Err("WRONG_PASSKEY".to_owned()));
        passkey.counter = 8;
        assert_eq!(office.step_up(&mut ana, &passkey, &Lies::default()).await, Ok(()));
        let seen = office.outcomes().await;
        assert_eq!(seen.iter().filter(|outcome| **outcome == SignInOutcome::PasskeyCopied).count(), 4);
        let told = office.subjects_of_mail().await;
        assert_eq!(told.iter().filter(|subject| subject.contains("copiada")).count(), 4, "{told:?}");
    }
}

#[tokio::test]
async fn a_passkey_is_registered_truly_or_not_at_all() {
    for test in databases().await {
        let office = Office::on(test).await;
        let ana = office.stage.person("Ana", &[]).await;
        let lies = [
            Lies { origin: Some("https://evil.test".to_owned()), ..Lies::default() },
            Lies { host: Some("evil.test".to_owned()), ..Lies::default() },
            Lies { challenge: Some("AAAA".to_owned()), ..Lies::default() },
            Lies { unverified: true, ..Lies::default() },
        ];
        for lies in &lies {
            let (id, options) = office.challenge(Some(&ana), BEGIN_REGISTRATION, None).await;
            let (_, credential) = SoftwarePasskey::create(&options, HERE, lies);
            let variables = json!({ "id": id, "credential": credential, "name": "x" });
            let answer = office.ask(Some(&ana), FINISH_REGISTRATION, variables).await;
            let refused = &answer["data"]["finishPasskeyRegistration"]["userErrors"][0];
            assert_eq!(refused["code"], "WRONG_PASSKEY", "{answer}");
        }
        let garbage =
            json!({ "id": "challenge_00000000000000000000000000", "credential": "{}", "name": "x" });
        let answer = office.ask(Some(&ana), FINISH_REGISTRATION, garbage).await;
        assert_eq!(errors(&answer), ["BAD_USER_INPUT at finishPasskeyRegistration"]);
        for origin in ["https://evil.test", "http://portaria.test:81", "http://a.portaria.test", "nothing"] {
            let answer = office.ask(Some(&ana), BEGIN_REGISTRATION, json!({ "origin": origin })).await;
            let refused = &answer["data"]["beginPasskeyRegistration"]["userErrors"][0];
            assert_eq!(refused["code"], "UNKNOWN_ORIGIN", "{origin}");
            let answer = office.ask(None, BEGIN_SIGN_IN, json!({ "origin": origin })).await;
            assert_eq!(answer["data"]["beginPasskeySignIn"]["userErrors"][0]["code"], "UNKNOWN_ORIGIN");
        }
        // A session that was left open is not enough, with a factor and without.
        office.stage.clock.advance(Duration::from_secs(61 * 60));
        let answer = office.ask(Some(&ana), BEGIN_REGISTRATION, json!({})).await;
        let refused = &answer["data"]["beginPasskeyRegistration"]["userErrors"][0];
        assert_eq!(refused["code"], "AUTHENTICATION_TOO_OLD");
        office.stage.authenticator(&ana).await;
        let answer = office.ask(Some(&ana), BEGIN_REGISTRATION, json!({})).await;
        assert_eq!(errors(&answer), ["STEP_UP_REQUIRED at beginPasskeyRegistration"]);
        assert_eq!(answer["errors"][0]["extensions"]["methods"], json!(["TOTP"]));
        assert_eq!(answer["errors"][0]["extensions"]["because"], "SENSITIVE");
    }
}

#[tokio::test]
async fn what_is_signed_on_a_workspaces_own_pages_opens_that_workspace_alone() {
    for test in databases().await {
        let office = Office::on(test).await;
        let stage = &office.stage;
        let page = "https://app.padaria.test";
        let mut ana = stage.person("Ana", &[]).await;
        let (other, _, _) = stage.another_workspace().await;
        let database = &stage.installation.database;
        let user = ana.viewer.session().unwrap().user_id;
        let sql = "INSERT INTO members (workspace_id, id, user_id, status, availability, capacity, created_at) VALUES ($1, $2, $3, 'active', 'available', 5, $4)";
        let id: portaria_entity::id::MemberId = stage.clock.new_id();
        let values = [other.0.into(), id.0.into(), user.0.into(), stage.clock.now().0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let answer = office.ask(None, BEGIN_SIGN_IN, json!({ "origin": page })).await;
        assert_eq!(answer["data"]["beginPasskeySignIn"]["userErrors"][0]["code"], "UNKNOWN_ORIGIN");
        let sql = "UPDATE workspaces SET front_end_url = $2 WHERE id = $1";
        let values = [stage.workspace_id.0.into(), format!("{page}/entrar").into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();

        let (passkey, done) = office.register(&mut ana, Some(page)).await;
        assert_eq!(done["passkey"]["host"], "app.padaria.test");
        let token = office.sign_in(&passkey, Some(page), &Lies::default()).await.unwrap();
        assert_eq!(stage.viewer(&token).await.unwrap().workspace_id, stage.workspace_id);
        let (id, options) = office.challenge(None, BEGIN_SIGN_IN, Some(page)).await;
        let credential = passkey.sign(&options, page, &Lies::default());
        assert_eq!(
            office.finish_sign_in(&id, &credential, json!(other.to_string())).await,
            Err("INVALID_CREDENTIALS".to_owned()),
            "not her other workspace"
        );
        // Nor on our own pages: a device would not offer it there, and one that does is refused.
        assert!(office.sign_in(&passkey, None, &Lies::default()).await.is_err());
        let (own, _) = office.register(&mut ana, None).await;
        let (id, options) = office.challenge(None, BEGIN_SIGN_IN, None).await;
        let credential = own.sign(&options, HERE, &Lies::default());
        let token = office.finish_sign_in(&id, &credential, json!(other.to_string())).await.unwrap();
        assert_eq!(stage.viewer(&token).await.unwrap().workspace_id, other, "ours open all");
        // A session that may go anywhere steps up on the workspace's pages: from then on it counts there alone.
        let switch = "mutation($to: ID!) { switchWorkspace(input: { workspaceId: $to }) {
            session { token } userErrors { code } } }";
        let switched = async |person: &Person| {
            let answer = office.ask(Some(person), switch, json!({ "to": other.to_string() })).await;
            answer["data"]["switchWorkspace"]["userErrors"].clone()
        };
        assert_eq!(switched(&ana).await, json!([]));
        let (id, options) = office.challenge(Some(&ana), BEGIN_STEP_UP, Some(page)).await;
        let credential = passkey.sign(&options, page, &Lies::default());
        assert_eq!(office.finish_step_up(&mut ana, &id, &credential).await, Ok(()));
        assert_eq!(switched(&ana).await[0]["code"], "CONFINED");
    }
}

#[tokio::test]
async fn nobody_asks_for_challenges_without_end() {
    let office = Office::on(portaria_testing::TestDatabase::sqlite().await).await;
    for _ in 0..300 {
        office.challenge(None, BEGIN_SIGN_IN, None).await;
    }
    let answer = office.ask(None, BEGIN_SIGN_IN, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    office.stage.clock.advance(Duration::from_secs(5 * 60));
    office.challenge(None, BEGIN_SIGN_IN, None).await;
}
