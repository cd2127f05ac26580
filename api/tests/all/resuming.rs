//! Going on from a cursor: nothing is lost, nothing comes twice, and nobody sees more by it.

use std::collections::VecDeque;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::contact_merge::{NewMerge, merge};
use portaria_domain::conversation::{Assignment, assign};
use portaria_domain::event::{Happening, append};
use portaria_domain::retention::{Retention, remove_outdated};
use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, MessageId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::ask;
use crate::socket::{Served, Socket, last_message, next, silence};

const SAID: &str = "messageReceived { cursor message { body } }";

async fn say(stage: &Stage, conversation: ConversationId, text: &str) {
    stage.message_arrives(conversation, text).await;
    stage.installation.events.wake();
}

fn subscription(after: Option<&str>) -> String {
    match after {
        Some(after) => format!(
            "subscription {{ {} }}",
            SAID.replacen("messageReceived", &format!("messageReceived(after: \"{after}\")"), 1)
        ),
        None => format!("subscription {{ {SAID} }}"),
    }
}

/// A stream, with what it said before anybody listened.
struct Line {
    socket: Socket,
    said: VecDeque<Value>,
}

impl Line {
    async fn of(served: &Served, person: &Person, after: Option<&str>) -> Self {
        let (socket, said) = served.begin(person, &[subscription(after)]).await;
        Self { socket, said: said.into() }
    }

    async fn silence(&mut self) {
        assert_eq!(self.said, VecDeque::<Value>::new());
        silence(&mut self.socket).await;
    }
}

async fn told(line: &mut Line) -> (String, String) {
    let said = match line.said.pop_front() {
        Some(said) => said,
        None => next(&mut line.socket).await,
    };
    let event = &said["payload"]["data"]["messageReceived"];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{said}")).to_owned();
    (text(&event["message"]["body"]), text(&event["cursor"]))
}

async fn refused(served: &Served, person: &Person, after: &str) -> String {
    let (_, mut at_once) = served.begin(person, &[subscription(Some(after))]).await;
    let said = if at_once.is_empty() { json!({}) } else { at_once.remove(0) };
    let errors = if said["type"] == "error" { &said["payload"] } else { &said["payload"]["errors"] };
    errors[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// A stage with an agent, a conversation of theirs, and one of somebody else on the other number.
async fn scene(stage: &Stage) -> (Person, ConversationId, ConversationId) {
    let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
    let contact = stage.customer("Cliente", "5511987654321").await;
    let hers = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
    let other = stage.conversation(contact, stage.support, None, &["oi"]).await;
    (ana, hers, other)
}

#[tokio::test]
async fn who_comes_back_with_a_cursor_has_missed_nothing_and_hears_nothing_twice() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, other) = scene(&stage).await;
        let served = Served::new(&stage).await;
        let mut socket = Line::of(&served, &ana, None).await;
        let (mut heard, mut cursor) = (Vec::new(), None);
        let mut sent = Vec::new();
        for round in 0..6 {
            for number in 0..7 {
                let text = format!("{round}.{number}");
                say(&stage, hers, &text).await;
                say(&stage, other, "not for Ana").await;
                sent.push(text);
            }
            // Some are heard, then the line is cut; the others wait in the outbox.
            for _ in 0..(round % 4) + 1 {
                let (body, place) = told(&mut socket).await;
                heard.push(body);
                cursor = Some(place);
            }
            drop(socket);
            say(&stage, hers, &format!("{round} away")).await;
            sent.push(format!("{round} away"));
            socket = Line::of(&served, &ana, cursor.as_deref()).await;
            let missed = sent.len() - heard.len();
            for _ in 0..missed {
                let (body, place) = told(&mut socket).await;
                heard.push(body);
                cursor = Some(place);
            }
        }
        socket.silence().await;
        assert_eq!(heard, sent, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn a_list_and_its_cursor_leave_no_gap() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, _) = scene(&stage).await;
        let served = Served::new(&stage).await;
        say(&stage, hers, "before").await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        let api = portaria_api::router(stage.installation.clone(), portaria_api::ApiOptions::default());
        let answer = ask(&api, Some(&ana), "{ viewer { eventCursor } }", json!({})).await;
        let cursor = answer["data"]["viewer"]["eventCursor"].as_str().unwrap().to_owned();
        say(&stage, hers, "between").await;
        let mut socket = Line::of(&served, &ana, Some(&cursor)).await;
        assert_eq!(told(&mut socket).await.0, "between");
        say(&stage, hers, "after").await;
        assert_eq!(told(&mut socket).await.0, "after");
        socket.silence().await;
    }
}

#[tokio::test]
async fn a_slow_reader_misses_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, _) = scene(&stage).await;
        let served = Served::new(&stage).await;
        let message = last_message(&stage, hers).await;
        let mut socket = Line::of(&served, &ana, None).await;
        // More than are kept for who is behind: what was pushed out is read from the outbox.
        let transaction = stage.installation.database.begin().await.unwrap();
        for _ in 0..5_000 {
            let happening = Happening {
                workspace_id: stage.workspace_id,
                kind: EventKind::MessageReceived,
                conversation_id: Some(hers),
                message_id: message,
                before: None,
            };
            append(&transaction, &stage.clock, happening).await.unwrap();
        }
        transaction.commit().await.unwrap();
        stage.installation.events.wake();
        let mut cursors = std::collections::HashSet::new();
        for _ in 0..5_000 {
            assert!(cursors.insert(told(&mut socket).await.1));
        }
        socket.silence().await;
    }
}

#[tokio::test]
async fn a_cursor_is_its_own_viewers_and_opaque() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, _) = scene(&stage).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let served = Served::new(&stage).await;
        let mut socket = Line::of(&served, &ana, None).await;
        say(&stage, hers, "um").await;
        let (_, cursor) = told(&mut socket).await;
        assert_eq!(refused(&served, &bia, &cursor).await, "CURSOR_EXPIRED", "somebody else's");
        for forged in ["", "x", "1.AAAA", &cursor[..cursor.len() - 2]] {
            assert_eq!(refused(&served, &ana, forged).await, "BAD_USER_INPUT", "{forged}");
        }
        // Who may see something else than then cannot be told what went out of their sight.
        stage
            .grant(stage.workspace_id, ana.member_id, BuiltInRole::Agent, Scope::Channel(stage.support))
            .await;
        assert_eq!(refused(&served, &ana, &cursor).await, "CURSOR_EXPIRED");
    }
}

#[tokio::test]
async fn a_cursor_is_good_as_long_as_events_are_kept() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, _) = scene(&stage).await;
        let served = Served::new(&stage).await;
        let mut line = Line::of(&served, &ana, None).await;
        say(&stage, hers, "um").await;
        let (_, old) = told(&mut line).await;
        stage.clock.advance(Duration::from_secs(8 * 24 * 3600));
        let ana = stage.sign_in(&ana.email).await;
        let mut line = Line::of(&served, &ana, None).await;
        say(&stage, hers, "uma semana depois").await;
        let (_, young) = told(&mut line).await;
        remove_outdated(&stage.installation, Retention::default()).await.unwrap();
        assert_eq!(refused(&served, &ana, &old).await, "CURSOR_EXPIRED");
        say(&stage, hers, "e mais").await;
        let mut line = Line::of(&served, &ana, Some(&young)).await;
        assert_eq!(told(&mut line).await.0, "e mais");
    }
}

#[tokio::test]
async fn a_change_of_a_message_reaches_who_may_read_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, other) = scene(&stage).await;
        let served = Served::new(&stage).await;
        let query = "subscription { messageUpdated { message { body status } conversation { id } } }";
        let mut socket = served.follow(&ana, query).await;
        let update = async |conversation: ConversationId, message: Option<MessageId>| {
            let transaction = stage.installation.database.begin().await.unwrap();
            let happening = Happening {
                workspace_id: stage.workspace_id,
                kind: EventKind::MessageUpdated,
                conversation_id: Some(conversation),
                message_id: message,
                before: None,
            };
            append(&transaction, &stage.clock, happening).await.unwrap();
            transaction.commit().await.unwrap();
            stage.installation.events.wake();
        };
        update(other, last_message(&stage, other).await).await;
        update(hers, last_message(&stage, hers).await).await;
        let said = next(&mut socket).await;
        assert_eq!(
            said["payload"]["data"]["messageUpdated"]["conversation"]["id"],
            hers.to_string(),
            "{said}"
        );
        silence(&mut socket).await;
    }
}

#[tokio::test]
async fn who_goes_on_from_a_cursor_reads_nothing_of_what_was_taken_from_them() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, hers, _) = scene(&stage).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dona = stage.step_up(&dona).await;
        let served = Served::new(&stage).await;
        let mut to_ana = Line::of(&served, &ana, None).await;
        let mut to_dona = Line::of(&served, &dona, None).await;
        say(&stage, hers, "um").await;
        let (_, cursor) = told(&mut to_ana).await;
        drop(to_ana);
        told(&mut to_dona).await;
        say(&stage, hers, "dois").await;
        assert_eq!(told(&mut to_dona).await.0, "dois", "somebody has looked at it while it was Ana's");
        assign(&stage.installation, &dona.viewer, hers, Assignment::Member(bia.member_id)).await.unwrap();
        say(&stage, hers, "para Bia").await;
        assert_eq!(told(&mut to_dona).await.0, "para Bia");
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let whole = "message { body } conversation { messages(first: 9) { nodes { body } } }";
        let query = format!("subscription {{ messageReceived(after: \"{cursor}\") {{ {whole} }} }}");
        let (mut socket, at_once) = served.begin(&ana, &[query]).await;
        assert_eq!(at_once, Vec::<Value>::new(), "{}", stage.test_database.name);
        silence(&mut socket).await;
    }
}

#[tokio::test]
async fn a_cursor_of_what_became_part_of_another_leaves_no_gap() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let (into_id, contact_id) =
            (stage.customer("Ana", "5511").await, stage.customer("Ana", "BR.1").await);
        let stays = stage.conversation(into_id, stage.sales, None, &["oi"]).await;
        let goes = stage.conversation(contact_id, stage.sales, None, &["oi"]).await;
        let served = Served::new(&stage).await;
        let only = |after: &str| {
            let said = SAID.replacen("Received", &format!("Received(conversationId: \"{goes}\"{after})"), 1);
            format!("subscription {{ {said} }}")
        };
        let (socket, said) = served.begin(&dona, &[only("")]).await;
        let mut line = Line { socket, said: said.into() };
        say(&stage, goes, "um").await;
        let (_, cursor) = told(&mut line).await;
        drop(line);
        say(&stage, goes, "dois").await;
        let new = NewMerge { into_id, contact_id, reason: None };
        merge(&stage.installation, &dona.viewer, new).await.unwrap();
        say(&stage, stays, "três").await;
        let (socket, said) = served.begin(&dona, &[only(&format!(", after: \"{cursor}\""))]).await;
        let mut line = Line { socket, said: said.into() };
        assert_eq!(told(&mut line).await.0, "dois", "{}", stage.test_database.name);
        assert_eq!(told(&mut line).await.0, "três");
        line.silence().await;
    }
}
