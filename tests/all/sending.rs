//! Messages go out to a stand-in for Meta, each once, whatever happens to the process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use portaria_domain::clock::Clock;
use portaria_domain::database::Database;
use portaria_entity::outgoing_message::{self, SendFailure, SendState};
use portaria_entity::{conversation, message};
use portaria_simulator::meta::Limits;
use portaria_simulator::{Meta, MetaOptions, SenderConfig};
use portaria_testing::queue_message;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::program::{ACCESS_TOKEN, APP_SECRET, PATIENCE, Program, customer, databases, number, text_of};

const CUSTOMERS: u32 = 12;
const ROUNDS: usize = 5;

/// Takes messages, and tells within moments that they were delivered, also to a process that has to come back first.
async fn meta(program: &Program) -> Meta {
    let callback = format!("{}/webhooks/whatsapp/padaria", program.url);
    let options = MetaOptions {
        access_tokens: vec![ACCESS_TOKEN.to_owned()],
        callback: Some(SenderConfig::new(&callback, APP_SECRET, "verify me")),
        limits: Limits::wide(),
        ..MetaOptions::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), vec![number(0), number(1)]).lenient()
    };
    Meta::bind(options, &CancellationToken::new()).await.unwrap()
}

/// How messages stand, for who has to find out why.
async fn rows_of(database: &Database) -> Vec<(SendState, Option<SendFailure>)> {
    let rows = outgoing_message::Entity::find().all(database.reader()).await.unwrap();
    rows.into_iter().map(|row| (row.state, row.failure)).collect()
}

/// `benches/soak/sending` does it with 2,000 messages at 100 moments.
#[tokio::test]
async fn messages_are_sent_once_though_the_process_is_killed() {
    for database in databases().await {
        let mut program = Program::new(database);
        let meta = meta(&program).await;
        program = program.with("PORTARIA_CLOUD_API__BASE_URL", &meta.base_url());
        program.start().await;
        program.set_up().await;
        for which in 0..CUSTOMERS {
            let id = format!("wamid.S{which}");
            let (body, signature) = text_of(customer(which), &number(0), &id, "oi");
            assert_eq!(program.deliver(&body, &signature).await, 200);
        }
        let beside = program.database().await;
        let conversations = async || conversation::Entity::find().all(beside.reader()).await.unwrap();
        let began = Instant::now();
        while conversations().await.len() < CUSTOMERS as usize {
            assert!(began.elapsed() < PATIENCE, "{}", program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let conversations = conversations().await;
        let clock = Clock::system();
        // What customers say here is of long ago; that they may be answered is not what is asked.
        let open = format!("UPDATE conversations SET last_inbound_at = {}", clock.now().0);
        beside.writer().execute_unprepared(&open).await.unwrap();
        for round in 0..ROUNDS {
            for conversation in &conversations {
                let payload = json!({ "type": "text", "text": { "body": format!("{round}") } });
                queue_message(&beside, &clock, conversation.id, ("text", &payload)).await;
            }
        }
        for moment in [60, 15, 140] {
            // Until it sends: whoever was killed has to be missed first where several processes could serve.
            let (before, began) = (meta.message_count(), Instant::now());
            while meta.message_count() == before && began.elapsed() < Duration::from_secs(10) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_millis(moment)).await;
            program.kill();
            program.start().await;
        }
        let rows = async || outgoing_message::Entity::find().all(beside.reader()).await.unwrap();
        let is_open = |row: &outgoing_message::Model| row.state != SendState::Accepted;
        let mut open = usize::MAX;
        let began = Instant::now();
        while open > 0 && began.elapsed() < Duration::from_secs(40) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            open = rows().await.iter().filter(|row| is_open(row)).count();
        }
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for sent in meta.messages() {
            let callback = sent.request["biz_opaque_callback_data"].as_str().unwrap().to_owned();
            *taken.entry(callback).or_default() += 1;
        }
        let states = || rows_of(&beside);
        assert_eq!(taken.values().max(), Some(&1), "none twice: {:?}", states().await);
        for row in rows().await {
            let is_taken = taken.contains_key(&row.message_id.to_string());
            // What Meta has not seen stays open, and is not sent again.
            let expected = if is_taken { SendState::Accepted } else { SendState::Unclear };
            assert_eq!(row.state, expected, "{row:?}");
        }
        let key = (conversations[0].workspace_id, rows().await[0].message_id);
        let shown = message::Entity::find_by_id(key).one(beside.reader()).await.unwrap().unwrap();
        assert!(shown.whatsapp_id.starts_with("wamid.") || shown.sending == Some(SendState::Queued));
        program.stop();
    }
}
