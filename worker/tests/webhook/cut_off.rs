//! A database that is restarted under load. `benches/soak/restart` does it with a real server.

use std::time::Duration;

use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_testing::databases;
use portaria_worker::WorkerOptions;
use serde_json::json;

use crate::enduring::staffed;
use crate::setting_aside::until_nothing_is_pending;
use crate::site::{said, text};

const SENDERS: usize = 4;
const MESSAGES: usize = 25;

/// Ends every connection but the one that says so, as a restart does.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[tokio::test]
async fn what_was_accepted_while_connections_were_cut_is_there_once() {
    for test in databases().await {
        let site = staffed(test, WorkerOptions::default()).await;
        if site.stage.installation.database.is_sqlite() {
            // There is no server that could be restarted.
            site.stop().await;
            continue;
        }
        let here = &site;
        let senders = (0..SENDERS).map(|sender| async move {
            for number in 0..MESSAGES {
                let message = text(&format!("w{sender}-{number}"), &format!("551195555030{sender}"), 1, "oi");
                let body = said("padaria-1", json!({ "messages": [message] }));
                let mut tries = 0;
                while here.deliver(body.as_bytes()).await.status != 200 {
                    tries += 1;
                    assert!(tries < 500, "the service does not go on");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        let cuts = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(60)).await;
                // Whoever says so may be cut off as well.
                let _ = sea_orm::ConnectionTrait::execute_unprepared(here.reader(), CUT).await;
            }
        };
        tokio::join!(futures_util::future::join_all(senders), cuts);
        // The test's own connections were cut as well: each is found so once.
        for _ in 0..100 {
            let _ = sea_orm::ConnectionTrait::execute_unprepared(site.reader(), "SELECT 1").await;
        }
        let rows = until_nothing_is_pending(&site).await;
        assert!(rows.iter().all(|row| row.status == WebhookDeliveryStatus::Done), "{rows:?}");
        let messages = site.messages().await;
        assert_eq!(messages.len(), SENDERS * MESSAGES);
        let unread: i32 = site.conversations().await.iter().map(|row| row.unread_count).sum();
        assert_eq!(usize::try_from(unread).unwrap(), messages.len());
        site.stop().await;
    }
}
