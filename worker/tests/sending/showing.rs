//! What customers are shown, what follows for who waits, and who came from an advertisement.

use std::time::Duration;

use portaria_domain::sending::receipt::{self, NewReceipt};
use portaria_entity::episode;
use portaria_entity::free_entry_point;
use portaria_entity::outgoing_message::SendState;
use portaria_testing::{START, databases};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use crate::meta::Reply;
use crate::office::{Office, wait_for};
use crate::site::text;

#[tokio::test]
async fn that_messages_were_read_and_somebody_types_is_shown_while_it_is_news() {
    for test in databases().await {
        let office = Office::on(test).await;
        let stage = office.stage();
        let [first, second, third, fourth] = office.conversations(4).await[..] else { panic!("four") };
        let show = async |conversation_id, whatsapp_id, typing| {
            let new = NewReceipt {
                workspace_id: stage.workspace_id,
                channel_id: stage.sales,
                conversation_id,
                whatsapp_id,
                typing,
            };
            let writer = stage.installation.database.writer();
            receipt::queue(writer, &stage.installation, new).await.unwrap();
        };
        let id = stage.queued_message(first, "oi").await;
        office.until(id, SendState::Accepted).await;
        show(first, "wamid.read", false).await;
        office.until_received(2).await;
        let expected =
            json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.read" });
        assert_eq!(office.meta.received()[1].body, expected, "{}", office.name());
        show(second, "wamid.typing", true).await;
        office.until_received(3).await;
        assert_eq!(office.meta.received()[2].body["typing_indicator"], json!({ "type": "text" }));
        // What comes too late is worth less, or nothing; of a conversation the newest counts.
        let old = |minutes: u64| stage.clock.now() - Duration::from_secs(60 * minutes);
        let transaction = stage.installation.database.begin().await.unwrap();
        for (conversation, whatsapp_id, minutes) in [
            (second, "wamid.gone", 6),
            (third, "wamid.late", 1),
            (fourth, "wamid.old", 0),
            (fourth, "wamid.new", 0),
        ] {
            let new = NewReceipt {
                workspace_id: stage.workspace_id,
                channel_id: stage.sales,
                conversation_id: conversation,
                whatsapp_id,
                typing: true,
            };
            receipt::queue(&transaction, &stage.installation, new).await.unwrap();
            let sql = "UPDATE outgoing_receipts SET created_at = $1 WHERE whatsapp_id = $2";
            let values = [old(minutes).0.into(), whatsapp_id.into()];
            transaction.execute_raw(stage.installation.database.statement(sql, values)).await.unwrap();
        }
        transaction.commit().await.unwrap();
        office.until_received(5).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let received = office.meta.received();
        let shown = received[3..]
            .iter()
            .map(|one| (one.body["message_id"].clone(), one.body.get("typing_indicator").is_some()));
        let mut shown: Vec<_> = shown.map(|(id, typing)| (id.as_str().unwrap().to_owned(), typing)).collect();
        shown.sort();
        assert_eq!(
            shown,
            [("wamid.late".to_owned(), false), ("wamid.new".to_owned(), true)],
            "{}",
            office.name()
        );
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_customer_waits_until_meta_has_taken_the_answer() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.stage().clock.advance(Duration::from_secs(60));
        office.site.say(json!({ "messages": [text("wamid.in", "5511955500000", 0, "oi?")] })).await;
        office.site.settled().await;
        let conversation = office.site.conversation().await;
        assert_eq!(conversation.waiting_since, Some(START));
        office.meta.next([Reply::Refuse(400, 131_026, None), Reply::Cut]);
        for _ in 0..2 {
            office.stage().queued_message(conversation.id, "resposta").await;
        }
        office.until_received(2).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(office.site.conversation().await.waiting_since, Some(START), "{}", office.name());
        let id = office.stage().queued_message(conversation.id, "resposta").await;
        office.until(id, SendState::Accepted).await;
        let episode = async || episode::Entity::find().one(office.site.reader()).await.unwrap().unwrap();
        let sent_at = office.message(id).await.sent_at;
        assert_eq!(office.site.conversation().await.waiting_since, None, "{}", office.name());
        assert_eq!(episode().await.first_response_at, Some(sent_at));
        // It did not arrive after all.
        let given = office.message(id).await.whatsapp_id;
        office.tell(&given, "failed", json!({ "errors": [{ "code": 131_026, "title": "x" }] })).await;
        assert_eq!(office.site.conversation().await.waiting_since, Some(START), "{}", office.name());
        assert_eq!(episode().await.first_response_at, None);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn who_came_from_an_advertisement_is_free_to_write_to_once_answered_in_time() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.stage().clock.advance(Duration::from_secs(60));
        let mut message = text("wamid.ad", "5511955500000", 0, "vi o anúncio");
        message["referral"] = json!({
            "source_url": "https://fb.me/1", "source_id": "1", "source_type": "ad", "ctwa_clid": "c1",
        });
        office.site.say(json!({ "messages": [message, text("wamid.no", "5511955500000", 1, "oi")] })).await;
        office.site.settled().await;
        let points = async || free_entry_point::Entity::find().all(office.site.reader()).await.unwrap();
        let conversation = office.site.conversation().await;
        let [point] = &points().await[..] else { panic!("one on {}", office.name()) };
        assert_eq!(
            (point.conversation_id, point.referred_at, point.answered_at),
            (conversation.id, START, None)
        );
        let id = office.stage().queued_message(conversation.id, "bem-vinda").await;
        office.until(id, SendState::Accepted).await;
        let answered = async || points().await[0].answered_at.is_some();
        wait_for(office.name(), "answered", answered).await;
        assert_eq!(points().await[0].answered_at, Some(office.stage().clock.now()), "{}", office.name());
        // Meta knows best until when.
        let until = START.as_secs() + 120 + 72 * 3_600;
        let told = json!({ "conversation": {
            "id": "c", "expiration_timestamp": until.to_string(), "origin": { "type": "referral_conversion" },
        }});
        office.tell(&office.message(id).await.whatsapp_id, "sent", told).await;
        assert_eq!(
            points().await[0].answered_at,
            Some(START + Duration::from_secs(120)),
            "{}",
            office.name()
        );
        office.site.stop().await;
    }
}
