//! What routing remembers: who had a customer, who gave a conversation back, and why it waits.

use portaria_domain::conversation::{Assignment, assign, snooze, wake};
use portaria_domain::error::Refusal;
use portaria_domain::routing::{decisions, judge_now, queue_position};
use portaria_domain::{Error, conversation as conversations};
use sea_orm::{ColumnTrait, QueryFilter};

use super::*;

const AGENT: BuiltInRole = BuiltInRole::Agent;

async fn decisions_on(stage: &Stage, id: ConversationId) -> Vec<routing_decision::Model> {
    let find = routing_decision::Entity::find()
        .filter(routing_decision::Column::ConversationId.eq(id))
        .order_by_asc(routing_decision::Column::Id);
    find.all(stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn the_customer_waits_and_then_stays_with_who_had_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        let waiting = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &waiting).await, Some(ana.member_id));
        let filler = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &filler).await, Some(bia.member_id));

        // Both are busy when Ana's customer loses her; the drain still knows whose they were.
        for person in [&ana, &bia] {
            set_member(&stage, person.member_id, |row| row.availability = Set(Availability::Busy)).await;
        }
        let row = conversation::ActiveModel {
            workspace_id: Set(stage.workspace_id),
            id: Set(waiting.conversation_id),
            assignee_id: Set(None),
            ..Default::default()
        };
        row.update(stage.installation.database.writer()).await.unwrap();
        assert_eq!(drain(&stage.installation).await.unwrap(), 0);
        set_member(&stage, bia.member_id, |row| row.capacity = Set(50)).await;
        for person in [&ana, &bia] {
            set_member(&stage, person.member_id, |row| row.availability = Set(Availability::Available)).await;
        }
        let more = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 2);
        let row = conversation_row(&stage, waiting.conversation_id).await;
        assert_eq!(row.assignee_id, Some(ana.member_id), "{}", stage.test_database.name);
        assert!(conversation_row(&stage, more.conversation_id).await.assignee_id.is_some());
    }
}

#[tokio::test]
async fn who_gives_a_conversation_back_is_not_given_it_again() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let waiting = somebody_writes(&stage, stage.sales, None).await;
        let id = waiting.conversation_id;
        assert_eq!(route(&stage, &waiting).await, Some(ana.member_id));
        assign(&stage.installation, &ana.viewer, id, Assignment::Nobody).await.unwrap();
        for _ in 0..3 {
            assert_eq!(drain(&stage.installation).await.unwrap(), 0, "{}", stage.test_database.name);
        }
        let told = decisions_on(&stage, id).await;
        assert_eq!(told.len(), 2, "the reason is recorded once");
        assert_eq!(verdicts(&stage).await[&ana.member_id], Verdict::Declined);
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        assert_eq!(conversation_row(&stage, id).await.assignee_id, Some(bia.member_id));

        // Who takes it again by themselves has changed their mind.
        assign(&stage.installation, &bia.viewer, id, Assignment::Nobody).await.unwrap();
        claim(&stage.installation, &ana.viewer, id).await.unwrap();
        set_member(&stage, ana.member_id, |row| row.availability = Set(Availability::Offline)).await;
        assert_eq!(conversation_row(&stage, id).await.assignee_id, Some(ana.member_id));
    }
}

#[tokio::test]
async fn who_may_assign_reads_why_and_the_assignee_their_own_part() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let first = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &first).await, Some(ana.member_id));
        let reader = stage.installation.database.reader();
        let seen = async |person: &portaria_testing::Person, id| {
            conversations::find(stage.installation.database.reader(), &person.viewer, id).await
        };
        let as_admin = seen(&admin, first.conversation_id).await.unwrap();
        let told = decisions(reader, &admin.viewer, &as_admin, None, 10).await.unwrap();
        assert_eq!((told.len(), told[0].candidates.len()), (1, 3));
        let as_ana = seen(&ana, first.conversation_id).await.unwrap();
        let told = decisions(reader, &ana.viewer, &as_ana, None, 10).await.unwrap();
        assert_eq!((told.len(), told[0].candidates.len()), (1, 1));
        assert_eq!(told[0].candidates[0].member_id, ana.member_id);
        assert!(matches!(seen(&bia, first.conversation_id).await, Err(Error::NotFound)));
        let judged = async |id| {
            let now = (&stage.installation.database, stage.clock.now());
            let mut judged = judge_now(now.0.reader(), now, stage.workspace_id, &[id]).await.unwrap();
            judged.remove(&id)
        };
        assert_eq!(judged(first.conversation_id).await, None, "it does not wait");

        for person in [&ana, &bia] {
            set_member(&stage, person.member_id, |row| row.availability = Set(Availability::Busy)).await;
        }
        let mut positions = Vec::new();
        let waiting = [
            somebody_writes(&stage, stage.sales, None).await,
            somebody_writes(&stage, stage.sales, None).await,
        ];
        for one in &waiting {
            route(&stage, one).await;
            let row = seen(&admin, one.conversation_id).await.unwrap();
            positions.push(queue_position(reader, &stage.installation.database, &row).await.unwrap());
            let now = judged(one.conversation_id).await.unwrap();
            assert_eq!(now.iter().filter(|one| one.verdict == Verdict::NotAvailable).count(), 2);
        }
        assert_eq!(positions, [Some(1), Some(2)], "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_is_put_off_wakes_by_its_time() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let waiting = somebody_writes(&stage, stage.sales, None).await;
        route(&stage, &waiting).await;
        let id = waiting.conversation_id;
        let until = stage.clock.now() + Duration::from_secs(3_600);
        let past = snooze(&stage.installation, &ana.viewer, id, stage.clock.now()).await;
        assert!(matches!(past, Err(Error::Refused(Refusal::InvalidPeriod))));
        let row = snooze(&stage.installation, &ana.viewer, id, until).await.unwrap().row;
        assert_eq!((row.status, row.snoozed_until), (ConversationStatus::Snoozed, Some(until)));
        assert_eq!(wake(&stage.installation).await.unwrap(), 0);
        stage.clock.advance(Duration::from_secs(3_600));
        assert_eq!(wake(&stage.installation).await.unwrap(), 1, "{}", stage.test_database.name);
        let row = conversation_row(&stage, id).await;
        assert_eq!((row.status, row.snoozed_until), (ConversationStatus::Open, None));
        assert_eq!(row.assignee_id, Some(ana.member_id), "with who had it");
    }
}
