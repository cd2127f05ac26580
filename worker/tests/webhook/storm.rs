//! Everything seven times over, in no order, in batches, from many at once: in the end all is as if it had been told once.

use std::time::Duration;

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{
    contact, contact_identity, episode, event, message_status, routing_decision, webhook_change,
};
use portaria_testing::{START, databases};
use portaria_worker::WorkerOptions;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::enduring::staffed;
use crate::site::{Site, text};

const CUSTOMERS: i64 = 5;
const ROUNDS: i64 = 3;
const RETRIES: usize = 7;
const SENDERS: usize = 8;
/// Updates in the largest batch.
const LARGEST: u64 = 150;

/// One thing that happens, as a change of its own.
pub fn change(field: &str, mut value: Value) -> Value {
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({ "display_phone_number": "551140000001", "phone_number_id": "padaria-1" });
    json!({ "field": field, "value": value })
}

pub fn body(changes: &[Value]) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "padaria-waba", "changes": changes }] })
        .to_string()
}

/// A customer's round, which begins at this second: texts of one second, what is done to them, answers from the phone of the
/// same second, statuses with and without a time, and the same once more as history and from another application.
fn round(customer: i64, round: i64) -> Vec<Value> {
    let (phone, begin) = (format!("55119555501{customer:02}"), round * 100 + customer * 3);
    let at = |offset: i64| (START.as_secs() + begin + offset).to_string();
    let id = |what: &str| format!("wamid.{what}.{customer}.{round}");
    let card = json!([{ "wa_id": phone, "user_id": format!("BR.{customer}"), "profile": { "name": format!("Cliente {customer}") } }]);
    let said = |messages: Value| change("messages", json!({ "contacts": card, "messages": messages }));
    let acts = |kind: &str, what: &str, of: &str, offset: i64, body: &str| {
        json!({ "from": phone, "id": id(what), "timestamp": at(offset), "type": kind,
            kind: { "original_message_id": id(of), "message": { "type": "text", "text": { "body": body } } } })
    };
    let sent = |what: &str, offset: i64, body: &str| json!({ "from": "551140000001", "to": phone, "id": id(what), "timestamp": at(offset), "type": "text", "text": { "body": body } });
    let echo = |message: Value| change("smb_message_echoes", json!({ "message_echoes": [message] }));
    let status = |of: &str, name: &str, offset: Option<i64>| {
        let mut status = json!({ "id": id(of), "status": name, "recipient_id": phone });
        if let Some(offset) = offset {
            status["timestamp"] = at(offset).into();
        }
        change("messages", json!({ "statuses": [status] }))
    };
    let history = |messages: Value| {
        let thread = json!({ "id": phone, "messages": messages });
        change(
            "history",
            json!({ "history": [{ "metadata": { "phase": 0, "chunk_order": round }, "threads": [thread] }] }),
        )
    };
    let mut corrected = acts("edit", "echo-edit", "echo", 30, "corrigimos");
    corrected["from"] = "551140000001".into();
    corrected["to"] = phone.clone().into();
    let mut past = sent("past", -5, "antes de tudo");
    past["history_context"] = json!({ "status": "READ" });
    let held = json!({ "from": phone, "id": id("file"), "timestamp": at(-4), "type": "media_placeholder" });
    let file = json!({ "from": phone, "id": id("file"), "timestamp": at(-4), "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "caption": "foto" } });
    vec![
        history(json!([past, held])),
        history(json!([text(&id("first"), &phone, begin, "oi")])),
        change("history", json!({ "contacts": card, "messages": [file] })),
        said(json!([acts("edit", "file-edit", "file", 5, "foto corrigida")])),
        said(json!([
            text(&id("first"), &phone, begin, "oi"),
            text(&id("second"), &phone, begin, "tudo bem?")
        ])),
        said(json!([{ "from": phone, "id": id("reaction"), "timestamp": at(0), "type": "reaction",
            "reaction": { "message_id": id("first"), "emoji": "👍" } }])),
        echo(sent("echo", i64::from(round != 1), "pois não")),
        echo(corrected),
        said(json!([acts("edit", "edit-b", "first", 20, "b"), acts("edit", "edit-a", "first", 20, "a")])),
        said(json!([
            acts("revoke", "revoke-b", "second", 22, ""),
            acts("revoke", "revoke-a", "second", 21, "")
        ])),
        said(json!([text(&id("third"), &phone, begin + if customer % 2 == 0 { 40 } else { 1 }, "mais uma")])),
        status("echo", "sent", Some(0)),
        status("echo", "delivered", Some(2)),
        status("echo", "read", None),
        status("past", "read", Some(3)),
        change(
            "message_template_status_update",
            json!({ "event": "APPROVED", "message_template_id": round }),
        ),
    ]
}

pub fn an_hour() -> Vec<Value> {
    let rounds = (0..ROUNDS).flat_map(|number| (0..CUSTOMERS).map(move |customer| (customer, number)));
    rounds.flat_map(|(customer, number)| round(customer, number)).collect()
}

/// An order that is the same at every run but no order.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for place in (1..all.len()).rev() {
            let other = usize::try_from(self.below(u64::try_from(place).unwrap() + 1)).unwrap();
            all.swap(place, other);
        }
    }
}

/// Everything so many times, shuffled, in batches of any size.
pub fn storm(hour: &[Value], chance: &mut Chance, (retries, largest): (usize, u64)) -> Vec<String> {
    let mut all: Vec<Value> = std::iter::repeat_n(hour, retries).flatten().cloned().collect();
    chance.shuffle(&mut all);
    let mut rest = all.as_slice();
    let mut bodies = Vec::new();
    while !rest.is_empty() {
        let size = usize::try_from(1 + chance.below(largest)).unwrap().min(rest.len());
        let (batch, after) = rest.split_at(size);
        bodies.push(body(batch));
        rest = after;
    }
    bodies
}

/// All that there is, without ids, without when it was received, and without whom it was given to.
pub async fn state(site: &Site) -> Vec<String> {
    let reader = site.reader();
    let contacts = contact::Entity::find().all(reader).await.unwrap();
    let name =
        |id| contacts.iter().find(|row| row.id == id).and_then(|row| row.name.clone()).unwrap_or_default();
    let messages = site.messages().await;
    let whatsapp_id = |id| messages.iter().find(|row| Some(row.id) == id).map(|row| row.whatsapp_id.clone());
    let conversations = site.conversations().await;
    let of = |id| conversations.iter().find(|row| row.id == id).map(|row| name(row.contact_id)).unwrap();
    let mut lines: Vec<String> = contacts
        .iter()
        .map(|row| format!("contact {:?} {:?} {:?}", row.name, row.language, row.email))
        .collect();
    for row in &conversations {
        lines.push(format!(
            "conversation {} {:?} team {:?} assigned {} unread {} at {:?} inbound {:?} waits {:?} last {:?} episode {}",
            name(row.contact_id), row.status, row.team_id, row.assignee_id.is_some(), row.unread_count,
            row.last_activity_at, row.last_inbound_at, row.waiting_since, whatsapp_id(row.last_message_id), row.episode_id.is_some(),
        ));
    }
    for row in episode::Entity::find().all(reader).await.unwrap() {
        let (called, answered) = (row.called_at, row.first_response_at);
        lines.push(format!(
            "episode {} called {called:?} answered {answered:?} ended {:?} {:?} assigned {}",
            of(row.conversation_id),
            row.resolved_at,
            row.resolved_by,
            row.first_assigned_at.is_some()
        ));
    }
    for row in &messages {
        lines.push(format!(
            "message {} {} {:?} {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
            of(row.conversation_id),
            row.whatsapp_id,
            row.direction,
            row.kind,
            row.body,
            row.reply_to_whatsapp_id,
            row.author_id,
            row.sent_at,
            row.status,
            row.status_at,
            row.edited_at,
            row.revoked_at,
            row.source,
            row.payload,
        ));
    }
    for row in contact_identity::Entity::find().all(reader).await.unwrap() {
        let owner = name(row.contact_id);
        lines.push(format!(
            "identity {owner} {:?} {} {} {:?}",
            row.kind, row.portfolio, row.value, row.last_seen_at
        ));
    }
    for row in message_status::Entity::find().all(reader).await.unwrap() {
        lines.push(format!(
            "status {} {} {} {:?} {}",
            row.whatsapp_id, row.status, row.participant, row.at, row.payload
        ));
    }
    for row in webhook_change::Entity::find().all(reader).await.unwrap() {
        lines.push(format!("change {} {} {}", row.entry_id, row.field, row.payload));
    }
    for row in routing_decision::Entity::find().all(reader).await.unwrap() {
        lines.push(format!(
            "decision {} {:?} {}",
            of(row.conversation_id),
            row.cause,
            row.assignee_id.is_some()
        ));
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn a_storm_of_repetitions_ends_where_one_clean_run_does() {
    let hour = an_hour();
    for (clean, stormy) in databases().await.into_iter().zip(databases().await) {
        let clean = staffed(clean, WorkerOptions::default()).await;
        for batch in hour.chunks(40) {
            assert_eq!(clean.deliver(body(batch).as_bytes()).await.status, 200);
            clean.settled().await;
        }
        let mut options = WorkerOptions::default();
        (options.processing.claim, options.processing.chunk) = (3, 30);
        let stormy = staffed(stormy, options).await;
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        let storm = storm(&hour, &mut chance, (RETRIES, LARGEST));
        let site = &stormy;
        let senders = storm.chunks(storm.len().div_ceil(SENDERS)).map(|bodies| async move {
            for body in bodies {
                assert_eq!(site.deliver(body.as_bytes()).await.status, 200);
            }
        });
        futures_util::future::join_all(senders).await;
        for _ in 0..600 {
            stormy.settled().await;
            stormy.stage.clock.advance(Duration::from_millis(250));
            let deliveries = stormy.deliveries().await;
            if deliveries.iter().all(|row| row.status != WebhookDeliveryStatus::Pending) {
                break;
            }
        }
        let deliveries = stormy.deliveries().await;
        let unfinished = deliveries.iter().filter(|row| row.status != WebhookDeliveryStatus::Done);
        assert_eq!(unfinished.count(), 0);
        let (stormy_state, clean_state) = (state(&stormy).await, state(&clean).await);
        let missing: Vec<_> = clean_state.iter().filter(|line| !stormy_state.contains(line)).collect();
        let beyond: Vec<_> = stormy_state.iter().filter(|line| !clean_state.contains(line)).collect();
        let where_to = clean.stage.test_database.name;
        assert!(missing.is_empty() && beyond.is_empty(), "{where_to}: {missing:#?} became {beyond:#?}");
        assert_eq!(stormy_state.len(), clean_state.len());
        let received = async |site: &Site| {
            let events = event::Entity::find().all(site.reader()).await.unwrap();
            events.iter().filter(|row| row.kind == event::EventKind::MessageReceived).count()
        };
        assert_eq!(received(&stormy).await, received(&clean).await, "{where_to}");
        clean.stop().await;
        stormy.stop().await;
    }
}
