//! Repetition, disorder, haste and failure: each thing told once, and nobody held up by another's trouble.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{contact, contact_identity, episode, message_status, routing_decision, webhook_change};
use portaria_testing::{START, TestDatabase, databases};
use portaria_worker::WorkerOptions;
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::{Value, json};

use crate::site::{Site, said, text};

const CUSTOMERS: u32 = 6;

/// A busy hour: texts, echoes with their statuses, edits, reactions and a change of a template, in the order in which they happened.
fn an_hour() -> Vec<String> {
    let mut bodies = Vec::new();
    for round in 0..4 {
        for customer in 0..CUSTOMERS {
            let (phone, second) =
                (format!("55119555501{customer:02}"), i64::from(round * 100 + customer * 3));
            let at = |offset: i64| (START.as_secs() + second + offset).to_string();
            let id = |what: &str| format!("wamid.{what}.{customer}.{round}");
            let card = json!([{ "wa_id": phone, "user_id": format!("BR.{customer}"), "profile": { "name": format!("Cliente {customer}") } }]);
            let edit = json!({ "from": phone, "id": id("edit"), "timestamp": at(50), "type": "edit",
                "edit": { "original_message_id": id("text"), "message": { "type": "text", "text": { "body": "corrigido" } } } });
            let reaction = json!({ "from": phone, "id": id("reaction"), "timestamp": at(40), "type": "reaction",
                "reaction": { "message_id": id("text"), "emoji": "👍" } });
            bodies.push(said(
                "padaria-1",
                json!({ "contacts": card, "messages": [text(&id("text"), &phone, second, "oi"), reaction] }),
            ));
            bodies.push(said("padaria-1", json!({ "contacts": card, "messages": [edit] })));
            let echo = json!({ "from": "551140000001", "to": phone, "id": id("echo"), "timestamp": at(1), "type": "text", "text": { "body": "pois não" } });
            let value = json!({ "metadata": { "phone_number_id": "padaria-1" }, "message_echoes": [echo] });
            bodies.push(json!({ "entry": [{ "id": "1", "changes": [{ "field": "smb_message_echoes", "value": value }] }] }).to_string());
            let status = |name: &str, offset: i64| json!({ "id": id("echo"), "status": name, "timestamp": at(offset), "recipient_id": phone });
            bodies
                .push(said("padaria-1", json!({ "statuses": [status("sent", 1), status("delivered", 2)] })));
            bodies.push(said("padaria-1", json!({ "statuses": [status("read", 2)] })));
        }
        let change = json!({ "field": "message_template_status_update", "value": { "event": "APPROVED", "message_template_id": round } });
        bodies.push(json!({ "entry": [{ "id": "1", "time": 5, "changes": [change] }] }).to_string());
    }
    bodies
}

/// All that there is, without ids and without when it was written.
async fn state(site: &Site) -> Vec<String> {
    let reader = site.reader();
    let contacts = contact::Entity::find().all(reader).await.unwrap();
    let name =
        |id| contacts.iter().find(|row| row.id == id).and_then(|row| row.name.clone()).unwrap_or_default();
    let messages = site.messages().await;
    let whatsapp_id = |id| messages.iter().find(|row| Some(row.id) == id).map(|row| row.whatsapp_id.clone());
    let conversations = site.conversations().await;
    let mut lines: Vec<String> = Vec::new();
    for row in &conversations {
        lines.push(format!(
            "{} {:?} assigned {} unread {} at {:?} inbound {:?} waits {:?} last {:?}",
            name(row.contact_id),
            row.status,
            row.assignee_id.is_some(),
            row.unread_count,
            row.last_activity_at,
            row.last_inbound_at,
            row.waiting_since,
            whatsapp_id(row.last_message_id)
        ));
    }
    for row in &messages {
        let of = conversations.iter().find(|one| one.id == row.conversation_id).unwrap();
        lines.push(format!(
            "{} {} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?}",
            name(of.contact_id),
            row.whatsapp_id,
            row.direction,
            row.kind,
            row.body,
            row.sent_at,
            row.status,
            row.status_at,
            row.edited_at,
            row.revoked_at
        ));
    }
    for row in contact_identity::Entity::find().all(reader).await.unwrap() {
        lines.push(format!("{} {:?} {} {:?}", name(row.contact_id), row.kind, row.value, row.last_seen_at));
    }
    for row in message_status::Entity::find().all(reader).await.unwrap() {
        lines.push(format!("{} {} {:?}", row.whatsapp_id, row.status, row.at));
    }
    lines.push(format!("episodes {}", episode::Entity::find().count(reader).await.unwrap()));
    lines.push(format!("decisions {}", routing_decision::Entity::find().count(reader).await.unwrap()));
    lines.push(format!("changes {}", webhook_change::Entity::find().count(reader).await.unwrap()));
    lines.sort();
    lines
}

async fn staffed(test: TestDatabase, options: WorkerOptions) -> Site {
    let site = Site::with(test, options).await;
    for name in ["Um", "Dois"] {
        site.stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    }
    site.stage.clock.advance(Duration::from_secs(3_600));
    site
}

/// Every body so many times, in an order that is the same at every run but no order.
fn shuffled(bodies: &[String], times: usize) -> Vec<String> {
    let mut all: Vec<String> = std::iter::repeat_n(bodies, times).flatten().cloned().collect();
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for place in (1..all.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(place, usize::try_from(seed >> 33).unwrap() % (place + 1));
    }
    all
}

#[tokio::test]
async fn a_storm_of_repetitions_ends_where_one_clean_run_does() {
    let hour = an_hour();
    for (clean, stormy) in databases().await.into_iter().zip(databases().await) {
        let clean = staffed(clean, WorkerOptions::default()).await;
        for body in &hour {
            assert_eq!(clean.deliver(body.as_bytes()).await.status, 200);
            clean.settled().await;
        }
        let mut options = WorkerOptions::default();
        options.processing.claim = 3;
        let stormy = staffed(stormy, options).await;
        let storm = shuffled(&hour, 5);
        let stormy_site = &stormy;
        let senders = storm.chunks(storm.len().div_ceil(8)).map(|bodies| async move {
            for body in bodies {
                assert_eq!(stormy_site.deliver(body.as_bytes()).await.status, 200);
            }
        });
        futures_util::future::join_all(senders).await;
        stormy.settled().await;
        let deliveries = stormy.deliveries().await;
        let unfinished =
            deliveries.iter().filter(|row| row.status != WebhookDeliveryStatus::Done).collect::<Vec<_>>();
        assert!(unfinished.is_empty(), "{unfinished:?}");
        let stored = |deliveries: &[portaria_entity::webhook_delivery::Model]| {
            deliveries.iter().map(|row| row.stored_count).sum::<i32>()
        };
        assert_eq!(stored(&deliveries), stored(&clean.deliveries().await));
        let (stormy_state, clean_state) = (state(&stormy).await, state(&clean).await);
        let differing: Vec<_> =
            stormy_state.iter().zip(&clean_state).filter(|(one, other)| one != other).collect();
        assert!(differing.is_empty(), "{}: {differing:#?}", clean.stage.test_database.name);
        assert_eq!(stormy_state.len(), clean_state.len());
        clean.stop().await;
        stormy.stop().await;
    }
}

#[tokio::test]
async fn one_customer_who_writes_in_many_deliveries_at_once_has_one_conversation() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.processing.claim = 1;
        let site = staffed(test, options).await;
        let bodies: Vec<_> = (0..40)
            .map(|number| {
                // Sometimes known by phone, sometimes by user id, sometimes by both.
                let mut message = text(&format!("w{number}"), "5511955550101", number, "oi");
                if number % 3 == 0 {
                    message["from_user_id"] = "BR.1".into();
                }
                said("padaria-1", json!({ "messages": [message] }))
            })
            .collect();
        let answers =
            futures_util::future::join_all(bodies.iter().map(|body| site.deliver(body.as_bytes()))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        site.settled().await;
        assert_eq!(site.messages().await.len(), 40);
        assert_eq!(site.conversation().await.unread_count, 40);
        let counts = [
            contact::Entity::find().count(site.reader()).await.unwrap(),
            episode::Entity::find().count(site.reader()).await.unwrap(),
            routing_decision::Entity::find().count(site.reader()).await.unwrap(),
        ];
        assert_eq!(counts, [1, 1, 1], "{}", site.stage.test_database.name);
        site.stop().await;
    }
}

/// Makes the database itself refuse one message.
async fn poison(site: &Site, whatsapp_id: &str) {
    if site.stage.installation.database.is_sqlite() {
        site.execute(&format!(
            "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.whatsapp_id = '{whatsapp_id}' \
             BEGIN SELECT RAISE(ABORT, 'poison'); END"
        ))
        .await;
    } else {
        site.execute(&format!(
            "ALTER TABLE messages ADD CONSTRAINT poison CHECK (whatsapp_id <> '{whatsapp_id}')"
        ))
        .await;
    }
}

fn texts(ids: &[&str]) -> Value {
    let messages: Vec<_> = ids.iter().zip(0..).map(|(id, at)| text(id, "5511955550101", at, "oi")).collect();
    json!({ "messages": messages })
}

#[tokio::test]
async fn what_cannot_be_stored_is_set_aside_and_holds_up_nobody() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.processing.attempts = 3;
        let site = staffed(test, options).await;
        poison(&site, "bad").await;
        site.say(texts(&["a1", "a2", "bad", "a3", "a4"])).await;
        site.say(texts(&["b1"])).await;
        assert_eq!(site.deliver(b"this is no JSON").await.status, 200);
        site.settled().await;
        let ids = async || site.messages().await.into_iter().map(|row| row.whatsapp_id).collect::<Vec<_>>();
        assert!(ids().await.contains(&"b1".to_owned()), "others are not held up");
        for _ in 0..400 {
            site.stage.clock.advance(Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(10)).await;
            if site.deliveries().await.iter().all(|row| row.status != WebhookDeliveryStatus::Pending) {
                break;
            }
        }
        let mut deliveries = site.deliveries().await;
        deliveries.sort_by_key(|row| row.id);
        let fates: Vec<_> =
            deliveries.iter().map(|row| (row.status, row.attempts, row.stored_count)).collect();
        let (dead, done) = (WebhookDeliveryStatus::Dead, WebhookDeliveryStatus::Done);
        assert_eq!(fates, [(dead, 3, 4), (done, 1, 1), (dead, 1, 0)], "{}", site.stage.test_database.name);
        let mut stored = ids().await;
        stored.sort();
        assert_eq!(stored, ["a1", "a2", "a3", "a4", "b1"], "all but what the database refuses");
        let reasons: Vec<_> = deliveries.iter().map(|row| row.error.clone().unwrap_or_default()).collect();
        assert!(reasons[0].starts_with("database error"), "{reasons:?}");
        assert_eq!(reasons[1], "");
        assert!(
            reasons[2].starts_with("the body is not JSON") && !reasons[2].contains("this"),
            "{reasons:?}"
        );
        assert_eq!(deliveries[2].body, b"this is no JSON");
        assert_eq!(site.conversation().await.unread_count, 5);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_whose_worker_died_half_way_is_finished_by_another_and_counted_truly() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.processing.chunk = 2;
        let site = staffed(test, options).await;
        poison(&site, "a5").await;
        site.say(texts(&["a1", "a2", "a3", "a4", "a5", "a6"])).await;
        site.settled().await;
        let half = &site.deliveries().await[0];
        assert_eq!((half.status, half.stored_count), (WebhookDeliveryStatus::Pending, 4));
        // As if its worker had been killed in the middle: leased, and nobody there to go on.
        let until = (site.stage.clock.now() + Duration::from_secs(60)).0;
        site.execute(&format!("UPDATE webhook_deliveries SET leased_until = {until}, next_attempt_at = 0"))
            .await;
        let cure = if site.stage.installation.database.is_sqlite() {
            "DROP TRIGGER poison"
        } else {
            "ALTER TABLE messages DROP CONSTRAINT poison"
        };
        site.execute(cure).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(site.deliveries().await[0].stored_count, 4, "it still belongs to the other");
        site.stage.clock.advance(Duration::from_secs(61));
        site.settled().await;
        let whole = &site.deliveries().await[0];
        assert_eq!(
            (whole.status, whole.stored_count, whole.duplicate_count),
            (WebhookDeliveryStatus::Done, 6, 0)
        );
        assert_eq!(site.conversation().await.unread_count, 6);
        let find =
            portaria_entity::message::Entity::find().order_by_asc(portaria_entity::message::Column::Id);
        assert_eq!(find.count(site.reader()).await.unwrap(), 6);
        site.stop().await;
    }
}
