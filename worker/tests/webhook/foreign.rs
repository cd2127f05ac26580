//! What comes for a number or an account that is not this workspace's.

use std::time::Duration;

use portaria_domain::channel::{NewChannel, create};
use portaria_domain::webhook_delivery::{Told, look_after};
use portaria_entity::alert::AlertKind;
use portaria_entity::id::{MetaAppId, WorkspaceId};
use portaria_entity::{webhook_change, webhook_delivery};
use portaria_testing::databases;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

use crate::setting_aside::alerts;
use crate::site::{Site, said, text};

async fn register(
    site: &Site,
    (workspace_id, meta_app_id): (WorkspaceId, MetaAppId),
    number: &str,
    account: &str,
) {
    let new = NewChannel {
        workspace_id,
        meta_app_id,
        name: "Nova",
        waba_id: account,
        phone_number_id: number,
        display_phone_number: "+55 11 4000-0009",
        team_id: None,
        access_token: None,
    };
    let installation = &site.stage.installation;
    create(installation.database.writer(), installation, new).await.unwrap();
}

async fn newest(site: &Site) -> webhook_delivery::Model {
    site.deliveries().await.into_iter().max_by_key(|row| row.id).unwrap()
}

fn template(account: &str) -> String {
    let change = json!({ "field": "message_template_status_update", "value": { "event": "APPROVED", "message_template_id": 7 } });
    json!({ "entry": [{ "id": account, "time": 5, "changes": [change] }] }).to_string()
}

#[tokio::test]
async fn what_came_before_its_number_was_registered_is_taken_up_once_it_is() {
    for test in databases().await {
        let site = Site::on(test).await;
        site.stage.clock.advance(Duration::from_secs(60));
        for id in ["w1", "w2"] {
            let body = said("new-number", json!({ "messages": [text(id, "5511955550101", 1, "oi")] }));
            assert_eq!(site.deliver(body.as_bytes()).await.status, 200);
            site.settled().await;
        }
        assert_eq!((newest(&site).await.foreign_count, site.messages().await.len()), (1, 0));
        let told = alerts(&site, AlertKind::ForeignNumber).await;
        assert_eq!(told, [("new-number".to_owned(), true)], "once");
        let installation = &site.stage.installation;
        look_after(installation, &mut Told::default()).await.unwrap();
        assert_eq!(site.messages().await.len(), 0, "it still is nobody's");

        register(&site, (site.stage.workspace_id, site.stage.meta_app_id), "new-number", "new-account").await;
        look_after(installation, &mut Told::default()).await.unwrap();
        site.settled().await;
        assert_eq!(site.messages().await.len(), 2, "{}", site.stage.test_database.name);
        assert_eq!(site.conversation().await.unread_count, 2);
        let row = newest(&site).await;
        assert_eq!((row.stored_count, row.foreign_count), (1, 0));
        assert_eq!(alerts(&site, AlertKind::ForeignNumber).await, [("new-number".to_owned(), false)]);
        site.stop().await;
    }
}

#[tokio::test]
async fn an_account_of_another_workspace_has_no_effect_here() {
    for test in databases().await {
        let site = Site::on(test).await;
        let (other, app, _) = site.stage.another_workspace().await;
        register(&site, (other, app), "their-number", "their-account").await;
        let changes = async || webhook_change::Entity::find().count(site.reader()).await.unwrap();
        for (body, fate) in [
            (template("their-account"), (0, 1)),
            (template("nobodys-account"), (0, 1)),
            (template("padaria-waba"), (1, 0)),
            (template("0"), (1, 0)),
            (said("their-number", json!({ "messages": [text("w1", "5511955550101", 1, "oi")] })), (0, 1)),
            // Our number, in the name of somebody else's account.
            (
                said("padaria-1", json!({ "messages": [text("w2", "5511955550101", 1, "oi")] }))
                    .replace("padaria-waba", "their-account"),
                (0, 1),
            ),
            // Our number, which has moved to another account.
            (
                said("padaria-1", json!({ "messages": [text("w3", "5511955550101", 1, "oi")] }))
                    .replace("padaria-waba", "new-account"),
                (1, 0),
            ),
        ] {
            assert_eq!(site.deliver(body.as_bytes()).await.status, 200);
            site.settled().await;
            let row = newest(&site).await;
            assert_eq!((row.stored_count, row.foreign_count), fate, "{body}");
        }
        assert_eq!((changes().await, site.messages().await.len()), (2, 1));
        let mut told = alerts(&site, AlertKind::ForeignNumber).await;
        told.sort();
        let expected =
            ["nobodys-account", "their-account", "their-number"].map(|cause| (cause.to_owned(), true));
        assert_eq!(told, expected);
        site.stop().await;
    }
}
