//! What messages and statuses do to a conversation.

use portaria_domain::access::Scope;
use portaria_domain::conversation::resolve;
use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::event::{self, AssignmentCause, EventKind};
use portaria_entity::message::{DeliveryStatus, Direction};
use portaria_entity::role::BuiltInRole;
use portaria_entity::routing_decision::{self, RoutingCause};
use portaria_entity::time::Timestamp;
use portaria_entity::{contact, episode};
use portaria_testing::{START, databases};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::site::{Site, text};

pub const ANA: &str = "5511955550101";

fn second(second: i64) -> Timestamp {
    Timestamp::from_secs(START.as_secs() + second)
}

pub async fn later(site: &Site, seconds: u64) {
    site.stage.clock.advance(std::time::Duration::from_secs(seconds));
}

#[tokio::test]
async fn a_first_message_finds_somebody_and_later_ones_stay_there() {
    for test in databases().await {
        let site = Site::on(test).await;
        let agent =
            site.stage.person("Agente", &[(BuiltInRole::Agent, Scope::Channel(site.stage.sales))]).await;
        later(&site, 100).await;
        let card =
            json!([{ "wa_id": ANA, "user_id": "BR.1", "profile": { "name": "Ana", "username": "ana" } }]);
        site.say(json!({ "contacts": card, "messages": [text("w1", ANA, 10, "oi"), text("w2", ANA, 20, "tudo bem?")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!(row.assignee_id, Some(agent.member_id));
        assert_eq!((row.status, row.unread_count), (ConversationStatus::Open, 2));
        assert_eq!((row.waiting_since, row.last_inbound_at), (Some(second(10)), Some(second(20))));
        assert_eq!(
            (row.last_activity_at, row.last_message_id),
            (second(20), Some(site.message("w2").await.id))
        );
        let contacts = contact::Entity::find().all(site.reader()).await.unwrap();
        assert_eq!(contacts.len(), 1);
        assert_eq!(contacts[0].name.as_deref(), Some("Ana"));
        let mut identities = contact_identity::Entity::find().all(site.reader()).await.unwrap();
        identities.sort_by(|a, b| a.value.cmp(&b.value));
        let identities: Vec<_> = identities.iter().map(|row| (row.kind, row.value.as_str())).collect();
        let expected = [
            (IdentityKind::Phone, ANA),
            (IdentityKind::BusinessScopedId, "BR.1"),
            (IdentityKind::Username, "ana"),
        ];
        assert_eq!(identities, expected);

        // One that comes late moves nothing back, and one from the future is brought back to now.
        site.say(json!({ "messages": [text("w0", ANA, 5, "antes"), text("w9", ANA, 9_999, "amanhã")] }))
            .await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.unread_count, row.waiting_since), (4, Some(second(5))));
        assert_eq!(
            (row.last_activity_at, row.last_message_id),
            (second(100), Some(site.message("w9").await.id))
        );
        let decisions = routing_decision::Entity::find().all(site.reader()).await.unwrap();
        assert_eq!(decisions.len(), 1);
        assert_eq!(
            (decisions[0].cause, decisions[0].assignee_id),
            (RoutingCause::NewEpisode, Some(agent.member_id))
        );

        let events = event::Entity::find().order_by_asc(event::Column::Id).all(site.reader()).await.unwrap();
        let of = |kind| events.iter().filter(|event| event.kind == kind).collect::<Vec<_>>();
        assert_eq!(of(EventKind::MessageReceived).len(), 4);
        let changed = of(EventKind::ConversationChanged);
        assert_eq!((changed[0].was_open, changed[1].was_open), (None, Some(true)), "new, then changed");
        assert_eq!(changed[1].was_assignee_id, Some(agent.member_id));
        site.stop().await;
    }
}

#[tokio::test]
async fn who_writes_again_after_the_end_gets_whom_they_had() {
    for test in databases().await {
        let site = Site::on(test).await;
        let mut people = Vec::new();
        for name in ["Um", "Dois"] {
            people.push(site.stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await);
        }
        site.say(json!({ "messages": [text("w1", ANA, 0, "oi")] })).await;
        site.settled().await;
        let first = site.conversation().await;
        let had = people.iter().find(|person| Some(person.member_id) == first.assignee_id).unwrap();
        // What needs no answer opens nothing.
        resolve(&site.stage.installation, &had.viewer, first.id).await.unwrap();
        let reaction = json!({ "from": ANA, "id": "w2", "timestamp": "1772452801", "type": "reaction", "reaction": { "message_id": "w1", "emoji": "👍" } });
        site.say(json!({ "messages": [reaction] })).await;
        site.settled().await;
        assert_eq!(site.conversation().await.status, ConversationStatus::Resolved);

        site.say(json!({ "messages": [text("w3", ANA, 0, "voltei"), text("w4", ANA, 0, "de novo")] })).await;
        site.settled().await;
        let again = site.conversation().await;
        assert_eq!((again.status, again.assignee_id), (ConversationStatus::Open, first.assignee_id));
        assert_eq!(again.unread_count, 2);
        assert_ne!(again.episode_id, first.episode_id);
        let episodes =
            episode::Entity::find().order_by_asc(episode::Column::Id).all(site.reader()).await.unwrap();
        let ended: Vec<_> = episodes.iter().map(|episode| episode.resolved_at.is_some()).collect();
        assert_eq!(ended, [true, false]);
        assert!(episodes.iter().all(|episode| episode.first_assigned_at.is_some()));
        site.stop().await;
    }
}

#[tokio::test]
async fn a_new_stretch_that_goes_to_somebody_else_is_told_as_one_change_of_hands() {
    for test in databases().await {
        let site = Site::on(test).await;
        let mut people = Vec::new();
        for name in ["Um", "Dois"] {
            people.push(site.stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await);
        }
        site.say(json!({ "messages": [text("w1", ANA, 0, "oi")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        let (had, other): (Vec<_>, Vec<_>) =
            people.iter().partition(|person| Some(person.member_id) == row.assignee_id);
        let (had, other) = (had[0], other[0]);
        // The same one again is no change.
        resolve(&site.stage.installation, &had.viewer, row.id).await.unwrap();
        site.say(json!({ "messages": [text("w2", ANA, 0, "voltei")] })).await;
        site.settled().await;
        resolve(&site.stage.installation, &had.viewer, row.id).await.unwrap();
        site.execute(
            "UPDATE members SET availability = 'busy' WHERE id = (SELECT assignee_id FROM conversations)",
        )
        .await;
        site.say(json!({ "messages": [text("w3", ANA, 0, "de novo")] })).await;
        site.settled().await;
        let find = event::Entity::find()
            .filter(event::Column::Kind.eq(EventKind::ConversationAssigned))
            .order_by_asc(event::Column::Id);
        let rows = find.all(site.reader()).await.unwrap();
        let told: Vec<_> =
            rows.iter().map(|row| (row.was_open, row.was_assignee_id, row.assignee_id, row.cause)).collect();
        let (had, other) = (Some(had.member_id), Some(other.member_id));
        let new = Some(AssignmentCause::NewEpisode);
        let expected = [(Some(false), None, had, new), (Some(false), had, other, new)];
        assert_eq!(told, expected, "{}", site.stage.test_database.name);
        site.stop().await;
    }
}

#[tokio::test]
async fn what_comes_late_opens_anew_only_what_nobody_has_answered() {
    for test in databases().await {
        let site = Site::on(test).await;
        let agent = site.stage.person("Um", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        later(&site, 500).await;
        site.say(json!({ "messages": [text("w1", ANA, 100, "oi")] })).await;
        assert_eq!(site.deliver(echo("m1", 200, "pois não?").as_bytes()).await.status, 200);
        site.settled().await;
        let id = site.conversation().await.id;
        resolve(&site.stage.installation, &agent.viewer, id).await.unwrap();
        site.say(json!({ "messages": [text("w2", ANA, 150, "alô?")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.status, row.waiting_since), (ConversationStatus::Resolved, None), "answered since");
        assert_eq!(row.unread_count, 1, "but nobody has read it");
        site.say(json!({ "messages": [text("w3", ANA, 250, "e hoje?")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.status, row.waiting_since), (ConversationStatus::Open, Some(second(250))));
        assert_eq!(row.assignee_id, Some(agent.member_id), "who had it gets it again");
        // An answer of the same second, told before a message that was sent before it.
        assert_eq!(site.deliver(echo("m2", 300, "sim").as_bytes()).await.status, 200);
        site.say(json!({ "messages": [text("w4", ANA, 300, "?"), text("w5", ANA, 240, "olá")] })).await;
        site.settled().await;
        assert_eq!(site.conversation().await.waiting_since, None, "{}", site.stage.test_database.name);
        let episodes =
            episode::Entity::find().order_by_asc(episode::Column::Id).all(site.reader()).await.unwrap();
        let told: Vec<_> = episodes.iter().map(|row| (row.called_at, row.first_response_at)).collect();
        assert_eq!(told, [(Some(second(100)), Some(second(200))), (Some(second(240)), Some(second(300)))]);
        site.stop().await;
    }
}

#[tokio::test]
async fn nobody_permitted_means_waiting_until_somebody_is() {
    for test in databases().await {
        let site = Site::on(test).await;
        let agent =
            site.stage.person("Agente", &[(BuiltInRole::Agent, Scope::Channel(site.stage.support))]).await;
        site.say(json!({ "messages": [text("w1", ANA, 0, "oi")] })).await;
        site.settled().await;
        assert_eq!(site.conversation().await.assignee_id, None);
        site.stage
            .grant(
                site.stage.workspace_id,
                agent.member_id,
                BuiltInRole::Agent,
                Scope::Channel(site.stage.sales),
            )
            .await;
        for _ in 0..1_000 {
            if site.conversation().await.assignee_id.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(site.conversation().await.assignee_id, Some(agent.member_id));
        site.stop().await;
    }
}

fn status(id: &str, status: &str, second: i64) -> serde_json::Value {
    let at = (START.as_secs() + second).to_string();
    json!({ "id": id, "status": status, "timestamp": at, "recipient_id": ANA })
}

pub fn echo(id: &str, second: i64, body: &str) -> String {
    let at = (START.as_secs() + second).to_string();
    let message = json!({ "from": "551140000001", "to": ANA, "id": id, "timestamp": at, "type": "text", "text": { "body": body } });
    let value = json!({ "metadata": { "phone_number_id": "padaria-1" }, "message_echoes": [message] });
    let change = json!({ "field": "smb_message_echoes", "value": value });
    json!({ "entry": [{ "id": "padaria-waba", "changes": [change] }] }).to_string()
}

#[tokio::test]
async fn statuses_never_go_back_and_may_come_before_their_message() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100).await;
        site.say(json!({ "statuses": [status("m1", "delivered", 11), status("m1", "sent", 10)] })).await;
        site.settled().await;
        assert_eq!(site.deliver(echo("m1", 10, "saiu").as_bytes()).await.status, 200);
        assert_eq!(site.deliver(echo("m2", 10, "saiu").as_bytes()).await.status, 200);
        site.settled().await;
        let seen = async |id: &str| {
            let row = site.message(id).await;
            (row.status, row.status_at)
        };
        assert_eq!(seen("m1").await, (DeliveryStatus::Delivered, Some(second(11))));
        assert_eq!(site.message("m1").await.direction, Direction::Outbound);
        for (name, expected) in [
            ("read", DeliveryStatus::Read),
            ("delivered", DeliveryStatus::Read),
            ("sent", DeliveryStatus::Read),
            ("captured", DeliveryStatus::Read),
            ("played", DeliveryStatus::Played),
            ("failed", DeliveryStatus::Failed),
            ("read", DeliveryStatus::Failed),
        ] {
            site.say(json!({ "statuses": [status("m2", name, 20)] })).await;
            site.settled().await;
            assert_eq!(site.message("m2").await.status, expected, "{name}");
        }
        let row = site.conversation().await;
        assert_eq!((row.unread_count, row.waiting_since, row.episode_id), (0, None, None));
        site.stop().await;
    }
}

#[tokio::test]
async fn an_answer_from_the_phone_ends_the_waiting() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100).await;
        site.say(json!({ "messages": [text("w1", ANA, 10, "oi")] })).await;
        site.settled().await;
        assert_eq!(site.conversation().await.waiting_since, Some(second(10)));
        later(&site, 100).await;
        assert_eq!(site.deliver(echo("m1", 150, "pois não?").as_bytes()).await.status, 200);
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.waiting_since, row.unread_count, row.last_activity_at), (None, 1, second(150)));
        let episode = episode::Entity::find().one(site.reader()).await.unwrap().unwrap();
        assert_eq!(episode.first_response_at, Some(second(150)));
        site.stop().await;
    }
}

#[tokio::test]
async fn edits_and_revocations_take_effect_in_either_order() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100).await;
        let act = |id: &str, kind: &str, of: &str, second: i64, body: &str| {
            let mut message = text(id, ANA, second, "");
            message["type"] = kind.into();
            message[kind] =
                json!({ "original_message_id": of, "message": { "type": "text", "text": { "body": body } } });
            message
        };
        let told = [
            act("e2", "edit", "w1", 30, "o segundo"),
            act("e1", "edit", "w1", 20, "o primeiro"),
            act("r1", "revoke", "w2", 40, ""),
            text("w1", ANA, 10, "original"),
            text("w2", ANA, 11, "engano"),
            text("w3", ANA, 12, "outro"),
            act("e3", "edit", "w3", 50, "outro, corrigido"),
            act("r3", "revoke", "w3", 60, ""),
        ];
        for message in told {
            site.say(json!({ "messages": [message] })).await;
            site.settled().await;
        }
        let seen = async |id: &str| {
            let row = site.message(id).await;
            (row.body.unwrap_or_default(), row.edited_at, row.revoked_at)
        };
        assert_eq!(seen("w1").await, ("o segundo".to_owned(), Some(second(30)), None));
        assert_eq!(seen("w2").await, ("engano".to_owned(), None, Some(second(40))));
        assert_eq!(seen("w3").await, ("outro, corrigido".to_owned(), Some(second(50)), Some(second(60))));
        assert_eq!(site.messages().await.len(), 8);
        let row = site.conversation().await;
        assert_eq!((row.unread_count, row.last_message_id), (3, Some(site.message("w3").await.id)));

        // Nobody else's message is touched.
        let mut foreign = act("x1", "edit", "w1", 90, "não é meu");
        foreign["from"] = "5511955550999".into();
        site.say(json!({ "messages": [foreign] })).await;
        site.settled().await;
        assert_eq!(seen("w1").await.0, "o segundo");
        site.stop().await;
    }
}
