//! Who is given a conversation, and what is recorded about it.

mod asking;
mod escalating;
mod leaving;
mod remembering;
mod transferring;

use std::collections::BTreeMap;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::conversation::{claim, resolve};
use portaria_domain::routing::{ChoiceReason, Routing, Verdict, Waiting, candidates, drain};
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::episode;
use portaria_entity::id::{ChannelId, ConversationId, EpisodeId, MemberId, TeamId};
use portaria_entity::member::{self, Availability, MemberStatus};
use portaria_entity::role::BuiltInRole;
use portaria_entity::routing_decision::{self, RoutingCause};
use portaria_testing::{Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder};

/// A customer who has just written: an open conversation in a new episode, with nobody.
async fn somebody_writes(stage: &Stage, channel: ChannelId, team: Option<TeamId>) -> Waiting {
    let writer = stage.installation.database.writer();
    stage.clock.advance(Duration::from_secs(1));
    let phone = format!("55119{}", stage.clock.now().as_secs());
    let contact = stage.customer("Cliente", &phone).await;
    let conversation_id = stage.conversation(contact, channel, None, &["oi"]).await;
    let episode_id: EpisodeId = stage.clock.new_id();
    let row = episode::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(episode_id),
        conversation_id: Set(conversation_id),
        opened_at: Set(stage.clock.now()),
        called_at: Set(None),
        first_assigned_at: Set(None),
        first_response_at: Set(None),
        resolved_at: Set(None),
        resolved_by: Set(None),
        ..Default::default()
    };
    episode::Entity::insert(row).exec_without_returning(writer).await.unwrap();
    let row = conversation::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(conversation_id),
        episode_id: Set(Some(episode_id)),
        team_id: Set(team),
        ..Default::default()
    };
    row.update(writer).await.unwrap();
    Waiting::of(&conversation_row(stage, conversation_id).await).unwrap()
}

async fn route(stage: &Stage, waiting: &Waiting) -> Option<MemberId> {
    let transaction = stage.installation.database.begin().await.unwrap();
    let mut routing = Routing::open(&stage.installation, &transaction, stage.workspace_id).await.unwrap();
    let chosen = routing.route(&[*waiting], RoutingCause::NewEpisode).await.unwrap();
    drop(routing);
    transaction.commit().await.unwrap();
    chosen[0]
}

async fn set_member(stage: &Stage, id: MemberId, change: impl FnOnce(&mut member::ActiveModel)) {
    let mut row =
        member::ActiveModel { workspace_id: Set(stage.workspace_id), id: Set(id), ..Default::default() };
    change(&mut row);
    row.update(stage.installation.database.writer()).await.unwrap();
}

async fn conversation_row(stage: &Stage, id: ConversationId) -> conversation::Model {
    let key = (stage.workspace_id, id);
    conversation::Entity::find_by_id(key).one(stage.installation.database.reader()).await.unwrap().unwrap()
}

/// The recorded verdicts of the latest decision.
async fn verdicts(stage: &Stage) -> BTreeMap<MemberId, Verdict> {
    let reader = stage.installation.database.reader();
    let latest =
        routing_decision::Entity::find().order_by_desc(routing_decision::Column::Id).one(reader).await;
    let candidates = candidates(&latest.unwrap().unwrap()).unwrap();
    candidates.into_iter().map(|candidate| (candidate.member_id, candidate.verdict)).collect()
}

#[tokio::test]
async fn everybody_is_considered_and_the_reasons_are_recorded() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let agent = BuiltInRole::Agent;
        let chosen = stage.person("Chosen", &[(agent, Scope::Channel(stage.sales))]).await.member_id;
        let other = stage.person("Other", &[(agent, Scope::Workspace)]).await.member_id;
        let elsewhere = stage.person("Elsewhere", &[(agent, Scope::Channel(stage.support))]).await.member_id;
        let analyst = stage.person("Analyst", &[(BuiltInRole::Analyst, Scope::Workspace)]).await.member_id;
        let nobody = stage.person("Nobody", &[]).await.member_id;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await.member_id;
        let both = [(BuiltInRole::Administrator, Scope::Workspace), (agent, Scope::Channel(stage.sales))];
        let serving_admin = stage.person("Both", &both).await.member_id;
        let support = stage.person("Support", &[(BuiltInRole::Support, Scope::Workspace)]).await.member_id;
        let away = stage.person("Away", &[(agent, Scope::Workspace)]).await.member_id;
        let busy = stage.person("Busy", &[(agent, Scope::Workspace)]).await.member_id;
        let full = stage.person("Full", &[(agent, Scope::Workspace)]).await.member_id;
        let gone = stage.person("Gone", &[(agent, Scope::Workspace)]).await.member_id;
        set_member(&stage, away, |row| row.availability = Set(Availability::Offline)).await;
        set_member(&stage, busy, |row| row.availability = Set(Availability::Busy)).await;
        set_member(&stage, full, |row| row.capacity = Set(0)).await;
        set_member(&stage, gone, |row| row.status = Set(MemberStatus::Suspended)).await;

        let waiting = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &waiting).await, Some(chosen), "{}", stage.test_database.name);
        let row = conversation_row(&stage, waiting.conversation_id).await;
        assert_eq!(row.assignee_id, Some(chosen));
        let verdicts = verdicts(&stage).await;
        let not_permitted = |missing: &[&str]| Verdict::NotPermitted {
            missing: missing.iter().map(|key| (*key).to_owned()).collect(),
        };
        let everything =
            ["conversation:read_assigned", "conversation:claim", "message:read", "message:send_text"];
        let expected = BTreeMap::from([
            (chosen, Verdict::Chosen { reason: ChoiceReason::LeastLoaded }),
            (other, Verdict::Eligible),
            (elsewhere, not_permitted(&everything)),
            (analyst, not_permitted(&everything)),
            (nobody, not_permitted(&everything)),
            (admin, Verdict::Administrator),
            (serving_admin, Verdict::Eligible),
            (support, Verdict::Eligible),
            (away, Verdict::NotAvailable),
            (busy, Verdict::NotAvailable),
            (full, Verdict::AtCapacity),
        ]);
        assert_eq!(verdicts, expected);
        assert!(!verdicts.contains_key(&gone));
    }
}

#[tokio::test]
async fn a_team_keeps_its_conversations_to_itself() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let outside = stage.person("Outside", &[(BuiltInRole::Agent, Scope::Workspace)]).await.member_id;
        let inside = stage.person("Inside", &[]).await.member_id;
        let team = stage.team("Noite", &[inside], &[stage.sales]).await;
        let waiting = somebody_writes(&stage, stage.sales, Some(team)).await;
        assert_eq!(route(&stage, &waiting).await, None, "who is in the team may not, who may is not in it");
        assert_eq!(verdicts(&stage).await[&outside], Verdict::NotInTeam);
        stage.grant(stage.workspace_id, inside, BuiltInRole::Agent, Scope::Team(team)).await;
        assert_eq!(route(&stage, &waiting).await, Some(inside));
        let elsewhere = somebody_writes(&stage, stage.support, None).await;
        assert_eq!(route(&stage, &elsewhere).await, Some(outside));

        // An administrator who joins the team is one of its agents.
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await.member_id;
        let days = stage.team("Dia", &[admin], &[stage.support]).await;
        let waiting = somebody_writes(&stage, stage.support, Some(days)).await;
        assert_eq!(route(&stage, &waiting).await, Some(admin));
    }
}

#[tokio::test]
async fn what_is_no_teams_goes_to_the_teams_that_look_after_its_number() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let agent = BuiltInRole::Agent;
        let mut people = Vec::new();
        for name in ["Outside", "Day", "Night", "Narrow"] {
            people.push(stage.person(name, &[(agent, Scope::Channel(stage.sales))]).await.member_id);
        }
        let [outside, day, night, narrow] = people[..] else { unreachable!() };
        let first = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &first).await, Some(outside), "no team looks after the number");

        stage.team("Dia", &[day], &[stage.sales]).await;
        stage.team("Noite", &[night], &[stage.sales]).await;
        stage.team("Outra", &[narrow], &[stage.support]).await;
        let only_in_team = stage.person("Restricted", &[]).await.member_id;
        let third = stage.team("Tarde", &[only_in_team], &[stage.sales]).await;
        stage.grant(stage.workspace_id, only_in_team, agent, Scope::Team(third)).await;
        let mut chosen = Vec::new();
        for _ in 0..2 {
            let waiting = somebody_writes(&stage, stage.sales, None).await;
            chosen.push(route(&stage, &waiting).await.unwrap());
        }
        assert_eq!(chosen, [day, night], "{}", stage.test_database.name);
        let verdicts = verdicts(&stage).await;
        assert_eq!((&verdicts[&outside], &verdicts[&narrow]), (&Verdict::NotInTeam, &Verdict::NotInTeam));
        assert!(matches!(verdicts[&only_in_team], Verdict::NotPermitted { .. }), "a role for the team's own");
        let own = somebody_writes(&stage, stage.sales, Some(third)).await;
        assert_eq!(route(&stage, &own).await, Some(only_in_team));
    }
}

#[tokio::test]
async fn the_customer_stays_with_who_had_them_and_else_work_is_shared() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut people = Vec::new();
        for name in ["Ana", "Bia", "Caio"] {
            people.push(stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await.member_id);
        }
        let mut taken = Vec::new();
        for _ in 0..6 {
            let waiting = somebody_writes(&stage, stage.sales, None).await;
            taken.push(route(&stage, &waiting).await.unwrap());
        }
        assert_eq!(taken, [&people[..], &people[..]].concat(), "in turn, whoever waited longest first");

        let back =
            Waiting { last_assignee: Some(people[2]), ..somebody_writes(&stage, stage.sales, None).await };
        assert_eq!(route(&stage, &back).await, Some(people[2]), "although Ana waited longer");
        assert_eq!(verdicts(&stage).await[&people[2]], Verdict::Chosen { reason: ChoiceReason::HadItBefore });
        set_member(&stage, people[2], |row| row.availability = Set(Availability::Offline)).await;
        let back =
            Waiting { last_assignee: Some(people[2]), ..somebody_writes(&stage, stage.sales, None).await };
        assert_eq!(route(&stage, &back).await, Some(people[0]), "not with who is away");
    }
}

#[tokio::test]
async fn many_who_write_at_once_overload_nobody() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await.member_id;
        set_member(&stage, ana, |row| row.capacity = Set(3)).await;
        let mut waiting = Vec::new();
        for _ in 0..8 {
            waiting.push(somebody_writes(&stage, stage.sales, None).await);
        }
        let chosen = futures_util::future::join_all(waiting.iter().map(|one| route(&stage, one))).await;
        let given = chosen.iter().flatten().count();
        assert_eq!(given, 3, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn the_queue_is_drained_oldest_first_when_somebody_becomes_free() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let person = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let ana = person.member_id;
        set_member(&stage, ana, |row| {
            row.capacity = Set(2);
            row.availability = Set(Availability::Offline);
        })
        .await;
        let unreachable = somebody_writes(&stage, stage.support, None).await;
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let one = somebody_writes(&stage, stage.sales, None).await;
            assert_eq!(route(&stage, &one).await, None);
            waiting.push(one.conversation_id);
        }
        let decisions = async || {
            let reader = stage.installation.database.reader();
            routing_decision::Entity::find().all(reader).await.unwrap().len()
        };
        let told = (drain(&stage.installation).await.unwrap(), decisions().await);
        assert_eq!(told, (0, 4), "of whom nothing was told yet, once");
        assert_eq!((drain(&stage.installation).await.unwrap(), decisions().await), (0, 4));

        set_member(&stage, ana, |row| row.availability = Set(Availability::Available)).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 2, "{}", stage.test_database.name);
        let assignees = async || {
            let mut found = Vec::new();
            for id in &waiting {
                found.push(conversation_row(&stage, *id).await.assignee_id);
            }
            found
        };
        assert_eq!(assignees().await, [Some(ana), Some(ana), None]);
        let first = conversation_row(&stage, waiting[0]).await;
        let row = episode::Entity::find_by_id((stage.workspace_id, first.episode_id.unwrap()));
        let row = row.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(row.first_assigned_at, Some(stage.clock.now()));
        assert_eq!(
            (drain(&stage.installation).await.unwrap(), decisions().await),
            (0, 7),
            "the last waits for another reason"
        );

        resolve(&stage.installation, &person.viewer, waiting[0]).await.unwrap();
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        assert_eq!(assignees().await, [Some(ana), Some(ana), Some(ana)]);
        assert_eq!(conversation_row(&stage, waiting[0]).await.status, ConversationStatus::Resolved);
        assert_eq!(conversation_row(&stage, unreachable.conversation_id).await.assignee_id, None);
        let refused = claim(&stage.installation, &person.viewer, unreachable.conversation_id).await;
        assert!(refused.is_err(), "routing and claiming agree on who may not have it");
    }
}
