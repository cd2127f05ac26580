//! Several processes, and processes that end: one sends for a number, and what another left is sent by nobody twice.

use std::collections::BTreeMap;
use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::access::Scope;
use portaria_domain::database::Database;
use portaria_domain::sealing::KeyRing;
use portaria_domain::sending::{number, queue};
use portaria_entity::outgoing_message::SendState;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, TestDatabase, databases};
use portaria_worker::sending::{Sender, SendingOptions};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::meta::{Meta, Reply};
use crate::office::{Office, options, wait_for};
use crate::site::Site;

#[tokio::test]
async fn two_processes_send_each_message_once() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let office = Office::on(test).await;
    office.meta.usually(Reply::TakeLate(Duration::from_millis(30)));
    // Another process with a pool of its own.
    let stage = office.stage();
    let database = Database::connect(&stage.test_database.options).await.unwrap();
    let mut other = Installation::new(
        database,
        stage.clock.clone(),
        KeyRing::ephemeral().unwrap(),
        "http://portaria.test",
    );
    other.keys = stage.installation.keys.clone();
    let shutdown = CancellationToken::new();
    let api = options(&office.meta).cloud_api.unwrap();
    let sender = Sender::new(&other, api, SendingOptions::default());
    let running = tokio::spawn(sender.run(shutdown.clone()));
    let mut conversations = office.conversations(10).await;
    for place in 10..20 {
        conversations.push(office.conversation(place, stage.support).await);
    }
    for round in 0..6 {
        for conversation in &conversations {
            stage.queued_message(*conversation, &round.to_string()).await;
        }
    }
    office.pass_until(Duration::from_millis(30), async || office.meta.taken().len() >= 120).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in office.meta.received() {
        *counts.entry(one.callback().to_owned()).or_default() += 1;
    }
    assert_eq!((counts.len(), counts.values().max()), (120, Some(&1)));
    shutdown.cancel();
    running.await.unwrap();
    office.site.stop().await;
}

#[tokio::test]
async fn what_a_killed_process_was_sending_is_decided_by_statuses_and_the_rest_is_sent() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.give_token(stage.sales, "first token").await;
        stage.person("Rita", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let mut ids = Vec::new();
        let mut conversations = Vec::new();
        for place in 0..3 {
            let contact = stage.customer("Ana", &format!("55119555{place:05}")).await;
            let conversation = stage.conversation(contact, stage.sales, None, &[]).await;
            conversations.push(conversation);
            ids.push(stage.queued_message(conversation, "oi").await);
        }
        let open = "UPDATE conversations SET last_inbound_at = 9000000000000000";
        stage.installation.database.writer().execute_unprepared(open).await.unwrap();
        // A process takes the number and two messages, and is no more.
        let which = number::Number { workspace_id: stage.workspace_id, channel_id: stage.sales };
        number::take(&stage.installation, which, "killed").await.unwrap().unwrap();
        let taken = queue::take(&stage.installation, (which, "killed"), &ids[..2]).await.unwrap().unwrap();
        assert_eq!(taken.len(), 2);
        let behind = stage.queued_message(conversations[0], "mais").await;

        let meta = Meta::open().await;
        let site = Site::over(stage, options(&meta)).await;
        let office = Office { site, meta };
        if !office.stage().installation.database.is_sqlite() {
            office.pass(Duration::from_secs(4)).await;
            assert_eq!(office.meta.received().len(), 0, "it is another's still");
        }
        let sent = async || office.meta.received().len() == 2;
        office.pass_until(Duration::from_millis(500), sent).await;
        office.until(ids[2], SendState::Accepted).await;
        office.until(behind, SendState::Accepted).await;
        for id in &ids[..2] {
            assert_eq!(office.state(*id).await, SendState::Unclear, "{}", office.name());
        }
        office.tell("wamid.before", "sent", json!({ "biz_opaque_callback_data": ids[0].to_string() })).await;
        assert_eq!(office.state(ids[0]).await, SendState::Accepted);
        office.stage().clock.advance(Duration::from_secs(700));
        office.until(ids[1], SendState::Undecided).await;
        assert_eq!(office.meta.received().len(), 2, "{}", office.name());
        // Who was thought to be gone and comes back has nothing to send any more.
        let late = queue::take(&office.stage().installation, (which, "killed"), &ids).await.unwrap();
        assert!(late.is_none(), "{}", office.name());
        office.site.stop().await;
    }
}

#[tokio::test]
async fn who_is_told_to_stop_finishes_what_is_under_way() {
    for test in databases().await {
        let office = Office::on(test).await;
        office.meta.usually(Reply::TakeLate(Duration::from_millis(700)));
        let conversation = office.conversations(1).await[0];
        let first = office.stage().queued_message(conversation, "um").await;
        let second = office.stage().queued_message(conversation, "dois").await;
        office.until_received(1).await;
        let Office { site, meta } = office;
        let stage = site.stop().await;
        let site = Site::over(stage, crate::office::options(&meta)).await;
        let office = Office { site, meta };
        assert_eq!(office.state(first).await, SendState::Accepted, "{}", office.name());
        office.until(second, SendState::Accepted).await;
        wait_for(office.name(), "taken", async || office.meta.taken().len() == 2).await;
        office.site.stop().await;
    }
}
