//! Who types: told to who reads the conversation, in every process, for as long as it lasts and is their business.

use std::time::Duration;

use axum::Router;
use portaria_api::ApiOptions;
use portaria_domain::Installation;
use portaria_domain::access::Scope;
use portaria_domain::conversation::{Assignment, assign, claim};
use portaria_domain::signal::Signal;
use portaria_entity::id::ConversationId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, TestDatabase, databases};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::client::{act, api, ask, errors, program};
use crate::revoking::another_process;
use crate::socket::{Served, Socket, next, silence};

const HOUR: Duration = Duration::from_secs(3_600);
const SET: &str =
    "mutation($id: ID!, $is: Boolean!) { setTyping(input: { conversationId: $id, isTyping: $is }) {
                     conversation { id } userErrors { code retryAfter } } }";

fn follow(id: ConversationId) -> String {
    format!("subscription {{ typing(conversationId: \"{id}\") {{ conversationId members {{ name }} }} }}")
}

async fn say(api: &Router, person: &Person, id: ConversationId, is_typing: bool) {
    act(api, person, SET, json!({ "id": id.to_string(), "is": is_typing })).await;
}

async fn typists(socket: &mut Socket) -> Vec<String> {
    let said = next(socket).await;
    let members = said["payload"]["data"]["typing"]["members"].as_array().cloned();
    let members = members.unwrap_or_else(|| panic!("{said}"));
    members.iter().map(|member| member["name"].as_str().unwrap().to_owned()).collect()
}

/// Ana has a conversation that Dona, who reads everything, looks at.
async fn scene(stage: &Stage) -> (Person, Person, ConversationId) {
    let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
    let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    let contact = stage.customer("Cliente", "5511987654321").await;
    let hers = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
    (ana, stage.step_up(&dona).await, hers)
}

#[tokio::test]
async fn who_reads_a_conversation_sees_who_else_types_until_they_stop() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, dona, hers) = scene(&stage).await;
        let (api, served) = (api(&stage), Served::new(&stage).await);
        let mut to_dona = served.follow(&dona, &follow(hers)).await;
        let mut to_ana = served.follow(&ana, &follow(hers)).await;
        say(&api, &ana, hers, true).await;
        assert_eq!(typists(&mut to_dona).await, ["Ana"], "{}", stage.test_database.name);
        silence(&mut to_ana).await;
        say(&api, &dona, hers, true).await;
        assert_eq!(typists(&mut to_ana).await, ["Dona"]);
        silence(&mut to_dona).await;

        // Who comes later sees who types already.
        let (mut late, at_once) = served.begin(&dona, &[follow(hers)]).await;
        if at_once.is_empty() {
            assert_eq!(typists(&mut late).await, ["Ana"]);
        }
        say(&api, &ana, hers, false).await;
        assert_eq!(typists(&mut to_dona).await, [""; 0]);

        // Said again it goes on; not said again it ends by itself.
        stage.clock.advance(Duration::from_secs(4));
        say(&api, &dona, hers, true).await;
        stage.clock.advance(Duration::from_secs(4));
        silence(&mut to_ana).await;
        stage.clock.advance(Duration::from_secs(3));
        assert_eq!(typists(&mut to_ana).await, [""; 0]);
    }
}

#[tokio::test]
async fn only_who_may_answer_types_and_only_who_reads_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, dona, hers) = scene(&stage).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let analyst = stage.person("Lia", &[(BuiltInRole::Analyst, Scope::Workspace)]).await;
        let contact = stage.customer("Outra", "5511987654322").await;
        let waiting = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let (api, served) = (api(&stage), Served::new(&stage).await);
        let (key, _) = program(&api, &stage, &dona, "Administrator").await;
        for (person, id, refused) in [
            (&bia, hers, "NOT_FOUND at setTyping"),
            (&bia, waiting, "FORBIDDEN at setTyping"),
            (&analyst, hers, "FORBIDDEN at setTyping"),
            (&key, hers, "FORBIDDEN at setTyping"),
        ] {
            let answer = ask(&api, Some(person), SET, json!({ "id": id.to_string(), "is": true })).await;
            assert_eq!(errors(&answer), [refused], "{}", person.email);
        }
        for (person, id, code) in
            [(&bia, hers, "NOT_FOUND"), (&bia, waiting, "NOT_FOUND"), (&analyst, hers, "FORBIDDEN")]
        {
            let (mut socket, mut at_once) = served.begin(person, &[follow(id)]).await;
            let said = if at_once.is_empty() { next(&mut socket).await } else { at_once.remove(0) };
            let errors = if said["type"] == "error" { &said["payload"] } else { &said["payload"]["errors"] };
            assert_eq!(errors[0]["extensions"]["code"], code, "{said}");
        }
        drop(ana);
    }
}

#[tokio::test]
async fn who_loses_sight_of_a_conversation_is_not_told_who_types_there() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, dona, hers) = scene(&stage).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let (api, served) = (api(&stage), Served::new(&stage).await);
        let mut to_ana = served.follow(&ana, &follow(hers)).await;
        say(&api, &dona, hers, true).await;
        assert_eq!(typists(&mut to_ana).await, ["Dona"]);
        let to = Assignment::Member(bia.member_id);
        assign(&stage.installation, &dona.viewer, hers, to).await.unwrap();
        say(&api, &bia, hers, true).await;
        let ended = next(&mut to_ana).await;
        assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND", "{ended}");
        assert!(!ended.to_string().contains("Bia"), "{ended}");
        assert_eq!(next(&mut to_ana).await["type"], "complete");
        silence(&mut to_ana).await;
    }
}

#[tokio::test]
async fn who_says_it_all_the_time_is_told_to_wait() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let (ana, _, hers) = scene(&stage).await;
    let api = api(&stage);
    for number in 0..30 {
        say(&api, &ana, hers, number % 2 == 0).await;
    }
    let refused = ask(&api, Some(&ana), SET, json!({ "id": hers.to_string(), "is": true })).await;
    let error = &refused["data"]["setTyping"]["userErrors"][0];
    assert_eq!((&error["code"], &error["retryAfter"]), (&json!("TOO_OFTEN"), &json!(10)), "{refused}");
    stage.clock.advance(Duration::from_secs(10));
    say(&api, &ana, hers, true).await;
}

/// Waits until what one process says is heard in another.
async fn until_heard(from: &Installation, to: &Installation, stage: &Stage, person: &Person) {
    let mut heard = to.signals.subscribe();
    let signal = Signal::Presence { workspace_id: stage.workspace_id, member_id: person.member_id };
    for _ in 0..100 {
        from.signals.tell(signal);
        let until = tokio::time::timeout(Duration::from_millis(100), async {
            while heard.recv().await != Ok(signal) {}
        });
        if until.await.is_ok() {
            return;
        }
    }
    panic!("a process does not hear the other");
}

/// Two processes over one database that do not look for each other's events by themselves.
async fn two_processes(stage: &Stage, until: &CancellationToken) -> [Installation; 2] {
    let mut here = stage.installation.clone();
    here.events = here.events.polling_every(HOUR);
    let mut there = another_process(stage, until).await;
    there.events = there.events.polling_every(HOUR);
    [here, there]
}

#[tokio::test]
async fn processes_tell_each_other_at_once_without_looking_for_it() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let stage = Stage::on(test).await;
    let (ana, dona, hers) = scene(&stage).await;
    let until = CancellationToken::new();
    let [here, there] = two_processes(&stage, &until).await;
    let (at_here, at_there) = (Served::of(&here).await, Served::of(&there).await);
    until_heard(&here, &there, &stage, &ana).await;
    until_heard(&there, &here, &stage, &ana).await;
    let router = |process: &Installation| portaria_api::router(process.clone(), ApiOptions::default());
    for (process, served) in [(&here, &at_there), (&there, &at_here)] {
        let mut typing = served.follow(&dona, &follow(hers)).await;
        say(&router(process), &ana, hers, true).await;
        assert_eq!(typists(&mut typing).await, ["Ana"]);
        say(&router(process), &ana, hers, false).await;
        assert_eq!(typists(&mut typing).await, [""; 0]);

        let query = "subscription { conversationAssigned { cause } }";
        let mut assigned = served.follow(&dona, query).await;
        let cause = |said: Value| said["payload"]["data"]["conversationAssigned"]["cause"].clone();
        assign(process, &ana.viewer, hers, Assignment::Nobody).await.unwrap();
        assert_eq!(cause(next(&mut assigned).await), "DECLINED");
        claim(process, &ana.viewer, hers).await.unwrap();
        assert_eq!(cause(next(&mut assigned).await), "CLAIMED");
    }
    until.cancel();
}

#[tokio::test]
async fn a_lost_connection_between_processes_comes_back_by_itself() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let stage = Stage::on(test).await;
    let (ana, dona, hers) = scene(&stage).await;
    let until = CancellationToken::new();
    let [here, there] = two_processes(&stage, &until).await;
    let (_at_here, at_there) = (Served::of(&here).await, Served::of(&there).await);
    until_heard(&here, &there, &stage, &ana).await;
    let database = &stage.installation.database;
    let mut missed = there.signals.subscribe();
    let sql = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
               AND (query LIKE 'LISTEN%' OR query LIKE '%pg_notify(%') AND pid <> pg_backend_pid()";
    let row = sea_orm::ConnectionTrait::query_one_raw(database.reader(), database.statement(sql, [])).await;
    let ended: i64 = row.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert!(ended >= 3, "two that listen, and at least one that has spoken: {ended}");
    let told = tokio::time::timeout(Duration::from_secs(5), async {
        while missed.recv().await != Ok(Signal::Missed) {}
    });
    told.await.expect("who listened knows that something may be lost");
    until_heard(&here, &there, &stage, &ana).await;
    let mut assigned = at_there.follow(&dona, "subscription { conversationAssigned { cause } }").await;
    assign(&here, &ana.viewer, hers, Assignment::Nobody).await.unwrap();
    let said = next(&mut assigned).await;
    assert_eq!(said["payload"]["data"]["conversationAssigned"]["cause"], "DECLINED", "{said}");
    until.cancel();
}
