//! Recovery codes: each stands in for a lost second factor once, wherever a code is asked for.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::{recovery_code, second_factor};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Authenticator, PASSWORD, Person, Stage, TestDatabase, databases};
use sea_orm::ConnectionTrait;

struct Desk {
    stage: Stage,
    ana: Person,
    app: Authenticator,
    codes: Vec<String>,
}

impl Desk {
    /// Ana has just set up an authenticator app.
    async fn on(test: TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let enrolment = second_factor::enroll(&stage.installation, &ana.viewer).await.unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        let confirmed = second_factor::confirm(&stage.installation, &ana.viewer, &app.code()).await.unwrap();
        let codes = confirmed.recovery_codes.unwrap().reveal().map(str::to_owned).collect();
        Self { stage, ana, app, codes }
    }

    async fn sign_in(&self, code: &str) -> portaria_domain::Result<OpenedSession> {
        let attempt = Attempt {
            email: &self.ana.email,
            password: PASSWORD,
            code: Some(code),
            workspace_id: None,
            origin: Origin::default(),
        };
        sign_in(&self.stage.installation, attempt).await
    }

    async fn step_up(&self, code: &str) -> Result<(), Refusal> {
        let viewer = self.stage.viewer_of(&self.ana).await.unwrap();
        let origin = Origin::default();
        match second_factor::step_up(&self.stage.installation, &viewer, code, &origin).await {
            Ok(_) => Ok(()),
            Err(Error::Refused(refusal)) => Err(refusal),
            Err(failure) => panic!("{failure}"),
        }
    }

    async fn left(&self) -> u64 {
        let user = self.ana.viewer.session().unwrap().user_id;
        recovery_code::left(self.stage.installation.database.reader(), user).await.unwrap()
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let database = &self.stage.installation.database;
        let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

fn refusal<T>(outcome: &portaria_domain::Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}

#[tokio::test]
async fn each_code_stands_in_once_and_its_owner_is_told() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        assert_eq!((desk.codes.len(), desk.left().await), (recovery_code::COUNT, 10));
        let opened = desk.sign_in(&desk.codes[0]).await.unwrap();
        assert!(opened.session.second_factor);
        assert_eq!(refusal(&desk.sign_in(&desk.codes[0]).await), Some(Refusal::WrongCode), "used up");
        assert_eq!(desk.step_up(&desk.codes[0]).await, Err(Refusal::WrongCode), "everywhere");
        assert_eq!(desk.step_up(&desk.codes[1].to_uppercase().replace('-', " ")).await, Ok(()));
        assert_eq!(desk.left().await, 8);
        let mails =
            desk.texts("SELECT text FROM outgoing_mails WHERE subject LIKE 'Um código%' ORDER BY id").await;
        assert_eq!(mails.len(), 2);
        assert!(mails[0].contains("Restam 9.") && mails[1].contains("Restam 8."), "{mails:?}");
        assert!(!mails.concat().contains(&desk.codes[0]), "the code itself is in no mail");
        let told = desk.texts("SELECT action FROM activities WHERE action = 'recovery_code.used'").await;
        assert_eq!(told.len(), 2);
    }
}

#[tokio::test]
async fn at_once_a_code_passes_once() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let tries = (0..6).map(|_| desk.sign_in(&desk.codes[3]));
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(desk.left().await, 9);
    }
}

#[tokio::test]
async fn who_keeps_the_app_busy_with_wrong_codes_does_not_shut_its_owner_out() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        desk.stage.clock.advance(Duration::from_secs(30));
        for n in 0..5 {
            assert_eq!(desk.step_up(&format!("{n:06}")).await, Err(Refusal::WrongCode));
        }
        assert_eq!(desk.step_up(&desk.app.code()).await, Err(Refusal::TooManyAttempts));
        let wrong = "0".repeat(24);
        assert_eq!(desk.step_up(&wrong).await, Err(Refusal::TooManyAttempts), "it is looked at, and is none");
        assert_eq!(desk.step_up(&desk.codes[9]).await, Ok(()));
    }
}

#[tokio::test]
async fn new_codes_replace_the_old_and_need_a_fresh_second_factor() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        desk.stage.clock.advance(Duration::from_secs(61 * 60));
        let viewer = desk.stage.viewer_of(&desk.ana).await.unwrap();
        let stale = recovery_code::regenerate(&desk.stage.installation, &viewer).await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })));
        assert_eq!(desk.step_up(&desk.app.code()).await, Ok(()));
        let viewer = desk.stage.viewer_of(&desk.ana).await.unwrap();
        let new = recovery_code::regenerate(&desk.stage.installation, &viewer).await.unwrap();
        let new: Vec<&str> = new.reveal().collect();
        assert_eq!(desk.step_up(&desk.codes[5]).await, Err(Refusal::WrongCode), "the old ones are nothing");
        assert_eq!(desk.step_up(new[0]).await, Ok(()));
        // Somebody without a factor has nothing that codes could stand in for.
        let bia = desk.stage.person("Bia", &[]).await;
        let none = recovery_code::regenerate(&desk.stage.installation, &bia.viewer).await;
        assert_eq!(refusal(&none.map(|_| ())), Some(Refusal::NoSecondFactor));
        let stored = desk.texts("SELECT CAST(COUNT(*) AS TEXT) FROM recovery_codes").await;
        assert_eq!(stored, ["10"]);
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_a_factor_or_for_another_person() {
    for test in databases().await {
        let desk = Desk::on(test).await;
        let bia = desk.stage.person("Bia", &[]).await;
        desk.stage.authenticator(&bia).await;
        let origin = Origin::default();
        let theirs =
            second_factor::step_up(&desk.stage.installation, &bia.viewer, &desk.codes[0], &origin).await;
        assert_eq!(refusal(&theirs), Some(Refusal::WrongCode));
        // The app goes, and the codes with it.
        let viewer = desk.stage.viewer_of(&desk.ana).await.unwrap();
        second_factor::remove_app(&desk.stage.installation, &viewer).await.unwrap();
        assert_eq!(desk.left().await, 0);
        assert_eq!(desk.step_up(&desk.codes[0]).await, Err(Refusal::NoSecondFactor));
        let database = &desk.stage.installation.database;
        let sql = "UPDATE security_policies SET second_factor = 'everyone'";
        database.writer().execute_raw(database.statement(sql, [])).await.unwrap();
        desk.stage.installation.viewers.access_changed(desk.stage.workspace_id);
        let bia = desk.stage.step_up(&bia).await;
        let last = second_factor::remove_app(&desk.stage.installation, &bia.viewer).await;
        assert_eq!(refusal(&last), Some(Refusal::LastFactor), "one is demanded of her");
    }
}
