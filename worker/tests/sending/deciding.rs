//! Messages of which it is not known whether Meta took them: a status decides, or nobody; none is sent twice.

use std::time::Duration;

use portaria_entity::contact_identity;
use portaria_entity::event::{self, EventKind};
use portaria_entity::message::DeliveryStatus;
use portaria_entity::outgoing_message::{SendFailure, SendState};
use portaria_testing::databases;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use crate::meta::Reply;
use crate::office::{Office, wait_for};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn what_was_cut_off_is_decided_by_the_status_that_names_it() {
    for test in databases().await {
        let office = Office::on(test).await;
        let replies = [
            Reply::TakeAndCut,
            Reply::TakeLate(Duration::from_secs(5)),
            Reply::TakeAndSay("no JSON at all"),
            Reply::TakeAndSay(r#"{"messages": [{"id": "7"}]}"#),
            Reply::TakeAndSay(r#"{"success": true}"#),
            Reply::TakeAndSay(""),
        ];
        let conversations = office.conversations(replies.len()).await;
        for (reply, conversation) in replies.into_iter().zip(conversations) {
            office.meta.next([reply.clone()]);
            let id = office.stage().queued_message(conversation, "oi").await;
            office.until(id, SendState::Unclear).await;
            let message = office.message(id).await;
            assert_eq!(message.whatsapp_id, id.to_string());
            let given = office.meta.taken().last().unwrap().clone();
            assert_eq!(given.callback(), id.to_string(), "{reply:?}");
            let given = given.whatsapp_id.unwrap();
            // Delivered is told before sent, as it happens.
            let callback = json!({ "biz_opaque_callback_data": id.to_string() });
            office.tell(&given, "delivered", callback.clone()).await;
            let message = office.message(id).await;
            assert_eq!((message.whatsapp_id, message.status), (given.clone(), DeliveryStatus::Delivered));
            assert_eq!(message.sending, Some(SendState::Accepted), "{reply:?} on {}", office.name());
            assert_eq!(office.state(id).await, SendState::Accepted);
            office.tell(&given, "sent", callback).await;
            assert_eq!(office.message(id).await.status, DeliveryStatus::Delivered);
            office.stage().clock.advance(Duration::from_secs(1));
        }
        office.pass(HOUR).await;
        assert_eq!(office.meta.received().len(), 6, "none again on {}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_no_status_tells_of_is_undecided_after_ten_minutes_and_never_sent_again() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second, third] = office.conversations(3).await[..] else { panic!("three") };
        office.meta.next([Reply::Cut, Reply::Cut, Reply::TakeAndCut]);
        let mut ids = Vec::new();
        for conversation in [first, second, third] {
            let id = office.stage().queued_message(conversation, "oi").await;
            office.until(id, SendState::Unclear).await;
            ids.push(id);
        }
        // What comes after it in the conversation does not wait.
        let next = office.stage().queued_message(first, "mais").await;
        office.until(next, SendState::Accepted).await;
        let began = office.outgoing(ids[0]).await.begun_at.unwrap();
        office.stage().clock.set(began + Duration::from_secs(599));
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(office.state(ids[0]).await, SendState::Unclear, "{}", office.name());
        office.stage().clock.advance(Duration::from_secs(2));
        for id in &ids {
            office.until(*id, SendState::Undecided).await;
            let message = office.message(*id).await;
            assert_eq!((message.sending, message.status), (Some(SendState::Undecided), DeliveryStatus::None));
            let told = event::Entity::find()
                .filter(event::Column::MessageId.eq(*id))
                .filter(event::Column::Kind.eq(EventKind::MessageUpdated))
                .count(office.site.reader())
                .await
                .unwrap();
            assert_eq!(told, 1, "its author is told on {}", office.name());
        }
        // Hours later a status tells after all: of one that it came, of another that it did not.
        office.pass(5 * HOUR).await;
        let taken = office.meta.taken();
        let given = taken.iter().find(|one| one.callback() == ids[2].to_string()).unwrap();
        let callback =
            |id: portaria_entity::id::MessageId| json!({ "biz_opaque_callback_data": id.to_string() });
        office.tell(given.whatsapp_id.as_ref().unwrap(), "read", callback(ids[2])).await;
        assert_eq!(office.state(ids[2]).await, SendState::Accepted);
        assert_eq!(office.message(ids[2]).await.status, DeliveryStatus::Read, "{}", office.name());
        let mut failed = callback(ids[1]);
        failed["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
        office.tell("wamid.late", "failed", failed).await;
        let row = office.outgoing(ids[1]).await;
        assert_eq!((row.failure, row.failure_code), (Some(SendFailure::Undeliverable), Some(131_026)));
        assert_eq!(office.message(ids[1]).await.status, DeliveryStatus::Failed);
        assert_eq!(office.state(ids[0]).await, SendState::Undecided);
        assert_eq!(office.meta.received().len(), 4, "none again on {}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_status_may_come_before_the_answer() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversations = office.conversations(2).await;
        for (conversation, is_named) in conversations.into_iter().zip([true, false]) {
            office.meta.next([Reply::TakeLate(Duration::from_millis(1_200))]);
            let count = office.meta.received().len();
            let id = office.stage().queued_message(conversation, "oi").await;
            office.until_received(count + 1).await;
            let given = office.meta.taken()[count].whatsapp_id.clone().unwrap();
            let more =
                if is_named { json!({ "biz_opaque_callback_data": id.to_string() }) } else { json!({}) };
            office.tell(&given, "delivered", more).await;
            let is_known = office.state(id).await == SendState::Accepted;
            assert_eq!(is_known, is_named, "{}", office.name());
            office.until(id, SendState::Accepted).await;
            let message = office.message(id).await;
            assert_eq!((message.whatsapp_id, message.status), (given, DeliveryStatus::Delivered));
            office.pass(Duration::from_secs(2)).await;
            assert_eq!(office.state(id).await, SendState::Accepted);
        }
        assert_eq!(office.message_count().await, 2);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_meta_refused_and_sent_all_the_same_is_not_sent_again() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        office.meta.next([Reply::Refuse(500, 131_000, None), Reply::Refuse(400, 131_026, None)]);
        let again = office.stage().queued_message(first, "oi").await;
        office.until_received(1).await;
        wait_for(office.name(), "put back", async || office.state(again).await == SendState::Queued).await;
        let given_up = office.stage().queued_message(second, "oi").await;
        office.until(given_up, SendState::Refused).await;
        for (id, given) in [(again, "wamid.a"), (given_up, "wamid.b")] {
            office.tell(given, "delivered", json!({ "biz_opaque_callback_data": id.to_string() })).await;
            assert_eq!(office.state(id).await, SendState::Accepted);
            assert_eq!(office.message(id).await.status, DeliveryStatus::Delivered, "{}", office.name());
        }
        office.pass(HOUR).await;
        assert_eq!(office.meta.received().len(), 2, "{}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn callbacks_of_others_change_nothing() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        let elsewhere = office.conversation(5, office.stage().support).await;
        office.meta.next([Reply::Cut]);
        let other = office.stage().queued_message(elsewhere, "oi").await;
        office.until(other, SendState::Unclear).await;
        let id = office.stage().queued_message(conversation, "oi").await;
        office.until(id, SendState::Accepted).await;
        let given = office.message(id).await.whatsapp_id;
        // Of another number, of nothing, of no message at all; and a second message by the same name.
        for named in [other.to_string(), "msg_nonsense".to_owned(), "x".repeat(600)] {
            office.tell("wamid.foreign", "sent", json!({ "biz_opaque_callback_data": named })).await;
        }
        office.tell("wamid.second", "delivered", json!({ "biz_opaque_callback_data": id.to_string() })).await;
        assert_eq!(office.state(other).await, SendState::Unclear, "{}", office.name());
        let message = office.message(id).await;
        assert_eq!((message.whatsapp_id, message.status), (given, DeliveryStatus::None));
        office.site.stop().await;
    }
}

#[tokio::test]
async fn an_echo_that_came_before_the_answer_is_the_same_message() {
    for echoed in [
        json!({ "type": "text", "text": { "body": "oi" } }),
        json!({ "type": "image", "image": { "id": "1" } }),
    ] {
        echo_before_the_answer(&echoed).await;
    }
}

async fn echo_before_the_answer(echoed: &serde_json::Value) {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        office.meta.next([Reply::TakeLate(Duration::from_millis(1_200))]);
        let id = office.stage().queued_message(conversation, "oi").await;
        office.until_received(1).await;
        let given = office.meta.taken()[0].whatsapp_id.clone().unwrap();
        let at = office.stage().clock.now().as_secs().to_string();
        let mut echo = echoed.clone();
        for (name, value) in
            [("from", "551140000001"), ("to", "5511955500000"), ("id", &given), ("timestamp", &at)]
        {
            echo[name] = value.into();
        }
        let change = json!({ "field": "smb_message_echoes", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "551140000001", "phone_number_id": "padaria-1" },
            "message_echoes": [echo],
        }});
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "padaria-waba", "changes": [change] }] });
        assert_eq!(office.site.deliver(body.to_string().as_bytes()).await.status, 200);
        office.site.settled().await;
        assert_eq!(office.message_count().await, 2);
        office.until(id, SendState::Accepted).await;
        let message = office.message(id).await;
        assert_eq!((office.message_count().await, message.whatsapp_id), (1, given), "{}", office.name());
        assert_eq!(office.site.conversation().await.last_message_id, Some(id));
        // And what comes after it tells nothing new.
        assert_eq!(office.site.deliver(body.to_string().as_bytes()).await.status, 200);
        office.site.settled().await;
        assert_eq!(office.message_count().await, 1);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_never_came_to_meta_is_tried_until_it_does_and_expires_after_a_day() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        let Office { site, meta: _ } = office;
        let stage = site.stop().await;
        // Nobody listens there any more.
        let nowhere = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let gone = crate::meta::Meta::at(format!("http://{}", nowhere.local_addr().unwrap()));
        drop(nowhere);
        let site = crate::site::Site::over(stage, crate::office::options(&gone)).await;
        let office = Office { site, meta: gone };
        let id = office.stage().queued_message(conversation, "oi").await;
        for _ in 0..5 {
            office.pass(Duration::from_secs(1)).await;
        }
        let row = office.outgoing(id).await;
        assert_eq!((row.state, row.attempts), (SendState::Queued, 0), "no attempt on {}", office.name());
        office.stage().clock.advance(Duration::from_secs(24 * 3_600));
        office.until(id, SendState::Refused).await;
        assert_eq!(office.failure(id).await, Some(SendFailure::Expired));
        let message = office.message(id).await;
        assert_eq!((message.status, message.sending), (DeliveryStatus::Failed, Some(SendState::Refused)));
        office.site.stop().await;
    }
}

#[tokio::test]
async fn who_is_known_by_another_number_than_was_dialled_answers_as_the_same_customer() {
    for test in databases().await {
        let office = Office::on(test).await;
        let conversation = office.conversations(1).await[0];
        office.meta.next([Reply::TakeAndSay(
            r#"{"messaging_product":"whatsapp","contacts":[{"input":"+5511955500000","wa_id":"551155500000"}],
                "messages":[{"id":"wamid.OTHER"}]}"#,
        )]);
        let id = office.stage().queued_message(conversation, "oi").await;
        office.until(id, SendState::Accepted).await;
        let found = contact_identity::Entity::find()
            .filter(contact_identity::Column::Value.eq("551155500000"))
            .one(office.site.reader())
            .await
            .unwrap();
        let whose = office.site.conversation().await.contact_id;
        assert_eq!(found.map(|row| row.contact_id), Some(whose), "{}", office.name());
        office.site.stop().await;
    }
}
