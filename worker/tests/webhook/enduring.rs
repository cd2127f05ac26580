//! Repetition, disorder, haste and failure: each thing told once, and nobody held up by another's trouble.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{contact, episode, routing_decision};
use portaria_testing::{TestDatabase, databases};
use portaria_worker::WorkerOptions;
use sea_orm::{EntityTrait, PaginatorTrait, QueryOrder};
use serde_json::{Value, json};

use crate::site::{Site, said, text};

pub async fn staffed(test: TestDatabase, options: WorkerOptions) -> Site {
    let site = Site::with(test, options).await;
    for name in ["Um", "Dois"] {
        site.stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    }
    site.stage.clock.advance(Duration::from_secs(3_600));
    site
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
pub async fn poison(site: &Site, whatsapp_id: &str) {
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

pub fn texts(ids: &[&str]) -> Value {
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
