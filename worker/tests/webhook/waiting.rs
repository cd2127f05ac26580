//! What was put off or is over, and the customer writes.

use portaria_domain::access::Scope;
use portaria_domain::conversation::{resolve, snooze};
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, databases};
use serde_json::json;

use crate::conversing::{ANA, echo, later};
use crate::site::{Site, text};

/// Ana has written, and somebody has her.
async fn begun(site: &Site) -> Person {
    let agent = site.stage.person("Agente", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    later(site, 100).await;
    site.say(json!({ "messages": [text("w1", ANA, 10, "oi")] })).await;
    site.settled().await;
    assert_eq!(site.conversation().await.assignee_id, Some(agent.member_id));
    agent
}

#[tokio::test]
async fn what_was_answered_before_the_end_and_comes_late_opens_nothing() {
    for test in databases().await {
        let site = Site::on(test).await;
        let agent = begun(&site).await;
        assert_eq!(site.deliver(echo("m1", 20, "pois não?").as_bytes()).await.status, 200);
        site.settled().await;
        let id = site.conversation().await.id;
        resolve(&site.stage.installation, &agent.viewer, id).await.unwrap();
        site.say(json!({ "messages": [text("w0", ANA, 15, "tudo bem?")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!(
            (row.status, row.unread_count, row.waiting_since),
            (ConversationStatus::Resolved, 1, None),
            "{}",
            site.stage.test_database.name
        );
        // Nobody has seen this one before the end, nor answered it.
        site.say(json!({ "messages": [text("w2", ANA, 30, "mais uma coisa")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!((row.status, row.unread_count), (ConversationStatus::Open, 2));
        assert_eq!(row.assignee_id, Some(agent.member_id));
        site.stop().await;
    }
}

#[tokio::test]
async fn what_was_put_off_is_open_when_the_customer_writes() {
    for test in databases().await {
        let site = Site::on(test).await;
        let agent = begun(&site).await;
        let row = site.conversation().await;
        let until = site.stage.clock.now() + std::time::Duration::from_secs(86_400);
        snooze(&site.stage.installation, &agent.viewer, row.id, until).await.unwrap();
        assert_eq!(site.conversation().await.snoozed_until, Some(until));
        later(&site, 100).await;
        site.say(json!({ "messages": [text("w2", ANA, 150, "e então?")] })).await;
        site.settled().await;
        let row = site.conversation().await;
        assert_eq!(
            (row.status, row.snoozed_until, row.assignee_id),
            (ConversationStatus::Open, None, Some(agent.member_id)),
            "{}",
            site.stage.test_database.name
        );
        site.stop().await;
    }
}
