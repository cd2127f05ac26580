//! Second factors: setting one up, signing in with it, stepping up, and what a thief of a session or password gains.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::{recovery, second_factor, throttle};
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_testing::{Authenticator, PASSWORD, Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

const HOUR: Duration = Duration::from_secs(60 * 60);
const STEP: Duration = Duration::from_secs(30);

async fn attempt(stage: &Stage, email: &str, code: Option<&str>) -> portaria_domain::Result<OpenedSession> {
    let origin =
        Origin { address: "198.51.100.7".to_owned(), user_agent: "curl/8".to_owned(), ..Origin::default() };
    let attempt = Attempt { email, password: PASSWORD, code, workspace_id: None, origin };
    sign_in(&stage.installation, attempt).await
}

async fn step_up(stage: &Stage, person: &Person, code: &str) -> Result<(), Refusal> {
    let viewer = stage.viewer_of(person).await.unwrap();
    match second_factor::step_up(&stage.installation, &viewer, code, &Origin::default()).await {
        Ok(renewed) => {
            assert!(renewed.session.is_stepped_up(stage.clock.now()));
            Ok(())
        }
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(failure) => panic!("{failure}"),
    }
}

fn refusal<T>(outcome: &portaria_domain::Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}

async fn outcomes(stage: &Stage) -> Vec<SignInOutcome> {
    let find = sign_in_event::Entity::find().order_by_asc(sign_in_event::Column::Id);
    let events = find.all(stage.installation.database.reader()).await.unwrap();
    events.iter().map(|event| event.outcome).collect()
}

#[tokio::test]
async fn an_authenticator_counts_once_its_first_code_is_given() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let elsewhere = stage.sign_in(&ana.email).await;
        let enrolment = second_factor::enroll(&stage.installation, &ana.viewer).await.unwrap();
        assert!(enrolment.uri.starts_with("otpauth://totp/Portaria:ana"), "{}", *enrolment.uri);
        assert!(enrolment.uri.contains(enrolment.secret.as_str()));
        assert!(attempt(&stage, &ana.email, None).await.is_ok(), "until then nothing is asked for");
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        let wrong = second_factor::confirm(&stage.installation, &ana.viewer, "000000").await;
        assert_eq!(refusal(&wrong), Some(Refusal::WrongCode));
        second_factor::confirm(&stage.installation, &ana.viewer, &app.code()).await.unwrap();
        assert!(stage.viewer_of(&ana).await.unwrap().is_stepped_up(stage.clock.now()));
        assert!(stage.viewer(&elsewhere.token).await.is_none(), "other sessions end");
        assert_eq!(
            refusal(&attempt(&stage, &ana.email, None).await),
            Some(Refusal::SecondFactorRequired),
            "now it is asked for"
        );
        let viewer = stage.viewer_of(&ana).await.unwrap();
        let again = second_factor::confirm(&stage.installation, &viewer, &app.code()).await;
        assert_eq!(refusal(&again), Some(Refusal::NoSecondFactor));
    }
}

#[tokio::test]
async fn each_code_passes_once_and_only_in_its_time() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let app = stage.authenticator(&ana).await;
        for far in [-61, 61, 3_600] {
            assert_eq!(step_up(&stage, &ana, &app.code_in(far)).await, Err(Refusal::WrongCode), "{far}");
        }
        let spaced = format!(" {} {}", &app.code_in(-30)[..3], &app.code_in(-30)[3..]);
        assert_eq!(step_up(&stage, &ana, &spaced).await, Ok(()), "a clock that is late");
        assert_eq!(step_up(&stage, &ana, &app.code()).await, Ok(()));
        assert_eq!(step_up(&stage, &ana, &app.code()).await, Err(Refusal::WrongCode), "it was used");
        assert_eq!(
            step_up(&stage, &ana, &app.code_in(-30)).await,
            Err(Refusal::WrongCode),
            "nor one before it"
        );
        stage.clock.advance(STEP);
        let opened = attempt(&stage, &ana.email, Some(&app.code())).await;
        assert_eq!(refusal(&opened), Some(Refusal::TooManyAttempts), "five were wrong");
        stage.clock.advance(Duration::from_secs(15 * 60));
        let code = app.code();
        let opened = attempt(&stage, &ana.email, Some(&code)).await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.unwrap().is_stepped_up(stage.clock.now()));
        assert_eq!(
            refusal(&attempt(&stage, &ana.email, Some(&code)).await),
            Some(Refusal::WrongCode),
            "used up"
        );
    }
}

#[tokio::test]
async fn what_is_sensitive_is_usable_for_an_hour() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let app = stage.authenticator(&ana).await;
        let now = || async { stage.viewer_of(&ana).await.unwrap().is_stepped_up(stage.clock.now()) };
        assert!(!now().await, "the session began without it");
        step_up(&stage, &ana, &app.code()).await.unwrap();
        assert!(now().await);
        stage.clock.advance(HOUR);
        assert!(now().await);
        stage.clock.advance(Duration::from_secs(1));
        assert!(!now().await);
        step_up(&stage, &ana, &app.code()).await.unwrap();
        assert!(now().await);
        let nina = stage.person("Nina", &[]).await;
        assert_eq!(step_up(&stage, &nina, "123456").await, Err(Refusal::NoSecondFactor));
    }
}

#[tokio::test]
async fn guessing_codes_gets_five_tries_and_is_recorded() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let app = stage.authenticator(&ana).await;
        let wrong = |n: usize| format!("{n:06}");
        let right = app.code();
        // Many at once, by both doors.
        let guesses = (0..12).map(|n| {
            let (stage, ana) = (&stage, &ana);
            async move {
                match n % 2 {
                    0 => refusal(&attempt(stage, &ana.email, Some(&wrong(n))).await),
                    _ => step_up(stage, ana, &wrong(n)).await.err(),
                }
            }
        });
        let answers = futures_util::future::join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| **answer == Some(Refusal::WrongCode)).count();
        assert_eq!(looked_at, 5, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| **answer == Some(Refusal::TooManyAttempts)).count(), 7);
        assert_eq!(step_up(&stage, &ana, &right).await, Err(Refusal::TooManyAttempts), "even the right one");
        let seen = outcomes(&stage).await;
        let of = |wanted| seen.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!(of(SignInOutcome::WrongCode), 5);
        // Those in an open session are counted, a row for a minute and network.
        throttle::write_down(&stage.installation).await.unwrap();
        let database = &stage.installation.database;
        let sql = "SELECT COUNT(*), CAST(SUM(attempts) AS BIGINT) FROM throttled_attempts";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
        let counted: i64 = row.try_get_by_index(1).unwrap();
        assert_eq!(counted + i64::try_from(of(SignInOutcome::Throttled)).unwrap(), 8);
    }
}

/// Subject and text of the letters to somebody about wrong codes.
async fn letters_about_codes(stage: &Stage, email: &str) -> Vec<(String, String)> {
    let letters = stage.letters_to(email).await.into_iter();
    letters
        .filter(|mail| mail.dedup_key.starts_with("wrong-codes:"))
        .map(|mail| (mail.subject, mail.text))
        .collect()
}

#[tokio::test]
async fn who_guesses_codes_with_the_right_password_is_told_of_once_a_day() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let app = stage.authenticator(&ana).await;
        for _ in 0..4 {
            assert!(attempt(&stage, &ana.email, None).await.is_err(), "as every sign-in begins");
        }
        for _ in 0..2 {
            assert!(attempt(&stage, &ana.email, Some("000000")).await.is_err());
        }
        assert!(attempt(&stage, &ana.email, Some(&app.code())).await.is_ok());
        assert_eq!(letters_about_codes(&stage, &ana.email).await, [], "a slip of the fingers");
        for _ in 0..6 {
            assert!(attempt(&stage, &ana.email, Some("000000")).await.is_err());
        }
        let told = letters_about_codes(&stage, &ana.email).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, "Códigos errados na sua conta");
        assert!(told[0].1.contains("errou 3 vezes"), "with the third: {}", told[0].1);
        assert!(told[0].1.contains("2026-03-02 09:00 -03, de 198.51.100.7"), "{}", told[0].1);
        // By an open session too; and on another day again.
        stage.clock.advance(24 * HOUR);
        let mut by_session = Vec::new();
        let bia = stage.person("Bia", &[]).await;
        stage.authenticator(&bia).await;
        for _ in 0..3 {
            assert!(attempt(&stage, &ana.email, Some("000000")).await.is_err());
            by_session.push(step_up(&stage, &bia, "000000").await);
        }
        assert_eq!(letters_about_codes(&stage, &ana.email).await.len(), 2);
        assert_eq!(letters_about_codes(&stage, &bia.email).await.len(), 1, "{by_session:?}");
    }
}

#[tokio::test]
async fn a_stolen_session_cannot_take_over_the_second_factor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        stage.clock.advance(HOUR + STEP);
        let late = second_factor::enroll(&stage.installation, &ana.viewer).await;
        assert_eq!(refusal(&late.map(|_| ())), Some(Refusal::AuthenticationTooOld));
        let ana = stage.sign_in(&ana.email).await;
        let app = stage.authenticator(&ana).await;
        let without = second_factor::enroll(&stage.installation, &ana.viewer).await;
        assert!(matches!(without, Err(Error::StepUpRequired { .. })));
        step_up(&stage, &ana, &app.code()).await.unwrap();
        let viewer = stage.viewer_of(&ana).await.unwrap();
        let enrolment = second_factor::enroll(&stage.installation, &viewer).await.unwrap();
        let next = Authenticator::new(&enrolment.secret, &stage.clock);
        stage.clock.advance(STEP);
        step_up(&stage, &ana, &app.code()).await.unwrap();
        let viewer = stage.viewer_of(&ana).await.unwrap();
        second_factor::confirm(&stage.installation, &viewer, &next.code()).await.unwrap();
        stage.clock.advance(STEP);
        assert_eq!(step_up(&stage, &ana, &app.code()).await, Err(Refusal::WrongCode), "the old one is gone");
        assert_eq!(step_up(&stage, &ana, &next.code()).await, Ok(()));
    }
}

#[tokio::test]
async fn an_old_session_cannot_finish_what_a_fresh_one_began() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let stolen = stage.person("Ana", &[]).await;
        stage.clock.advance(HOUR + STEP);
        let ana = stage.sign_in(&stolen.email).await;
        let enrolment = second_factor::enroll(&stage.installation, &ana.viewer).await.unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        let guessed = second_factor::confirm(&stage.installation, &stolen.viewer, &app.code()).await;
        assert_eq!(refusal(&guessed), Some(Refusal::AuthenticationTooOld));
        second_factor::confirm(&stage.installation, &ana.viewer, &app.code()).await.unwrap();
        assert!(stage.viewer(&stolen.token).await.is_none());
    }
}

#[tokio::test]
async fn wrong_codes_cost_the_workspace_none_of_its_cached_viewers() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        stage.authenticator(&ana).await;
        stage.installation.viewers.refresh_epochs().await.unwrap();
        stage.viewer(&bia.token).await.unwrap();
        for _ in 0..8 {
            assert!(step_up(&stage, &ana, "000000").await.is_err());
        }
        stage.installation.viewers.refresh_epochs().await.unwrap();
        let statements = stage.installation.database.statement_count();
        stage.viewer(&bia.token).await.unwrap();
        assert_eq!(stage.installation.database.statement_count(), statements, "she is known still");
    }
}

#[tokio::test]
async fn the_secret_is_sealed_and_the_machine_can_take_a_lost_factor_away() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let enrolment =
            second_factor::set_up(&stage.installation, ana.viewer.session().unwrap().user_id).await.unwrap();
        let database = &stage.installation.database;
        let sql = "SELECT sealed_secret FROM second_factors";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        let sealed: Vec<u8> = row.try_get_by_index(0).unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        assert!(sealed.len() > 40 && step_up(&stage, &ana, &app.code()).await.is_ok());
        recovery::remove_second_factor(&stage.installation, &ana.email).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none(), "sessions end");
        assert!(attempt(&stage, &ana.email, None).await.is_ok());
        let twice = recovery::remove_second_factor(&stage.installation, &ana.email).await;
        assert_eq!(refusal(&twice), Some(Refusal::NoSecondFactor));
    }
}
