//! Who is let in, who is turned away, and what an acknowledgement is worth.

use std::collections::BTreeMap;
use std::time::Duration;

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::webhook_refusal::{self, RefusalCause};
use portaria_testing::{START, databases};
use portaria_worker::WorkerOptions;
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::site::{APP, SECRET, Site, signed};

const BODY: &[u8] = br#"{"object":"whatsapp_business_account","entry":[{"id":"1","time":5,"changes":[{"field":"flows","value":{"name":"\u00e4 \ud83c\udf35 a\/b @"}}]}]}"#;

#[tokio::test]
async fn the_handshake_is_answered_to_who_knows_the_token() {
    for test in databases().await {
        let site = Site::on(test).await;
        let ask = async |query: &str| site.send(&format!("GET {APP}?{query} HTTP/1.1"), b"").await;
        let answer = ask("hub.mode=subscribe&hub.challenge=12%3Cb%3E34&hub.verify_token=verify%20me").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "12<b>34"));
        assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
        for query in [
            "hub.mode=subscribe&hub.challenge=1234&hub.verify_token=wrong",
            "hub.mode=subscribe&hub.challenge=1234",
            "hub.mode=unsubscribe&hub.challenge=1234&hub.verify_token=verify%20me",
            "hub.mode=subscribe&hub.verify_token=verify%20me",
            "",
        ] {
            let answer = ask(query).await;
            assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{query}");
        }
        let stranger = site.send("GET /webhooks/whatsapp/nobody?hub.mode=subscribe HTTP/1.1", b"").await;
        assert_eq!(stranger.status, 404);
        site.stop().await;
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_kept_byte_for_byte() {
    for test in databases().await {
        let site = Site::on(test).await;
        assert_eq!(site.deliver(BODY).await.status, 200);
        let kept = site.deliveries().await;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].body, BODY);
        assert_eq!((kept[0].meta_app_id, kept[0].received_at), (site.stage.meta_app_id, START));
        site.stop().await;
    }
}

#[tokio::test]
async fn any_current_secret_will_do_and_a_new_one_does_at_once() {
    for test in databases().await {
        let site = Site::on(test).await;
        let newer = signed("newer secret", BODY);
        assert_eq!(site.post(APP, &newer, BODY).await.status, 401);
        let installation = &site.stage.installation;
        let app = portaria_domain::meta_app::credentials(installation, "padaria").await.unwrap().unwrap().app;
        let transaction = installation.database.begin().await.unwrap();
        portaria_domain::meta_app::add_secret(&transaction, installation, &app, "newer secret")
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(site.post(APP, &newer, BODY).await.status, 200);
        assert_eq!(site.deliver(BODY).await.status, 200);
        site.stop().await;
    }
}

#[tokio::test]
async fn refusals_are_counted_by_cause_and_leave_no_bytes() {
    for test in databases().await {
        let site = Site::on(test).await;
        let mut altered = BODY.to_vec();
        altered[20] ^= 1;
        let good = signed(SECRET, BODY);
        assert_eq!(site.post(APP, "", BODY).await.status, 401);
        assert_eq!(site.post(APP, "\r\nx-hub-signature-256: sha256=00", BODY).await.status, 401);
        assert_eq!(site.post(APP, "\r\nx-hub-signature: sha1=00", BODY).await.status, 401);
        assert_eq!(site.post(APP, &good, &altered).await.status, 401);
        assert_eq!(site.post(APP, &signed("another", BODY), BODY).await.status, 401);
        for key in ["nobody", "somebody", "else"] {
            assert_eq!(site.post(&format!("/webhooks/whatsapp/{key}"), &good, BODY).await.status, 404);
        }
        let announced = format!("POST {APP} HTTP/1.1\r\ncontent-length: {}{good}", (4 << 20) + 1);
        assert_eq!(site.send(&announced, b"").await.status, 413);
        let stage = site.stop().await;

        let reader = stage.installation.database.reader();
        let rows = webhook_refusal::Entity::find().all(reader).await.unwrap();
        let counts: BTreeMap<(String, &str), i64> =
            rows.iter().map(|row| ((row.app_key.clone(), row.cause.into()), row.count)).collect();
        let expected = [
            ((String::new(), RefusalCause::UnknownApp), 3),
            (("padaria".to_owned(), RefusalCause::MalformedSignature), 1),
            (("padaria".to_owned(), RefusalCause::MissingSignature), 2),
            (("padaria".to_owned(), RefusalCause::TooLarge), 1),
            (("padaria".to_owned(), RefusalCause::WrongSignature), 2),
        ];
        assert_eq!(counts, expected.map(|((key, cause), count)| ((key, cause.into()), count)).into());
        assert!(rows.iter().all(|row| row.minute == START));
        let kept = portaria_entity::webhook_delivery::Entity::find().all(reader).await.unwrap();
        assert_eq!(kept, []);
    }
}

#[tokio::test]
async fn large_bodies_are_taken_whole_and_larger_ones_not_at_all() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.webhook.body_limit = 400_000;
        let site = Site::with(test, options).await;
        let of_length = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8)).into_bytes();
        let (whole, larger) = (of_length(400_000), of_length(400_001));
        assert_eq!(site.deliver(&whole).await.status, 200);
        assert_eq!(site.deliver(&larger).await.status, 413);
        // The same without a length announced.
        let chunked = |body: &[u8]| {
            let mut sent = format!("{:x}\r\n", body.len()).into_bytes();
            sent.extend_from_slice(body);
            sent.extend_from_slice(b"\r\n0\r\n\r\n");
            sent
        };
        for (body, status) in [(&whole, 200), (&larger, 413)] {
            let head = format!("POST {APP} HTTP/1.1\r\ntransfer-encoding: chunked{}", signed(SECRET, body));
            assert_eq!(site.send(&head, &chunked(body)).await.status, status);
        }
        let kept = site.deliveries().await;
        assert_eq!(kept.iter().map(|row| row.body.len()).collect::<Vec<_>>(), [400_000, 400_000]);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_never_a_200() {
    for test in databases().await {
        let site = Site::on(test).await;
        assert_eq!(site.deliver(BODY).await.status, 200);
        site.stage.installation.database.close().await.unwrap();
        let begun = std::time::Instant::now();
        let answers = futures_util::future::join_all((0..30).map(|_| site.deliver(BODY))).await;
        assert!(answers.iter().all(|answer| answer.status == 503));
        assert!(answers[0].head.contains("retry-after: 5"), "{}", answers[0].head);
        assert!(begun.elapsed() < Duration::from_secs(3), "nobody is kept waiting");
        site.stop().await;
    }
}

#[tokio::test]
async fn who_cannot_be_held_is_turned_away_at_once() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.webhook.room = 2_048;
        let site = Site::with(test, options).await;
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(3_000)).into_bytes();
        let answer = site.deliver(&large).await;
        assert_eq!(answer.status, 503);
        assert!(answer.head.contains("retry-after"), "{}", answer.head);
        assert_eq!(site.deliver(BODY).await.status, 200);
        site.stop().await;
    }
}

#[tokio::test]
async fn many_at_once_are_all_kept_and_each_acknowledged() {
    for test in databases().await {
        let site = Site::on(test).await;
        let bodies: Vec<_> = (0..200).map(|number| format!("{{\"n\":{number}}}").into_bytes()).collect();
        let answers = futures_util::future::join_all(bodies.iter().map(|body| site.deliver(body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{}", site.stage.test_database.name);
        let mut kept: Vec<_> = site.deliveries().await.into_iter().map(|row| row.body).collect();
        kept.sort();
        let mut expected = bodies;
        expected.sort();
        assert_eq!(kept, expected);
        site.stop().await;
    }
}

#[tokio::test]
async fn who_hangs_up_has_delivered_all_the_same() {
    for test in databases().await {
        let site = Site::on(test).await;
        for _ in 0..20 {
            // The sender goes away while it waits: the request is dropped at any point.
            let _ = tokio::time::timeout(Duration::from_micros(400), site.deliver(BODY)).await;
        }
        assert_eq!(site.deliver(BODY).await.status, 200);
        let kept = site.deliveries().await;
        assert!(!kept.is_empty() && kept.iter().all(|row| row.body == BODY));
        assert!(kept.iter().all(|row| row.status != WebhookDeliveryStatus::Dead));
        site.stop().await;
    }
}

/// PostgreSQL is made to hang by a lock on the table; the inbox finds back by itself once it is gone.
#[tokio::test]
async fn a_database_that_hangs_costs_nothing_but_time() {
    let Some(test) = portaria_testing::TestDatabase::postgres().await else { return };
    let mut options = WorkerOptions::default();
    options.webhook.append_timeout = Duration::from_millis(300);
    let site = Site::with(test, options).await;
    let lock = site.stage.installation.database.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let answers = futures_util::future::join_all((0..20).map(|_| site.deliver(BODY))).await;
    assert!(answers.iter().all(|answer| answer.status == 503));
    lock.rollback().await.unwrap();
    let mut status = 0;
    for _ in 0..100 {
        status = site.deliver(BODY).await.status;
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200);
    site.stop().await;
}
