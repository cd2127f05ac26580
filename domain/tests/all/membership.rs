//! What becomes of sessions, conversations and history when somebody loses access.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::conversation::{Looked, release_ended, release_expired};
use portaria_domain::emergency::{self, Emergency, NewEligibility};
use portaria_domain::grant::{self, Amendment, Giving};
use portaria_domain::granting::{Authority, Change};
use portaria_domain::{member, role, team};
use portaria_entity::id::ConversationId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::{activity, conversation, episode, outgoing_mail, routing_decision};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

async fn admin(stage: &Stage) -> Person {
    let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

/// A conversation in an episode, as the webhook makes them.
async fn conversation(stage: &Stage, assignee: &Person) -> ConversationId {
    let contact = stage.customer("Cliente", &format!("5511{}", stage.clock.now().0)).await;
    let id = stage.conversation(contact, stage.sales, Some(assignee.member_id), &["oi"]).await;
    let row = episode::Model {
        workspace_id: stage.workspace_id,
        id: stage.clock.new_id(),
        conversation_id: id,
        opened_at: stage.clock.now(),
        called_at: None,
        first_assigned_at: Some(stage.clock.now()),
        first_response_at: None,
        resolved_at: None,
        resolved_by: None,
        waiting_reason: None,
        first_response_due_at: None,
        resolution_due_at: None,
        first_response_risk_at: None,
        resolution_risk_at: None,
        put_off_at: None,
        put_off_targets: None,
        put_off_micros: 0,
    };
    let database = &stage.installation.database;
    episode::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(database.writer())
        .await
        .unwrap();
    let sql = "UPDATE conversations SET episode_id = $2 WHERE id = $1";
    database.writer().execute_raw(database.statement(sql, [id.0.into(), row.id.0.into()])).await.unwrap();
    id
}

async fn assignee(stage: &Stage, id: ConversationId) -> Option<portaria_entity::id::MemberId> {
    let reader = stage.installation.database.reader();
    let row = conversation::Entity::find_by_id((stage.workspace_id, id)).one(reader).await.unwrap().unwrap();
    row.assignee_id
}

async fn decisions(stage: &Stage) -> Vec<routing_decision::Model> {
    routing_decision::Entity::find().all(stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn who_is_suspended_is_out_at_once_and_their_conversations_wait() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let open = conversation(&stage, &ana).await;
        let resolved = conversation(&stage, &ana).await;
        portaria_domain::conversation::resolve(&stage.installation, &ana.viewer, resolved).await.unwrap();
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        member::suspend(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none());
        assert_eq!(assignee(&stage, open).await, None);
        assert_eq!(assignee(&stage, resolved).await, Some(ana.member_id), "history stays");
        let told = decisions(&stage).await;
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].conversation_id, told[0].cause), (open, RoutingCause::AccessLost));
        let log = activity::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        for action in ["member.suspended", "conversation.released"] {
            let done = log.iter().find(|row| row.action == action).unwrap();
            assert_eq!(done.actor_member_id, Some(admin.member_id), "{action}");
        }
        // Reinstated, they sign in anew and hold what they held; the conversation is not theirs by itself.
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        member::reinstate(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none(), "the old session stays ended");
        let back = stage.sign_in(&ana.email).await;
        assert_eq!(back.viewer.access.everywhere(), ana.viewer.access.everywhere());
        assert_eq!(assignee(&stage, open).await, None);
    }
}

#[tokio::test]
async fn what_somebody_took_while_they_were_shut_out_is_taken_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        member::suspend(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        // As a claim leaves it that was under way in another process.
        let id = conversation(&stage, &ana).await;
        release_ended(&stage.installation, &mut Looked::default()).await.unwrap();
        assert_eq!(assignee(&stage, id).await, None);
    }
}

#[tokio::test]
async fn what_somebody_was_given_while_their_grant_was_revoked_is_taken_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let kept = conversation(&stage, &admin).await;
        let mut looked = Looked::default();
        let mut look = async || release_ended(&stage.installation, &mut looked).await.unwrap();
        look().await;
        look().await;
        let find = portaria_entity::grant::Entity::find().all(stage.installation.database.reader());
        let theirs = find.await.unwrap().into_iter().find(|row| row.member_id == ana.member_id).unwrap();
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        grant::revoke(&mut change, theirs.id, "leaves").await.unwrap();
        change.finish().await.unwrap();
        look().await;
        // As routing or a claim leaves it that had read what Ana might do before, and is committed now.
        stage.clock.advance(Duration::from_secs(1));
        let id = conversation(&stage, &ana).await;
        look().await;
        assert_eq!(assignee(&stage, id).await, None, "{}", stage.test_database.name);
        assert_eq!(assignee(&stage, kept).await, Some(admin.member_id));
    }
}

#[tokio::test]
async fn a_lost_conversation_goes_to_who_may_have_it_now() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let id = conversation(&stage, &ana).await;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(assignee(&stage, id).await, Some(bia.member_id));
        // A grant that is moved to another number takes its conversations along to nobody.
        let reader = stage.installation.database.reader();
        let held =
            role::grants_of(reader, stage.workspace_id, &[bia.member_id], stage.clock.now()).await.unwrap();
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        let moved = Amendment {
            scope: Scope::Channel(stage.support),
            valid_from: None,
            valid_until: None,
            reason: "moves",
        };
        grant::change(&mut change, held[0].id, moved).await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(assignee(&stage, id).await, None);
        assert!(decisions(&stage).await.iter().all(|row| row.cause == RoutingCause::AccessLost));
    }
}

#[tokio::test]
async fn grants_begin_and_end_by_themselves_and_conversations_follow() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let temp = stage.person("Temp", &[]).await;
        let now = stage.clock.now();
        // Less than what ends a session that lies idle.
        let shift = Duration::from_secs(8 * 60 * 60);
        let agent =
            role::built_in(stage.installation.database.reader(), stage.workspace_id, BuiltInRole::Agent);
        let agent = agent.await.unwrap().id;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        let giving = Giving {
            member_id: temp.member_id,
            role_id: agent,
            scope: Scope::Workspace,
            valid_from: Some(now + shift),
            valid_until: Some(now + shift + shift),
            reason: "holiday cover",
        };
        grant::give(&mut change, giving).await.unwrap();
        change.finish().await.unwrap();
        let reads = async || {
            let viewer = stage.viewer(&temp.token).await.unwrap();
            viewer.access.anywhere().contains(portaria_domain::permission::Permission::MessageRead)
        };
        assert!(!reads().await);
        stage.clock.set(now + shift);
        assert!(reads().await);
        let id = conversation(&stage, &temp).await;
        assert_eq!(release_expired(&stage.installation, stage.workspace_id).await.unwrap(), 0);
        stage.clock.set(now + shift + shift);
        assert!(!reads().await);
        assert_eq!(release_expired(&stage.installation, stage.workspace_id).await.unwrap(), 1);
        assert_eq!(assignee(&stage, id).await, None);
        // A removed member's grants that were still to come never come.
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        let coming = Giving { valid_from: Some(now + shift * 3), valid_until: None, ..giving };
        let coming = grant::give(&mut change, coming).await.unwrap();
        member::remove(&mut change, temp.member_id).await.unwrap();
        change.finish().await.unwrap();
        let reader = stage.installation.database.reader();
        let row = portaria_entity::grant::Entity::find_by_id((stage.workspace_id, coming.id));
        assert!(row.one(reader).await.unwrap().unwrap().closed_at.is_some());
    }
}

#[tokio::test]
async fn every_administrator_is_told_of_an_emergency() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        stage.person("Second", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana&Co", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let reader = stage.installation.database.reader();
        let role = role::built_in(reader, stage.workspace_id, BuiltInRole::Administrator).await.unwrap();
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        let new = NewEligibility {
            member_id: ana.member_id,
            role_id: role.id,
            scope: Scope::Workspace,
            max_hours: 2,
            reason: "on call",
        };
        let row = emergency::allow(&mut change, new).await.unwrap();
        change.finish().await.unwrap();
        let emergency =
            Emergency { eligibility_id: row.id, hours: 2, reason: "the only administrator is ill" };
        let weak = emergency::activate(&stage.installation, &ana.viewer, emergency).await;
        assert!(matches!(weak, Err(portaria_domain::Error::StepUpRequired { .. })));
        let ana = stage.step_up(&ana).await;
        let given = emergency::activate(&stage.installation, &ana.viewer, emergency).await.unwrap();
        assert_eq!(given.valid_until, Some(stage.clock.now() + Duration::from_secs(2 * 60 * 60)));
        let viewer = stage.viewer(&ana.token).await.unwrap();
        assert!(viewer.access.everywhere().contains(portaria_domain::permission::Permission::MemberManage));
        let mails = outgoing_mail::Entity::find().all(reader).await.unwrap();
        assert_eq!(mails.len(), 2);
        assert!(mails.iter().all(|mail| mail.text.contains("the only administrator is ill")));
        assert!(mails.iter().all(|mail| mail.html.contains("Ana&amp;Co")));
        let log = activity::Entity::find().all(reader).await.unwrap();
        assert!(log.iter().any(|row| row.action == "emergency.activated"));
    }
}

#[tokio::test]
async fn a_team_that_ends_takes_what_was_held_for_it_along() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let ana = stage.person("Ana", &[]).await;
        let night = stage.team("Noite", &[ana.member_id], &[stage.sales]).await;
        stage.grant(stage.workspace_id, ana.member_id, BuiltInRole::Agent, Scope::Team(night)).await;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        team::delete(&mut change, night).await.unwrap();
        change.finish().await.unwrap();
        let viewer = stage.viewer(&ana.token).await.unwrap();
        assert!(viewer.access.is_uniform() && viewer.access.member_of().is_empty());
        let mut change =
            Change::begin(&stage.installation, stage.workspace_id, Authority::Installation).await.unwrap();
        team::found(&mut change, "Noite").await.unwrap();
        change.finish().await.unwrap();
        let teams = team::all(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
        assert_eq!(teams.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Noite"]);
    }
}
