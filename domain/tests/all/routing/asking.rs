//! What a conversation asks for beside who is permitted: a skill, a turn, hours; and targets that are watched.

use portaria_domain::alert;
use portaria_domain::business_hours::{self, BusinessHours, Exception, Place, Span, WeeklySpan};
use portaria_domain::error::Refusal;
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;
use portaria_domain::routing::setting::{TeamRouting, update_team};
use portaria_domain::{Error, Result, label, target};
use portaria_entity::alert::AlertKind;
use portaria_entity::id::LabelId;
use portaria_entity::team_routing::RoutingRule;
use portaria_testing::Person;

use super::*;

const AGENT: BuiltInRole = BuiltInRole::Agent;
const MINUTE: Duration = Duration::from_secs(60);

async fn chief(stage: &Stage) -> Person {
    let admin = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

async fn changing<'a>(stage: &'a Stage, admin: &'a Person) -> Change<'a> {
    Change::by(&stage.installation, &admin.viewer, &[Permission::TeamManage]).await.unwrap()
}

async fn set(stage: &Stage, admin: &Person, team: TeamId, setting: TeamRouting) {
    let mut change = changing(stage, admin).await;
    update_team(&mut change, team, setting).await.unwrap();
    change.finish().await.unwrap();
}

async fn hours(stage: &Stage, admin: &Person, place: Place, set: Option<&BusinessHours>) -> Result<()> {
    let mut change = changing(stage, admin).await;
    business_hours::set(&mut change, place, set).await?;
    change.finish().await
}

/// Nine to six on working days; the stage's clock begins on a Monday at nine in São Paulo.
fn office() -> BusinessHours {
    let weekly = (1..=5).map(|weekday| WeeklySpan { weekday, span: Span { from: 540, until: 1080 } });
    BusinessHours {
        time_zone: "America/Sao_Paulo".to_owned(),
        weekly: weekly.collect(),
        exceptions: vec![Exception { date: "2026-03-03".to_owned(), spans: Vec::new() }],
    }
}

#[tokio::test]
async fn a_skill_is_waited_for_and_then_done_without() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = chief(&stage).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await.member_id;
        let change = changing(&stage, &admin).await;
        let english = label::create(&change, " Inglês ", true).await.unwrap().id;
        let vip = label::create(&change, "VIP", false).await.unwrap().id;
        assert!(matches!(
            label::create(&change, "inglês", false).await,
            Err(Error::Refused(Refusal::NameTaken))
        ));
        assert!(matches!(
            label::set_skills(&change, bia, &[vip]).await,
            Err(Error::Refused(Refusal::NotASkill))
        ));
        label::set_skills(&change, bia, &[english]).await.unwrap();
        change.finish().await.unwrap();

        let asks = async |labels: &[LabelId]| {
            let waiting = somebody_writes(&stage, stage.sales, None).await;
            label::mark(&stage.installation, &admin.viewer, waiting.conversation_id, labels).await.unwrap();
            waiting
        };
        let first = asks(&[english, vip]).await;
        assert_eq!(route(&stage, &first).await, Some(bia), "{}", stage.test_database.name);
        assert_eq!(verdicts(&stage).await[&ana.member_id], Verdict::LacksSkill);
        assert_eq!(route(&stage, &asks(&[vip]).await).await, Some(ana.member_id));
        let unmarked = label::mark(&stage.installation, &ana.viewer, first.conversation_id, &[]).await;
        assert!(matches!(unmarked, Err(Error::NotFound)), "it is Bia's");

        set_member(&stage, bia, |row| row.availability = Set(Availability::Offline)).await;
        let second = asks(&[english]).await;
        assert_eq!(route(&stage, &second).await, None);
        stage.clock.advance(9 * MINUTE - Duration::from_secs(60));
        assert_eq!(drain(&stage.installation).await.unwrap(), 0, "there is hope still");
        stage.clock.advance(MINUTE);
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        let row = conversation_row(&stage, second.conversation_id).await;
        assert_eq!(row.assignee_id, Some(ana.member_id), "better than nobody");
    }
}

#[tokio::test]
async fn a_teams_rule_says_whose_turn_it_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = chief(&stage).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await.member_id;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await.member_id;
        let team = stage.team("Dia", &[ana, bia], &[stage.sales]).await;
        let setting = TeamRouting { rule: RoutingRule::RoundRobin, sticky: false, ..TeamRouting::default() };
        set(&stage, &admin, team, setting).await;
        let mut taken = Vec::new();
        for _ in 0..3 {
            let waiting = somebody_writes(&stage, stage.sales, Some(team)).await;
            let back = Waiting { last_assignee: Some(bia), ..waiting };
            taken.push(route(&stage, &back).await.unwrap());
        }
        assert_eq!(taken, [ana, bia, ana], "{}", stage.test_database.name);
        // Ana has two, and it is still her turn after Bia's.
        assert_eq!(verdicts(&stage).await[&ana], Verdict::Chosen { reason: ChoiceReason::NextInTurn });
        let never = TeamRouting { at_risk_percent: 0, ..setting };
        let mut change = changing(&stage, &admin).await;
        let refused = update_team(&mut change, team, never).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::InvalidPeriod))));
    }
}

#[tokio::test]
async fn outside_of_hours_nobody_is_given_anything() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = chief(&stage).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await.member_id;
        let place = Place::Channel(stage.sales);
        let nowhere = BusinessHours { time_zone: "America/Nowhere".to_owned(), ..office() };
        let refused = hours(&stage, &admin, place, Some(&nowhere)).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::InvalidPeriod))));
        hours(&stage, &admin, place, Some(&office())).await.unwrap();
        let first = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &first).await, Some(ana), "{}", stage.test_database.name);
        stage.clock.advance(10 * 60 * MINUTE);
        let late = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &late).await, None);
        assert_eq!(verdicts(&stage).await[&ana], Verdict::OutOfHours);
        let elsewhere = somebody_writes(&stage, stage.support, None).await;
        assert_eq!(route(&stage, &elsewhere).await, Some(ana), "the other number has no hours");

        // Nobody is woken at night because a customer waits.
        stage.clock.advance(60 * MINUTE);
        target::watch(&stage.installation).await.unwrap();
        assert!(open_alerts(&stage, &admin).await.is_empty());
        stage.clock.advance(24 * 60 * MINUTE);
        assert_eq!(drain(&stage.installation).await.unwrap(), 0, "Tuesday is a holiday");
        stage.clock.advance(14 * 60 * MINUTE);
        assert_eq!(drain(&stage.installation).await.unwrap(), 1, "on Wednesday somebody is there");
        let admin = stage.step_up(&stage.sign_in(&admin.email).await).await;
        hours(&stage, &admin, place, None).await.unwrap();
        let read = business_hours::of(stage.installation.database.reader(), stage.workspace_id, place).await;
        assert_eq!(read.unwrap(), None);
    }
}

async fn open_alerts(stage: &Stage, admin: &Person) -> Vec<(AlertKind, String)> {
    let reader = stage.installation.database.reader();
    let rows = alert::page(reader, &admin.viewer, Some(true), None, 10).await.unwrap();
    rows.into_iter().map(|row| (row.kind, row.details)).collect()
}

#[tokio::test]
async fn who_waits_for_too_long_is_an_alert_until_somebody_takes_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = chief(&stage).await;
        let waiting = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &waiting).await, None);
        stage.clock.advance(13 * MINUTE);
        target::watch(&stage.installation).await.unwrap();
        assert!(open_alerts(&stage, &admin).await.is_empty(), "{}", stage.test_database.name);
        stage.clock.advance(MINUTE);
        target::watch(&stage.installation).await.unwrap();
        let open = open_alerts(&stage, &admin).await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].0, AlertKind::WaitingTooLong);
        assert!(open[0].1.contains("Vendas"), "{}", open[0].1);
        stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        target::watch(&stage.installation).await.unwrap();
        assert!(open_alerts(&stage, &admin).await.is_empty(), "it is settled");
    }
}

#[tokio::test]
async fn a_target_is_told_of_before_it_is_missed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = chief(&stage).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let team = stage.team("Dia", &[ana.member_id], &[stage.sales]).await;
        let setting = TeamRouting {
            first_response_minutes: Some(30),
            resolution_minutes: Some(9 * 60 + 30),
            ..TeamRouting::default()
        };
        set(&stage, &admin, team, setting).await;
        hours(&stage, &admin, Place::Team(team), Some(&office())).await.unwrap();
        let waiting = somebody_writes(&stage, stage.sales, Some(team)).await;
        let began = waiting.since;
        assert_eq!(route(&stage, &waiting).await, Some(ana.member_id), "{}", stage.test_database.name);
        let find = episode::Entity::find_by_id((stage.workspace_id, waiting.episode_id));
        let row = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(row.first_response_due_at, Some(began + 30 * MINUTE));
        // Nine hours to Monday's evening, Tuesday is a holiday, and the rest on Wednesday.
        assert_eq!(row.resolution_due_at, Some(began + (2 * 24 * 60 + 30) * MINUTE));

        stage.clock.advance(20 * MINUTE);
        target::watch(&stage.installation).await.unwrap();
        assert!(open_alerts(&stage, &admin).await.is_empty());
        stage.clock.advance(5 * MINUTE);
        target::watch(&stage.installation).await.unwrap();
        let open = open_alerts(&stage, &admin).await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].0, AlertKind::TargetAtRisk);
        assert!(stage.clock.now() < began + 30 * MINUTE, "before it is missed");
        resolve(&stage.installation, &ana.viewer, waiting.conversation_id).await.unwrap();
        target::watch(&stage.installation).await.unwrap();
        assert!(open_alerts(&stage, &admin).await.is_empty());
    }
}
