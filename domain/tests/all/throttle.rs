//! Guessing: what is evaluated of it, whom it does not lock out, and what is left of it on record.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::examine;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::{Installation, throttle, workspace};
use portaria_entity::finding::AuditRule;
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event;
use portaria_testing::{PASSWORD, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};

async fn attempt(
    stage: &Stage,
    (email, password): (&str, &str),
    address: &str,
) -> Result<OpenedSession, Option<u32>> {
    attempt_by(stage, (email, password), (address, "a guesser")).await
}

/// Refused because it has to wait: for so long. Otherwise none.
async fn attempt_by(
    stage: &Stage,
    (email, password): (&str, &str),
    (address, user_agent): (&str, &str),
) -> Result<OpenedSession, Option<u32>> {
    let origin =
        Origin { address: address.to_owned(), user_agent: user_agent.to_owned(), ..Origin::default() };
    let attempt = Attempt { email, password, code: None, workspace_id: None, origin };
    match sign_in(&stage.installation, attempt).await {
        Ok(opened) => Ok(opened),
        Err(Error::Refused(Refusal::Throttled { seconds })) => Err(Some(seconds)),
        Err(Error::Refused(Refusal::InvalidCredentials)) => Err(None),
        Err(other) => panic!("{other}"),
    }
}

/// How many attempts were looked at: each of those is on record.
async fn evaluated(stage: &Stage) -> u64 {
    sign_in_event::Entity::find().count(stage.installation.database.reader()).await.unwrap()
}

async fn rules(stage: &Stage) -> Vec<AuditRule> {
    throttle::write_down(&stage.installation).await.unwrap();
    let workspace = workspace::find(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
    let found = examine(&stage.installation, &workspace).await.unwrap().found;
    found.iter().map(|found| found.rule).collect()
}

#[tokio::test]
async fn guesses_at_one_account_wait_ever_longer_and_its_owner_does_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let before = evaluated(&stage).await;
        let mut throttled = 0;
        for guess in 0..300 {
            let address = format!("203.0.113.{}", guess % 4);
            let outcome = attempt(&stage, (&ana.email, &format!("guess number {guess}")), &address).await;
            throttled += u32::from(matches!(outcome, Err(Some(_))));
            stage.clock.advance(Duration::from_secs(1));
        }
        let looked_at = evaluated(&stage).await - before;
        assert!((20..=30).contains(&looked_at), "{looked_at}");
        assert_eq!(u64::from(throttled) + looked_at, 300);
        assert!(attempt(&stage, (&ana.email, PASSWORD), "192.0.2.1").await.is_ok(), "where she is known");
        let elsewhere = attempt(&stage, (&ana.email, PASSWORD), "198.51.100.1").await;
        assert!(matches!(elsewhere, Err(Some(1..=900))), "strangers wait");
        let database = &stage.installation.database;
        let found = rules(&stage).await;
        assert!(found.contains(&AuditRule::AccountUnderAttack), "{found:?}");
        let sql = "SELECT COUNT(*), CAST(SUM(attempts) AS BIGINT) FROM throttled_attempts";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        let (rows, attempts): (i64, i64) =
            (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        assert_eq!(attempts, i64::from(throttled) + 1);
        assert!(rows <= 30, "{rows} rows for {attempts} attempts");
    }
}

#[tokio::test]
async fn an_account_that_is_none_is_throttled_alike() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let mut answers = Vec::new();
        for email in [ana.email.as_str(), "nobody@example.com"] {
            let mut told = Vec::new();
            for guess in 0..60 {
                let address = format!("203.0.113.{}", guess % 3);
                let email = if guess % 2 == 0 { email.to_owned() } else { email.to_uppercase() };
                told.push(attempt(&stage, (&email, "not the right one"), &address).await.map(|_| ()));
            }
            answers.push(told);
            // Other buckets of the same networks are empty by then.
            stage.clock.advance(Duration::from_secs(24 * 60 * 60));
        }
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].contains(&Err(Some(30))) && answers[0].contains(&Err(None)));
    }
}

#[tokio::test]
async fn of_many_guesses_at_once_none_slips_through() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let before = evaluated(&stage).await;
        // Two processes over the same database.
        let options = &stage.test_database.options;
        let database = portaria_domain::database::Database::connect(options).await.unwrap();
        let keys = portaria_domain::sealing::KeyRing::ephemeral().unwrap();
        let second = Installation::new(database, stage.clock.clone(), keys, "http://portaria.test");
        let guesses = (0..40).map(|guess| {
            let installation = if guess % 2 == 0 { &stage.installation } else { &second };
            let origin =
                Origin { address: "203.0.113.9".to_owned(), user_agent: String::new(), ..Origin::default() };
            let attempt = Attempt {
                email: &ana.email,
                password: "a wrong guess",
                code: None,
                workspace_id: None,
                origin,
            };
            sign_in(installation, attempt)
        });
        let outcomes = futures_util::future::join_all(guesses).await;
        let throttled = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(Error::Refused(Refusal::Throttled { .. }))))
            .count();
        let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Busy))).count();
        assert_eq!(evaluated(&stage).await - before, 10);
        assert_eq!(throttled + busy, 30, "{throttled} {busy}");
    }
}

#[tokio::test]
async fn one_guess_at_each_account_is_stopped_by_where_it_comes_from() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let before = evaluated(&stage).await;
        for host in 0..200 {
            // One network, however many addresses it has.
            let address = format!("2001:db8:7:7::{host:x}");
            let email = if host == 150 { ana.email.clone() } else { format!("person{host}@example.com") };
            let _ = attempt(&stage, (&email, "Verao2026!"), &address).await;
            stage.clock.advance(Duration::from_millis(100));
        }
        let looked_at = evaluated(&stage).await - before;
        assert!((30..=36).contains(&looked_at), "{looked_at}");
        assert!(attempt(&stage, (&ana.email, PASSWORD), "192.0.2.1").await.is_ok());
    }
}

#[tokio::test]
async fn one_guess_at_each_account_from_everywhere_is_noticed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut people = Vec::new();
        for name in ["Ana", "Bia", "Caio", "Davi", "Eva", "Fabio", "Gil", "Hugo", "Iara", "Joel"] {
            people.push(stage.person(name, &[]).await);
        }
        // A morning of bad memories, where each gets in in the end.
        for person in &people {
            let home =
                format!("192.0.2.{}", 10 + people.iter().position(|one| one.email == person.email).unwrap());
            let _ = attempt(&stage, (&person.email, "mistyped password"), &home).await;
            assert!(attempt(&stage, (&person.email, PASSWORD), &home).await.is_ok());
        }
        assert!(!rules(&stage).await.contains(&AuditRule::PasswordSpraying));
        stage.clock.advance(Duration::from_secs(24 * 60 * 60));
        for (host, person) in people.iter().enumerate() {
            assert!(!rules(&stage).await.contains(&AuditRule::PasswordSpraying), "{host}");
            let _ = attempt(&stage, (&person.email, "Verao2026!"), &format!("203.{host}.113.7")).await;
            stage.clock.advance(Duration::from_secs(5 * 60));
        }
        let found = rules(&stage).await;
        assert!(found.contains(&AuditRule::PasswordSpraying), "{found:?}");
        assert!(
            !found.contains(&AuditRule::AddressOnManyAccounts)
                && !found.contains(&AuditRule::AccountUnderAttack)
        );
    }
}

#[tokio::test]
async fn a_colleague_at_the_same_address_does_not_lock_a_known_device_out() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let office = "192.0.2.80";
        assert!(attempt_by(&stage, (&ana.email, PASSWORD), (office, "Ana's browser")).await.is_ok());
        for guess in 0..30 {
            let _ = attempt_by(&stage, (&ana.email, &format!("guess {guess} of many")), (office, "another"))
                .await;
        }
        let another = attempt_by(&stage, (&ana.email, PASSWORD), (office, "another")).await;
        assert!(matches!(another, Err(Some(_))));
        assert!(attempt_by(&stage, (&ana.email, PASSWORD), (office, "Ana's browser")).await.is_ok());
        stage.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
        for guess in 0..12 {
            let _ = attempt_by(&stage, (&ana.email, &format!("guess {guess} of many")), (office, "x")).await;
        }
        let late = attempt_by(&stage, (&ana.email, PASSWORD), (office, "Ana's browser")).await;
        assert!(matches!(late, Err(Some(_))), "known for thirty days");
    }
}

#[tokio::test]
async fn a_letter_lets_the_owner_in_from_anywhere_while_strangers_guess() {
    use portaria_domain::password::{Reset, answer_requests, request_reset, reset};
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        for guess in 0..40 {
            let _ = attempt(&stage, (&ana.email, "one of the guesses"), &format!("203.0.113.{guess}")).await;
        }
        let hotel = Origin {
            address: "198.51.100.77".to_owned(),
            user_agent: "a telephone".to_owned(),
            ..Origin::default()
        };
        assert!(matches!(attempt(&stage, (&ana.email, PASSWORD), &hotel.address).await, Err(Some(_))));
        request_reset(&stage.installation, &ana.email, &hotel).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        let token = stage.token_for(&ana.email).await;
        let new = "a password chosen in a hotel";
        let wanted = Reset { token: &token, new, code: None, origin: hotel.clone() };
        reset(&stage.installation, wanted).await.unwrap();
        assert!(attempt(&stage, (&ana.email, new), &hotel.address).await.is_ok());
    }
}
