//! Whose a conversation is: each change of it is told once, with who did it and why, whatever changed it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::conversation::{Assignment, assign, claim, escalate, release_owed};
use portaria_domain::granting::Change;
use portaria_domain::member;
use portaria_domain::permission::Permission;
use portaria_domain::routing::drain;
use portaria_entity::conversation;
use portaria_entity::event::{self, AssignmentCause, EventKind};
use portaria_entity::id::{ConversationId, EpisodeId, MemberId};
use portaria_entity::member::Availability;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use AssignmentCause::{
    AccessLost, Assigned, AssigneeAway, Claimed, Declined, Drain, Escalated, Returned, Transferred,
};

type Told = (Option<MemberId>, Option<MemberId>, AssignmentCause, Option<MemberId>);

async fn told(stage: &Stage, id: ConversationId) -> Vec<Told> {
    let find = event::Entity::find()
        .filter(event::Column::ConversationId.eq(id))
        .filter(event::Column::Kind.eq(EventKind::ConversationAssigned))
        .order_by_asc(event::Column::Id);
    let rows = find.all(stage.installation.database.reader()).await.unwrap();
    rows.iter()
        .map(|row| (row.was_assignee_id, row.assignee_id, row.cause.unwrap(), row.by_member_id))
        .collect()
}

/// An open conversation in an episode, with nobody.
async fn waiting(stage: &Stage) -> ConversationId {
    let contact = stage.customer("Cliente", "5511987654321").await;
    let id = stage.conversation(contact, stage.sales, None, &["oi"]).await;
    let episode: EpisodeId = stage.clock.new_id();
    let database = &stage.installation.database;
    let sql = "INSERT INTO episodes (workspace_id, id, conversation_id, opened_at) VALUES ($1, $2, $3, $4)";
    let values = [stage.workspace_id.0.into(), episode.0.into(), id.0.into(), stage.clock.now().0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    let sql = "UPDATE conversations SET episode_id = $1 WHERE id = $2";
    let values = [episode.0.into(), id.0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    id
}

async fn say(stage: &Stage, person: &Person, availability: Availability) {
    let mut change = Change::by(&stage.installation, &person.viewer, &[]).await.unwrap();
    member::set_availability(&mut change, person.member_id, availability).await.unwrap();
    change.finish().await.unwrap();
}

#[tokio::test]
async fn each_change_of_assignee_is_told_once_with_who_did_it_and_why() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let agent = [(BuiltInRole::Agent, Scope::Channel(stage.sales))];
        let (ana, bia) = (stage.person("Ana", &agent).await, stage.person("Bia", &agent).await);
        let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dona = stage.step_up(&dona).await;
        for person in [&ana, &bia, &dona] {
            say(&stage, person, Availability::Busy).await;
        }
        let id = waiting(&stage).await;
        let (a, b, d) = (Some(ana.member_id), Some(bia.member_id), Some(dona.member_id));
        let give = async |by: &Person, to: Option<MemberId>| {
            let to = to.map_or(Assignment::Nobody, Assignment::Member);
            assign(installation, &by.viewer, id, to).await.unwrap();
        };
        claim(installation, &ana.viewer, id).await.unwrap();
        give(&dona, a).await;
        give(&ana, b).await;
        give(&bia, None).await;
        give(&dona, b).await;
        give(&dona, None).await;
        let mut expected: Vec<Told> = vec![
            (None, a, Claimed, a),
            (a, b, Transferred, a),
            (b, None, Declined, b),
            (None, b, Assigned, d),
            (b, None, Returned, d),
        ];
        assert_eq!(told(&stage, id).await, expected, "{}", stage.test_database.name);

        // Routing: who is free is given it, and it is taken from who is away, or may no longer have it.
        say(&stage, &ana, Availability::Available).await;
        drain(installation).await.unwrap();
        expected.push((None, a, Drain, None));
        say(&stage, &ana, Availability::Offline).await;
        stage.clock.advance(Duration::from_secs(6 * 60));
        release_owed(installation).await.unwrap();
        expected.push((a, None, AssigneeAway, None));
        assert_eq!(told(&stage, id).await, expected, "{}", stage.test_database.name);
        give(&dona, a).await;
        expected.push((None, a, Assigned, d));
        escalate(installation, &ana.viewer, id, "Pede um desconto").await.unwrap();
        expected.push((a, None, Escalated, a));
        say(&stage, &dona, Availability::Available).await;
        drain(installation).await.unwrap();
        expected.push((None, d, Drain, None));
        give(&dona, a).await;
        expected.push((d, a, Transferred, d));
        let mut change = Change::by(installation, &dona.viewer, &[Permission::MemberManage]).await.unwrap();
        member::suspend(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        expected.push((a, None, AccessLost, None));
        assert_eq!(told(&stage, id).await, expected, "{}", stage.test_database.name);

        // Each begins where the one before ended, and the last tells how it is.
        assert!(expected.windows(2).all(|pair| pair[0].1 == pair[1].0));
        let find = conversation::Entity::find_by_id((stage.workspace_id, id));
        let row = find.one(installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(row.assignee_id, None);
        assert_eq!(row.last_assignee_id, a);
    }
}

#[tokio::test]
async fn what_goes_straight_from_one_to_another_is_told_as_one_change_with_the_rule() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let agent = [(BuiltInRole::Agent, Scope::Channel(stage.sales))];
        let (ana, bia) = (stage.person("Ana", &agent).await, stage.person("Bia", &agent).await);
        let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dona = stage.step_up(&dona).await;
        let id = waiting(&stage).await;
        claim(installation, &ana.viewer, id).await.unwrap();
        let mut change = Change::by(installation, &dona.viewer, &[Permission::MemberManage]).await.unwrap();
        member::suspend(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        let (a, b) = (Some(ana.member_id), Some(bia.member_id));
        assert_eq!(told(&stage, id).await, [(None, a, Claimed, a), (a, b, AccessLost, None)]);
        escalate(installation, &bia.viewer, id, "Pede um desconto").await.unwrap();
        let d = Some(dona.member_id);
        assert_eq!(told(&stage, id).await[2..], [(b, d, Escalated, b)]);
        let find = event::Entity::find().filter(event::Column::Choice.is_not_null());
        let rows = find.all(installation.database.reader()).await.unwrap();
        assert_eq!(rows.len(), 2, "{}", stage.test_database.name);
        assert!(rows.iter().all(|row| row.choice.as_deref() == Some("least_loaded")), "{rows:?}");
    }
}
