//! Bots by the API: what the program gets with its key, what people see of it, and when it ends.

use axum::Router;
use portaria_domain::access::Scope;
use portaria_entity::id::ConversationId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Analyst};
use portaria_testing::{Person, Stage, TestDatabase, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask, errors, program};
use crate::socket::{Served, next, silence};

const READ: &str = "query($c: ID!) { conversation(id: $c) { botId assignee { name } lastMessage { body } } }";
const HAND: &str = "mutation($b: ID!, $c: ID!) { handToBot(input: { botId: $b, conversationId: $c, reason: \"Fora do hor\u{e1}rio\" }) {
    conversation { id } userErrors { code } } }";
const BACK: &str = "mutation($c: ID!) { handToPeople(input: { conversationId: $c, reason: \"N\u{e3}o sei\", summary: \"Quer um bolo\" }) {
    conversation { id } userErrors { code } } }";

struct Scene {
    stage: Stage,
    api: Router,
    admin: Person,
    agent: Person,
    robot: Person,
    key: Value,
    bot: Value,
    conversation: ConversationId,
}

impl Scene {
    async fn on(test: TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let agent = stage.person("Bia", &[(Agent, Scope::Channel(stage.sales))]).await;
        let (robot, key) = program(&api, &stage, &admin, "Agent").await;
        let connect = "mutation($key: ID!, $channels: [ID!]!) { connectBot(input: { apiKeyId: $key, name: \"Rob\u{f4}\", channelIds: $channels,
                         handoverWords: [\"atendente\"] }) { bot { id status silentMinutes mostMessages viewerCan { update disconnect } }
                         userErrors { code field } } }";
        let variables = json!({ "key": key, "channels": [stage.sales.to_string()] });
        let bot = act(&api, &admin, connect, variables.clone()).await["bot"].clone();
        assert_eq!(
            bot,
            json!({ "id": bot["id"], "status": "CONNECTED", "silentMinutes": 5, "mostMessages": 30,
                    "viewerCan": { "update": "YES", "disconnect": "YES" } })
        );
        let again = ask(&api, Some(&admin), connect, variables).await;
        assert_eq!(
            again["data"]["connectBot"]["userErrors"],
            json!([{ "code": "ALREADY_A_BOT", "field": ["input", "apiKeyId"] }])
        );
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        Self { api, admin, agent, robot, key, bot: bot["id"].clone(), conversation, stage }
    }

    async fn ask(&self, person: &Person, query: &str) -> Value {
        ask(&self.api, Some(person), query, json!({ "c": self.conversation.to_string(), "b": self.bot }))
            .await
    }

    async fn act(&self, person: &Person, query: &str) -> Value {
        act(&self.api, person, query, json!({ "c": self.conversation.to_string(), "b": self.bot })).await
    }
}

#[tokio::test]
async fn a_program_reads_while_it_has_the_conversation_and_no_longer() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        assert_eq!(errors(&scene.ask(&scene.robot, READ).await), ["NOT_FOUND at conversation"]);
        let can = "query($c: ID!) { conversation(id: $c) { viewerCan { handToBot handToPeople } } }";
        let can = scene.ask(&scene.agent, can).await["data"]["conversation"]["viewerCan"].clone();
        assert_eq!(can, json!({ "handToBot": "YES", "handToPeople": "NO" }));
        let handed = scene.act(&scene.agent, HAND).await;
        assert_eq!(handed["conversation"], Value::Null, "it has gone out of the agent's sight");
        let read = scene.ask(&scene.robot, READ).await;
        assert_eq!(
            read["data"]["conversation"],
            json!({ "botId": scene.bot, "assignee": null, "lastMessage": { "body": "oi" } })
        );
        assert_eq!(errors(&scene.ask(&scene.agent, READ).await), ["NOT_FOUND at conversation"]);
        scene.act(&scene.robot, BACK).await;
        // With this role it sees that somebody waits, as its people do; what was said it reads no more.
        let read = scene.ask(&scene.robot, READ).await;
        assert_eq!(
            errors(&read),
            ["FORBIDDEN at conversation.botId", "FORBIDDEN at conversation.lastMessage"]
        );
        let turns = "query($c: ID!) { conversation(id: $c) { botId botTurns { botId reason endCause endReason summary startedBy { name } } } }";
        let turns = scene.ask(&scene.admin, turns).await;
        assert_eq!(
            turns["data"]["conversation"],
            json!({ "botId": null, "botTurns": [{ "botId": scene.bot, "reason": "Fora do hor\u{e1}rio", "endCause": "HANDED_OVER",
                    "endReason": "N\u{e3}o sei", "summary": "Quer um bolo", "startedBy": { "name": "Bia" } }] })
        );
    }
}

#[tokio::test]
async fn a_revoked_key_is_out_with_the_next_request_and_people_have_the_conversation() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.act(&scene.agent, HAND).await;
        let revoke =
            "mutation($key: ID!) { revokeApiKey(input: { apiKeyId: $key }) { userErrors { code } } }";
        act(&scene.api, &scene.admin, revoke, json!({ "key": scene.key })).await;
        let answer = scene.ask(&scene.robot, READ).await;
        assert!(answer["data"].is_null(), "{answer}");
        let read = scene.ask(&scene.admin, READ).await;
        assert_eq!(read["data"]["conversation"]["botId"], Value::Null);
        let bot = "query($b: ID!) { bot(id: $b) { status held } }";
        let bot = scene.ask(&scene.admin, bot).await;
        assert_eq!(bot["data"]["bot"], json!({ "status": "KEY_ENDED", "held": 0 }));
    }
}

#[tokio::test]
async fn who_watches_bots_learns_figures_and_neither_names_nor_words() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let analyst = scene.stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        scene.act(&scene.agent, HAND).await;
        let figures = "query($b: ID!) { bot(id: $b) { name held
                         activity(from: \"2026-03-01T00:00:00Z\", until: \"2026-04-01T00:00:00Z\") { withheld customers messagesIn } } }";
        let answer = scene.ask(&analyst, figures).await;
        assert_eq!(
            answer["data"]["bot"],
            json!({ "name": "Rob\u{f4}", "held": 1, "activity": [{ "withheld": true, "customers": null, "messagesIn": null }] })
        );
        let turns = "query($b: ID!) { botTurns(botId: $b) { nodes { endCause startedBy { name } conversation { id } reason summary } } }";
        let answer = scene.ask(&analyst, turns).await;
        let row = &answer["data"]["botTurns"]["nodes"][0];
        assert_eq!((&row["startedBy"]["name"], &row["conversation"]), (&json!("Bia"), &Value::Null));
        assert_eq!(
            errors(&answer),
            [
                "FORBIDDEN at botTurns.nodes.0.conversation",
                "FORBIDDEN at botTurns.nodes.0.reason",
                "FORBIDDEN at botTurns.nodes.0.summary"
            ]
        );
        let configured = "query($b: ID!) { bot(id: $b) { apiKeyId handoverWords } }";
        let answer = scene.ask(&analyst, configured).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at bot.apiKeyId", "FORBIDDEN at bot.handoverWords"]);
        assert_eq!(errors(&scene.ask(&analyst, HAND).await), ["FORBIDDEN at handToBot"]);
        let answer = scene.ask(&scene.agent, turns).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at botTurns"]);
    }
}

#[tokio::test]
async fn a_program_is_told_of_what_comes_and_goes() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let served = Served::new(&scene.stage).await;
        let changes = "subscription { conversationChanged { conversationId conversation { botId } } }";
        let assigned = "subscription { conversationAssigned { cause fromQueue toQueue actor } }";
        let mut to_robot = served.follow(&scene.robot, changes).await;
        let mut to_agent = served.follow(&scene.agent, assigned).await;
        scene.act(&scene.agent, HAND).await;
        let told = next(&mut to_robot).await["payload"]["data"]["conversationChanged"].clone();
        let id = scene.conversation.to_string();
        assert_eq!(told, json!({ "conversationId": id, "conversation": { "botId": scene.bot } }));
        let told = next(&mut to_agent).await["payload"]["data"]["conversationAssigned"].clone();
        assert_eq!(
            told,
            json!({ "cause": "HANDED_TO_BOT", "fromQueue": false, "toQueue": null, "actor": "MEMBER" })
        );
        let claim =
            "mutation($c: ID!) { claimConversation(input: { conversationId: $c }) { userErrors { code } } }";
        scene.act(&scene.admin, claim).await;
        let told = next(&mut to_robot).await["payload"]["data"]["conversationChanged"].clone();
        assert_eq!(
            told,
            json!({ "conversationId": id, "conversation": null }),
            "it is to take it off its list"
        );
        silence(&mut to_agent).await;
    }
}

#[tokio::test]
async fn a_program_writes_where_it_has_the_conversation_and_is_named_as_its_author() {
    const SEND: &str = "mutation($c: ID!, $key: String!) { sendMessage(input: { conversationId: $c, idempotencyKey: $key,
        content: { text: { body: \"Ol\u{e1}!\" } } }) { message { programName author { name } } userErrors { code } } }";
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.connect(scene.stage.sales).await;
        let send = async |key: &str| {
            let variables = json!({ "c": scene.conversation.to_string(), "key": key });
            ask(&scene.api, Some(&scene.robot), SEND, variables).await
        };
        assert_eq!(errors(&send("1").await), ["NOT_FOUND at sendMessage"]);
        scene.act(&scene.agent, HAND).await;
        let sent = send("2").await["data"]["sendMessage"].clone();
        assert_eq!(sent["message"], json!({ "programName": "Rob\u{f4}", "author": null }), "{sent}");
        scene.act(&scene.robot, BACK).await;
        let refused = send("3").await;
        assert!(refused["data"]["sendMessage"]["message"].is_null(), "{refused}");
    }
}
