//! From where an account is known, and what an attacker gains or costs there: with its password, with its owner's browser's
//! name, and with an identity provider or pages of another workspace that its owner is in too.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, Holder, OpenedSession, Origin, Proof, open_session, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::password::{Reset, answer_requests, request_reset, reset};
use portaria_domain::second_factor;
use portaria_domain::session;
use portaria_domain::throttle::network;
use portaria_entity::role::BuiltInRole;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use crate::recorded::joins;

const STEP: Duration = Duration::from_secs(30);

fn place(address: &str, user_agent: &str, device: Option<&str>) -> Origin {
    Origin {
        address: address.to_owned(),
        user_agent: user_agent.to_owned(),
        device: device.map(str::to_owned),
    }
}

async fn enter(
    stage: &Stage,
    email: &str,
    (password, code): (&str, Option<&str>),
    origin: Origin,
) -> Result<OpenedSession, Refusal> {
    let attempt = Attempt { email, password, code, workspace_id: None, origin };
    match sign_in(&stage.installation, attempt).await {
        Ok(opened) => Ok(opened),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(failure) => panic!("{failure}"),
    }
}

/// Lets somebody in on the word of a provider, as it is put down.
async fn vouched_for(stage: &Stage, person: &Person, origin: Origin) -> OpenedSession {
    let installation = &stage.installation;
    let transaction = installation.database.begin().await.unwrap();
    let session = person.viewer.session().unwrap();
    let holder =
        Holder { workspace_id: stage.workspace_id, user_id: session.user_id, member_id: session.member_id };
    let proof = Proof { method: AuthenticationMethod::SingleSignOn, second_factor: true, confined: true };
    let event = sign_in_event::ActiveModel {
        id: Set(stage.clock.new_id()),
        at: Set(stage.clock.now()),
        user_id: Set(Some(session.user_id)),
        workspace_id: Set(Some(stage.workspace_id)),
        email: Set(person.email.clone()),
        outcome: Set(SignInOutcome::Succeeded),
        address: Set(origin.address.clone()),
        network: Set(network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await.unwrap();
    let opened = open_session(installation, &transaction, holder, proof, origin).await.unwrap();
    transaction.commit().await.unwrap();
    opened
}

#[tokio::test]
async fn a_colleague_who_calls_their_browser_the_same_locks_no_device_out() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let office = |device: Option<&str>| place("192.0.2.80", "Firefox/140.0", device);
        let first = enter(&stage, &ana.email, (PASSWORD, None), office(None)).await.unwrap();
        let device = first.device.unwrap();
        for guess in 0..30 {
            let guess = format!("guess {guess} of many");
            let _ = enter(&stage, &ana.email, (&guess, None), office(None)).await;
            // A token that is made up opens no bucket of its own.
            let made_up = format!("ptr_dev_{guess}");
            let _ = enter(&stage, &ana.email, (&guess, None), office(Some(&made_up))).await;
        }
        let without = enter(&stage, &ana.email, (PASSWORD, None), office(None)).await;
        assert!(matches!(without, Err(Refusal::Throttled { .. })), "who shows nothing waits");
        let device = Some(device.reveal());
        assert!(enter(&stage, &ana.email, (PASSWORD, None), office(device)).await.is_ok());
        let hotel = place("198.51.100.77", "Firefox/140.0", device);
        assert!(enter(&stage, &ana.email, (PASSWORD, None), hotel.clone()).await.is_ok(), "wherever it is");
        // What the device itself guesses wrong is counted once, in whichever network.
        for guess in 0..12 {
            let there = place(&format!("203.0.113.{guess}"), "Firefox/140.0", device);
            let _ = enter(&stage, &ana.email, ("one of the guesses", None), there).await;
        }
        let waits = enter(&stage, &ana.email, (PASSWORD, None), hotel.clone()).await;
        assert!(matches!(waits, Err(Refusal::Throttled { .. })));
        // A letter forgives what it guessed.
        request_reset(&stage.installation, &ana.email, &hotel).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        let (token, new) = (stage.token_for(&ana.email).await, "a password chosen in a hotel");
        let wanted = Reset { token: &token, new, code: None, origin: hotel.clone() };
        reset(&stage.installation, wanted).await.unwrap();
        assert!(enter(&stage, &ana.email, (new, None), hotel).await.is_ok());
    }
}

#[tokio::test]
async fn whom_a_provider_lets_in_is_known_by_nothing_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let mut devices = Vec::new();
        for host in 0..8 {
            let there = place(&format!("203.0.113.{host}"), "Firefox/140.0 Linux", None);
            devices.push(vouched_for(&stage, &ana, there).await.device.unwrap());
        }
        let before = stage.letters_to(&ana.email).await.len();
        let mut looked_at = 0;
        for guess in 0..200 {
            let device = (guess % 2 == 0).then(|| devices[guess % 8].reveal());
            let there = place(&format!("203.0.113.{}", guess % 8), "Firefox/140.0 Linux", device);
            let outcome = enter(&stage, &ana.email, ("one of the guesses", None), there).await;
            looked_at += u32::from(matches!(outcome, Err(Refusal::InvalidCredentials)));
        }
        assert!(looked_at <= 21, "{looked_at}: no more than from anywhere");
        // With the password in the end, and the same device: its owner is told.
        stage.clock.advance(Duration::from_secs(24 * 60 * 60));
        let there = place("203.0.113.0", "Firefox/140.0 Linux", Some(devices[0].reveal()));
        enter(&stage, &ana.email, (PASSWORD, None), there.clone()).await.unwrap();
        assert_eq!(stage.letters_to(&ana.email).await.len(), before + 1);
        vouched_for(&stage, &ana, there).await;
        assert_eq!(stage.letters_to(&ana.email).await.len(), before + 1, "what is hers is hers there too");
    }
}

#[tokio::test]
async fn who_guesses_codes_with_the_password_holds_up_strangers_and_not_the_owner() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        // The thief knows the password since before there was an app, and signs in from many places.
        for host in 0..6 {
            let there = place(&format!("203.0.113.{host}"), "curl/8", None);
            assert!(enter(&stage, &ana.email, (PASSWORD, None), there).await.is_ok());
        }
        let app = stage.authenticator(&ana).await;
        let office = || place("192.0.2.80", "Firefox/140.0", None);
        assert!(enter(&stage, &ana.email, (PASSWORD, Some(&app.code())), office()).await.is_ok());
        let mut looked_at = 0;
        for minute in 0..360 {
            let there = place(&format!("203.0.113.{}", minute % 6), "curl/8", None);
            let outcome = enter(&stage, &ana.email, (PASSWORD, Some("000000")), there).await;
            looked_at += u32::from(matches!(outcome, Err(Refusal::WrongCode)));
            stage.clock.advance(Duration::from_secs(60));
        }
        assert!((5..=30).contains(&looked_at), "{looked_at} in six hours");
        assert!(enter(&stage, &ana.email, (PASSWORD, Some(&app.code())), office()).await.is_ok());
        let session = stage.viewer(&ana.token).await.unwrap();
        stage.clock.advance(STEP);
        let there = office();
        assert!(second_factor::step_up(&stage.installation, &session, &app.code(), &there).await.is_ok());
        // The owner's own mistakes are counted where they are, and forgiven by the right one.
        for _ in 0..3 {
            for _ in 0..4 {
                let wrong = enter(&stage, &ana.email, (PASSWORD, Some("000000")), office()).await;
                assert_eq!(wrong.map(|_| ()), Err(Refusal::WrongCode));
            }
            stage.clock.advance(STEP);
            assert!(enter(&stage, &ana.email, (PASSWORD, Some(&app.code())), office()).await.is_ok());
        }
        for _ in 0..5 {
            let _ = enter(&stage, &ana.email, (PASSWORD, Some("000000")), office()).await;
        }
        stage.clock.advance(STEP);
        let waits = enter(&stage, &ana.email, (PASSWORD, Some(&app.code())), office()).await;
        assert_eq!(waits.map(|_| ()), Err(Refusal::TooManyAttempts));
    }
}

#[tokio::test]
async fn a_session_that_goes_on_in_another_workspace_makes_nothing_known() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (other, _, _) = stage.another_workspace().await;
        let ana = stage.person("Ana", &[]).await;
        joins(&stage, other, &ana.email).await;
        let before = stage.letters_to(&ana.email).await.len();
        // Whoever stole the session takes it along, from many places, and shows a device of their own.
        let made_up = "ptr_dev_of_a_thief";
        for host in 0..8 {
            stage.clock.advance(STEP);
            let there = place(&format!("203.0.113.{host}"), "Firefox/140.0 Linux", Some(made_up));
            session::switch(&stage.installation, &ana.viewer, other, there).await.unwrap();
        }
        assert_eq!(stage.letters_to(&ana.email).await.len(), before + 1, "its owner is told of the device");
        let mut looked_at = 0;
        for guess in 0..200 {
            let device = (guess % 2 == 0).then_some(made_up);
            let there = place(&format!("203.0.113.{}", guess % 8), "Firefox/140.0 Linux", device);
            let outcome = enter(&stage, &ana.email, ("one of the guesses", None), there).await;
            looked_at += u32::from(matches!(outcome, Err(Refusal::InvalidCredentials)));
        }
        assert!(looked_at <= 21, "{looked_at}: no more than from anywhere");
        let there = place("203.0.113.9", "Firefox/140.0 Linux", None);
        let switched = session::switch(&stage.installation, &ana.viewer, other, there).await.unwrap();
        assert!(switched.device.is_none(), "nor is it given a token to be known by");
    }
}
