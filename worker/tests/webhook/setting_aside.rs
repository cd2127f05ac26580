//! Deliveries that fail, that take their worker with them, or that only meet a bad hour: each gets what it deserves.

use std::time::{Duration, Instant};

use portaria_domain::access::Scope;
use portaria_domain::webhook_delivery::{Told, look_after, replay};
use portaria_entity::alert::{self, AlertKind};
use portaria_entity::role::BuiltInRole;
use portaria_entity::webhook_delivery::{self, WebhookDeliveryStatus};
use portaria_testing::{TestDatabase, databases};
use portaria_worker::WorkerOptions;
use portaria_worker::whatsapp::payload;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::enduring::{poison, texts};
use crate::site::{Site, said, text};

/// Takes deliveries, and works on none.
pub async fn held(test: TestDatabase) -> Site {
    let mut options = WorkerOptions::default();
    options.processing.processors = 0;
    Site::with(test, options).await
}

pub async fn released(site: Site, options: WorkerOptions) -> Site {
    Site::over(site.stop().await, options).await
}

pub async fn until_nothing_is_pending(site: &Site) -> Vec<webhook_delivery::Model> {
    for _ in 0..600 {
        let mut rows = site.deliveries().await;
        rows.sort_by_key(|row| row.id);
        if rows.iter().all(|row| row.status != WebhookDeliveryStatus::Pending) {
            return rows;
        }
        site.stage.clock.advance(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("deliveries are still pending on {}", site.stage.test_database.name);
}

/// The alerts of a kind, and which of them are open.
pub async fn alerts(site: &Site, kind: AlertKind) -> Vec<(String, bool)> {
    let rows = alert::Entity::find().all(site.reader()).await.unwrap();
    rows.into_iter()
        .filter(|row| row.kind == kind)
        .map(|row| (row.cause, row.resolved_at.is_none()))
        .collect()
}

async fn stored(site: &Site) -> Vec<String> {
    let mut ids: Vec<_> = site.messages().await.into_iter().map(|row| row.whatsapp_id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_takes_its_worker_down_is_set_aside_and_what_stands_beside_it_is_not() {
    for test in databases().await {
        let site = held(test).await;
        site.say(texts(&["a1", "a2", "a3"])).await;
        site.say(texts(&["b1"])).await;
        site.say(texts(&["c1"])).await;
        let mut rows = site.deliveries().await;
        rows.sort_by_key(|row| row.id);
        // As three and four crashes leave them: claimed, and never heard of again.
        for (row, attempts) in rows.iter().zip([3, 4, 0]) {
            webhook_delivery::Entity::update_many()
                .col_expr(webhook_delivery::Column::Attempts, attempts.into())
                .filter(webhook_delivery::Column::Id.eq(row.id))
                .exec(site.stage.installation.database.writer())
                .await
                .unwrap();
        }
        let mut options = WorkerOptions::default();
        options.processing.attempts = 3;
        let site = released(site, options).await;
        let rows = until_nothing_is_pending(&site).await;
        let fates: Vec<_> = rows.iter().map(|row| (row.status, row.stored_count)).collect();
        let (dead, done) = (WebhookDeliveryStatus::Dead, WebhookDeliveryStatus::Done);
        assert_eq!(fates, [(dead, 2), (dead, 0), (done, 1)], "{}", site.stage.test_database.name);
        assert_eq!(stored(&site).await, ["a2", "a3", "c1"], "all but what it was at");
        assert!(rows[0].error.as_ref().is_some_and(|error| error.contains("the worker ended")));
        let app = site.stage.meta_app_id.0.to_string();
        assert_eq!(alerts(&site, AlertKind::DeliveryDead).await, [(app.clone(), true)]);

        // The new release can cope with it.
        let admin = site.stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for row in &rows {
            let again = replay(&site.stage.installation, &admin.viewer, row.id).await.unwrap();
            assert_eq!((again.status, again.attempts), (WebhookDeliveryStatus::Pending, 0));
        }
        let rows = until_nothing_is_pending(&site).await;
        let fates: Vec<_> =
            rows.iter().map(|row| (row.status, row.stored_count, row.duplicate_count)).collect();
        assert_eq!(fates, [(done, 1, 2), (done, 1, 0), (done, 0, 1)]);
        assert_eq!(stored(&site).await, ["a1", "a2", "a3", "b1", "c1"]);
        assert_eq!(site.conversation().await.unread_count, 5);
        look_after(&site.stage.installation, &mut Told::default()).await.unwrap();
        assert_eq!(alerts(&site, AlertKind::DeliveryDead).await, [(app, false)]);
        site.stop().await;
    }
}

/// Makes every message meet a full disk: SQLite by a limit of pages, PostgreSQL by its code for it.
async fn fill_the_disk(site: &Site) {
    if site.stage.installation.database.is_sqlite() {
        site.execute("PRAGMA max_page_count = 1").await;
    } else {
        site.execute(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; \
             CREATE TRIGGER no_room BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION no_room()",
        )
        .await;
    }
}

async fn make_room(site: &Site) {
    if site.stage.installation.database.is_sqlite() {
        site.execute("PRAGMA max_page_count = 1000000").await;
    } else {
        site.execute("DROP TRIGGER no_room ON messages").await;
    }
}

/// No lease is to run out just because this machine is slow and the clock is not.
async fn until_not_in_hand(site: &Site) {
    for _ in 0..500 {
        if site.deliveries().await[0].leased_until.is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_full_disk_makes_no_delivery_dead() {
    for test in databases().await {
        let site = held(test).await;
        let long = "muito ".repeat(2_000);
        let messages: Vec<_> =
            (0..40).map(|at| text(&format!("w{at}"), "5511955550101", at, &long)).collect();
        site.say(json!({ "messages": messages })).await;
        fill_the_disk(&site).await;
        let mut options = WorkerOptions::default();
        options.processing.attempts = 3;
        let site = released(site, options.clone()).await;
        for _ in 0..60 {
            site.stage.clock.advance(Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(20)).await;
            until_not_in_hand(&site).await;
        }
        let name = site.stage.test_database.name;
        let row = &site.deliveries().await[0];
        assert_eq!((row.status, stored(&site).await.len()), (WebhookDeliveryStatus::Pending, 0), "{name}");
        assert!(row.attempts <= 1, "{name}: no attempt counts, but there are {}", row.attempts);
        let mut nobody = options.clone();
        nobody.processing.processors = 0;
        let site = released(site, nobody).await;
        make_room(&site).await;
        look_after(&site.stage.installation, &mut Told::default()).await.unwrap();
        assert_eq!(alerts(&site, AlertKind::DeliveriesLagging).await, [("inbox".to_owned(), true)], "{name}");
        let site = released(site, options).await;
        let rows = until_nothing_is_pending(&site).await;
        assert_eq!((rows[0].status, rows[0].stored_count), (WebhookDeliveryStatus::Done, 40), "{name}");
        look_after(&site.stage.installation, &mut Told::default()).await.unwrap();
        assert_eq!(
            alerts(&site, AlertKind::DeliveriesLagging).await,
            [("inbox".to_owned(), false)],
            "{name}"
        );
        site.stop().await;
    }
}

#[tokio::test]
async fn whoever_waits_behind_a_slow_delivery_stays_in_the_same_hands() {
    for test in databases().await {
        let site = held(test).await;
        if site.stage.installation.database.is_sqlite() {
            // One process, one processor: there are no other hands.
            site.stop().await;
            continue;
        }
        site.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(0.25); RETURN NEW; END $$; \
             CREATE TRIGGER slow BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
        for number in 0..8 {
            let message = text(&format!("w{number}"), &format!("551195555020{number}"), 0, "oi");
            site.say(json!({ "messages": [message] })).await;
        }
        let mut options = WorkerOptions::default();
        options.processing.lease = Duration::from_millis(500);
        (options.processing.claim, options.processing.processors) = (4, 2);
        let site = released(site, options).await;
        for _ in 0..60 {
            site.stage.clock.advance(Duration::from_millis(50));
            tokio::time::sleep(Duration::from_millis(50)).await;
            if site.messages().await.len() == 8 {
                break;
            }
        }
        let rows = until_nothing_is_pending(&site).await;
        let attempts: Vec<_> = rows.iter().map(|row| row.attempts).collect();
        assert_eq!(attempts, [1; 8]);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_replay_after_the_cure_brings_what_had_failed() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.processing.attempts = 2;
        let site = Site::with(test, options).await;
        poison(&site, "bad").await;
        site.say(texts(&["a1", "bad", "a2"])).await;
        let rows = until_nothing_is_pending(&site).await;
        assert_eq!((rows[0].status, rows[0].stored_count), (WebhookDeliveryStatus::Dead, 2));
        assert_eq!(rows[0].channel_id, Some(site.stage.sales));
        let cure = if site.stage.installation.database.is_sqlite() {
            "DROP TRIGGER poison"
        } else {
            "ALTER TABLE messages DROP CONSTRAINT poison"
        };
        site.execute(cure).await;
        let admin = site.stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        replay(&site.stage.installation, &admin.viewer, rows[0].id).await.unwrap();
        let rows = until_nothing_is_pending(&site).await;
        let counts = (rows[0].status, rows[0].stored_count, rows[0].duplicate_count);
        assert_eq!(counts, (WebhookDeliveryStatus::Done, 1, 2));
        assert_eq!(stored(&site).await, ["a1", "a2", "bad"]);
        site.stop().await;
    }
}

#[test]
fn a_body_of_a_million_broken_things_is_read_in_no_time_and_kept_whole() {
    let broken = vec!["1"; 1_000_000].join(",");
    let whole = said("padaria-1", json!({ "messages": ["HERE"] })).replace("\"HERE\"", &broken);
    let bodies = [
        whole,
        format!("{{\"entry\":[{{\"id\":\"1\",\"changes\":[{broken}]}}]}}"),
        format!("{{\"entry\":[{broken}]}}"),
    ];
    for body in bodies {
        let begun = Instant::now();
        let read = payload::read(body.as_bytes()).unwrap();
        let took = begun.elapsed();
        let items: Vec<_> = read.changes.iter().flat_map(|change| &change.items).collect();
        assert!((5_000..=5_002).contains(&items.len()), "{}", items.len());
        let kept: usize = items
            .iter()
            .map(|item| match item {
                payload::Item::Other(other) => other.raw.matches('1').count(),
                payload::Item::Message(_) | payload::Item::Status(_) => 0,
            })
            .sum();
        assert_eq!(kept, 1_000_000);
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}
