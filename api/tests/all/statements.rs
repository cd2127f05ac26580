//! How many statements a page takes: a number that does not grow with its rows.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;

use crate::client::{api, ask, errors};
use crate::socket::last_message;

const PAGE: &str = "query($first: Int) { conversations(first: $first) { nodes {
    id status unreadCount channel { name } team { name } contact { id name phone maskedPhone } assignee { id name availability grants { scopeKind role { permissions } } } lastMessage { id kind body sentAt author { name } }
} pageInfo { hasNextPage endCursor } } }";

/// Who was shown which phones, how many that were on that day, and the activity that tells of it.
const RECORDING: u64 = 5;

#[tokio::test]
async fn a_page_takes_a_constant_number_of_statements() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage
            .person(
                "Ana",
                &[
                    (BuiltInRole::Agent, Scope::Channel(stage.sales)),
                    (BuiltInRole::Agent, Scope::Channel(stage.support)),
                ],
            )
            .await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for number in 0..50 {
            let contact = stage.customer("Cliente", &format!("55119876543{number:02}")).await;
            let channel = if number % 2 == 0 { stage.sales } else { stage.support };
            stage.conversation(contact, channel, Some(agent.member_id), &["oi", "tudo bem?"]).await;
        }
        stage.installation.viewers.refresh_epochs().await.unwrap();
        for (person, expected) in [(&admin, 10), (&agent, 11)] {
            ask(&api, Some(person), PAGE, json!({ "first": 1 })).await;
            let mut counts = Vec::new();
            // Phones that were not shown yet today are put down first: once, however many they are.
            for first in [3, 50, 50] {
                stage.installation.viewers.refresh_epochs().await.unwrap();
                let before = stage.installation.database.statement_count();
                let answer = ask(&api, Some(person), PAGE, json!({ "first": first })).await;
                counts.push(stage.installation.database.statement_count() - before);
                let rows = answer["data"]["conversations"]["nodes"].as_array().unwrap().len();
                assert_eq!(rows, first);
                assert!(errors(&answer).len() <= 1, "what is withheld from many rows is told once");
            }
            let told = format!("{counts:?} for {} on {}", person.email, stage.test_database.name);
            assert_eq!(counts[0], expected + RECORDING, "{told}");
            // An answer that arrives between two rows may part a batch in two; it never makes one a row.
            assert!((expected + RECORDING..=expected + RECORDING + 8).contains(&counts[1]), "{told}");
            assert!((expected..=expected + 8).contains(&counts[2]), "{told}");
        }
    }
}

/// Everything that takes the id of a conversation, a customer or a message, and the kind of id.
const BY_ID: [(&str, &str); 10] = [
    ("conv", "{ node(id: <id>) { id } }"),
    ("contact", "{ node(id: <id>) { id } }"),
    ("msg", "{ node(id: <id>) { id } }"),
    ("conv", "{ conversation(id: <id>) { id messages { nodes { body } } } }"),
    ("conv", "{ explainAccess(memberId: <me>, permission: <me>SSAGE_READ, objectId: <id>) { verdict } }"),
    ("contact", "{ explainAccess(memberId: <me>, permission: <me>SSAGE_READ, objectId: <id>) { verdict } }"),
    ("conv", "mutation { claimConversation(input: { conversationId: <id> }) { userErrors { code } } }"),
    (
        "conv",
        "mutation { assignConversation(input: { conversationId: <id>, assigneeId: <me> }) { userErrors { code } } }",
    ),
    ("conv", "mutation { resolveConversation(input: { conversationId: <id> }) { userErrors { code } } }"),
    ("conv", "mutation { markConversationRead(input: { conversationId: <id> }) { userErrors { code } } }"),
];

#[tokio::test]
async fn what_one_may_not_know_of_takes_the_same_statements_as_what_is_not_there() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let sales = Scope::Channel(stage.sales);
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let hidden = stage.conversation(contact, stage.support, Some(bia.member_id), &["oi"]).await;
        let message = last_message(&stage, hidden).await.unwrap();
        for role in [BuiltInRole::Agent, BuiltInRole::Support, BuiltInRole::Administrator] {
            let who = stage.person(<&str>::from(role), &[(role, sales)]).await;
            for (kind, query) in BY_ID {
                let there = match kind {
                    "conv" => hidden.to_string(),
                    "contact" => contact.to_string(),
                    _ => message.to_string(),
                };
                let mut told = Vec::new();
                for id in [format!("{kind}_00000000000000000000000000"), there] {
                    let query = query.replace("<id>", &format!("{id:?}"));
                    let query = query.replace("<me>", &format!("\"{}\"", who.member_id));
                    stage.installation.viewers.refresh_epochs().await.unwrap();
                    let before = stage.installation.database.statement_count();
                    let answer = ask(&api, Some(&who), &query, json!({})).await;
                    told.push((stage.installation.database.statement_count() - before, errors(&answer)));
                }
                assert_eq!(told[0], told[1], "{query} as {} on {}", who.email, stage.test_database.name);
            }
        }
    }
}
