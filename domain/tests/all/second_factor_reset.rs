//! A colleague's lost second factor: who may take it away, who is told, and for how long the auditor reminds of it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::FactName;
use portaria_domain::audit::{Found, examine};
use portaria_domain::authentication::Origin;
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;
use portaria_domain::second_factor::reset::reset;
use portaria_domain::viewer::Viewer;
use portaria_domain::{recovery, second_factor, workspace};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::MemberId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Support};
use portaria_testing::{Person, Stage, databases};
use sea_orm::ConnectionTrait;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn by(stage: &Stage, who: &Person, whose: MemberId, reason: &str) -> Result<()> {
    let mut change = Change::by(&stage.installation, &who.viewer, &[Permission::MemberManage]).await?;
    reset(&mut change, whose, reason).await?;
    change.finish().await
}

async fn step_up(stage: &Stage, viewer: &Viewer, code: &str) -> Result<()> {
    second_factor::step_up(&stage.installation, viewer, code, &Origin::default()).await.map(drop)
}

fn refusal(outcome: &Result<()>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}

async fn texts(stage: &Stage, sql: &str) -> Vec<String> {
    let database = &stage.installation.database;
    let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Whether the auditor still tells of it, and whether there is a new one.
async fn reminded(stage: &Stage) -> Option<bool> {
    let reader = stage.installation.database.reader();
    let workspace = workspace::find(reader, stage.workspace_id).await.unwrap();
    let found = examine(&stage.installation, &workspace).await.unwrap().found;
    let reset = found.iter().find(|found| found.rule == AuditRule::SecondFactorReset);
    reset.map(|found| found.evidence.is(FactName::IsSetUpAgain))
}

#[tokio::test]
async fn a_lost_factor_is_taken_away_and_everybody_concerned_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let other = stage.person("Outra", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let app = stage.authenticator(&ana).await;
        let stale = by(&stage, &admin, ana.member_id, "lost her telephone").await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })), "{stale:?}");
        let admin = stage.step_up(&admin).await;
        let silent = by(&stage, &admin, ana.member_id, "  ").await;
        assert_eq!(refusal(&silent), Some(Refusal::ReasonMissing));
        by(&stage, &admin, ana.member_id, "lost her telephone, rang me").await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none(), "her sessions end");
        let again = stage.sign_in(&ana.email).await;
        let code = step_up(&stage, &again.viewer, &app.code()).await;
        assert_eq!(refusal(&code), Some(Refusal::NoSecondFactor), "the old one is gone");
        let twice = by(&stage, &admin, ana.member_id, "again").await;
        assert_eq!(refusal(&twice), Some(Refusal::NoSecondFactor));

        let mut told = texts(&stage, "SELECT to_address FROM outgoing_mails ORDER BY to_address").await;
        let mut expected = vec![admin.email.clone(), ana.email.clone(), other.email.clone()];
        expected.sort();
        told.dedup();
        assert_eq!(told, expected, "she, and who administers, whoever did it");
        let sql = "SELECT action FROM activities WHERE action LIKE 'member.second%'";
        assert_eq!(texts(&stage, sql).await, ["member.second_factor_reset"]);

        assert_eq!(reminded(&stage).await, Some(false));
        stage.clock.advance(DAY * 30);
        assert_eq!(reminded(&stage).await, Some(false), "as long as she has none");
        let again = stage.sign_in(&ana.email).await;
        stage.authenticator(&again).await;
        assert_eq!(reminded(&stage).await, None);
    }
}

#[tokio::test]
async fn the_auditor_reminds_for_a_week_even_of_who_has_a_new_one_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        stage.authenticator(&ana).await;
        // On the machine it is no less of a thing to know.
        recovery::remove_second_factor(&stage.installation, &ana.email).await.unwrap();
        assert_eq!(reminded(&stage).await, Some(false));
        let again = stage.sign_in(&ana.email).await;
        stage.authenticator(&again).await;
        assert_eq!(reminded(&stage).await, Some(true));
        stage.clock.advance(DAY * 7);
        assert_eq!(reminded(&stage).await, Some(true));
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!(reminded(&stage).await, None);
    }
}

#[tokio::test]
async fn an_administrators_lost_factor_is_the_worst() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        for (name, role, scope, expected) in [
            ("Admin", Administrator, Scope::Workspace, Severity::Critical),
            ("Vendas", Administrator, Scope::Channel(stage.sales), Severity::High),
            ("Ana", Agent, Scope::Workspace, Severity::High),
        ] {
            let person = stage.person(name, &[(role, scope)]).await;
            stage.authenticator(&person).await;
            recovery::remove_second_factor(&stage.installation, &person.email).await.unwrap();
            let reader = stage.installation.database.reader();
            let workspace = workspace::find(reader, stage.workspace_id).await.unwrap();
            let found = examine(&stage.installation, &workspace).await.unwrap().found;
            let of_person = |found: &&Found| {
                found.rule == AuditRule::SecondFactorReset && found.about.member() == Some(person.member_id)
            };
            assert_eq!(found.iter().find(of_person).map(|found| found.severity), Some(expected), "{name}");
        }
    }
}

#[tokio::test]
async fn nobody_resets_their_own_a_mightier_ones_or_that_of_who_is_elsewhere_too() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.step_up(&stage.person("Admin", &[(Administrator, Scope::Workspace)]).await).await;
        let own = by(&stage, &admin, admin.member_id, "mine").await;
        assert_eq!(refusal(&own), Some(Refusal::OwnAccess));
        let agent = stage.step_up(&stage.person("Ana", &[(Agent, Scope::Workspace)]).await).await;
        stage.authenticator(&admin).await;
        let forbidden = by(&stage, &agent, admin.member_id, "hers").await;
        assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "{forbidden:?}");

        let bia = stage.person("Bia", &[(Support, Scope::Workspace)]).await;
        let app = stage.authenticator(&bia).await;
        let (other, _, _) = stage.another_workspace().await;
        let database = &stage.installation.database;
        let user = bia.viewer.session().unwrap().user_id;
        let id: MemberId = stage.clock.new_id();
        let sql = "INSERT INTO members (workspace_id, id, user_id, status, availability, capacity, created_at) VALUES ($1, $2, $3, 'suspended', 'available', 5, $4)";
        let values = [other.0.into(), id.0.into(), user.0.into(), stage.clock.now().0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let elsewhere = by(&stage, &admin, bia.member_id, "lost").await;
        assert_eq!(refusal(&elsewhere), Some(Refusal::InAnotherWorkspace));
        let viewer = stage.viewer(&bia.token).await.expect("her session goes on");
        let code = step_up(&stage, &viewer, &app.code()).await;
        assert!(code.is_ok(), "and her app is what it was");
        assert!(texts(&stage, "SELECT subject FROM outgoing_mails").await.is_empty(), "nothing to tell");
        let sql = "UPDATE members SET status = 'removed' WHERE workspace_id = $1";
        database.writer().execute_raw(database.statement(sql, [other.0.into()])).await.unwrap();
        by(&stage, &admin, bia.member_id, "lost").await.unwrap();
    }
}
