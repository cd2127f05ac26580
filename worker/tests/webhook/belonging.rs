//! Calls, groups, handovers, old chats and address books: each where its users would look for it.

use portaria_domain::access::Scope;
use portaria_domain::channel_fact;
use portaria_domain::conversation::resolve;
use portaria_entity::alert::{self, AlertKind};
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::event::{self, EventKind};
use portaria_entity::group_participant::{self, ParticipantStatus};
use portaria_entity::message::{DeliveryStatus, Direction};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_entity::{contact, contact_group};
use portaria_testing::{START, databases};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::{Value, json};

use crate::conversing::{ANA, later};
use crate::site::{Site, text};

const GROUP: &str = "Y2FwaV9ncm91cDox";

fn of_number(mut value: Value) -> Value {
    value["metadata"] = json!({ "phone_number_id": "padaria-1", "display_phone_number": "551140000001" });
    value
}

fn at(second: i64) -> String {
    (START.as_secs() + second).to_string()
}

#[tokio::test]
async fn what_is_said_in_a_group_is_in_nobodys_private_conversation() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        site.say(json!({ "messages": [text("w1", ANA, 10, "só para vocês")] })).await;
        site.settled().await;
        let private = site.conversation().await;
        let in_group = |id: &str, from: &str, second: i64, body: &str| {
            let mut message = text(id, from, second, body);
            message["group_id"] = GROUP.into();
            message
        };
        let cards = json!([{ "wa_id": ANA, "profile": { "name": "Ana" } }]);
        site.say(json!({ "contacts": cards, "messages": [in_group("g1", ANA, 20, "oi, todos"), in_group("g2", "5511955550202", 30, "oi")] })).await;
        site.settled().await;
        let conversations = site.conversations().await;
        assert_eq!(conversations.len(), 2);
        let group = conversations.iter().find(|row| row.id != private.id).unwrap();
        let of = async |id: &str| site.message(id).await.conversation_id;
        assert_eq!((of("w1").await, of("g1").await, of("g2").await), (private.id, group.id, group.id));
        assert_eq!((group.unread_count, group.last_inbound_at.is_some()), (2, true));
        let kept = site.conversations().await.into_iter().find(|row| row.id == private.id).unwrap();
        assert_eq!((kept.unread_count, kept.last_message_id), (1, private.last_message_id));
        let senders = "SELECT c.name FROM message_senders s JOIN contacts c ON c.id = s.contact_id WHERE c.name = 'Ana'";
        let rows = site.reader().query_all_raw(site.stage.installation.database.statement(senders, [])).await;
        assert_eq!(rows.unwrap().len(), 1);

        // It has a name and a life of its own, and neither goes back.
        let tell = async |field: &str, second: i64, mut one: Value| {
            one["group_id"] = GROUP.into();
            one["timestamp"] = at(second).into();
            site.tell(field, 0, of_number(json!({ "groups": [one] }))).await;
        };
        tell("group_lifecycle_update", 5, json!({ "type": "group_create", "subject": "Vizinhos" })).await;
        tell(
            "group_settings_update",
            50,
            json!({ "type": "group_settings_update", "group_subject": { "text": "Rua 7" } }),
        )
        .await;
        tell(
            "group_settings_update",
            40,
            json!({ "type": "group_settings_update", "group_subject": { "text": "Rua 6" } }),
        )
        .await;
        tell("group_status_update", 60, json!({ "type": "group_suspend" })).await;
        let row = contact_group::Entity::find().one(site.reader()).await.unwrap().unwrap();
        assert_eq!((row.subject.as_deref(), row.status.as_deref()), (Some("Rua 7"), Some("suspended")));
        let key = (row.workspace_id, group.contact_id);
        let named = contact::Entity::find_by_id(key).one(site.reader()).await.unwrap().unwrap();
        assert_eq!(named.name.as_deref(), Some("Rua 7"));
        site.stop().await;
    }
}

#[tokio::test]
async fn a_missed_call_calls_for_an_answer_and_a_taken_one_opens_the_window() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let call = |id: &str, event: &str, second: i64, duration: Option<i64>| {
            let mut call = json!({ "id": id, "from": ANA, "event": event, "direction": "USER_INITIATED", "timestamp": at(second) });
            if let Some(duration) = duration {
                call["duration"] = duration.into();
            }
            of_number(json!({ "calls": [call] }))
        };
        site.tell("calls", 0, call("wacid.1", "connect", 10, None)).await;
        assert_eq!(site.conversations().await, []);
        site.tell("calls", 0, call("wacid.1", "terminate", 40, Some(30))).await;
        let row = site.conversation().await;
        assert!(row.last_inbound_at.is_some());
        assert_eq!(
            (row.unread_count, row.waiting_since, row.status),
            (0, None, ConversationStatus::Resolved)
        );
        site.tell("calls", 0, call("wacid.2", "terminate", 60, None)).await;
        site.tell("calls", 0, call("wacid.2", "connect", 50, None)).await;
        let row = site.conversation().await;
        assert_eq!(
            (row.unread_count, row.waiting_since.is_some(), row.status),
            (1, true, ConversationStatus::Open)
        );
        let kinds: Vec<_> = site.messages().await.into_iter().map(|row| row.kind).collect();
        assert_eq!(kinds, ["call", "missed_call"]);
        site.stop().await;
    }
}

fn handover(kind: &str, second: i64) -> Value {
    let passing = json!({ "previous_owner_role": "ai_agent", "new_owner_role": "escalation", "metadata": "asked for a person",
        "conversation_context": { "type": "summary", "summary": { "text": "Quer trocar o pedido 7." } } });
    let mut value = json!({ "sender": { "phone_number": ANA }, "type": kind, "timestamp": at(second),
        "recipient": { "phone_number_id": "padaria-1", "display_phone_number": "551140000001" } });
    value[kind] = passing;
    value
}

#[tokio::test]
async fn what_a_bot_passes_on_finds_somebody_with_its_summary_and_what_is_taken_leaves_the_queue() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let standby = json!({ "standby": { "messages": [text("w1", ANA, 10, "quero uma pessoa")] } });
        site.tell("standby", 0, of_number(standby)).await;
        assert_eq!(site.conversation().await.status, ConversationStatus::Resolved, "others have it");
        site.tell("messaging_handovers", 0, handover("control_passed", 20)).await;
        let row = site.conversation().await;
        assert_eq!((row.status, row.waiting_since.is_some()), (ConversationStatus::Open, true));
        let note = site.message_of_kind("handover").await;
        assert_eq!(
            (note.body.as_deref(), note.direction),
            (Some("Quer trocar o pedido 7."), Direction::Inbound)
        );
        site.tell("messaging_handovers", 0, handover("control_taken", 30)).await;
        let row = site.conversation().await;
        assert_eq!(
            (row.status, row.waiting_since, row.assignee_id),
            (ConversationStatus::Resolved, None, None)
        );

        // Passed on while somebody is there, it is theirs.
        let agent =
            site.stage.person("Agente", &[(BuiltInRole::Agent, Scope::Channel(site.stage.sales))]).await;
        site.tell("messaging_handovers", 0, handover("control_passed", 40)).await;
        let row = site.conversation().await;
        assert_eq!(row.assignee_id, Some(agent.member_id));
        site.tell("messaging_handovers", 0, handover("control_taken", 50)).await;
        let row = site.conversation().await;
        assert_eq!(
            (row.assignee_id, row.waiting_since),
            (Some(agent.member_id), None),
            "they see that it was taken"
        );
        resolve(&site.stage.installation, &agent.viewer, row.id).await.unwrap();
        site.stop().await;
    }
}

#[tokio::test]
async fn what_is_passed_on_and_taken_back_at_once_is_given_to_nobody() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        site.stage.person("Agente", &[(BuiltInRole::Agent, Scope::Channel(site.stage.sales))]).await;
        let both = [handover("control_passed", 20), handover("control_taken", 30)]
            .map(|value| json!({ "field": "messaging_handovers", "value": value }));
        let entry = json!({ "id": "padaria-waba", "time": at(30).parse::<i64>().unwrap(), "changes": both });
        let body = json!({ "object": "whatsapp_business_account", "entry": [entry] });
        assert_eq!(site.deliver(body.to_string().as_bytes()).await.status, 200);
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.status, row.assignee_id), (ConversationStatus::Resolved, None));
        site.stop().await;
    }
}

#[tokio::test]
async fn the_summary_beside_a_first_message_stands_in_its_conversation() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let context = json!({ "type": "summary", "summary": { "text": "Já tentou reiniciar." } });
        site.say(json!({ "messages": [text("w1", ANA, 10, "oi")], "conversation_context": context })).await;
        site.settled().await;
        let note = site.message_of_kind("system").await;
        assert_eq!(note.body.as_deref(), Some("Já tentou reiniciar."));
        assert_eq!(note.conversation_id, site.conversation().await.id);
        assert_eq!(site.conversation().await.unread_count, 1);
        site.stop().await;
    }
}

#[tokio::test]
async fn how_far_old_chats_are_is_known_and_a_refusal_is_alerted() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let chunk = |phase: i64, progress: i64| {
            let metadata = json!({ "phase": phase, "chunk_order": 1, "progress": progress });
            let threads =
                json!([{ "id": ANA, "messages": [text(&format!("h{phase}{progress}"), ANA, 1, "antes")] }]);
            of_number(json!({ "history": [{ "metadata": metadata, "threads": threads }] }))
        };
        let history = async || {
            let facts = channel_fact::all(site.reader(), site.stage.workspace_id).await.unwrap();
            facts[&site.stage.sales].history.clone().unwrap()
        };
        let refused = json!({ "history": [{ "errors": [{ "code": 2_593_109, "title": "History sync is turned off" }] }] });
        site.tell("history", 0, of_number(refused)).await;
        let find = async || alert::Entity::find().one(site.reader()).await.unwrap().unwrap();
        assert_eq!((find().await.kind, find().await.resolved_at), (AlertKind::SyncRefused, None));
        assert_eq!(history().await, "refused");
        site.tell("history", 0, chunk(1, 40)).await;
        site.tell("history", 0, chunk(0, 100)).await;
        assert_eq!(history().await, "phase 1:  40 %");
        assert!(find().await.resolved_at.is_some());
        site.stop().await;
    }
}

#[tokio::test]
async fn the_address_book_names_whom_nobody_has_named_yet() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let sync = |phone: &str, name: &str, action: &str| {
            let entry = json!({ "full_name": name, "first_name": name, "phone_number": phone });
            let one = json!({ "type": "contact", "contact": entry, "action": action, "metadata": { "timestamp": at(5) } });
            of_number(json!({ "state_sync": [one] }))
        };
        let cards = json!([{ "wa_id": ANA, "profile": { "name": "Ana" } }]);
        site.say(json!({ "contacts": cards, "messages": [text("w1", ANA, 10, "oi")] })).await;
        site.settled().await;
        site.tell("smb_app_state_sync", 0, sync(ANA, "Ana da padaria", "add")).await;
        site.tell("smb_app_state_sync", 0, sync("5511955550303", "Bia", "add")).await;
        site.tell("smb_app_state_sync", 0, sync("5511955550404", "Caio", "remove")).await;
        let mut names: Vec<_> = contact::Entity::find()
            .all(site.reader())
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.name.unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["Ana", "Bia"]);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_reaction_does_not_become_the_last_message() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let reaction = json!({ "from": ANA, "id": "r1", "timestamp": at(20), "type": "reaction", "reaction": { "message_id": "w1", "emoji": "👍" } });
        site.say(json!({ "messages": [text("w1", ANA, 10, "oi"), reaction] })).await;
        site.settled().await;
        let message = site.message("w1").await.id;
        assert_eq!(site.conversation().await.last_message_id, Some(message));
        let events = event::Entity::find().order_by_asc(event::Column::Id).all(site.reader()).await.unwrap();
        let told = |kind| {
            events.iter().filter(|event| event.kind == kind).map(|event| event.message_id).collect::<Vec<_>>()
        };
        assert_eq!(told(EventKind::MessageReceived), [Some(message)]);
        assert_eq!(told(EventKind::MessageUpdated), [Some(message)]);
        site.stop().await;
    }
}

#[tokio::test]
async fn who_comes_to_a_group_and_leaves_it_is_known_whatever_the_order_it_is_told_in() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let tell = async |second: i64, mut one: Value| {
            one["group_id"] = GROUP.into();
            one["timestamp"] = at(second).into();
            site.tell("group_participants_update", 0, of_number(json!({ "groups": [one] }))).await;
        };
        let bia = json!({ "wa_id": "5511955550202", "user_id": "BR.1002" });
        tell(30, json!({ "type": "group_participants_remove", "removed_participants": [bia] })).await;
        tell(20, json!({ "type": "group_participants_add", "added_participants": [{ "wa_id": 5_511_955_550_202_u64 }, { "wa_id": "5511955550303" }] })).await;
        tell(
            40,
            json!({ "type": "group_join_request_created", "join_request_id": "j", "wa_id": "5511955550404" }),
        )
        .await;
        tell(
            40,
            json!({ "type": "group_join_request_revoked", "join_request_id": "j", "wa_id": "5511955550404" }),
        )
        .await;
        let rows = group_participant::Entity::find().order_by_asc(group_participant::Column::Phone);
        let rows = rows.all(site.reader()).await.unwrap();
        let second = |time: Option<Timestamp>| time.map(|time| time.as_secs() - START.as_secs());
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                (row.phone.as_deref().unwrap(), row.status, second(row.joined_at), second(row.left_at))
            })
            .collect();
        let expected = [
            ("5511955550202", ParticipantStatus::Left, Some(20), Some(30)),
            ("5511955550303", ParticipantStatus::Joined, Some(20), None),
            ("5511955550404", ParticipantStatus::Withdrew, None, None),
        ];
        assert_eq!(told, expected, "{}", site.stage.test_database.name);
        assert_eq!(rows[0].user_id.as_deref(), Some("BR.1002"));
        site.stop().await;
    }
}

#[tokio::test]
async fn a_message_to_a_group_is_read_when_all_have_read_it() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let (ana, bia) = ("5511955550101", "5511955550202");
        let echo = |id: &str, second: i64| {
            let mut message = text(id, "551140000001", second, "oi, todos");
            message["group_id"] = GROUP.into();
            message
        };
        let receipt = |id: &str, who: &str, status: &str, second: i64| {
            json!({ "id": id, "status": status, "timestamp": at(second), "recipient_type": "group",
                    "recipient_id": GROUP, "recipient_participant_id": who })
        };
        let said = async |value: Value| {
            site.say(value).await;
            site.settled().await;
        };
        let status = async |id: &str| site.message(id).await.status;
        site.tell("smb_message_echoes", 0, of_number(json!({ "message_echoes": [echo("g1", 10)] }))).await;
        // Nobody is known to be in it: that it reached somebody is all that can be said.
        said(json!({ "statuses": [receipt("g1", ana, "read", 20)] })).await;
        assert_eq!(status("g1").await, DeliveryStatus::Delivered, "{}", site.stage.test_database.name);

        let came = json!({ "type": "group_participants_add", "group_id": GROUP, "timestamp": at(25),
                           "added_participants": [{ "wa_id": ana }, { "wa_id": bia }] });
        site.tell("group_participants_update", 0, of_number(json!({ "groups": [came] }))).await;
        // Statuses that come before their message count as well, and what did not reach one has not failed.
        said(json!({ "statuses": [receipt("g2", ana, "read", 40), receipt("g2", bia, "failed", 40)] })).await;
        site.tell("smb_message_echoes", 0, of_number(json!({ "message_echoes": [echo("g2", 30)] }))).await;
        assert_eq!(status("g2").await, DeliveryStatus::Sent, "it has not reached everybody");
        said(json!({ "statuses": [receipt("g2", bia, "delivered", 50)] })).await;
        assert_eq!(status("g2").await, DeliveryStatus::Delivered);
        said(json!({ "statuses": [receipt("g2", bia, "read", 60), receipt("g2", "5511955550909", "played", 61)] })).await;
        let message = site.message("g2").await;
        assert_eq!(
            (message.status, message.status_at.unwrap().as_secs()),
            (DeliveryStatus::Read, START.as_secs() + 60)
        );
        site.stop().await;
    }
}
