//! Conversations that go from one to another: who is told what of it, and that nothing of it is lost.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::conversation::{Assignment, assign, claim};
use portaria_domain::routing::{Routing, Waiting};
use portaria_entity::conversation;
use portaria_entity::id::{ConversationId, EpisodeId, MemberId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::routing_decision::RoutingCause;
use portaria_testing::{Person, Stage, databases};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::client::{act, api, ask, program};
use crate::socket::{Served, Socket, next, silence};

const ASSIGNED: &str =
    "subscription { conversationAssigned { conversationId conversation { id } fromQueue from { name } toQueue
    to { name } cause choice actor by { name } byApiKeyId } }";
const SHORT: &str = "conversationAssigned { cursor cause to { name } }";

struct Scene {
    stage: Stage,
    ana: Person,
    bia: Person,
    dona: Person,
    waiting: ConversationId,
}

impl Scene {
    async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let agent = [(BuiltInRole::Agent, Scope::Channel(stage.sales))];
        let (ana, bia) = (stage.person("Ana", &agent).await, stage.person("Bia", &agent).await);
        let dona = stage.person("Dona", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dona = stage.step_up(&dona).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let waiting = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        Self { stage, ana, bia, dona, waiting }
    }

    async fn give(&self, by: &Person, to: Option<MemberId>) {
        let to = to.map_or(Assignment::Nobody, Assignment::Member);
        assign(&self.stage.installation, &by.viewer, self.waiting, to).await.unwrap();
    }

    async fn claim(&self, by: &Person) {
        claim(&self.stage.installation, &by.viewer, self.waiting).await.unwrap();
    }
}

async fn told(socket: &mut Socket) -> Value {
    let said = next(socket).await;
    let mut event = said["payload"]["data"]["conversationAssigned"].clone();
    let Some(fields) = event.as_object_mut() else { panic!("{said}") };
    fields.retain(|name, value| !value.is_null() && name != "conversationId" && name != "byApiKeyId");
    event
}

#[tokio::test]
async fn who_is_given_a_conversation_and_who_loses_it_are_told_what_is_their_business() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, bia, dona, waiting } = &scene;
        let out = stage.person("Caio", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let served = Served::new(stage).await;
        let mut to_ana = served.follow(ana, ASSIGNED).await;
        let mut to_bia = served.follow(bia, ASSIGNED).await;
        let mut to_dona = served.follow(dona, ASSIGNED).await;
        let mut to_out = served.follow(&out, ASSIGNED).await;
        let seen = json!({ "id": waiting.to_string() });
        let name = |name: &str| json!({ "name": name });

        scene.claim(ana).await;
        let all = json!({ "conversation": seen, "fromQueue": true, "toQueue": false, "to": name("Ana"),
                          "cause": "CLAIMED", "actor": "MEMBER", "by": name("Ana") });
        assert_eq!(told(&mut to_ana).await, all, "{}", stage.test_database.name);
        assert_eq!(told(&mut to_dona).await, all);
        assert_eq!(told(&mut to_bia).await, json!({ "fromQueue": true }), "who watches the queue sees it go");

        scene.give(dona, Some(bia.member_id)).await;
        let all = json!({ "conversation": seen, "fromQueue": false, "from": name("Ana"), "toQueue": false,
                          "to": name("Bia"), "cause": "ASSIGNED", "actor": "MEMBER", "by": name("Dona") });
        assert_eq!(told(&mut to_bia).await, all);
        assert_eq!(told(&mut to_dona).await, all);
        let lost = json!({ "fromQueue": false, "from": name("Ana"), "cause": "ASSIGNED", "actor": "MEMBER",
                           "by": name("Dona") });
        assert_eq!(told(&mut to_ana).await, lost, "that it is taken, not whose it is");

        scene.give(bia, None).await;
        let declined = json!({ "conversation": seen, "fromQueue": false, "from": name("Bia"), "toQueue": true,
                               "cause": "DECLINED", "actor": "MEMBER", "by": name("Bia") });
        assert_eq!(told(&mut to_bia).await, declined);
        assert_eq!(told(&mut to_dona).await, declined);
        let queued = json!({ "conversation": seen, "toQueue": true });
        assert_eq!(told(&mut to_ana).await, queued, "who sees the queue is not told who gave it back");
        silence(&mut to_out).await;
    }
}

#[tokio::test]
async fn a_program_that_assigns_is_named_to_who_may_know_of_keys() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, dona, waiting, .. } = &scene;
        let api = api(stage);
        let (key, id) = program(&api, stage, dona, "Administrator").await;
        let served = Served::new(stage).await;
        let (mut to_ana, mut to_dona) =
            (served.follow(ana, ASSIGNED).await, served.follow(dona, ASSIGNED).await);
        let give = "mutation($id: ID!, $to: ID!) { assignConversation(input: { conversationId: $id, assigneeId: $to }) {
                      userErrors { code } } }";
        let input = json!({ "id": waiting.to_string(), "to": ana.member_id.to_string() });
        act(&api, &key, give, input).await;
        let said = next(&mut to_dona).await;
        let event = &said["payload"]["data"]["conversationAssigned"];
        assert_eq!((&event["actor"], &event["byApiKeyId"]), (&json!("API_KEY"), &id), "{said}");
        let said = next(&mut to_ana).await;
        let event = &said["payload"]["data"]["conversationAssigned"];
        assert_eq!((&event["actor"], &event["byApiKeyId"]), (&json!("API_KEY"), &json!(null)), "{said}");
        assert_eq!(said["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
}

#[tokio::test]
async fn assignments_are_gone_on_with_from_a_cursor_without_loss_or_repetition() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, bia, dona, .. } = &scene;
        let served = Served::new(stage).await;
        let (mut heard, mut sent, mut cursor): (Vec<String>, Vec<String>, Option<String>) =
            (Vec::new(), Vec::new(), None);
        for round in 0..5 {
            let after = cursor.as_ref().map(|cursor| format!("(after: \"{cursor}\")")).unwrap_or_default();
            let query =
                format!("subscription {{ {} }}", SHORT.replacen("Assigned", &format!("Assigned{after}"), 1));
            let (mut socket, mut at_once) = served.begin(dona, &[query]).await;
            let goes = async |to: Option<&Person>, name: &str, sent: &mut Vec<String>| {
                scene.give(dona, to.map(|to| to.member_id)).await;
                sent.push(name.to_owned());
            };
            goes(Some(ana), "Ana", &mut sent).await;
            goes(Some(bia), "Bia", &mut sent).await;
            goes(None, "queue", &mut sent).await;
            // Some is heard, then the line is cut, and it goes on without anybody who listens.
            let most = sent.len() - round % 3;
            while heard.len() < most {
                let said = if at_once.is_empty() { next(&mut socket).await } else { at_once.remove(0) };
                let event = &said["payload"]["data"]["conversationAssigned"];
                heard.push(event["to"]["name"].as_str().unwrap_or("queue").to_owned());
                cursor = Some(event["cursor"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned());
            }
            drop(socket);
            goes(Some(bia), "Bia", &mut sent).await;
            goes(None, "queue", &mut sent).await;
        }
        let query = format!(
            "subscription {{ {} }}",
            SHORT.replacen("Assigned", &format!("Assigned(after: \"{}\")", cursor.unwrap()), 1)
        );
        let (mut socket, at_once) = served.begin(dona, &[query]).await;
        let name = |said: &Value| {
            let to = &said["payload"]["data"]["conversationAssigned"]["to"]["name"];
            to.as_str().unwrap_or("queue").to_owned()
        };
        heard.extend(at_once.iter().map(name));
        while heard.len() < sent.len() {
            heard.push(name(&next(&mut socket).await));
        }
        silence(&mut socket).await;
        assert_eq!(heard, sent, "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn what_was_given_and_taken_meanwhile_is_told_without_what_may_be_read_no_more() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, bia, dona, .. } = &scene;
        let served = Served::new(stage).await;
        let api = api(stage);
        let answer = ask(&api, Some(ana), "{ viewer { eventCursor } }", json!({})).await;
        let cursor = answer["data"]["viewer"]["eventCursor"].as_str().unwrap().to_owned();
        scene.give(dona, Some(ana.member_id)).await;
        scene.give(dona, Some(bia.member_id)).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        let query = ASSIGNED.replacen("Assigned", &format!("Assigned(after: \"{cursor}\")"), 1);
        let (mut socket, at_once) = served.begin(ana, &[query]).await;
        let mut said = at_once;
        while said.len() < 2 {
            said.push(next(&mut socket).await);
        }
        let event = |place: usize| said[place]["payload"]["data"]["conversationAssigned"].clone();
        assert_eq!((&event(0)["to"]["name"], &event(0)["conversation"]), (&json!("Ana"), &json!(null)));
        assert_eq!((&event(1)["from"]["name"], &event(1)["to"]), (&json!("Ana"), &json!(null)));
        assert!(!format!("{said:?}").contains("Bia"), "{said:?}");
        silence(&mut socket).await;
    }
}

#[tokio::test]
async fn who_loses_access_is_told_of_no_more_assignments() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, bia, dona, .. } = &scene;
        let api = api(stage);
        let served = Served::new(stage).await;
        let mut socket = served.follow(ana, ASSIGNED).await;
        scene.claim(ana).await;
        assert_eq!(told(&mut socket).await["cause"], "CLAIMED");
        let find = "query($id: ID!) { node(id: $id) { ... on Member { grants { id } } } }";
        let found = ask(&api, Some(dona), find, json!({ "id": ana.member_id.to_string() })).await;
        let revoke = "mutation($id: ID!) { revokeGrant(input: { grantId: $id, reason: \"x\" }) { userErrors { code } } }";
        act(&api, dona, revoke, json!({ "id": found["data"]["node"]["grants"][0]["id"] })).await;
        scene.give(dona, Some(bia.member_id)).await;
        let ended = next(&mut socket).await;
        assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{ended}");
        assert_eq!(next(&mut socket).await["type"], "complete");
        silence(&mut socket).await;
    }
}

#[tokio::test]
async fn what_never_waited_is_told_to_nobody_who_watches_the_queue() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let Scene { stage, ana, bia, waiting, .. } = &scene;
        let served = Served::new(stage).await;
        let (to_ana, to_bia) = (served.follow(ana, ASSIGNED).await, served.follow(bia, ASSIGNED).await);
        let reader = stage.installation.database.reader();
        let found = conversation::Entity::find_by_id((stage.workspace_id, *waiting)).one(reader).await;
        let episode: EpisodeId = stage.clock.new_id();
        let row = conversation::Model { episode_id: Some(episode), ..found.unwrap().unwrap() };
        let database = &stage.installation.database;
        let sql =
            "INSERT INTO episodes (workspace_id, id, conversation_id, opened_at) VALUES ($1, $2, $3, 0)";
        let values = [stage.workspace_id.0.into(), episode.0.into(), waiting.0.into()];
        sea_orm::ConnectionTrait::execute_raw(database.writer(), database.statement(sql, values))
            .await
            .unwrap();
        let transaction = database.begin().await.unwrap();
        let mut routing = Routing::open(&stage.installation, &transaction, stage.workspace_id).await.unwrap();
        let chosen = routing.route(&[Waiting::of(&row).unwrap()], RoutingCause::NewEpisode).await.unwrap();
        drop(routing);
        transaction.commit().await.unwrap();
        stage.installation.events.wake();
        let (mut to_chosen, mut to_other) =
            if chosen[0] == Some(ana.member_id) { (to_ana, to_bia) } else { (to_bia, to_ana) };
        let event = told(&mut to_chosen).await;
        let expected = (&json!("NEW_EPISODE"), &json!("LEAST_LOADED"), &json!("PORTARIA"));
        assert_eq!((&event["cause"], &event["choice"], &event["actor"]), expected, "{event}");
        silence(&mut to_other).await;
    }
}
