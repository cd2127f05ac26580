//! What ends an open subscription, in the process where it is done and in another one on the same database.

use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use portaria_domain::Installation;
use portaria_domain::access::Scope;
use portaria_domain::database::Database;
use portaria_domain::sealing::KeyRing;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, TestDatabase, databases};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::{act, api, ask, custom_role, errors, program};
use crate::socket::{Served, Socket, last_message, next, publish, silence};

const MESSAGES: &str = "subscription { messageReceived { message { body } } }";
const CHANGES: &str = "subscription { conversationChanged { conversationId conversation { status } } }";
/// Within what a subscription must have ended, wherever it was.
const AT_MOST: Duration = Duration::from_secs(2);

/// What takes somebody's access.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Suspension,
    Removal,
    SignOut,
    OnlyGrantRevoked,
    OneGrantRevoked,
    TakenOffTheTeam,
    RoleNarrowed,
    SessionExpired,
    TokenReplaced,
    KeyRevoked,
    KeyExpired,
}

const ENDINGS: [(Ending, &str); 11] = [
    (Ending::Suspension, "UNAUTHENTICATED"),
    (Ending::Removal, "UNAUTHENTICATED"),
    (Ending::SignOut, "UNAUTHENTICATED"),
    (Ending::OnlyGrantRevoked, "FORBIDDEN"),
    (Ending::OneGrantRevoked, "CURSOR_EXPIRED"),
    (Ending::TakenOffTheTeam, "CURSOR_EXPIRED"),
    (Ending::RoleNarrowed, "FORBIDDEN"),
    (Ending::SessionExpired, "UNAUTHENTICATED"),
    (Ending::TokenReplaced, "UNAUTHENTICATED"),
    (Ending::KeyRevoked, "UNAUTHENTICATED"),
    (Ending::KeyExpired, "UNAUTHENTICATED"),
];

/// A company with somebody who follows what happens, and an administrator who is about to stop that.
struct Scene {
    stage: Stage,
    api: Router,
    admin: Person,
    who: Person,
    /// Of what is to be ended, where that has an id of its own.
    id: Value,
}

impl Scene {
    async fn new(test: TestDatabase, ending: Ending) -> Self {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let on = |channel| (BuiltInRole::Agent, Scope::Channel(channel));
        let grants = match ending {
            Ending::RoleNarrowed => vec![],
            Ending::OneGrantRevoked => vec![on(stage.sales), on(stage.support)],
            _ => vec![on(stage.sales)],
        };
        let mut who = stage.person("Ana", &grants).await;
        let member = json!({ "id": who.member_id.to_string() });
        let id = match ending {
            Ending::KeyRevoked | Ending::KeyExpired => {
                let (key, id) = program(&api, &stage, &admin, "Agent").await;
                who = key;
                id
            }
            Ending::OnlyGrantRevoked | Ending::OneGrantRevoked => {
                let grants = "query($id: ID!) { node(id: $id) { ... on Member { grants { id } } } }";
                ask(&api, Some(&admin), grants, member).await["data"]["node"]["grants"][0]["id"].clone()
            }
            Ending::TakenOffTheTeam => json!(stage.team("Equipe", &[who.member_id], &[]).await.to_string()),
            Ending::RoleNarrowed => {
                let permissions = "CONVERSATION_READ_ALL, MESSAGE_READ, CONTACT_READ";
                custom_role(&api, &admin, &who, permissions).await
            }
            Ending::Suspension
            | Ending::Removal
            | Ending::SignOut
            | Ending::SessionExpired
            | Ending::TokenReplaced => member["id"].clone(),
        };
        Self { stage, api, admin, who, id }
    }

    /// Takes the access, in the stage's own process.
    async fn end(&self, ending: Ending) {
        let (id, member) = (&self.id, json!(self.who.member_id.to_string()));
        let (mutation, input) = match ending {
            Ending::Suspension => ("suspendMember", json!({ "memberId": member })),
            Ending::Removal => ("removeMember", json!({ "memberId": member })),
            Ending::OnlyGrantRevoked | Ending::OneGrantRevoked => {
                ("revokeGrant", json!({ "grantId": id, "reason": "test" }))
            }
            Ending::TakenOffTheTeam => ("removeTeamMember", json!({ "teamId": id, "memberId": member })),
            Ending::RoleNarrowed => ("updateRole", json!({ "roleId": id, "permissions": ["CONTACT_READ"] })),
            Ending::KeyRevoked => ("revokeApiKey", json!({ "apiKeyId": id })),
            Ending::SignOut => {
                act(&self.api, &self.who, "mutation { signOut { sessionId } }", json!({})).await;
                return;
            }
            Ending::TokenReplaced => {
                let code = self.stage.authenticator(&self.who).await.code();
                let step_up =
                    "mutation($code: String!) { stepUp(input: { code: $code }) { userErrors { code } } }";
                act(&self.api, &self.who, step_up, json!({ "code": code })).await;
                return;
            }
            Ending::SessionExpired | Ending::KeyExpired => {
                self.stage.clock.set(self.who.viewer.expires_at);
                return;
            }
        };
        let type_name = mutation[..1].to_uppercase() + &mutation[1..];
        let query = format!(
            "mutation($input: {type_name}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
        );
        act(&self.api, &self.admin, &query, json!({ "input": input })).await;
    }
}

/// A second process on the stage's database, that looks at the access epochs as the program does.
pub async fn another_process(stage: &Stage, until: &CancellationToken) -> Installation {
    let database = Database::connect(&stage.test_database.options).await.unwrap();
    let keys = KeyRing::ephemeral().unwrap();
    let other = Installation::new(database, stage.clock.clone(), keys, "http://portaria.test");
    let (viewers, until) = (other.viewers.clone(), until.clone());
    tokio::spawn(async move {
        while !until.is_cancelled() {
            viewers.refresh_epochs().await.unwrap();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    other
}

async fn must_end(socket: &mut Socket, since: Instant, code: &str, told: &str) {
    let ended = next(socket).await;
    assert_eq!(ended["payload"]["errors"][0]["extensions"]["code"], code, "{told}: {ended}");
    assert!(since.elapsed() <= AT_MOST, "{told}: only after {:?}", since.elapsed());
    assert_eq!(next(socket).await["type"], "complete", "{told}");
}

#[tokio::test]
async fn what_takes_access_ends_open_subscriptions_in_every_process() {
    let mut scenes = Vec::new();
    for (ending, code) in ENDINGS {
        for test in databases().await {
            let told = format!("{ending:?} on {}", test.name);
            scenes.push((Scene::new(test, ending).await, ending, code, told));
        }
    }
    let until = CancellationToken::new();
    let playing = scenes.iter().map(async |(scene, ending, code, told)| {
        let other = another_process(&scene.stage, &until).await;
        let (here, there) = (Served::new(&scene.stage).await, Served::of(&other).await);
        let mut sockets = Vec::new();
        for served in [&here, &there] {
            for query in [MESSAGES, CHANGES] {
                sockets.push(served.follow(&scene.who, query).await);
            }
        }
        scene.end(*ending).await;
        let since = Instant::now();
        for socket in &mut sockets {
            must_end(socket, since, code, told).await;
        }
    });
    join_all(playing).await;
    until.cancel();
}

#[tokio::test]
async fn what_comes_after_the_end_is_told_to_nobody() {
    let mut scenes = Vec::new();
    for (ending, code) in ENDINGS {
        scenes.push((Scene::new(TestDatabase::sqlite().await, ending).await, ending, code));
    }
    let playing = scenes.iter().map(async |(scene, ending, code)| {
        let stage = &scene.stage;
        let assignee = scene.who.viewer.member_id();
        let contact = stage.customer("Cliente", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, assignee, &["segredo"]).await;
        let served = Served::new(stage).await;
        let mut socket = served.follow(&scene.who, MESSAGES).await;
        scene.end(*ending).await;
        publish(stage, conversation, last_message(stage, conversation).await).await;
        must_end(&mut socket, Instant::now(), code, &format!("{ending:?}")).await;
        silence(&mut socket).await;
    });
    join_all(playing).await;
}

#[tokio::test]
async fn what_is_sensitive_is_withheld_from_a_stream_once_the_hour_is_over() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let who = stage.person("Ana", &[]).await;
        custom_role(&api, &admin, &who, "CHANNEL_MANAGE, CONVERSATION_READ_ALL, MESSAGE_READ").await;
        let who = stage.step_up(&who).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let served = Served::new(&stage).await;
        let query = "subscription { messageReceived { message { body } conversation { channel { phoneNumberId } } } }";
        let mut socket = served.follow(&who, query).await;
        let message = last_message(&stage, conversation).await;
        publish(&stage, conversation, message).await;
        let told = next(&mut socket).await["payload"].clone();
        assert!(told["errors"].is_null(), "{told}");
        stage.clock.advance(Duration::from_secs(61 * 60));
        publish(&stage, conversation, message).await;
        let told = next(&mut socket).await["payload"].clone();
        let received = &told["data"]["messageReceived"];
        assert_eq!(
            (&received["message"]["body"], &received["conversation"]["channel"]["phoneNumberId"]),
            (&json!("oi"), &Value::Null)
        );
        assert_eq!(errors(&told), ["STEP_UP_REQUIRED at messageReceived.conversation.channel.phoneNumberId"]);
    }
}
