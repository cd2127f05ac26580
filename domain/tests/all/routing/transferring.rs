//! Handing conversations from team to team, and what time counts for their targets.

use portaria_domain::business_hours::{BusinessHours, Span, WeeklySpan};
use portaria_domain::conversation::{Assignment, assign, find, snooze, transfer, transfers, wake};
use portaria_domain::error::Refusal;
use portaria_domain::{Error, Result, target};
use portaria_entity::activity;
use portaria_entity::time::Timestamp;
use portaria_testing::Person;
use sea_orm::ConnectionTrait;

use super::*;

const AGENT: BuiltInRole = BuiltInRole::Agent;
const MINUTE: Duration = Duration::from_secs(60);

fn refusal<T>(outcome: &Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        Ok(_) | Err(_) => None,
    }
}

async fn run(stage: &Stage, sql: &str, values: Vec<sea_orm::Value>) {
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
}

/// Sets within how many minutes a team means to answer and to be done.
async fn mean_to(stage: &Stage, team: TeamId, (answer, resolve): (i32, i32)) {
    let sql = "INSERT INTO team_routings (workspace_id, team_id, rule, sticky, first_response_minutes, \
               resolution_minutes, at_risk_percent) VALUES ($1, $2, 'least_loaded', TRUE, $3, $4, 50)";
    let values = vec![stage.workspace_id.0.into(), team.0.into(), answer.into(), resolve.into()];
    run(stage, sql, values).await;
}

async fn episode_of(stage: &Stage, id: ConversationId) -> episode::Model {
    let key = (stage.workspace_id, conversation_row(stage, id).await.episode_id.unwrap());
    episode::Entity::find_by_id(key).one(stage.installation.database.reader()).await.unwrap().unwrap()
}

/// Two teams of sales with somebody in each, and a conversation of the first with who is there.
async fn two_teams(stage: &Stage) -> (Person, Person, [TeamId; 2], Waiting) {
    let ana = stage.person("Ana", &[(AGENT, Scope::Channel(stage.sales))]).await;
    let bia = stage.person("Bia", &[(AGENT, Scope::Channel(stage.sales))]).await;
    let day = stage.team("Dia", &[ana.member_id], &[stage.sales]).await;
    let night = stage.team("Noite", &[bia.member_id], &[stage.sales]).await;
    mean_to(stage, day, (10, 60)).await;
    mean_to(stage, night, (30, 120)).await;
    let waiting = somebody_writes(stage, stage.sales, Some(day)).await;
    let values = vec![waiting.episode_id.0.into(), waiting.since.0.into()];
    run(stage, "UPDATE episodes SET called_at = $2 WHERE id = $1", values).await;
    assert_eq!(route(stage, &waiting).await, Some(ana.member_id));
    (ana, bia, [day, night], waiting)
}

#[tokio::test]
async fn who_hands_a_conversation_to_another_team_loses_it_and_the_team_finds_somebody() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia, [day, night], waiting) = two_teams(&stage).await;
        let (installation, id) = (&stage.installation, waiting.conversation_id);
        let before = episode_of(&stage, id).await;
        let elsewhere = stage.team("Outra", &[ana.member_id], &[stage.support]).await;
        let to = async |person: &Person, team| {
            transfer(installation, &person.viewer, id, (team, Some(" ok "))).await
        };
        assert_eq!(refusal(&to(&ana, Some(elsewhere)).await), Some(Refusal::NotServed));
        assert_eq!(refusal(&to(&ana, Some(day)).await), Some(Refusal::SameTeam));
        let long = "x".repeat(2_001);
        let outcome = transfer(installation, &ana.viewer, id, (Some(night), Some(&long))).await;
        assert_eq!(refusal(&outcome), Some(Refusal::TextTooLong));
        assert!(matches!(to(&bia, Some(night)).await, Err(Error::NotFound)), "it is not hers to hand over");

        assert!(
            to(&ana, Some(night)).await.unwrap().is_none(),
            "{}: she sees it no more",
            stage.test_database.name
        );
        let row = conversation_row(&stage, id).await;
        assert_eq!((row.team_id, row.assignee_id), (Some(night), Some(bia.member_id)));
        let reader = installation.database.reader();
        let latest =
            routing_decision::Entity::find().order_by_desc(routing_decision::Column::Id).one(reader).await;
        assert_eq!(latest.unwrap().unwrap().cause, RoutingCause::Transferred);
        let after = episode_of(&stage, id).await;
        let moved = |at: Option<Timestamp>, by: u32| at.map(|at| at + MINUTE * by);
        assert_eq!(after.first_response_due_at, moved(before.first_response_due_at, 20));
        assert_eq!(after.resolution_due_at, moved(before.resolution_due_at, 60));
        let seen = find(reader, &bia.viewer, id).await.unwrap();
        let told = transfers(reader, &seen, 10).await.unwrap();
        let told: Vec<_> =
            told.iter().map(|one| (one.from_team_id, one.to_team_id, one.note.as_deref())).collect();
        assert_eq!(told, [(Some(day), Some(night), Some("ok"))]);
        let log = activity::Entity::find().all(reader).await.unwrap();
        assert!(log.iter().any(|row| row.action == "conversation.transferred"));
    }
}

#[tokio::test]
async fn who_is_in_the_new_team_keeps_it_and_who_gave_it_back_in_the_old_may_have_it_in_the_new() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia, [_, night], waiting) = two_teams(&stage).await;
        let (installation, id) = (&stage.installation, waiting.conversation_id);
        let chief = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let both = stage.team("Todas", &[ana.member_id, bia.member_id], &[stage.sales]).await;
        let ana = stage.sign_in(&ana.email).await;
        let kept = transfer(installation, &ana.viewer, id, (Some(both), None)).await.unwrap().unwrap();
        assert_eq!(kept.row.assignee_id, Some(ana.member_id), "{}", stage.test_database.name);
        assert_eq!(
            episode_of(&stage, id).await.resolution_due_at,
            None,
            "that team means nothing of the kind"
        );

        // Nobody of the night may have it twice, but another team starts afresh.
        assign(installation, &ana.viewer, id, Assignment::Nobody).await.unwrap();
        set_member(&stage, bia.member_id, |row| row.availability = Set(Availability::Offline)).await;
        assert_eq!(drain(installation).await.unwrap(), 0);
        assert_eq!(verdicts(&stage).await[&ana.member_id], Verdict::Declined);
        let seen = transfer(installation, &chief.viewer, id, (Some(night), None)).await.unwrap();
        assert_eq!(seen.unwrap().row.assignee_id, None, "who is there is away");
        assert_eq!(verdicts(&stage).await[&ana.member_id], Verdict::NotInTeam);
        let seen = transfer(installation, &chief.viewer, id, (None, None)).await.unwrap();
        assert_eq!(
            seen.unwrap().row.assignee_id,
            Some(ana.member_id),
            "no team's: of those who look after the number"
        );
    }
}

#[tokio::test]
async fn the_time_for_targets_stands_still_while_a_conversation_is_put_off() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, [day, night], waiting) = two_teams(&stage).await;
        let (installation, id) = (&stage.installation, waiting.conversation_id);
        let before = episode_of(&stage, id).await;
        let later = |at: Option<Timestamp>, minutes: u32| at.map(|at| at + MINUTE * minutes);
        let until = |minutes: u32| stage.clock.now() + MINUTE * minutes;
        snooze(installation, &ana.viewer, id, until(30)).await.unwrap();
        let planned = episode_of(&stage, id).await;
        assert_eq!(planned.put_off_at, Some(stage.clock.now()));
        assert_eq!(planned.resolution_due_at, later(before.resolution_due_at, 30), "as it will be then");
        stage.clock.advance(MINUTE * 10);
        // Put off again, and open earlier than was meant.
        snooze(installation, &ana.viewer, id, until(100)).await.unwrap();
        stage.clock.advance(MINUTE * 5);
        let row = conversation_row(&stage, id).await;
        target::go_on(installation.database.writer(), &installation.database, &row, stage.clock.now())
            .await
            .unwrap();
        let after = episode_of(&stage, id).await;
        assert_eq!(
            (after.put_off_at, after.put_off_micros),
            (None, 15 * 60_000_000),
            "{}",
            stage.test_database.name
        );
        assert_eq!(after.resolution_due_at, later(before.resolution_due_at, 15));
        assert_eq!(after.first_response_risk_at, later(before.first_response_risk_at, 15));

        // What was missed already stays missed; woken late, only the time that was meant counts.
        run(
            &stage,
            "UPDATE conversations SET status = 'open', snoozed_until = NULL WHERE id = $1",
            vec![id.0.into()],
        )
        .await;
        stage.clock.advance(MINUTE * 30);
        snooze(installation, &ana.viewer, id, until(20)).await.unwrap();
        stage.clock.advance(MINUTE * 50);
        assert_eq!(wake(installation).await.unwrap(), 1);
        let woken = episode_of(&stage, id).await;
        assert_eq!(woken.first_response_due_at, after.first_response_due_at);
        assert_eq!(woken.resolution_due_at, later(after.resolution_due_at, 20));

        // Another team's targets leave the time out that was left out before.
        transfer(installation, &ana.viewer, id, (Some(night), None)).await.unwrap();
        let moved = episode_of(&stage, id).await;
        assert_eq!(moved.resolution_due_at, later(before.resolution_due_at, 60 + 35));
        assert_ne!(day, night);
    }
}

#[tokio::test]
async fn only_time_in_which_somebody_works_there_is_put_off() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, [day, _], waiting) = two_teams(&stage).await;
        let (installation, id) = (&stage.installation, waiting.conversation_id);
        // Monday noon in UTC is where the stage begins: the team is there until one, and on Tuesday again.
        let span = Span { from: 8 * 60, until: 13 * 60 };
        let weekly: Vec<_> = (1..=5).map(|weekday| WeeklySpan { weekday, span }).collect();
        let hours = BusinessHours { time_zone: "UTC".to_owned(), weekly, exceptions: Vec::new() };
        let hours_id: portaria_entity::id::BusinessHoursId = stage.clock.new_id();
        let sql = "INSERT INTO business_hours (workspace_id, id, team_id, time_zone, weekly, exceptions) \
                   VALUES ($1, $2, $3, $4, $5, '[]')";
        let weekly = serde_json::to_string(&hours.weekly).unwrap();
        let values = vec![
            stage.workspace_id.0.into(),
            hours_id.0.into(),
            day.0.into(),
            hours.time_zone.into(),
            weekly.into(),
        ];
        run(&stage, sql, values).await;
        let due = episode_of(&stage, id).await.first_response_due_at.unwrap();
        let now = stage.clock.now();
        let noon = portaria_testing::START;
        assert!(due > now && due < noon + MINUTE * 60);
        // Until Tuesday at nine: what is left of Monday, and an hour of Tuesday.
        snooze(installation, &ana.viewer, id, noon + MINUTE * (21 * 60)).await.unwrap();
        let planned = episode_of(&stage, id).await.first_response_due_at.unwrap();
        let left = due.since(now);
        assert_eq!(planned, noon + MINUTE * (21 * 60) + left, "{}", stage.test_database.name);
    }
}
