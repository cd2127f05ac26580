//! Two who act at once: what can happen once happens once, and who is being shut out does not slip in.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::emergency::{self, Emergency, NewEligibility};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::grant::{self, Amendment};
use portaria_domain::granting::Change;
use portaria_domain::invitation::{self, Acceptance, Invite, accept};
use portaria_domain::permission::Permission;
use portaria_domain::{member, recovery, role, second_factor};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::ConnectionTrait;
use tokio::task::JoinHandle;

async fn admin(stage: &Stage, name: &str) -> Person {
    let admin = stage.person(name, &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

async fn by<'a>(stage: &'a Stage, person: &'a Person) -> Change<'a> {
    Change::by(&stage.installation, &person.viewer, &[Permission::MemberManage]).await.unwrap()
}

fn passed<T>(outcomes: &[Result<T>]) -> usize {
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

/// Somebody who signs in while something else is going on, and the time to get as far as they can.
async fn signing_in(stage: &Stage, email: &str) -> JoinHandle<Result<OpenedSession>> {
    let (installation, email) = (stage.installation.clone(), email.to_owned());
    let task = tokio::spawn(async move {
        let origin = Origin::default();
        let attempt = Attempt { email: &email, password: PASSWORD, code: None, workspace_id: None, origin };
        sign_in(&installation, attempt).await
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    task
}

fn is_refused(outcome: &Result<OpenedSession>) -> bool {
    matches!(outcome, Err(Error::Refused(Refusal::InvalidCredentials)))
}

#[tokio::test]
async fn an_old_password_opens_nothing_beside_a_new_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        // What a reset does, and a thief who had the password looked at before it was done.
        let database = &stage.installation.database;
        let transaction = database.begin().await.unwrap();
        for sql in [
            "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = $2) WHERE id = $1",
            "UPDATE sessions SET ended_at = 1 WHERE user_id = $1 AND user_id <> $2 AND ended_at IS NULL",
        ] {
            let users = [&ana, &bia].map(|one| one.viewer.session().unwrap().user_id.0.into());
            transaction.execute_raw(database.statement(sql, users)).await.unwrap();
        }
        let thief = signing_in(&stage, &ana.email).await;
        transaction.commit().await.unwrap();
        let outcome = thief.await.unwrap();
        assert!(is_refused(&outcome), "signed in on {}", stage.test_database.name);
    }
}

#[tokio::test]
async fn who_is_being_suspended_opens_no_session_beside_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (admin, ana) = (admin(&stage, "Admin").await, stage.person("Ana", &[]).await);
        let mut change = by(&stage, &admin).await;
        member::suspend(&mut change, ana.member_id).await.unwrap();
        let entering = signing_in(&stage, &ana.email).await;
        change.finish().await.unwrap();
        let outcome = entering.await.unwrap();
        assert!(is_refused(&outcome), "signed in on {}", stage.test_database.name);
    }
}

#[tokio::test]
async fn who_is_suspended_while_the_machine_ends_their_sessions_holds_nobody_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, mut ana) = (admin(&stage, "Admin").await, stage.person("Ana", &[]).await);
        for round in 0..6 {
            stage.authenticator(&ana).await;
            let suspending = async {
                let mut change = by(&stage, &boss).await;
                member::suspend(&mut change, ana.member_id).await?;
                change.finish().await
            };
            let removing = recovery::remove_second_factor(&stage.installation, &ana.email);
            let (suspended, removed) = tokio::join!(suspending, removing);
            assert!(suspended.is_ok() && removed.is_ok(), "{round}: {suspended:?} {removed:?}");
            let mut change = by(&stage, &boss).await;
            member::reinstate(&mut change, ana.member_id).await.unwrap();
            change.finish().await.unwrap();
            ana = stage.sign_in(&ana.email).await;
        }
    }
}

#[tokio::test]
async fn one_code_passes_once_however_many_give_it_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let app = stage.authenticator(&ana).await;
        let (code, origin) = (app.code(), Origin::default());
        let tries = (0..4).map(async |_| {
            let done = second_factor::step_up(&stage.installation, &ana.viewer, &code, &origin).await;
            done.map(|renewed| renewed.session.session_id)
        });
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(passed(&outcomes), 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn an_invitation_is_accepted_once_however_many_do_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = admin(&stage, "Admin").await;
        let mut change = by(&stage, &boss).await;
        let invite = Invite { name: "Nina", email: "nina@x.example", locale: "pt-BR", grants: vec![] };
        invitation::invite(&mut change, invite).await.unwrap();
        change.finish().await.unwrap();
        let token = stage.token_for("nina@x.example").await;
        let tries = (0..3).map(|_| {
            let acceptance = Acceptance {
                token: &token,
                name: None,
                password: PASSWORD,
                code: None,
                origin: Origin::default(),
            };
            accept(&stage.installation, acceptance)
        });
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(passed(&outcomes), 1, "on {}", stage.test_database.name);
    }
}

#[tokio::test]
async fn an_emergency_is_taken_on_once_and_a_grant_changed_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Admin").await, stage.person("Ana", &[]).await);
        let reader = stage.installation.database.reader();
        let role = role::built_in(reader, stage.workspace_id, BuiltInRole::Agent).await.unwrap();
        let mut change = by(&stage, &boss).await;
        let new = NewEligibility {
            member_id: ana.member_id,
            role_id: role.id,
            scope: Scope::Workspace,
            max_hours: 2,
            reason: "on call",
        };
        let eligibility = emergency::allow(&mut change, new).await.unwrap();
        change.finish().await.unwrap();
        let emergency = Emergency { eligibility_id: eligibility.id, hours: 1, reason: "fire" };
        let tries = (0..3).map(|_| emergency::activate(&stage.installation, &ana.viewer, emergency));
        let outcomes = futures_util::future::join_all(tries).await;
        assert_eq!(passed(&outcomes), 1, "{outcomes:?}");
        let grant = outcomes.into_iter().find_map(Result::ok).unwrap();
        let narrower = Amendment {
            scope: Scope::Channel(stage.sales),
            valid_from: None,
            valid_until: grant.valid_until,
            reason: "only there",
        };
        let changes = (0..3).map(|_| async {
            let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await?;
            grant::change(&mut change, grant.id, narrower).await?;
            change.finish().await
        });
        let outcomes = futures_util::future::join_all(changes).await;
        assert_eq!(passed(&outcomes), 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn nobody_is_forgotten_who_is_becoming_a_member_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (admin, ana) = (admin(&stage, "Helena").await, stage.person("Ana", &[]).await);
        let mut change = by(&stage, &admin).await;
        member::remove(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        if stage.installation.database.is_sqlite() {
            // One after the other, whoever comes first.
            continue;
        }
        let (other, ..) = stage.another_workspace().await;
        let elsewhere = stage.installation.database.begin().await.unwrap();
        let new = member::NewMember { name: "Ana", email: &ana.email, locale: "pt-BR", password_hash: None };
        member::create(&elsewhere, &stage.installation, other, new).await.unwrap();
        let mut change = by(&stage, &admin).await;
        let beside = member::erase(&mut change, ana.member_id, "asked for").await;
        assert!(matches!(beside, Err(Error::Busy)), "{beside:?}");
        drop(change);
        elsewhere.commit().await.unwrap();
        let mut change = by(&stage, &admin).await;
        let erased = member::erase(&mut change, ana.member_id, "asked for").await.unwrap();
        change.finish().await.unwrap();
        assert!(!erased.account, "she has it still");
        stage.sign_in(&ana.email).await;
    }
}
