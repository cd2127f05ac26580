//! Contacts who are one person: what they have goes together, stays hidden from who may not see it, and goes apart again.

mod parting;

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::alert::{self, Raised};
use portaria_domain::consent::{self, NewConsent, Stated, allows_marketing};
use portaria_domain::contact::by_ids;
use portaria_domain::contact_merge::{NewMerge, merge, undo};
use portaria_domain::conversation::{ConversationFilter, claim, find, page, resolve};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::permission::Permission;
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::event::{self, EventKind};
use portaria_entity::id::{ChannelId, ContactId, ConversationId, EpisodeId, MemberId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{
    activity, contact_group, contact_merge, conversation, episode, message, routing_decision,
};
use portaria_testing::{Person, Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};

const AGENT: BuiltInRole = BuiltInRole::Agent;

async fn admin(stage: &Stage) -> Person {
    stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await
}

async fn join(
    stage: &Stage,
    who: &Person,
    into_id: ContactId,
    contact_id: ContactId,
) -> Result<contact_merge::Model> {
    merge(&stage.installation, &who.viewer, NewMerge { into_id, contact_id, reason: Some(" same person ") })
        .await
}

async fn row(stage: &Stage, id: ConversationId) -> conversation::Model {
    let find = conversation::Entity::find_by_id((stage.workspace_id, id));
    find.one(stage.installation.database.reader()).await.unwrap().unwrap()
}

/// An open conversation in an episode.
async fn talk(
    stage: &Stage,
    contact: ContactId,
    channel: ChannelId,
    assignee: Option<MemberId>,
    texts: &[&str],
) -> ConversationId {
    let id = stage.conversation(contact, channel, assignee, texts).await;
    let episode: EpisodeId = stage.clock.new_id();
    let new = episode::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(episode),
        conversation_id: Set(id),
        opened_at: Set(stage.clock.now()),
        called_at: Set(Some(stage.clock.now())),
        resolution_due_at: Set(Some(stage.clock.now() + Duration::from_secs(3_600))),
        ..Default::default()
    };
    let writer = stage.installation.database.writer();
    episode::Entity::insert(new).exec_without_returning(writer).await.unwrap();
    let mut row = row(stage, id).await.into_active_model();
    row.episode_id = Set(Some(episode));
    row.update(writer).await.unwrap();
    id
}

async fn texts(stage: &Stage, id: ConversationId) -> Vec<String> {
    let find = message::Entity::find().order_by_asc(message::Column::SentAt);
    let rows = find.all(stage.installation.database.reader()).await.unwrap();
    rows.into_iter().filter(|row| row.conversation_id == id).filter_map(|row| row.body).collect()
}

async fn inbox(stage: &Stage, who: &Person) -> Vec<ConversationId> {
    let reader = stage.installation.database.reader();
    let rows = page(reader, &who.viewer, &ConversationFilter::default(), None, 100).await.unwrap();
    rows.into_iter().map(|row| row.row.id).collect()
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_become_one_with_all_that_they_have() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (admin, bia, caio) = (
            admin(&stage).await,
            stage.person("Bia", &[(AGENT, Scope::Workspace)]).await,
            stage.person("Caio", &[(AGENT, Scope::Workspace)]).await,
        );
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Ana Maria", "BR.1").await);
        let goes = talk(&stage, other, stage.sales, Some(bia.member_id), &["um", "dois"]).await;
        let stays = talk(&stage, ana, stage.sales, Some(caio.member_id), &["três"]).await;
        let whole = talk(&stage, other, stage.support, Some(bia.member_id), &["quatro"]).await;
        let since = row(&stage, goes).await.waiting_since;
        let merged = join(&stage, &admin, ana, other).await.unwrap();
        assert_eq!(merged.reason.as_deref(), Some("same person"));

        let now = row(&stage, stays).await;
        assert_eq!(texts(&stage, stays).await, ["um", "dois", "três"]);
        assert_eq!((now.status, now.assignee_id), (ConversationStatus::Open, Some(caio.member_id)));
        assert_eq!((now.unread_count, now.waiting_since), (3, since), "who waits longer has waited so long");
        assert_eq!(row(&stage, whole).await.contact_id, ana);
        assert_eq!(row(&stage, whole).await.assignee_id, Some(bia.member_id));
        // What is gone stands for what is there, to who may see that; nobody finds it in a list.
        let reader = stage.installation.database.reader();
        assert_eq!(find(reader, &admin.viewer, goes).await.unwrap().row.id, stays);
        assert_eq!(find(reader, &caio.viewer, goes).await.unwrap().row.id, stays);
        assert!(matches!(find(reader, &bia.viewer, goes).await, Err(Error::NotFound)));
        assert_eq!(inbox(&stage, &admin).await, [whole, stays]);
        assert_eq!(inbox(&stage, &bia).await, [whole]);
        let known = by_ids(reader, &admin.viewer, &[other, ana]).await.unwrap();
        assert_eq!((known[&other].row.id, known[&ana].row.id), (ana, ana));
        assert_eq!(resolve(&stage.installation, &caio.viewer, goes).await.unwrap().row.id, stays);
        // Open screens learn of all three.
        let events = event::Entity::find().order_by_asc(event::Column::Id).all(reader).await.unwrap();
        let changed = events.iter().filter(|row| row.kind == EventKind::ConversationChanged);
        let changed: Vec<_> = changed.filter_map(|row| row.conversation_id).take(3).collect();
        assert!([goes, stays, whole].iter().all(|id| changed.contains(id)), "{changed:?}");
        let done = activity::Entity::find().all(reader).await.unwrap();
        for action in ["contact.merged", "conversation.merged"] {
            assert_eq!(done.iter().filter(|row| row.action == action).count(), 1, "{action}");
        }
    }
}

#[tokio::test]
async fn what_is_merged_and_parted_at_once_is_as_it_was() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.step_up(&admin(&stage).await).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await.member_id;
        let team = stage.team("Noite", &[bia], &[stage.sales]).await;
        for (ours, theirs) in [
            (ConversationStatus::Open, ConversationStatus::Open),
            (ConversationStatus::Resolved, ConversationStatus::Open),
            (ConversationStatus::Open, ConversationStatus::Resolved),
            (ConversationStatus::Resolved, ConversationStatus::Resolved),
            (ConversationStatus::Snoozed, ConversationStatus::Snoozed),
            (ConversationStatus::Snoozed, ConversationStatus::Open),
        ] {
            let ana = stage.customer("Ana", &format!("55{}", parting::number(&stage))).await;
            let other = stage.customer("Maria", &format!("BR.{}", parting::number(&stage))).await;
            let stays = talk(&stage, ana, stage.sales, None, &["um"]).await;
            let goes = talk(&stage, other, stage.sales, Some(bia), &["dois", "três"]).await;
            talk(&stage, other, stage.support, Some(bia), &["quatro"]).await;
            for (id, status, team) in [(stays, ours, None), (goes, theirs, Some(team))] {
                parting::put(&stage, id, status, team).await;
            }
            parting::mark(&stage, &admin, goes, "VIP").await;
            let before = parting::picture(&stage).await;
            let merged = join(&stage, &admin, ana, other).await.unwrap();
            assert_ne!(parting::picture(&stage).await, before);
            undo(&stage.installation, &admin.viewer, merged.id).await.unwrap();
            let after = parting::picture(&stage).await;
            for (one, was) in after.iter().zip(&before) {
                assert_eq!(one, was, "{ours:?} {theirs:?} on {}", stage.test_database.name);
            }
            assert_eq!(after.len(), before.len());
        }
    }
}

#[tokio::test]
async fn whoever_refused_marketing_under_either_name_is_sent_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        for (contact_id, choice) in [(other, ConsentChoice::Withdrawn), (ana, ConsentChoice::Granted)] {
            talk(&stage, contact_id, stage.sales, None, &["oi"]).await;
            let note = Some("balcão".to_owned());
            let new = NewConsent { contact_id, choice, note };
            consent::record(&stage.installation, &admin.viewer, new).await.unwrap();
            stage.clock.advance(Duration::from_secs(60));
        }
        let reader = stage.installation.database.reader();
        let allowed = async |id| allows_marketing(reader, stage.workspace_id, id).await.unwrap();
        assert!(allowed(ana).await);
        let merged = join(&stage, &admin, ana, other).await.unwrap();
        assert!(!allowed(ana).await);
        let count = consent_count(&stage).await;
        assert_eq!(count, 3, "what was said is kept");
        undo(&stage.installation, &admin.viewer, merged.id).await.unwrap();
        assert!(allowed(ana).await && !allowed(other).await);
        assert_eq!(consent_count(&stage).await, 2);
        // What is said while they are one, of either, holds for both afterwards where it is a refusal.
        let merged = join(&stage, &admin, other, ana).await.unwrap();
        let new = NewConsent { contact_id: ana, choice: ConsentChoice::Withdrawn, note: None };
        let said = consent::record(&stage.installation, &admin.viewer, new).await.unwrap();
        assert_eq!((said.contact_id, said.source), (other, ConsentSource::Recorded));
        undo(&stage.installation, &admin.viewer, merged.id).await.unwrap();
        assert!(!allowed(ana).await && !allowed(other).await);
    }
}

#[tokio::test]
async fn a_refusal_in_whatsapp_is_not_hidden_by_one_at_the_counter() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        for (contact, choice) in [(ana, ConsentChoice::Withdrawn), (other, ConsentChoice::Granted)] {
            talk(&stage, contact, stage.sales, None, &["oi"]).await;
            let stated = Stated { choice, source: ConsentSource::Whatsapp, at: stage.clock.now() };
            let writer = stage.installation.database.writer();
            consent::note(writer, &stage.clock, (stage.workspace_id, contact), stated).await.unwrap();
            stage.clock.advance(Duration::from_secs(60));
        }
        let say = async |contact_id, choice, note: Option<&str>| {
            let new = NewConsent { contact_id, choice, note: note.map(str::to_owned) };
            consent::record(&stage.installation, &admin.viewer, new).await
        };
        say(other, ConsentChoice::Withdrawn, None).await.unwrap();
        join(&stage, &admin, other, ana).await.unwrap();
        let again = say(other, ConsentChoice::Granted, Some("balcão")).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::RefusedByCustomer))), "{again:?}");
    }
}

async fn consent_count(stage: &Stage) -> usize {
    let find = portaria_entity::consent::Entity::find();
    find.all(stage.installation.database.reader()).await.unwrap().len()
}

#[tokio::test]
async fn who_could_not_read_both_is_not_shown_the_other_by_what_is_over() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let (bia, caio) = (
            stage.person("Bia", &[(AGENT, Scope::Workspace)]).await,
            stage.person("Caio", &[(AGENT, Scope::Workspace)]).await,
        );
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        let stays = talk(&stage, ana, stage.sales, Some(caio.member_id), &["dele"]).await;
        let goes = talk(&stage, other, stage.sales, Some(bia.member_id), &["dela"]).await;
        for (id, who) in [(stays, &caio), (goes, &bia)] {
            resolve(&stage.installation, &who.viewer, id).await.unwrap();
        }
        let merged = join(&stage, &admin, ana, other).await.unwrap();
        let now = row(&stage, stays).await;
        assert_eq!((now.assignee_id, now.last_assignee_id), (None, Some(caio.member_id)));
        let reader = stage.installation.database.reader();
        for who in [&bia, &caio] {
            for id in [stays, goes] {
                assert!(matches!(find(reader, &who.viewer, id).await, Err(Error::NotFound)));
            }
            assert_eq!(inbox(&stage, who).await, []);
        }
        undo(&stage.installation, &admin.viewer, merged.id).await.unwrap();
        assert_eq!(inbox(&stage, &bia).await, [goes]);
        assert_eq!(inbox(&stage, &caio).await, [stays]);
    }
}

#[tokio::test]
async fn merging_takes_power_over_the_whole_workspace_whatever_there_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let of_sales =
            stage.person("Vendas", &[(BuiltInRole::Administrator, Scope::Channel(stage.sales))]).await;
        let agent = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        talk(&stage, ana, stage.sales, Some(agent.member_id), &["oi"]).await;
        talk(&stage, other, stage.sales, Some(agent.member_id), &["oi"]).await;
        // The same answer with and without a conversation that one may not know of.
        for elsewhere in [true, false] {
            for who in [&of_sales, &agent] {
                let outcome = join(&stage, who, ana, other).await;
                let Err(Error::Forbidden { any_of }) = outcome else { panic!("{outcome:?}") };
                assert!(!any_of.contains(Permission::RoleAssign));
            }
            if elsewhere {
                talk(&stage, other, stage.support, None, &["oi"]).await;
            }
        }
        let merged = join(&stage, &admin, ana, other).await.unwrap();
        for who in [&of_sales, &agent] {
            let outcome = undo(&stage.installation, &who.viewer, merged.id).await;
            assert!(matches!(outcome, Err(Error::Forbidden { .. })), "{outcome:?}");
        }
        let (theirs, ..) = stage.another_workspace().await;
        let foreign =
            stage.person_in(theirs, "Outra", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        assert!(matches!(join(&stage, &foreign, ana, other).await, Err(Error::NotFound)));
        let outcome = undo(&stage.installation, &foreign.viewer, merged.id).await;
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_merged_or_undone_says_why() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let mut people = Vec::new();
        for number in 0..4 {
            people.push(stage.customer("Ana", &format!("5511{number}")).await);
        }
        let [ana, bea, cida, group] = people[..] else { panic!() };
        let new = contact_group::ActiveModel {
            workspace_id: Set(stage.workspace_id),
            contact_id: Set(group),
            channel_id: Set(stage.sales),
            group_id: Set("group".into()),
            created_at: Set(stage.clock.now()),
            ..Default::default()
        };
        contact_group::Entity::insert(new)
            .exec_without_returning(stage.installation.database.writer())
            .await
            .unwrap();
        let merging = async |into, contact| join(&stage, &admin, into, contact).await;
        let undoing = async |id| undo(&stage.installation, &admin.viewer, id).await;
        assert_eq!(refusal(merging(ana, ana).await), Refusal::SameContact);
        assert_eq!(refusal(merging(ana, group).await), Refusal::GroupContact);
        assert_eq!(refusal(merging(group, ana).await), Refusal::GroupContact);
        assert!(matches!(merging(ana, stage.clock.new_id()).await, Err(Error::NotFound)));
        let first = merging(ana, bea).await.unwrap();
        assert_eq!(refusal(merging(ana, bea).await), Refusal::ContactMerged);
        assert_eq!(refusal(merging(bea, cida).await), Refusal::SurvivorMerged);
        // A chain: whoever was merged before stands for the last who stayed.
        let second = merging(cida, ana).await.unwrap();
        let reader = stage.installation.database.reader();
        let known = by_ids(reader, &admin.viewer, &[ana, bea]).await.unwrap();
        assert_eq!((known[&ana].row.id, known[&bea].row.id), (cida, cida));
        assert_eq!(refusal(undoing(first.id).await), Refusal::LaterMerge);
        undoing(second.id).await.unwrap();
        let known = by_ids(reader, &admin.viewer, &[ana, bea]).await.unwrap();
        assert_eq!((known[&ana].row.id, known[&bea].row.id), (ana, ana));
        let undone = undoing(first.id).await.unwrap();
        stage.clock.advance(Duration::from_secs(60));
        assert_eq!(undoing(first.id).await.unwrap(), undone, "it stays undone");
        assert!(by_ids(reader, &admin.viewer, &[bea]).await.unwrap()[&bea].row.merged_into_id.is_none());
        assert!(merging(bea, ana).await.is_ok(), "and may be merged the other way round");
    }
}

#[tokio::test]
async fn a_chain_is_one_and_goes_apart_link_by_link() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let mut people = Vec::new();
        for number in 0..3 {
            let contact = stage.customer("Ana", &format!("5511{number}")).await;
            let id = talk(&stage, contact, stage.sales, None, &[&format!("de {number}")]).await;
            people.push((contact, id));
        }
        let [(ana, of_ana), (bea, of_bea), (cida, of_cida)] = people[..] else { panic!() };
        let place = (&stage.installation.database, &stage.clock);
        for pair in [[ana, bea], [bea, cida]] {
            let raised = Raised {
                workspace_id: stage.workspace_id,
                kind: AlertKind::ContactsConflict,
                cause: alert::conflict_of(pair),
                severity: AlertSeverity::Notice,
                channel_id: None,
                details: alert::Details::new(),
            };
            alert::raise(place.0.writer(), place, raised).await.unwrap();
        }
        let reader = stage.installation.database.reader();
        let open = async || alert::page(reader, &admin.viewer, Some(true), None, 10).await.unwrap().len();
        let apart = parting::picture(&stage).await;
        let first = join(&stage, &admin, cida, bea).await.unwrap();
        assert_eq!(open().await, 1);
        let two = parting::picture(&stage).await;
        let second = join(&stage, &admin, ana, cida).await.unwrap();
        assert_eq!(open().await, 0, "by whichever names it was raised");
        for id in [of_ana, of_bea, of_cida] {
            assert_eq!(find(reader, &admin.viewer, id).await.unwrap().row.id, of_ana);
        }
        assert_eq!(texts(&stage, of_ana).await, ["de 0", "de 1", "de 2"]);
        undo(&stage.installation, &admin.viewer, second.id).await.unwrap();
        assert_eq!(parting::picture(&stage).await, two);
        assert_eq!(find(reader, &admin.viewer, of_bea).await.unwrap().row.id, of_cida);
        undo(&stage.installation, &admin.viewer, first.id).await.unwrap();
        assert_eq!(parting::picture(&stage).await, apart);
    }
}

#[tokio::test]
async fn of_two_who_merge_the_same_at_once_one_does() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        for contact in [ana, other] {
            talk(&stage, contact, stage.sales, None, &["oi"]).await;
        }
        let pairs = [(ana, other), (other, ana), (ana, other), (other, ana)];
        let tries = pairs.map(|(into, contact)| join(&stage, &admin, into, contact));
        let outcomes = futures_util::future::join_all(tries).await;
        let done: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
        assert_eq!(done.len(), 1, "{outcomes:?}");
        let told = |refusal| matches!(refusal, Refusal::ContactMerged | Refusal::SurvivorMerged);
        assert!(outcomes.into_iter().filter(Result::is_err).all(|outcome| told(refusal(outcome))));
    }
}

#[tokio::test]
async fn who_may_not_keep_what_was_joined_gives_it_back_to_the_queue() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage).await;
        let gone = stage.person("Bia", &[(AGENT, Scope::Channel(stage.support))]).await;
        let (ana, other) = (stage.customer("Ana", "5511").await, stage.customer("Maria", "BR.1").await);
        let stays = talk(&stage, ana, stage.sales, Some(gone.member_id), &["um"]).await;
        talk(&stage, other, stage.sales, None, &["dois"]).await;
        join(&stage, &admin, ana, other).await.unwrap();
        let now = row(&stage, stays).await;
        assert_eq!((now.status, now.assignee_id), (ConversationStatus::Open, None));
        assert_eq!(now.last_assignee_id, Some(gone.member_id));
        let decided =
            routing_decision::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert_eq!(
            decided.iter().filter(|row| row.conversation_id == stays).count(),
            1,
            "somebody was looked for"
        );
        let agent = stage.person("Caio", &[(AGENT, Scope::Workspace)]).await;
        claim(&stage.installation, &agent.viewer, stays).await.unwrap();
    }
}
