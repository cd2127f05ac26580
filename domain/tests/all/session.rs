//! Sessions: their limits in every process, who sees and ends them, and going to another workspace.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::member::{self, NewMember};
use portaria_domain::permission::Permission;
use portaria_domain::sealing::KeyRing;
use portaria_domain::session_policy::{self, SessionPolicy};
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::Use;
use portaria_domain::{Installation, Result, session};
use portaria_entity::id::WorkspaceId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

use BuiltInRole::{Administrator, Agent, Support};

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// Another process over the same database.
fn another_process(stage: &Stage) -> Installation {
    let database = stage.installation.database.clone();
    Installation::new(database, stage.clock.clone(), KeyRing::ephemeral().unwrap(), "http://portaria.test")
}

async fn uses(process: &Installation, person: &Person) -> bool {
    process.viewers.refresh_epochs().await.unwrap();
    process.viewers.resolve(TokenHash::of(&person.token)).await.unwrap().is_some()
}

async fn admin(stage: &Stage) -> Person {
    let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

async fn set_policy(
    stage: &Stage,
    by: &Person,
    idle_minutes: i32,
    lifetime_minutes: i32,
) -> Result<SessionPolicy> {
    let needed = [Permission::SecurityPolicyManage];
    let mut change = Change::by(&stage.installation, &by.viewer, &needed).await?;
    let policy =
        session_policy::update(&mut change, SessionPolicy { idle_minutes, lifetime_minutes }).await?;
    change.finish().await?;
    Ok(policy)
}

/// The same person as a member of another workspace.
async fn joins(stage: &Stage, workspace: WorkspaceId, person: &Person) {
    let transaction = stage.installation.database.begin().await.unwrap();
    let new = NewMember { name: "x", email: &person.email, locale: "en", password_hash: None };
    member::create(&transaction, &stage.installation, workspace, new).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn actions(stage: &Stage, workspace: WorkspaceId) -> Vec<String> {
    let database = &stage.installation.database;
    let sql = "SELECT action FROM activities WHERE workspace_id = $1 ORDER BY id";
    let rows = database.reader().query_all_raw(database.statement(sql, [workspace.0.into()])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn refusal<T>(outcome: Result<T>) -> Refusal {
    match outcome.map(|_| ()) {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_that_lies_idle_ends_and_one_in_use_does_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let this = &stage.installation;
        for _ in 0..3 {
            stage.clock.advance(11 * HOUR);
            assert!(uses(this, &ana).await, "in use, and nothing of it written down yet");
        }
        stage.clock.advance(11 * HOUR);
        this.viewers.access_changed(stage.workspace_id);
        assert!(uses(this, &ana).await, "also when the viewer is read anew");
        stage.clock.advance(12 * HOUR - MINUTE);
        let open = session::of_viewer(this.database.reader(), &ana.viewer, stage.clock.now());
        this.viewers.flush_last_use().await.unwrap();
        assert_eq!(open.await.unwrap().len(), 1);
        stage.clock.advance(MINUTE);
        assert!(!uses(this, &ana).await, "twelve hours");
        this.viewers.flush_last_use().await.unwrap();
        assert!(!uses(this, &ana).await, "and trying does not wake it");
        assert!(!uses(&another_process(&stage), &ana).await, "in no process");
        let open = session::of_viewer(this.database.reader(), &ana.viewer, stage.clock.now());
        assert!(open.await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn use_in_one_process_counts_in_every_other_and_outlives_a_killed_one() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let (here, there) = (&stage.installation, another_process(&stage));
        assert!(uses(here, &ana).await && uses(&there, &ana).await);
        stage.clock.advance(11 * HOUR);
        assert!(uses(&there, &ana).await);
        there.viewers.flush_last_use().await.unwrap();
        stage.clock.advance(2 * HOUR);
        assert!(uses(here, &ana).await, "what is cached here seems idle, and is in use there");
        here.viewers.flush_last_use().await.unwrap();
        stage.clock.advance(11 * HOUR);
        assert!(uses(&there, &ana).await);
        // Killed before it wrote that down.
        drop(there);
        stage.clock.advance(MINUTE);
        assert!(uses(&another_process(&stage), &ana).await, "a restart ends nothing");
        stage.clock.advance(HOUR);
        assert!(!uses(here, &ana).await, "it lasts from the last use that was written down, never longer");
    }
}

#[tokio::test]
async fn an_open_subscription_keeps_no_session_from_lying_idle() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let (viewers, token) = (&stage.installation.viewers, TokenHash::of(&ana.token));
        let looks_again = async || {
            viewers.refresh_epochs().await.unwrap();
            viewers.resolve_from(token, &Origin::default(), Use::DoesNotCount).await.unwrap().is_some()
        };
        for _ in 0..11 {
            stage.clock.advance(HOUR);
            assert!(looks_again().await);
        }
        stage.clock.advance(HOUR);
        assert!(!looks_again().await);
    }
}

#[tokio::test]
async fn a_shorter_limit_holds_for_open_sessions_and_a_longer_one_lengthens_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (admin, agent) = (admin(&stage).await, stage.person("Ana", &[(Agent, Scope::Workspace)]).await);
        let agent = stage.step_up(&agent).await;
        assert!(matches!(set_policy(&stage, &agent, 60, 60).await, Err(Error::Forbidden { .. })));
        for (idle, lifetime) in [(14, 600), (10_081, 43_200), (15, 59), (60, 43_201), (120, 90), (-5, 600)] {
            assert_eq!(
                refusal(set_policy(&stage, &admin, idle, lifetime).await),
                Refusal::InvalidPeriod,
                "{idle}"
            );
        }
        set_policy(&stage, &admin, 30, 8 * 60).await.unwrap();
        assert_eq!(stage.viewer(&agent.token).await.unwrap().session().unwrap().idle, 30 * MINUTE);
        stage.clock.advance(29 * MINUTE);
        assert!(uses(&stage.installation, &agent).await && uses(&stage.installation, &admin).await);
        for _ in 0..15 {
            stage.clock.advance(29 * MINUTE);
            assert!(uses(&stage.installation, &agent).await);
        }
        // 7:44 hours after it was opened.
        stage.clock.advance(16 * MINUTE);
        assert!(!uses(&stage.installation, &agent).await, "eight hours, in use or not");
        let told = actions(&stage, stage.workspace_id).await;
        assert_eq!(told.iter().filter(|action| *action == "session_policy.updated").count(), 1);

        let bia = stage.person("Bia", &[]).await;
        let admin = stage.sign_in(&admin.email).await;
        let admin = stage.step_up(&admin).await;
        set_policy(&stage, &admin, 7 * 24 * 60, 30 * 24 * 60).await.unwrap();
        stage.clock.advance(8 * HOUR);
        assert!(!uses(&stage.installation, &bia).await, "it was opened for eight hours");
    }
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions_everywhere_and_nobody_elses() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (outra, _, _) = stage.another_workspace().await;
        let ana = stage.person("Ana", &[]).await;
        let bia = stage.person("Bia", &[]).await;
        joins(&stage, outra, &ana).await;
        let (here, reader) = (&stage.installation, stage.installation.database.reader());
        let _user = ana.viewer.session().unwrap().user_id;
        let there = session::switch(here, &ana.viewer, outra, Origin::default()).await.unwrap();
        let second = stage.sign_in(&ana.email).await;
        let listed = session::of_viewer(reader, &ana.viewer, stage.clock.now()).await.unwrap();
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().any(|one| one.workspace == "Outra"));
        let members = [ana.member_id, bia.member_id];
        let of_members =
            session::of_members(reader, stage.workspace_id, &members, stage.clock.now()).await.unwrap();
        assert_eq!(of_members.len(), 3, "an administrator sees those of this workspace");

        let foreign = session::end_own(here, &bia.viewer, second.viewer.session().unwrap().session_id).await;
        assert!(matches!(foreign, Err(Error::NotFound)), "there is none such, as far as Bia knows");
        session::end_own(here, &ana.viewer, there.session.id).await.unwrap();
        assert!(stage.viewer(there.token.reveal()).await.is_none());
        let again = session::end_own(here, &ana.viewer, there.session.id).await;
        assert_eq!(refusal(again), Refusal::AlreadyEnded);
        assert!(actions(&stage, outra).await.contains(&"session.ended".to_owned()), "it is on record there");
        assert!(!actions(&stage, stage.workspace_id).await.contains(&"session.ended".to_owned()));

        assert_eq!(session::end_others(here, &ana.viewer).await.unwrap(), 1);
        assert!(stage.viewer(&second.token).await.is_none());
        assert!(stage.viewer(&ana.token).await.is_some() && stage.viewer(&bia.token).await.is_some());
    }
}

#[tokio::test]
async fn a_session_left_open_ends_no_other_but_itself() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let other = stage.sign_in(&ana.email).await;
        stage.clock.advance(HOUR + MINUTE);
        let here = &stage.installation;
        let id = other.viewer.session().unwrap().session_id;
        assert_eq!(refusal(session::end_own(here, &ana.viewer, id).await), Refusal::AuthenticationTooOld);
        assert_eq!(refusal(session::end_others(here, &ana.viewer).await), Refusal::AuthenticationTooOld);
        assert!(stage.viewer(&other.token).await.is_some());
        let own = ana.viewer.session().unwrap().session_id;
        session::end_own(here, &ana.viewer, own).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none());
    }
}

#[tokio::test]
async fn an_administrator_ends_a_members_sessions_here_and_nowhere_else() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (outra, _, _) = stage.another_workspace().await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        joins(&stage, outra, &ana).await;
        let there =
            session::switch(&stage.installation, &ana.viewer, outra, Origin::default()).await.unwrap();
        let end = async |by: &Person, whose: &Person| {
            let needed = [Permission::SessionRevoke];
            let mut change = Change::by(&stage.installation, &by.viewer, &needed).await?;
            session::end_of_member(&mut change, whose.member_id).await?;
            change.finish().await
        };
        let support = stage.person("Sup", &[(Support, Scope::Workspace)]).await;
        let support = stage.step_up(&support).await;
        assert!(matches!(end(&support, &ana).await, Err(Error::Forbidden { .. })));
        assert_eq!(refusal(end(&admin, &admin).await), Refusal::OwnAccess);
        end(&admin, &ana).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none(), "at once");
        assert!(stage.viewer(there.token.reveal()).await.is_some(), "not this workspace's to end");
        assert!(actions(&stage, stage.workspace_id).await.contains(&"member.sessions_ended".to_owned()));
        stage.sign_in(&ana.email).await;
        stage.clock.advance(2 * HOUR);
        assert!(matches!(end(&admin, &ana).await, Err(Error::StepUpRequired { .. })), "it is sensitive");
    }
}

#[tokio::test]
async fn switching_carries_over_what_was_proved_and_lengthens_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (outra, _, _) = stage.another_workspace().await;
        let (terceira, here) = (outra, &stage.installation);
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let refused = session::switch(here, &ana.viewer, terceira, Origin::default()).await;
        assert!(
            matches!(refused.map(drop), Err(Error::NotFound)),
            "not a member: there is no such workspace"
        );
        let same = session::switch(here, &ana.viewer, stage.workspace_id, Origin::default()).await;
        assert_eq!(refusal(same), Refusal::AlreadyActive);

        joins(&stage, outra, &ana).await;
        let ana = stage.step_up(&ana).await;
        let proved_at = stage.clock.now();
        stage.clock.advance(HOUR / 2);
        let there = session::switch(here, &ana.viewer, outra, Origin::default()).await.unwrap();
        let viewer = stage.viewer(there.token.reveal()).await.unwrap();
        let switched = viewer.session().unwrap();
        assert_eq!(viewer.workspace_id, outra);
        assert!(switched.second_factor && switched.authenticated_at == proved_at);
        assert_eq!(viewer.expires_at, ana.viewer.expires_at, "no session lasts longer for going round");
        assert!(viewer.access.everywhere().contains(Permission::WorkspaceRead));
        assert!(
            !viewer.access.everywhere().contains(Permission::MemberManage),
            "an administrator there only"
        );
        assert!(stage.viewer(&ana.token).await.is_some(), "the old one stays");
        let all = session::memberships(here.database.reader(), &ana.viewer).await.unwrap();
        assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Padaria", "Outra"]);

        // Who is shut out of a workspace is shut out of it this way too.
        let sql = "UPDATE members SET status = 'suspended' WHERE workspace_id = $1 AND user_id = $2";
        let values = [outra.0.into(), switched.user_id.0.into()];
        here.database.writer().execute_raw(here.database.statement(sql, values)).await.unwrap();
        let refused = session::switch(here, &ana.viewer, outra, Origin::default()).await;
        assert!(matches!(refused.map(drop), Err(Error::NotFound)));
        assert_eq!(session::memberships(here.database.reader(), &ana.viewer).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_proved_to_one_workspace_alone_leads_to_no_other() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (outra, _, _) = stage.another_workspace().await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        joins(&stage, outra, &ana).await;
        let (here, reader) = (&stage.installation, stage.installation.database.reader());
        session::switch(here, &ana.viewer, outra, Origin::default()).await.unwrap();
        let sql = "UPDATE sessions SET confined = $2 WHERE token_hash = $1";
        let values = [TokenHash::of(&ana.token).to_vec().into(), true.into()];
        here.database.writer().execute_raw(here.database.statement(sql, values)).await.unwrap();
        here.viewers.access_changed(stage.workspace_id);
        let ana = stage.viewer(&ana.token).await.unwrap();

        let refused = session::switch(here, &ana, outra, Origin::default()).await;
        assert!(matches!(refused.map(drop), Err(Error::Refused(Refusal::Confined))));
        let all = session::memberships(reader, &ana).await.unwrap();
        assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["Padaria"]);
        let listed = session::of_viewer(reader, &ana, stage.clock.now()).await.unwrap();
        assert!(!listed.is_empty() && listed.iter().all(|one| one.workspace == "Padaria"), "{listed:?}");
        session::end_others(here, &ana).await.unwrap();
        let there = "SELECT COUNT(*) FROM sessions WHERE workspace_id = $1 AND ended_at IS NULL";
        let row =
            reader.query_one_raw(here.database.statement(there, [outra.0.into()])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "the one in the other workspace goes on");
    }
}
