//! Escalating: who receives it, who loses it, and what is put down.

use portaria_domain::conversation::{Assignment, assign, escalate, escalations, find};
use portaria_domain::error::Refusal;
use portaria_domain::{Error, Result};
use portaria_entity::activity;

use super::*;

const AGENT: BuiltInRole = BuiltInRole::Agent;

fn refusal<T>(outcome: &Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        Ok(_) | Err(_) => None,
    }
}

#[tokio::test]
async fn an_escalated_conversation_goes_to_who_receives_escalations_alone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let waiting = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &waiting).await, Some(ana.member_id));
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        let id = waiting.conversation_id;
        let installation = &stage.installation;
        let without = escalate(installation, &ana.viewer, id, " \n").await;
        assert_eq!(refusal(&without), Some(Refusal::ReasonMissing), "{}", stage.test_database.name);
        assert!(matches!(escalate(installation, &bia.viewer, id, "x").await, Err(Error::NotFound)));

        // Nobody there receives escalations: it waits, and no agent is given it, nor takes it.
        assert!(
            escalate(installation, &ana.viewer, id, "Quer falar com a gerência").await.unwrap().is_some()
        );
        let row = conversation_row(&stage, id).await;
        assert_eq!((row.assignee_id, row.escalated_at), (None, Some(stage.clock.now())));
        assert_eq!(drain(installation).await.unwrap(), 0);
        let missing = vec!["conversation:receive_escalation".to_owned()];
        assert_eq!(verdicts(&stage).await[&bia.member_id], Verdict::NotPermitted { missing });
        for person in [&ana, &bia] {
            assert!(matches!(claim(installation, &person.viewer, id).await, Err(Error::Forbidden { .. })));
        }

        // An ordinary conversation that waits longer comes after it.
        let admin = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        assert_eq!(drain(installation).await.unwrap(), 1);
        let row = conversation_row(&stage, id).await;
        assert_eq!(row.assignee_id, Some(admin.member_id));
        let reader = installation.database.reader();
        let seen = find(reader, &admin.viewer, id).await.unwrap();
        let told = escalations(reader, &seen, 10).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].reason.as_str(), told[0].member_id),
            ("Quer falar com a gerência", Some(ana.member_id))
        );
        let log = activity::Entity::find().all(reader).await.unwrap();
        assert!(log.iter().any(|row| row.action == "conversation.escalated"));
        assert!(matches!(find(reader, &ana.viewer, id).await, Err(Error::NotFound)), "who had it lost it");

        // Handed back, it is escalated no more.
        assign(installation, &admin.viewer, id, Assignment::Member(ana.member_id)).await.unwrap();
        let row = conversation_row(&stage, id).await;
        assert_eq!((row.assignee_id, row.escalated_at), (Some(ana.member_id), None));
    }
}

#[tokio::test]
async fn an_escalation_goes_to_the_teams_own_first_and_before_who_waits_longer() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let chief = stage.person("Chefe", &[(BuiltInRole::Administrator, Scope::Workspace)]).await.member_id;
        let senior =
            stage.person("Senior", &[(BuiltInRole::Administrator, Scope::Workspace)]).await.member_id;
        let team = stage.team("Noite", &[ana.member_id, senior], &[stage.sales]).await;
        set_member(&stage, senior, |row| row.availability = Set(Availability::Busy)).await;
        let first = somebody_writes(&stage, stage.sales, Some(team)).await;
        assert_eq!(route(&stage, &first).await, Some(ana.member_id));
        set_member(&stage, senior, |row| row.availability = Set(Availability::Available)).await;
        let done =
            escalate(&stage.installation, &ana.viewer, first.conversation_id, "difícil").await.unwrap();
        assert!(done.is_none(), "{}", stage.test_database.name);
        assert_eq!(conversation_row(&stage, first.conversation_id).await.assignee_id, Some(senior));
        let latest = routing_decision::Entity::find().order_by_desc(routing_decision::Column::Id);
        let latest = latest.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(latest.cause, RoutingCause::Escalated);

        // With one place left, what is escalated is before what waits longer.
        set_member(&stage, chief, |row| row.availability = Set(Availability::Offline)).await;
        set_member(&stage, senior, |row| row.capacity = Set(1)).await;
        let second = somebody_writes(&stage, stage.sales, Some(team)).await;
        assert_eq!(route(&stage, &second).await, Some(ana.member_id));
        set_member(&stage, ana.member_id, |row| row.availability = Set(Availability::Offline)).await;
        let older = somebody_writes(&stage, stage.sales, Some(team)).await;
        assert_eq!(route(&stage, &older).await, None);
        escalate(&stage.installation, &ana.viewer, second.conversation_id, "difícil").await.unwrap();
        set_member(&stage, senior, |row| row.capacity = Set(2)).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        assert_eq!(conversation_row(&stage, second.conversation_id).await.assignee_id, Some(senior));
        assert_eq!(conversation_row(&stage, older.conversation_id).await.assignee_id, None);
    }
}
