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

/// A client that repeats a call until it is answered, whatever becomes of the process meanwhile.
struct Persistent {
    url: String,
    token: String,
    conversation: String,
}

impl Persistent {
    /// The message that the call came to; nothing when there was no answer.
    async fn try_to_say(&self, key: &str) -> Option<String> {
        let query = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { message { id } userErrors { code } } }";
        let content = json!({ "text": { "body": key } });
        let input = json!({ "conversationId": self.conversation, "idempotencyKey": key, "content": content });
        let request = reqwest::Client::new().post(format!("{}/graphql", self.url)).bearer_auth(&self.token);
        let request = request.json(&json!({ "query": query, "variables": { "i": input } }));
        let answer: serde_json::Value = request.send().await.ok()?.json().await.ok()?;
        let id = answer["data"]["sendMessage"]["message"]["id"].as_str();
        assert!(id.is_some() || answer["errors"].is_array(), "a refusal is no loss: {answer}");
        id.map(str::to_owned)
    }

    async fn say(&self, key: &str) -> String {
        let began = Instant::now();
        loop {
            if let Some(id) = self.try_to_say(key).await {
                return id;
            }
            assert!(began.elapsed() < PATIENCE, "{key} was never answered");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
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

#[tokio::test]
async fn a_call_that_is_repeated_until_it_is_answered_sends_once_though_the_process_is_killed() {
    for database in databases().await {
        let mut program = Program::new(database);
        let meta = meta(&program).await;
        program = program.with("PORTARIA_CLOUD_API__BASE_URL", &meta.base_url());
        program.start().await;
        program.set_up().await;
        let token = program.sign_in("ana@example.com").await;
        let (body, signature) = text_of(customer(0), &number(0), "wamid.S0", "oi");
        assert_eq!(program.deliver(&body, &signature).await, 200);
        program.wait_for_texts(&token, 1).await;
        let asked = program.ask(Some(&token), "{ conversations { nodes { id } } }", json!({})).await;
        let conversation = asked["data"]["conversations"]["nodes"][0]["id"].as_str().unwrap().to_owned();
        let claim =
            "mutation($i: ClaimConversationInput!) { claimConversation(input: $i) { userErrors { code } } }";
        program.ask(Some(&token), claim, json!({ "i": { "conversationId": conversation } })).await;
        let beside = program.database().await;
        let open = format!("UPDATE conversations SET last_inbound_at = {}", Clock::system().now().0);
        beside.writer().execute_unprepared(&open).await.unwrap();
        let ana = Persistent { url: program.url.clone(), token, conversation };
        let talking = tokio::spawn(async move {
            let mut said = Vec::new();
            for word in 0..30 {
                let key = format!("word-{word}");
                let id = ana.say(&key).await;
                assert_eq!(ana.say(&key).await, id, "the same call answers with the same message");
                said.push(id);
            }
            said
        });
        for moment in [90, 10, 160, 35] {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            program.kill();
            program.start().await;
        }
        let said = talking.await.unwrap();
        let rows = rows_of(&beside).await;
        assert_eq!((said.len(), rows.len()), (30, 30), "one message a key");
        let began = Instant::now();
        let is_under_way = |state| matches!(state, SendState::Queued | SendState::Sending);
        while rows_of(&beside).await.iter().any(|(state, _)| is_under_way(*state)) {
            assert!(began.elapsed() < PATIENCE, "{:?}", rows_of(&beside).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for sent in meta.messages() {
            *times.entry(sent.request["text"]["body"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert_eq!(times.values().max(), Some(&1), "none twice: {times:?}");
        let open = rows_of(&beside).await.iter().filter(|(state, _)| *state == SendState::Unclear).count();
        assert!(
            times.len() + open >= 30,
            "what Meta has not seen is open: {} seen, {open} open",
            times.len()
        );
        program.stop();
    }
}
