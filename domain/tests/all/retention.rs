//! What is removed by age, and what is not however old it is.

use std::time::Duration;

use portaria_domain::authentication::Origin;
use portaria_domain::password::{answer_requests, request_reset};
use portaria_domain::retention::{Retention, remove_outdated};
use portaria_domain::unknown_content;
use portaria_entity::id::WebhookDeliveryId;
use portaria_entity::outgoing_mail::MailStatus;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_entity::{mail_secret, outgoing_mail, password_reset, sign_in_event, webhook_delivery};
use portaria_testing::{Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn deliver(stage: &Stage, status: WebhookDeliveryStatus) -> WebhookDeliveryId {
    let now = stage.installation.clock.now();
    let row = webhook_delivery::Model {
        workspace_id: stage.workspace_id,
        id: stage.installation.clock.new_id(),
        meta_app_id: stage.meta_app_id,
        received_at: now,
        body: b"{}".to_vec(),
        status,
        attempts: 1,
        next_attempt_at: now,
        leased_until: None,
        processed_at: None,
        error: None,
        stored_count: 0,
        duplicate_count: 0,
        foreign_count: 0,
        progress: 0,
        item_count: None,
        channel_id: None,
    };
    let id = row.id;
    webhook_delivery::Entity::insert(webhook_delivery::ActiveModel::from(row))
        .exec_without_returning(stage.installation.database.writer())
        .await
        .unwrap();
    id
}

async fn deliveries(stage: &Stage) -> Vec<WebhookDeliveryId> {
    let mut rows = webhook_delivery::Entity::find().all(stage.installation.database.reader()).await.unwrap();
    rows.sort_by_key(|row| row.id);
    rows.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn deliveries_are_kept_their_days_and_those_not_worked_through_for_ever() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let retention = Retention { deliveries: 30, ..Retention::default() };
        for _ in 0..1_100 {
            deliver(&stage, WebhookDeliveryStatus::Done).await;
        }
        let pending = deliver(&stage, WebhookDeliveryStatus::Pending).await;
        let dead = deliver(&stage, WebhookDeliveryStatus::Dead).await;
        stage.clock.advance(DAY * 29);
        let young = deliver(&stage, WebhookDeliveryStatus::Done).await;
        assert_eq!(remove_outdated(&stage.installation, retention).await.unwrap(), 0);
        assert!(deliveries(&stage).await.contains(&dead));
        stage.clock.advance(DAY * 2);
        // More than one batch of them, and the one that was set aside.
        let removed = remove_outdated(&stage.installation, retention).await.unwrap();
        assert_eq!((removed, deliveries(&stage).await), (1_101, vec![pending, young]));
    }
}

#[tokio::test]
async fn a_mail_goes_with_its_secret_and_one_that_waits_stays() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let bia = stage.person("Bia", &[]).await;
        let origin = Origin { address: "198.51.100.7".to_owned(), ..Origin::default() };
        request_reset(&stage.installation, &ana.email, &origin).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        let database = &stage.installation.database;
        let sent = outgoing_mail::ActiveModel { status: Set(MailStatus::Sent), ..Default::default() };
        outgoing_mail::Entity::update_many()
            .set(sent)
            .filter(outgoing_mail::Column::ToAddress.eq(&ana.email))
            .exec(database.writer())
            .await
            .unwrap();
        request_reset(&stage.installation, &bia.email, &origin).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        assert_eq!(mail_secret::Entity::find().count(database.reader()).await.unwrap(), 2);

        stage.clock.advance(DAY * 91);
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        let left = outgoing_mail::Entity::find().all(database.reader()).await.unwrap();
        let left: Vec<_> = left.iter().map(|mail| mail.to_address.as_str()).collect();
        assert_eq!(left, [bia.email.as_str()]);
        assert_eq!(mail_secret::Entity::find().count(database.reader()).await.unwrap(), 1);
        assert_eq!(password_reset::Entity::find().count(database.reader()).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn sign_ins_stay_as_long_as_audits_look_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.person("Ana", &[]).await;
        let count = || async {
            sign_in_event::Entity::find().count(stage.installation.database.reader()).await.unwrap()
        };
        let before = count().await;
        assert!(before > 0);
        let database = &stage.installation.database;
        let turned_away =
            "INSERT INTO throttled_attempts (minute, address, user_id, attempts) VALUES ($1, '', $2, 1)";
        let nobody = sea_orm::prelude::Uuid::nil();
        let statement = database.statement(turned_away, [stage.clock.now().0.into(), nobody.into()]);
        database.writer().execute_raw(statement).await.unwrap();
        for (days, left) in [(30, 1), (1, 0)] {
            stage.clock.advance(DAY * days);
            remove_outdated(&stage.installation, Retention::default()).await.unwrap();
            let sql = "SELECT COUNT(*) FROM throttled_attempts";
            let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), left, "what was turned away goes earlier");
        }
        stage.clock.advance(DAY * 368);
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(count().await, before);
        stage.clock.advance(DAY * 2);
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(count().await, 0);
    }
}

#[tokio::test]
async fn events_that_nobody_has_numbered_yet_stay() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let database = &stage.installation.database;
        let count = |sql: &'static str| async move {
            let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
            row.try_get_by_index::<i64>(0).unwrap()
        };
        let sql = "INSERT INTO events (workspace_id, id, seq, kind, \"at\") VALUES ($1, $2, $3, 'access_changed', 1)";
        for seq in [None, Some(1_000_000_i64)] {
            let id: portaria_entity::id::EventId = stage.installation.clock.new_id();
            let values = [stage.workspace_id.0.into(), id.0.into(), seq.into()];
            database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        }
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(count("SELECT COUNT(*) FROM events WHERE \"at\" = 1 AND seq IS NULL").await, 1);
        assert_eq!(count("SELECT COUNT(*) FROM events WHERE \"at\" = 1 AND seq IS NOT NULL").await, 0);
    }
}

#[tokio::test]
async fn a_kind_that_nobody_knows_is_forgotten_when_it_is_seen_no_more() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let retention = Retention { unknown_contents: 30, ..Retention::default() };
        let count = async |kind: &str| {
            let (database, now) = (&stage.installation.database, stage.clock.now());
            let of = ("messages", kind);
            unknown_content::count(database.writer(), database, stage.workspace_id, of, now).await.unwrap();
        };
        count("hologram").await;
        count("dream").await;
        stage.clock.advance(DAY * 20);
        count("dream").await;
        stage.clock.advance(DAY * 20);
        remove_outdated(&stage.installation, retention).await.unwrap();
        let reader = stage.installation.database.reader();
        let left = unknown_content::all(reader, stage.workspace_id).await.unwrap();
        let left: Vec<_> = left.iter().map(|row| (row.kind.as_str(), row.occurrences)).collect();
        assert_eq!(left, [("dream", 2)], "{}", stage.test_database.name);
    }
}
