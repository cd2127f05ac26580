//! The door: who cannot shut it, which secrets open it, and what is told of those it stays shut for.

use std::time::{Duration, Instant};

use portaria_domain::meta_app::{self, NewMetaApp};
use portaria_entity::alert::AlertKind;
use portaria_entity::webhook_refusal::{self, RefusalCause};
use portaria_entity::{alert, meta_app as app_row, meta_app_secret};
use portaria_testing::databases;
use portaria_worker::WorkerOptions;
use portaria_worker::webhook::ClientCertificate;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::site::{APP, SECRET, Site, signed};

const BODY: &[u8] = br#"{"object":"whatsapp_business_account","entry":[]}"#;

async fn causes(stage: &portaria_testing::Stage) -> Vec<RefusalCause> {
    let rows = webhook_refusal::Entity::find().all(stage.installation.database.reader()).await.unwrap();
    let mut causes: Vec<_> = rows.into_iter().map(|row| row.cause).collect();
    causes.sort_by_key(|cause| <&str>::from(*cause));
    causes
}

async fn alerts(stage: &portaria_testing::Stage) -> Vec<alert::Model> {
    alert::Entity::find().all(stage.installation.database.reader()).await.unwrap()
}

async fn app(site: &Site) -> app_row::Model {
    let find = app_row::Entity::find().filter(app_row::Column::Key.eq("padaria"));
    find.one(site.stage.installation.database.reader()).await.unwrap().unwrap()
}

#[tokio::test]
async fn strangers_who_hang_do_not_shut_the_door() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.webhook.room = 8 << 20;
        let site = Site::with(test, options).await;
        let forged = format!("x-hub-signature-256: sha256={}", "0".repeat(64));
        let head = format!("POST {APP} HTTP/1.1\r\ncontent-length: 4000000\r\n{forged}");
        let mut hanging = Vec::new();
        for _ in 0..24 {
            hanging.push(site.hang(&head, &[b'x'; 500_000]).await);
        }
        let usual = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000)).into_bytes();
        let begun = Instant::now();
        for _ in 0..20 {
            assert_eq!(site.deliver(&usual).await.status, 200);
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        // They are not waited for: after a while without a byte the room is there again.
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(3_000_000)).into_bytes();
        let mut status = 0;
        for _ in 0..80 {
            status = site.deliver(&long).await.status;
            if status == 200 {
                break;
            }
            assert_eq!(status, 503);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(status, 200);
        drop(hanging);
        site.stop().await;
    }
}

#[tokio::test]
async fn the_cause_of_a_wrong_signature_is_told_and_alerted() {
    for test in databases().await {
        let site = Site::on(test).await;
        let transaction = site.stage.installation.database.begin().await.unwrap();
        let other = NewMetaApp {
            workspace_id: site.stage.workspace_id,
            key: "outra",
            name: "Outra",
            verify_token: "another token",
            app_secret: "another secret",
        };
        meta_app::create(&transaction, &site.stage.installation, other).await.unwrap();
        transaction.commit().await.unwrap();

        let (escaped, plain) = (br#"{"a":"Ol\u00e1 \/"}"#.as_slice(), r#"{"a":"Olá /"}"#.as_bytes());
        assert_eq!(site.post(APP, &signed(SECRET, escaped), escaped).await.status, 200);
        // One of each second and app is looked into: those beside it are merely wrong.
        for (secret, over) in [("another secret", plain), (SECRET, escaped), ("nobody's secret", plain)] {
            tokio::time::sleep(Duration::from_millis(1_050)).await;
            assert_eq!(site.post(APP, &signed(secret, over), plain).await.status, 401);
        }
        let handshake =
            format!("GET {APP}?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1 HTTP/1.1");
        assert_eq!(site.send(&handshake, b"").await.status, 403);
        let stage = site.stop().await;
        let expected = [
            RefusalCause::AnotherSecret,
            RefusalCause::ReescapedBody,
            RefusalCause::WrongSignature,
            RefusalCause::WrongVerifyToken,
        ];
        assert_eq!(causes(&stage).await, expected);
        let alerts = alerts(&stage).await;
        assert!(
            alerts.iter().all(|alert| alert.kind == AlertKind::WebhookRefused && alert.resolved_at.is_none())
        );
        assert_eq!(alerts.len(), expected.len());
    }
}

#[tokio::test]
async fn an_alert_ends_once_deliveries_are_taken_again() {
    for test in databases().await {
        let site = Site::on(test).await;
        assert_eq!(site.post(APP, &signed("old", BODY), BODY).await.status, 401);
        // Whichever process raised it: the next one ends it.
        let stage = site.stop().await;
        let open =
            |alerts: &[alert::Model]| alerts.iter().filter(|alert| alert.resolved_at.is_none()).count();
        assert_eq!(open(&alerts(&stage).await), 1);
        let site = Site::over(stage, WorkerOptions::default()).await;
        site.stage.clock.advance(Duration::from_secs(10 * 60));
        assert_eq!(site.deliver(BODY).await.status, 200);
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        assert_eq!(open(&alerts(&site.stage).await), 1, "not yet");
        site.stage.clock.advance(Duration::from_secs(7 * 60));
        assert_eq!(site.deliver(BODY).await.status, 200);
        for _ in 0..100 {
            if open(&alerts(&site.stage).await) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(open(&alerts(&site.stage).await), 0);
        site.stop().await;
    }
}

#[tokio::test]
async fn what_a_proxy_says_of_the_certificate_counts_when_it_is_trusted() {
    for test in databases().await {
        let mut options = WorkerOptions::default();
        options.webhook.client_certificate = ClientCertificate {
            header: Some("x-client-subject".to_owned()),
            name: "client.webhooks.fbclientcerts.com".to_owned(),
            required: true,
            trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        };
        let site = Site::with(test, options).await;
        let with = |subject: &str| format!("{}{subject}", signed(SECRET, BODY));
        let metas = "\r\nx-client-subject: CN=client.webhooks.fbclientcerts.com,O=Meta";
        for (subject, status) in [(metas, 200), ("", 403), ("\r\nx-client-subject: CN=evil.example", 403)] {
            assert_eq!(site.post(APP, &with(subject), BODY).await.status, status, "{subject:?}");
        }
        let stage = site.stop().await;
        assert_eq!(causes(&stage).await, [RefusalCause::ClientCertificate]);
    }
}

#[tokio::test]
async fn an_app_whose_secret_cannot_be_opened_is_no_other_apps_trouble() {
    for test in databases().await {
        let site = Site::on(test).await;
        let transaction = site.stage.installation.database.begin().await.unwrap();
        let other = NewMetaApp {
            workspace_id: site.stage.workspace_id,
            key: "outra",
            name: "Outra",
            verify_token: "another token",
            app_secret: "another secret",
        };
        let other = meta_app::create(&transaction, &site.stage.installation, other).await.unwrap();
        transaction.commit().await.unwrap();
        let database = &site.stage.installation.database;
        let sql =
            "UPDATE meta_app_secrets SET sealing_key = 'lost' WHERE workspace_id = $1 AND meta_app_id = $2";
        let values = [other.workspace_id.0.into(), other.id.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        for _ in 0..3 {
            let path = "/webhooks/whatsapp/outra";
            assert_eq!(site.post(path, &signed("another secret", BODY), BODY).await.status, 503);
            assert_eq!(site.deliver(BODY).await.status, 200);
        }
        site.stop().await;
    }
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_gap_and_its_use_is_known() {
    for test in databases().await {
        let site = Site::on(test).await;
        let app = app(&site).await;
        let installation = site.stage.installation.clone();
        let day = Duration::from_secs(24 * 60 * 60);
        let too_long = (("a new secret"), day * 31);
        assert!(
            meta_app::rotate_secret(installation.database.writer(), &installation, &app, too_long)
                .await
                .is_err()
        );
        meta_app::rotate_secret(installation.database.writer(), &installation, &app, ("a new secret", day))
            .await
            .unwrap();
        for secret in [SECRET, "a new secret"] {
            assert_eq!(site.post(APP, &signed(secret, BODY), BODY).await.status, 200, "{secret}");
        }
        let valid =
            async || meta_app::credentials(&installation, "padaria").await.unwrap().unwrap().secrets.len();
        assert_eq!(valid().await, 2);
        site.stage.clock.advance(day + Duration::from_secs(1));
        assert_eq!(valid().await, 1);
        let stage = site.stop().await;
        let rows = meta_app_secret::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert!(rows.iter().all(|row| row.last_used_at.is_some()), "{}", stage.test_database.name);
        // The one that is to stay cannot be ended; the other one has ended already.
        for row in rows {
            let which = (row.workspace_id, row.id);
            let ended = meta_app::end_secret(installation.database.writer(), &installation, which).await;
            assert!(ended.is_err());
        }
    }
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once() {
    let Some(test) = portaria_testing::TestDatabase::postgres().await else { return };
    let mut options = WorkerOptions::default();
    options.webhook.queue = 2;
    let site = Site::with(test, options).await;
    let lock = site.stage.installation.database.begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE webhook_deliveries IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let timed = async || {
        let begun = Instant::now();
        let answer = site.deliver(BODY).await;
        assert!(answer.head.contains("retry-after"), "{}", answer.head);
        (answer.status, begun.elapsed())
    };
    let answers = futures_util::future::join_all((0..20).map(|_| timed())).await;
    assert!(answers.iter().all(|(status, _)| *status == 503));
    let at_once = answers.iter().filter(|(_, took)| *took < Duration::from_secs(1)).count();
    // One is being written, two wait; the others need not.
    assert!(at_once >= 16, "{answers:?}");
    lock.rollback().await.unwrap();
    site.stop().await;
}
