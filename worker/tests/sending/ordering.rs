//! What is said in a conversation goes out in the order in which it was written, and as what it is.

use std::time::Duration;

use portaria_entity::event::EventKind;
use portaria_entity::message::DeliveryStatus;
use portaria_entity::outgoing_message::SendState;
use portaria_entity::{contact_identity, event};
use portaria_testing::databases;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use crate::meta::Reply;
use crate::office::{Office, wait_for};

#[tokio::test]
async fn a_message_is_sent_and_its_statuses_find_it() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        let id = office.stage().queued_message(conversation, "bom dia").await;
        office.until(id, SendState::Accepted).await;
        let received = &office.meta.received()[0];
        assert_eq!(received.path, "/v23.0/padaria-1/messages");
        assert_eq!(received.token, "first token");
        let expected = json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+5511955500000",
            "type": "text", "text": { "body": "bom dia", "preview_url": false },
            "biz_opaque_callback_data": id.to_string(),
        });
        assert_eq!(received.body, expected, "{}", office.name());
        let (row, message) = (office.outgoing(id).await, office.message(id).await);
        assert_eq!((row.attempts, row.settled_at), (1, Some(office.stage().clock.now())));
        assert_eq!(row.leased_until, None);
        assert_eq!(message.sending, Some(SendState::Accepted));
        assert_eq!((message.whatsapp_id.as_str(), message.status), ("wamid.000000", DeliveryStatus::None));
        for (status, reached) in [
            ("sent", DeliveryStatus::Sent),
            ("read", DeliveryStatus::Read),
            ("delivered", DeliveryStatus::Read),
        ] {
            let callback = json!({ "biz_opaque_callback_data": id.to_string() });
            office.tell("wamid.000000", status, callback).await;
            assert_eq!(office.message(id).await.status, reached, "{}", office.name());
        }
        let told = event::Entity::find()
            .filter(event::Column::MessageId.eq(id))
            .filter(event::Column::Kind.eq(EventKind::MessageUpdated))
            .count(office.site.reader())
            .await
            .unwrap();
        assert_eq!(told, 3, "taken, sent, read on {}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn messages_of_a_conversation_go_out_one_after_the_other_and_those_of_others_at_once() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::TakeLate(Duration::from_millis(60)));
        let conversations = office.conversations(8).await;
        let mut ids = Vec::new();
        for place in 0..5 {
            for (which, conversation) in conversations.iter().enumerate() {
                let text = format!("{which}:{place}");
                ids.push(office.stage().queued_message(*conversation, &text).await);
            }
        }
        // One of them has to be tried again: what was written after it waits for it.
        office.meta.next([Reply::Refuse(500, 131_000, None)]);
        office.pass_until(Duration::from_millis(100), async || office.meta.taken().len() == 40).await;
        for id in ids {
            office.until(id, SendState::Accepted).await;
        }
        let texts: Vec<String> = office.meta.taken().iter().map(|one| one.text().to_owned()).collect();
        for which in 0..8 {
            let of = texts.iter().filter(|text| text.starts_with(&format!("{which}:"))).cloned();
            let expected: Vec<String> = (0..5).map(|place| format!("{which}:{place}")).collect();
            assert_eq!(of.collect::<Vec<_>>(), expected, "{}", office.name());
        }
        let most = office.meta.most_under_way();
        assert!((3..=8).contains(&most), "{most} at once on {}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_was_called_back_is_not_sent_and_holds_up_nothing() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::TakeLate(Duration::from_millis(300)));
        let conversation = office.conversations(1).await[0];
        let first = office.stage().queued_message(conversation, "um").await;
        let second = office.stage().queued_message(conversation, "dois").await;
        let third = office.stage().queued_message(conversation, "três").await;
        office.until(first, SendState::Sending).await;
        let cancel =
            "UPDATE outgoing_messages SET state = 'cancelled' WHERE state = 'queued' AND message_id = ";
        let literal = match office.stage().installation.database.is_sqlite() {
            true => format!("x'{}'", second.0.simple()),
            false => format!("'{}'", second.0),
        };
        office.site.execute(&format!("{cancel}{literal}")).await;
        office.until(third, SendState::Accepted).await;
        let texts: Vec<String> = office.meta.received().iter().map(|one| one.text().to_owned()).collect();
        assert_eq!(texts, ["um", "três"], "{}", office.name());
        assert_eq!(office.state(second).await, SendState::Cancelled);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_customer_is_written_to_by_whatever_whatsapp_knows_them_by() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [by_id, nobody] = office.conversations(2).await[..] else { panic!("two") };
        office
            .site
            .execute(
                "UPDATE contact_identities SET kind = 'username', value = 'ana' WHERE value LIKE '%00001'",
            )
            .await;
        office.site.execute("UPDATE contact_identities SET kind = 'business_scoped_id', value = 'BR.7' WHERE value LIKE '%00000'").await;
        let kinds = contact_identity::Entity::find().count(office.site.reader()).await.unwrap();
        assert_eq!(kinds, 2);
        let id = office.stage().queued_message(by_id, "oi").await;
        let lost = office.stage().queued_message(nobody, "oi").await;
        office.until(id, SendState::Accepted).await;
        office.until(lost, SendState::Refused).await;
        let received = office.meta.received();
        assert_eq!(received.len(), 1, "{}", office.name());
        assert_eq!(
            (received[0].body.get("to"), received[0].body["recipient"].as_str()),
            (None, Some("BR.7"))
        );
        let failure = office.failure(lost).await;
        assert_eq!(failure, Some(portaria_entity::outgoing_message::SendFailure::NotAddressable));
        assert_eq!(office.message(lost).await.status, DeliveryStatus::Failed);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn many_are_under_way_at_once() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::TakeLate(Duration::from_secs(1)));
        let conversations = office.conversations(80).await;
        for conversation in conversations {
            office.stage().queued_message(conversation, "oi").await;
        }
        let clock = office.stage().clock.clone();
        let ticking = tokio::spawn(async move {
            for _ in 0..2_000 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                clock.advance(Duration::from_millis(10));
            }
        });
        wait_for(office.name(), "taken", async || office.meta.taken().len() == 80).await;
        let most = office.meta.most_under_way();
        assert!(most >= 40, "{most} at once on {}", office.name());
        ticking.abort();
        office.site.stop().await;
    }
}
