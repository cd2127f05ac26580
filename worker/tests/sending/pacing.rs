//! How fast messages go out: from one number, and to one person.

use std::time::Duration;

use portaria_entity::outgoing_message::SendState;
use portaria_testing::databases;

use crate::office::{Office, options, wait_for};
use crate::site::Site;

#[tokio::test]
async fn a_number_sends_no_more_in_a_second_than_it_may() {
    for test in databases().await {
        let office = Office::on(test).await;
        for conversation in office.conversations(100).await {
            office.stage().queued_message(conversation, "oi").await;
        }
        for expected in [27, 54, 80, 80] {
            wait_for(office.name(), "sent", async || office.meta.received().len() >= expected).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(office.meta.received().len(), expected, "{}", office.name());
            office.stage().clock.advance(Duration::from_millis(250));
        }
        office.site.execute("UPDATE channel_sending SET messages_per_second = 1000").await;
        office.stage().clock.advance(Duration::from_millis(100));
        wait_for(office.name(), "sent", async || office.meta.received().len() == 100).await;
        office.site.stop().await;
    }
}

#[tokio::test]
async fn a_person_gets_a_burst_and_then_a_message_in_six_seconds_also_after_a_restart() {
    for test in databases().await {
        let office = Office::on(test).await;
        let [often, other] = office.conversations(2).await[..] else { panic!("two") };
        for number in 0..50 {
            office.stage().queued_message(often, &number.to_string()).await;
        }
        let sent = async || office.meta.received().len() == 45;
        office.pass_until(Duration::from_millis(20), sent).await;
        office.pass(Duration::from_secs(2)).await;
        assert_eq!(office.meta.received().len(), 45, "{}", office.name());
        let Office { site, meta } = office;
        let site = Site::over(site.stop().await, options(&meta)).await;
        let office = Office { site, meta };
        let id = office.stage().queued_message(other, "oi").await;
        office.until(id, SendState::Accepted).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(office.meta.received().len(), 46, "others do not wait on {}", office.name());
        let begun = office.stage().clock.now();
        let all = async || office.meta.received().len() == 51;
        office.pass_until(Duration::from_millis(500), all).await;
        let took = office.stage().clock.now().since(begun);
        assert!((20..=40).contains(&took.as_secs()), "five in {took:?} on {}", office.name());
        office.site.stop().await;
    }
}
