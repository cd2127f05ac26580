//! A number from which nothing can be sent is stopped, told of, tried now and then, and goes on by itself.

use std::time::Duration;

use portaria_entity::alert::{self, AlertKind};
use portaria_entity::channel_sending::StopReason;
use portaria_entity::outgoing_message::{SendFailure, SendState};
use portaria_testing::databases;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use crate::meta::Reply;
use crate::office::{Office, wait_for};

impl Office {
    async fn alerts(&self) -> Vec<alert::Model> {
        let all = alert::Entity::find().all(self.site.reader()).await.unwrap();
        all.into_iter().filter(|one| one.kind == AlertKind::SendingStopped).collect()
    }

    async fn stopped(&self) -> Option<StopReason> {
        let row = self.sending().await;
        row.stopped_at.and(row.stop_reason)
    }
}

#[tokio::test]
async fn a_revoked_token_stops_the_number_until_a_message_comes_through_again() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::Refuse(401, 190, None));
        let conversations = office.conversations(4).await;
        let mut ids = Vec::new();
        for conversation in conversations {
            ids.push(office.stage().queued_message(conversation, "oi").await);
        }
        let stopped = async || {
            office.stopped().await == Some(StopReason::Token) && {
                let mut waiting = true;
                for id in &ids {
                    waiting &= office.state(*id).await == SendState::Queued;
                }
                waiting
            }
        };
        wait_for(office.name(), "it is stopped", stopped).await;
        let asked = office.meta.received().len();
        let alerts = office.alerts().await;
        assert_eq!(alerts.len(), 1, "{}", office.name());
        assert!(alerts[0].resolved_at.is_none() && alerts[0].details.contains("Vendas"), "{alerts:?}");
        assert_eq!(alerts[0].channel_id, Some(office.stage().sales));
        office.pass(Duration::from_secs(299)).await;
        assert_eq!(office.meta.received().len(), asked, "{}", office.name());
        // One message tries, and only one.
        office.stage().clock.advance(Duration::from_secs(1));
        office.until_received(asked + 1).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(office.meta.received().len(), asked + 1, "{}", office.name());
        assert_eq!(office.stopped().await, Some(StopReason::Token));
        // It does not count as an attempt of theirs, however often.
        for id in &ids {
            assert_eq!(office.outgoing(*id).await.attempts, 0);
        }
        office.meta.usually(Reply::Take);
        office.stage().clock.advance(Duration::from_secs(300));
        let sent = async || office.meta.taken().len() == 4;
        office.pass_until(Duration::from_millis(200), sent).await;
        for id in &ids {
            office.until(*id, SendState::Accepted).await;
        }
        assert_eq!(office.stopped().await, None);
        assert!(office.alerts().await[0].resolved_at.is_some(), "{}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_new_token_is_tried_at_once_and_a_missing_one_stops_too() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.site.execute("UPDATE channels SET sealed_access_token = NULL, sealing_key = NULL").await;
        let conversation = office.conversations(1).await[0];
        let id = office.stage().queued_message(conversation, "oi").await;
        wait_for(
            office.name(),
            "it is stopped",
            async || matches!(office.alerts().await.as_slice(), [one] if one.resolved_at.is_none()),
        )
        .await;
        assert_eq!(office.stopped().await, Some(StopReason::Token));
        assert_eq!((office.meta.received().len(), office.state(id).await), (0, SendState::Queued));
        office.stage().give_token(office.stage().sales, "second token").await;
        office.until(id, SendState::Accepted).await;
        assert_eq!(office.meta.received()[0].token, "second token", "{}", office.name());
        wait_for(office.name(), "it goes on", async || office.stopped().await.is_none()).await;
        office.site.stop().await;
    }
}

#[tokio::test]
async fn who_stopped_a_number_by_hand_lets_it_go_on_by_hand() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        let id = office.stage().queued_message(first, "oi").await;
        office.until(id, SendState::Accepted).await;
        let by_hand = "UPDATE channel_sending SET stopped_at = 1, stop_reason = 'by_hand'";
        office.site.execute(by_hand).await;
        let waiting = office.stage().queued_message(second, "oi").await;
        for _ in 0..3 {
            office.pass(Duration::from_secs(400)).await;
        }
        assert_eq!(office.meta.received().len(), 1, "{}", office.name());
        office.site.execute("UPDATE channel_sending SET stopped_at = NULL, stop_reason = NULL").await;
        office.until(waiting, SendState::Accepted).await;
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_may_no_longer_go_out_does_not_try_whether_the_number_is_well() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::Refuse(401, 190, None));
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        let late = office.stage().queued_message(first, "oi").await;
        let stopped =
            async || office.stopped().await.is_some() && office.state(late).await == SendState::Queued;
        wait_for(office.name(), "it is stopped", stopped).await;
        let good = office.stage().queued_message(second, "oi").await;
        let asked = office.meta.received().len();
        let database = &office.stage().installation.database;
        let sql = "UPDATE conversations SET last_inbound_at = 1 WHERE id = $1";
        database.writer().execute_raw(database.statement(sql, [first.0.into()])).await.unwrap();
        office.meta.usually(Reply::Take);
        let sent = async || office.state(good).await == SendState::Accepted;
        office.pass_until(Duration::from_secs(60), sent).await;
        office.until(late, SendState::Refused).await;
        assert_eq!(office.failure(late).await, Some(SendFailure::WindowClosed), "{}", office.name());
        assert_eq!(office.meta.received().len(), asked + 1, "Meta was not asked for it");
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_status_that_tells_of_a_locked_account_stops_the_number() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        let id = office.stage().queued_message(conversation, "oi").await;
        office.until(id, SendState::Accepted).await;
        let given = office.meta.taken()[0].whatsapp_id.clone().unwrap();
        let errors = json!({ "errors": [{ "code": 131_031, "title": "Account has been locked" }] });
        office.tell(&given, "failed", errors).await;
        assert_eq!(office.stopped().await, Some(StopReason::Restricted), "{}", office.name());
        assert_eq!(office.alerts().await.len(), 1);
        office.site.stop().await;
    }
}
