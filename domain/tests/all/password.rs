//! Passwords: changing one's own, setting a new one by a letter, and what that ends, tells and does not go around.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::front_end;
use portaria_domain::granting::{self, Authority};
use portaria_domain::password::{Change, Reset, answer_requests, change, request_reset, reset};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{activity, mail_secret, password_reset_request, user};
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

const NEW: &str = "quite another password";

fn origin() -> Origin {
    Origin { address: "198.51.100.7".to_owned(), user_agent: "curl/8".to_owned(), ..Origin::default() }
}

async fn sign_in_with(stage: &Stage, email: &str, password: &str) -> portaria_domain::Result<OpenedSession> {
    let attempt = Attempt { email, password, code: None, workspace_id: None, origin: origin() };
    sign_in(&stage.installation, attempt).await
}

fn refusal<T>(outcome: portaria_domain::Result<T>) -> Option<Refusal> {
    match outcome {
        Ok(_) => None,
        Err(Error::Refused(refusal)) => Some(refusal),
        Err(failure) => panic!("{failure}"),
    }
}

async fn change_to(stage: &Stage, person: &Person, current: &str, new: &str) -> portaria_domain::Result<()> {
    let viewer = stage.viewer_of(person).await.unwrap();
    let wanted = Change { current, new, origin: &origin() };
    change(&stage.installation, &viewer, wanted).await.map(|_| ())
}

/// Asks for a letter, and has it written.
async fn forget(stage: &Stage, email: &str) {
    request_reset(&stage.installation, email, &origin()).await.unwrap();
    answer_requests(&stage.installation).await.unwrap();
}

async fn reset_with(stage: &Stage, token: &str, new: &str, code: Option<&str>) -> Option<Refusal> {
    refusal(reset(&stage.installation, Reset { token, new, code, origin: origin() }).await)
}

async fn deeds(stage: &Stage, action: &str) -> u64 {
    let find = activity::Entity::find().filter(activity::Column::Action.eq(action));
    find.count(stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let elsewhere = stage.sign_in(&ana.email).await;
        assert_eq!(
            refusal(change_to(&stage, &ana, "a wrong password", NEW).await),
            Some(Refusal::InvalidCredentials)
        );
        for (new, expected) in [
            ("short", Refusal::PasswordLength),
            ("senha12345", Refusal::PasswordCommon),
            ("Padaria2026", Refusal::PasswordPersonal),
            (ana.email.as_str(), Refusal::PasswordPersonal),
        ] {
            assert_eq!(refusal(change_to(&stage, &ana, PASSWORD, new).await), Some(expected), "{new}");
        }
        assert!(
            stage.viewer(&elsewhere.token).await.is_some() && stage.letters_to(&ana.email).await.is_empty()
        );
        change_to(&stage, &ana, PASSWORD, NEW).await.unwrap();
        assert!(stage.viewer_of(&ana).await.is_some(), "the session in which it was done goes on");
        assert!(stage.viewer(&elsewhere.token).await.is_none());
        assert_eq!(
            refusal(sign_in_with(&stage, &ana.email, PASSWORD).await),
            Some(Refusal::InvalidCredentials)
        );
        assert!(sign_in_with(&stage, &ana.email, NEW).await.is_ok());
        assert_eq!(deeds(&stage, "member.password_changed").await, 1);
        let letters = stage.letters_to(&ana.email).await;
        assert_eq!(letters.len(), 2, "what was done, and a sign-in from somewhere new");
        assert!(letters[0].text.contains("2026-03-02 09:00 -03, 198.51.100.7"), "{}", letters[0].text);
    }
}

#[tokio::test]
async fn an_open_session_is_not_enough_to_change_a_password() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        // Who found the session open guesses; the owner signs in meanwhile, and has to wait only to change it.
        for guess in 0..10 {
            let wrong = change_to(&stage, &ana, &format!("a wrong guess {guess}"), NEW).await;
            assert_eq!(refusal(wrong), Some(Refusal::InvalidCredentials));
        }
        let next = change_to(&stage, &ana, PASSWORD, NEW).await;
        assert_eq!(refusal(next), Some(Refusal::Throttled { seconds: 4 }), "even with the right one");
        assert!(sign_in_with(&stage, &ana.email, PASSWORD).await.is_ok());
        let app = stage.authenticator(&ana).await;
        stage.clock.advance(Duration::from_secs(60));
        let ana = stage.sign_in_with_code(&ana.email, &app.code()).await;
        assert_eq!(refusal(change_to(&stage, &ana, PASSWORD, NEW).await), None, "just stepped up");
        stage.clock.advance(Duration::from_secs(60 * 60 + 1));
        let late = change_to(&stage, &ana, NEW, PASSWORD).await;
        assert!(matches!(late, Err(Error::StepUpRequired { .. })), "{late:?}");
    }
}

#[tokio::test]
async fn a_letter_sets_a_new_password_once_and_ends_all_sessions() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        forget(&stage, &format!(" {} ", ana.email.to_uppercase())).await;
        let first = stage.token_for(&ana.email).await;
        forget(&stage, &ana.email).await;
        let token = stage.token_for(&ana.email).await;
        assert!(first != token && token.starts_with("ptr_reset_"));
        assert_eq!(reset_with(&stage, &first, NEW, None).await, Some(Refusal::InvalidToken), "void");
        assert_eq!(reset_with(&stage, "ptr_reset_x", NEW, None).await, Some(Refusal::InvalidToken));
        assert_eq!(reset_with(&stage, &token, "ana12345", None).await, Some(Refusal::PasswordPersonal));
        assert!(stage.viewer(&ana.token).await.is_some());
        assert_eq!(reset_with(&stage, &token, NEW, None).await, None);
        assert_eq!(reset_with(&stage, &token, NEW, None).await, Some(Refusal::InvalidToken), "used");
        assert!(stage.viewer(&ana.token).await.is_none(), "all sessions end");
        assert!(sign_in_with(&stage, &ana.email, PASSWORD).await.is_err());
        assert!(sign_in_with(&stage, &ana.email, NEW).await.is_ok());
        assert_eq!(deeds(&stage, "member.password_reset").await, 1);
        let letters = stage.letters_to(&ana.email).await;
        assert_eq!(letters.len(), 4, "two links, what came of it, and a sign-in from somewhere new");
        stage.clock.advance(Duration::from_secs(60 * 60));
        forget(&stage, &ana.email).await;
        let late = stage.token_for(&ana.email).await;
        stage.clock.advance(Duration::from_secs(30 * 60));
        assert_eq!(reset_with(&stage, &late, PASSWORD, None).await, Some(Refusal::InvalidToken), "expired");
    }
}

#[tokio::test]
async fn a_link_leads_to_the_workspaces_own_pages_unless_it_opens_others_too() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let mut change =
            granting::Change::begin(&stage.installation, stage.workspace_id, Authority::Installation)
                .await
                .unwrap();
        front_end::set(&mut change, Some("https://chat.aurora.example/")).await.unwrap();
        change.finish().await.unwrap();
        forget(&stage, &ana.email).await;
        let letter = stage.letters_to(&ana.email).await.pop().unwrap();
        assert!(letter.text.contains("https://chat.aurora.example/reset-password#token="), "{}", letter.text);

        let (other, ..) = stage.another_workspace().await;
        let row = user::Entity::find().filter(user::Column::Email.eq(&ana.email));
        let row = row.one(stage.installation.database.reader()).await.unwrap().unwrap();
        let sql = "INSERT INTO members (workspace_id, id, user_id, status, availability, capacity, created_at) \
                   VALUES ($1, $2, $3, 'active', 'offline', 1, 1)";
        let id: portaria_entity::id::MemberId = stage.installation.clock.new_id();
        let database = &stage.installation.database;
        let values = [other.0.into(), id.0.into(), row.id.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        stage.clock.advance(Duration::from_secs(60 * 60));
        forget(&stage, &ana.email).await;
        let letter = stage.letters_to(&ana.email).await.pop().unwrap();
        let own = format!("{}/reset-password#token=", stage.installation.public_url.trim_end_matches('/'));
        assert!(letter.text.contains(&own), "{}", letter.text);
        assert!(!letter.text.contains("aurora"), "{}", letter.text);
    }
}

#[tokio::test]
async fn a_letter_is_no_way_around_the_second_factor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let app = stage.authenticator(&ana).await;
        forget(&stage, &ana.email).await;
        let token = stage.token_for(&ana.email).await;
        assert_eq!(reset_with(&stage, &token, NEW, None).await, Some(Refusal::SecondFactorRequired));
        for guess in 0..5 {
            let code = format!("{guess:06}");
            assert_eq!(reset_with(&stage, &token, NEW, Some(&code)).await, Some(Refusal::WrongCode));
        }
        assert_eq!(reset_with(&stage, &token, NEW, Some(&app.code())).await, Some(Refusal::TooManyAttempts));
        stage.clock.advance(Duration::from_secs(15 * 60 + 1));
        assert!(stage.viewer(&ana.token).await.is_some(), "nothing has happened so far");
        assert_eq!(reset_with(&stage, &token, NEW, Some(&app.code())).await, None);
        assert!(stage.viewer(&ana.token).await.is_none());
    }
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_is_too_late() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        forget(&stage, &ana.email).await;
        let token = stage.token_for(&ana.email).await;
        let both = futures_util::future::join(
            reset_with(&stage, &token, NEW, None),
            reset_with(&stage, &token, "a third good password", None),
        );
        let (one, other) = both.await;
        let mut outcomes = [one, other];
        outcomes.sort_by_key(Option::is_some);
        assert_eq!(outcomes, [None, Some(Refusal::InvalidToken)]);
    }
}

#[tokio::test]
async fn no_session_is_opened_by_a_password_that_is_replaced_meanwhile() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        forget(&stage, &ana.email).await;
        let token = stage.token_for(&ana.email).await;
        let sign_ins = (0..6).map(|_| sign_in_with(&stage, &ana.email, PASSWORD));
        let both = futures_util::future::join(
            futures_util::future::join_all(sign_ins),
            reset_with(&stage, &token, NEW, None),
        );
        let (opened, reset) = both.await;
        assert_eq!(reset, None);
        for session in opened.into_iter().flatten() {
            assert!(
                stage.viewer(session.token.reveal()).await.is_none(),
                "whatever was opened before has ended"
            );
        }
    }
}

#[tokio::test]
async fn nobody_gets_more_than_a_few_letters_an_hour() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let mut refused = 0;
        for host in 0..60 {
            let origin = Origin {
                address: format!("198.51.100.{}", host % 2),
                user_agent: String::new(),
                ..Origin::default()
            };
            let asked = request_reset(&stage.installation, &ana.email, &origin).await;
            refused += u32::from(matches!(refusal(asked), Some(Refusal::Throttled { .. })));
            stage.clock.advance(Duration::from_secs(1));
        }
        assert!((10..=25).contains(&refused), "{refused}: twenty from each address, and then some");
        answer_requests(&stage.installation).await.unwrap();
        assert_eq!(stage.letters_to(&ana.email).await.len(), 3);
        let waiting = password_reset_request::Entity::find();
        assert_eq!(waiting.count(stage.installation.database.reader()).await.unwrap(), 0);
        stage.clock.advance(Duration::from_secs(60 * 60));
        forget(&stage, &ana.email).await;
        assert_eq!(stage.letters_to(&ana.email).await.len(), 4, "an hour later there may be more");
    }
}

#[tokio::test]
async fn who_is_nobody_leaves_the_same_traces_in_the_answer() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let database = &stage.installation.database;
        let mut statements = Vec::new();
        for email in [ana.email.as_str(), "nobody@example.com"] {
            let before = database.statement_count();
            request_reset(&stage.installation, email, &origin()).await.unwrap();
            statements.push(database.statement_count() - before);
        }
        assert_eq!(statements[0], statements[1]);
        answer_requests(&stage.installation).await.unwrap();
        assert_eq!(stage.letters_to("nobody@example.com").await.len(), 0);
        // Who never had a password has none to forget.
        let row = user::ActiveModel { password_hash: Set(None), ..user::ActiveModel::default() };
        let everybody = user::Entity::update_many().set(row);
        everybody.exec(database.writer()).await.unwrap();
        forget(&stage, &ana.email).await;
        assert_eq!(stage.letters_to(&ana.email).await.len(), 1);
    }
}

#[tokio::test]
async fn no_token_stands_in_the_database_in_the_clear() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        forget(&stage, &ana.email).await;
        let token = stage.token_for(&ana.email).await;
        let database = &stage.installation.database;
        let sql = "SELECT subject || html || \"text\" || dedup_key FROM outgoing_mails";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        let stored: String = row.try_get_by_index(0).unwrap();
        assert!(stored.contains("#token=token-of-") && !stored.contains(&token[10..]), "{stored}");
        let secrets = mail_secret::Entity::find().all(database.reader()).await.unwrap();
        assert_eq!(secrets.len(), 1);
        assert!(
            !secrets[0].sealed_secret.windows(8).any(|part| token.as_bytes().windows(8).any(|of| of == part))
        );
    }
}

#[tokio::test]
async fn a_hash_made_by_old_parameters_is_replaced_when_they_sign_in() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let database = &stage.installation.database;
        // Of "correct horse battery staple", by a quarter of the memory.
        let old = weak_hash();
        let row = user::ActiveModel { password_hash: Set(Some(old.clone())), ..user::ActiveModel::default() };
        user::Entity::update_many().set(row).exec(database.writer()).await.unwrap();
        assert!(sign_in_with(&stage, &ana.email, "something else").await.is_err());
        let hash =
            || async { user::Entity::find().one(database.reader()).await.unwrap().unwrap().password_hash };
        assert_eq!(hash().await, Some(old), "a wrong password changes nothing");
        sign_in_with(&stage, &ana.email, PASSWORD).await.unwrap();
        assert!(hash().await.unwrap().contains("m=19456,t=2,p=1"));
        sign_in_with(&stage, &ana.email, PASSWORD).await.unwrap();
    }
}

fn weak_hash() -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(4 * 1024, 1, 1, None).unwrap();
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    argon.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
}
