//! How many statements a page takes: a number that does not grow with its rows.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;

use crate::client::{api, ask, errors};

const PAGE: &str = "query($first: Int) { conversations(first: $first) { nodes {
    id status unreadCount channel { name } team { name } contact { id name phone maskedPhone } assignee { id name availability grants { scopeKind role { permissions } } } lastMessage { id kind body sentAt author { name } }
} pageInfo { hasNextPage endCursor } } }";

/// Who was shown which phones, and the activity that tells of it.
const RECORDING: u64 = 4;

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
            assert!((expected..=expected + 4).contains(&counts[2]), "{told}");
        }
    }
}
