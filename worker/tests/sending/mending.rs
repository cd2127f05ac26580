//! What is done about each kind of refusal of Meta's.

use std::time::Duration;

use portaria_domain::sending::failure::MOST_ATTEMPTS;
use portaria_domain::template;
use portaria_entity::consent::{self, ConsentChoice, ConsentSource};
use portaria_entity::message::DeliveryStatus;
use portaria_entity::outgoing_message::{SendFailure, SendState};
use portaria_entity::template::{self as template_row, TemplateStatus};
use portaria_testing::databases;
use sea_orm::EntityTrait;

use crate::meta::Reply;
use crate::office::{Office, wait_for};

#[tokio::test]
async fn what_failed_for_a_moment_is_tried_again_with_longer_pauses_and_given_up_in_the_end() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        office.meta.next([Reply::Refuse(500, 131_000, None), Reply::Refuse(503, 2, Some(30))]);
        let id = office.stage().queued_message(first, "oi").await;
        let pauses = [Duration::from_secs(2), Duration::from_secs(30)];
        for (place, pause) in pauses.into_iter().enumerate() {
            office.until_received(place + 1).await;
            let put_back = async || office.outgoing(id).await.state == SendState::Queued;
            wait_for(office.name(), "put back", put_back).await;
            let row = office.outgoing(id).await;
            assert_eq!(row.next_attempt_at, office.stage().clock.now() + pause, "{}", office.name());
            assert_eq!(usize::try_from(row.attempts).unwrap(), place + 1);
            office.pass(pause - Duration::from_millis(1)).await;
            assert_eq!(office.meta.received().len(), place + 1, "not before it is time");
            office.stage().clock.advance(Duration::from_millis(1));
        }
        office.until(id, SendState::Accepted).await;
        assert_eq!(office.meta.taken().len(), 1);

        office.meta.usually(Reply::Refuse(500, 131_016, None));
        let hopeless = office.stage().queued_message(second, "oi").await;
        let refused = async || office.state(hopeless).await == SendState::Refused;
        office.pass_until(Duration::from_secs(60), refused).await;
        let row = office.outgoing(hopeless).await;
        assert_eq!(
            (row.attempts, row.failure),
            (MOST_ATTEMPTS, Some(SendFailure::Unavailable)),
            "{}",
            office.name()
        );
        assert_eq!(row.failure_code, Some(131_016));
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_was_too_fast_waits_as_long_as_meta_asks() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        office.meta.next([Reply::Refuse(429, 130_429, Some(90))]);
        let id = office.stage().queued_message(first, "oi").await;
        office.until_received(1).await;
        let slowed = async || office.sending().await.slowed_until.is_some();
        wait_for(office.name(), "slower", slowed).await;
        let until = office.stage().clock.now() + Duration::from_secs(90);
        assert_eq!(office.sending().await.slowed_until, Some(until), "{}", office.name());
        let other = office.stage().queued_message(second, "oi").await;
        let elsewhere = office.conversation(9, office.stage().support).await;
        let free = office.stage().queued_message(elsewhere, "oi").await;
        office.until(free, SendState::Accepted).await;
        office.pass(Duration::from_secs(89)).await;
        assert_eq!(office.meta.received().len(), 2, "nothing from this number on {}", office.name());
        office.stage().clock.advance(Duration::from_secs(1));
        office.until(id, SendState::Accepted).await;
        office.until(other, SendState::Accepted).await;
        assert_eq!(office.outgoing(id).await.attempts, 1, "the number was too fast, not the message");
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_customer_who_was_written_to_too_often_is_left_alone_and_others_are_not() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second] = office.conversations(2).await[..] else { panic!("two") };
        office.meta.next([Reply::Refuse(400, 131_056, None), Reply::Take, Reply::Refuse(400, 131_056, None)]);
        let id = office.stage().queued_message(first, "um").await;
        office.until_received(1).await;
        let after = office.stage().queued_message(first, "dois").await;
        let other = office.stage().queued_message(second, "oi").await;
        office.until(other, SendState::Accepted).await;
        for (count, pause) in [(2, 4), (3, 16)] {
            let waits = async || office.state(id).await == SendState::Queued;
            wait_for(office.name(), "it waits", waits).await;
            assert_eq!(office.state(after).await, SendState::Queued, "in line behind it");
            office.pass(Duration::from_secs(pause) - Duration::from_millis(1)).await;
            assert_eq!(office.meta.received().len(), count, "{}", office.name());
            office.stage().clock.advance(Duration::from_millis(1));
            office.until_received(count + 1).await;
        }
        office.until(after, SendState::Accepted).await;
        office.site.stop().await;
    }
}

#[tokio::test]
async fn what_meta_will_never_take_is_given_up_at_once_with_a_reason() {
    for test in databases().await {
        let office = Office::on(test).await;
        let cases = [
            (400, 131_047, SendFailure::WindowClosed),
            (400, 131_050, SendFailure::MarketingStopped),
            (400, 131_026, SendFailure::Undeliverable),
            (404, 132_001, SendFailure::TemplateUnusable),
            (400, 132_000, SendFailure::TemplateValues),
            (400, 131_053, SendFailure::Media),
            (400, 100, SendFailure::Invalid),
            (400, 999_999, SendFailure::Other),
        ];
        let conversations = office.conversations(cases.len()).await;
        for ((status, code, failure), conversation) in cases.into_iter().zip(conversations) {
            office.meta.next([Reply::Refuse(status, code, None)]);
            let id = office.stage().queued_message(conversation, "oi").await;
            office.until(id, SendState::Refused).await;
            let row = office.outgoing(id).await;
            assert_eq!((row.failure, row.failure_code), (Some(failure), Some(code)), "{}", office.name());
            assert_eq!(row.failure_details.as_deref(), Some("It is so."));
            let message = office.message(id).await;
            assert_eq!((message.status, message.sending), (DeliveryStatus::Failed, Some(SendState::Refused)));
            office.stage().clock.advance(Duration::from_secs(1));
        }
        let consents = consent::Entity::find().all(office.site.reader()).await.unwrap();
        assert_eq!(consents.len(), 1, "{}", office.name());
        assert_eq!(consents[0].choice, ConsentChoice::Withdrawn);
        assert_eq!(consents[0].source, ConsentSource::Undelivered);
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_template_that_meta_has_paused_is_known_to_be() {
    for test in databases().await {
        let office = Office::on(test).await;
        let installation = office.stage().installation.clone();
        let key = (office.stage().workspace_id, "padaria-waba", "77");
        let writer = installation.database.writer();
        let known = template::know(writer, &installation.clock, key, None).await.unwrap();
        office.site.execute("UPDATE templates SET status = 'approved', category = 'UTILITY'").await;
        let conversation = office.conversations(1).await[0];
        office.meta.next([Reply::Refuse(400, 132_015, None)]);
        office.meta.usually(Reply::Cut);
        let id = office.stage().queued_message(conversation, "oi").await;
        // It is in the queue already; what it is of is written before Meta has answered.
        let literal = match installation.database.is_sqlite() {
            true => format!("x'{}'", known.id.0.simple()),
            false => format!("'{}'", known.id.0),
        };
        office.site.execute(&format!("UPDATE outgoing_messages SET template_id = {literal}")).await;
        office.until(id, SendState::Refused).await;
        let key = (known.workspace_id, known.id);
        let row = template_row::Entity::find_by_id(key).one(office.site.reader()).await.unwrap().unwrap();
        assert_eq!(row.status, Some(TemplateStatus::Paused), "{}", office.name());
        assert_eq!(office.failure(id).await, Some(SendFailure::TemplateUnusable));
        office.site.stop().await;
    }
}

#[tokio::test]
async fn answers_from_before_meta_say_by_their_status_what_to_do() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [first, second, third] = office.conversations(3).await[..] else { panic!("three") };
        office.meta.next([Reply::Say(400, "<html>no</html>")]);
        let refused = office.stage().queued_message(first, "oi").await;
        office.until(refused, SendState::Refused).await;
        assert_eq!(office.outgoing(refused).await.failure_code, None, "{}", office.name());
        // A gateway that answers in Meta's place may have passed it on.
        office.meta.next([Reply::Say(502, "<html>no</html>")]);
        let unclear = office.stage().queued_message(second, "oi").await;
        office.until(unclear, SendState::Unclear).await;
        office.meta.next([Reply::Say(429, "slow down")]);
        let slowed = office.stage().queued_message(third, "oi").await;
        office.until_received(3).await;
        wait_for(office.name(), "slower", async || office.sending().await.slowed_until.is_some()).await;
        office.stage().clock.advance(Duration::from_secs(4));
        office.until(slowed, SendState::Accepted).await;
        office.site.stop().await;
    }
}
