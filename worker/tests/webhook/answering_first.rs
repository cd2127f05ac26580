//! A bot that answers first: what customers begin goes to it, stays with it, and comes to people when they ask.

use portaria_domain::access::Scope;
use portaria_domain::api_key::{self, NewApiKey};
use portaria_domain::bot::{BotDraft, connect, look_after};
use portaria_domain::conversation::resolve;
use portaria_domain::granting::Change;
use portaria_domain::role;
use portaria_entity::id::BotId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Person, databases};
use serde_json::json;

use crate::conversing::{ANA, later};
use crate::site::{Site, text};

/// A bot for sales, and its key.
async fn bot(site: &Site, admin: &Person) -> (BotId, String) {
    let stage = &site.stage;
    let role = role::built_in(site.reader(), stage.workspace_id, Agent).await.unwrap().id;
    let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
    let grants = [(role, Scope::Channel(stage.sales))];
    let expires_at = stage.clock.now() + std::time::Duration::from_secs(1_000_000);
    let new = NewApiKey { name: "Rob\u{f4}", grants: &grants, expires_at, allowed_addresses: &[] };
    let key = api_key::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    let draft = BotDraft {
        name: "Rob\u{f4}".to_owned(),
        description: String::new(),
        channels: vec![stage.sales],
        answers_first: true,
        fallback_team: None,
        silent_minutes: 60,
        most_messages: 50,
        handover_words: vec!["atendente".to_owned()],
    };
    let row = connect(&stage.installation, &admin.viewer, (key.key.id, draft)).await.unwrap();
    (row.row.id, key.token.reveal().to_owned())
}

#[tokio::test]
async fn what_customers_begin_is_a_bots_until_they_ask_for_people() {
    for test in databases().await {
        let site = Site::on(test).await;
        let admin = site.stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let admin = site.stage.step_up(&admin).await;
        let agent = site.stage.person("Agente", &[(Agent, Scope::Channel(site.stage.sales))]).await;
        let (bot, token) = bot(&site, &admin).await;
        let whose = async || {
            site.settled().await;
            let row = site.conversation().await;
            (row.bot_id, row.assignee_id)
        };
        later(&site, 100).await;
        site.say(json!({ "messages": [text("w1", ANA, 10, "oi")] })).await;
        assert_eq!(whose().await, (Some(bot), None));
        later(&site, 10).await;
        site.say(json!({ "messages": [text("w2", ANA, 105, "quero um bolo")] })).await;
        assert_eq!(whose().await, (Some(bot), None));
        look_after(&site.stage.installation).await.unwrap();
        assert_eq!(whose().await, (Some(bot), None));

        // It is done with it; what the customer begins next is a new stretch, and the bot's again.
        let robot = site.stage.viewer(&token).await.unwrap();
        resolve(&site.stage.installation, &robot, site.conversation().await.id).await.unwrap();
        later(&site, 100).await;
        site.say(json!({ "messages": [text("w3", ANA, 190, "quero falar com uma atendente")] })).await;
        site.settled().await;
        look_after(&site.stage.installation).await.unwrap();
        assert_eq!(whose().await, (None, Some(agent.member_id)));
    }
}
