//! New tokens: what gives a session one, and what is left of the old one, in every process.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::member::{self, NewMember};
use portaria_domain::password::{self, Change};
use portaria_domain::sealing::KeyRing;
use portaria_domain::session::{self, Renewed};
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::Viewer;
use portaria_domain::{Installation, recovery_code, second_factor};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Authenticator, PASSWORD, Person, Stage, databases};
use sea_orm::ConnectionTrait;

const STEP: Duration = Duration::from_secs(30);

/// Another process over the same database.
fn another_process(stage: &Stage) -> Installation {
    let database = stage.installation.database.clone();
    Installation::new(database, stage.clock.clone(), KeyRing::ephemeral().unwrap(), "http://portaria.test")
}

/// What somebody does, and that their session goes on under a new token only, here at once and there after a look.
async fn renews(
    stage: &Stage,
    person: Person,
    act: impl AsyncFnOnce(&Viewer) -> portaria_domain::Result<Renewed>,
) -> Person {
    let (here, there) = (&stage.installation.viewers, another_process(stage).viewers);
    let old = TokenHash::of(&person.token);
    for viewers in [here, &there] {
        viewers.refresh_epochs().await.unwrap();
        assert!(viewers.resolve(old).await.unwrap().is_some());
    }
    let renewed = act(&person.viewer).await.unwrap();
    assert!(here.resolve(old).await.unwrap().is_none(), "at once where it was done");
    there.refresh_epochs().await.unwrap();
    assert!(there.resolve(old).await.unwrap().is_none(), "and with the next look elsewhere");
    let token = renewed.token.reveal().to_owned();
    assert!(there.resolve(TokenHash::of(&token)).await.unwrap().is_some());
    let viewer = stage.viewer(&token).await.unwrap();
    let (before, after) = (person.viewer.session().unwrap(), viewer.session().unwrap());
    assert_eq!(before.session_id, after.session_id, "the same session");
    assert_eq!(after.authenticated_at, renewed.session.authenticated_at);
    assert_eq!(person.viewer.expires_at, viewer.expires_at, "that lasts no longer");
    Person { token, viewer, ..person }
}

async fn count(stage: &Stage, sql: &str) -> i64 {
    let database = &stage.installation.database;
    let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn whoever_proves_anew_who_they_are_goes_on_under_a_new_token_only() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let origin = Origin::default();
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let enrolment = second_factor::enroll(installation, &ana.viewer).await.unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        let code = app.code();
        let ana = renews(&stage, ana, async |viewer| {
            Ok(second_factor::confirm(installation, viewer, &code).await?.renewed)
        })
        .await;
        assert!(ana.viewer.is_stepped_up(stage.clock.now()));
        stage.clock.advance(STEP);
        let code = app.code();
        let ana = renews(&stage, ana, async |viewer| {
            second_factor::step_up(installation, viewer, &code, &origin).await
        })
        .await;
        let new = "a new one, well chosen";
        let ana = renews(&stage, ana, async |viewer| {
            password::change(installation, viewer, Change { current: PASSWORD, new, origin: &origin }).await
        })
        .await;
        let ana =
            renews(&stage, ana, async |viewer| second_factor::remove_app(installation, viewer).await).await;
        assert!(ana.viewer.session().unwrap().second_factor, "what was shown stays shown");
        assert_eq!(count(&stage, "SELECT COUNT(*) FROM sessions").await, 1);
        // What failed has changed nothing.
        let wrong = second_factor::step_up(installation, &ana.viewer, "000000", &origin).await;
        assert!(matches!(wrong, Err(Error::Refused(Refusal::NoSecondFactor))));
        assert!(stage.viewer(&ana.token).await.is_some());
    }
}

#[tokio::test]
async fn of_two_who_step_up_at_once_by_one_token_one_goes_on_and_the_other_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let enrolment = second_factor::enroll(&stage.installation, &ana.viewer).await.unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        let confirmed = second_factor::confirm(&stage.installation, &ana.viewer, &app.code()).await.unwrap();
        let codes = confirmed.recovery_codes.unwrap();
        let viewer = stage.viewer(confirmed.renewed.token.reveal()).await.unwrap();
        let origin = Origin::default();
        let tries = codes.reveal().take(4).map(|code| {
            let (installation, viewer, origin) = (&stage.installation, &viewer, &origin);
            async move { second_factor::step_up(installation, viewer, code, origin).await }
        });
        let outcomes = futures_util::future::join_all(tries).await;
        let (passed, told): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((passed.len(), told.len()), (1, 3));
        for refused in told {
            let failure = refused.map(|_| ()).unwrap_err();
            assert!(matches!(failure, Error::Refused(Refusal::TokenReplaced)), "{failure:?}");
        }
        let own = passed.into_iter().next().unwrap().unwrap();
        assert!(stage.viewer(own.token.reveal()).await.is_some(), "whoever was first goes on");
        let user = ana.viewer.session().unwrap().user_id;
        let left = recovery_code::left(stage.installation.database.reader(), user).await.unwrap();
        assert_eq!(left, 9, "a code that was too late is not used up");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_renewed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let app = stage.authenticator(&ana).await;
        session::end(&stage.installation, &ana.viewer).await.unwrap();
        let late =
            second_factor::step_up(&stage.installation, &ana.viewer, &app.code(), &Origin::default()).await;
        let failure = late.map(|_| ()).unwrap_err();
        assert!(matches!(failure, Error::Refused(Refusal::AuthenticationTooOld)), "{failure:?}");
        assert!(stage.viewer(&ana.token).await.is_none());
    }
}

#[tokio::test]
async fn nobody_takes_along_by_the_old_token_what_was_proved_since() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (other, ..) = stage.another_workspace().await;
        let ana = stage.person("Ana", &[]).await;
        let transaction = stage.installation.database.begin().await.unwrap();
        let new = NewMember { name: "Ana", email: &ana.email, locale: "pt-BR", password_hash: None };
        member::create(&transaction, &stage.installation, other, new).await.unwrap();
        transaction.commit().await.unwrap();
        let code = stage.authenticator(&ana).await.code();
        let origin = Origin::default();
        let renewed = second_factor::step_up(&stage.installation, &ana.viewer, &code, &origin).await.unwrap();
        // As in a request that began before.
        let late = session::switch(&stage.installation, &ana.viewer, other, origin.clone()).await;
        assert!(matches!(late.map(|_| ()), Err(Error::NotFound)));
        let viewer = stage.viewer(renewed.token.reveal()).await.unwrap();
        assert!(session::switch(&stage.installation, &viewer, other, origin).await.is_ok());
    }
}
