//! What customers want of marketing messages, by all the ways in which it becomes known.

use portaria_domain::consent::{allows_marketing, of_contacts};
use portaria_entity::consent::{self, ConsentChoice, ConsentSource};
use portaria_entity::contact_identity;
use portaria_entity::id::ContactId;
use portaria_testing::{START, databases};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::conversing::{ANA, later};
use crate::site::{Site, text};

fn wish(wa_id: Option<&str>, user_id: &str, value: &str, second: i64) -> Value {
    let mut one = json!({ "user_id": user_id, "detail": "…", "category": "marketing_messages", "value": value,
                          "timestamp": START.as_secs() + second });
    if let Some(wa_id) = wa_id {
        one["wa_id"] = wa_id.into();
    }
    json!({ "messaging_product": "whatsapp", "user_preferences": [one],
            "metadata": { "phone_number_id": "padaria-1", "display_phone_number": "551140000001" } })
}

async fn contact(site: &Site, value: &str) -> ContactId {
    let find = contact_identity::Entity::find().filter(contact_identity::Column::Value.eq(value));
    find.one(site.reader()).await.unwrap().unwrap().contact_id
}

async fn allowed(site: &Site, contact: ContactId) -> bool {
    allows_marketing(site.reader(), site.stage.workspace_id, contact).await.unwrap()
}

#[tokio::test]
async fn a_refusal_is_honoured_whatever_the_order_and_by_whichever_identity() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        site.say(json!({ "messages": [text("w1", ANA, 1, "oi")] })).await;
        site.settled().await;
        let ana = contact(&site, ANA).await;
        assert!(allowed(&site, ana).await, "who has said nothing has not refused");

        site.tell("user_preferences", 0, wish(Some(ANA), "BR.1", "stop", 20)).await;
        assert!(!allowed(&site, ana).await);
        // An older wish that comes later changes nothing.
        site.tell("user_preferences", 0, wish(Some(ANA), "BR.1", "resume", 10)).await;
        assert!(!allowed(&site, ana).await);
        // By the user id alone.
        site.tell("user_preferences", 0, wish(None, "BR.1", "resume", 30)).await;
        assert!(allowed(&site, ana).await);
        site.tell("user_preferences", 0, wish(None, "BR.1", "stop", 30)).await;
        assert!(!allowed(&site, ana).await, "of the same second the refusal counts");
        let all = consent::Entity::find().all(site.reader()).await.unwrap();
        assert_eq!(all.len(), 4, "all that was said is kept");

        // Who is not known yet is from now on.
        site.tell("user_preferences", 0, wish(Some("5511955550777"), "BR.7", "stop", 40)).await;
        assert!(!allowed(&site, contact(&site, "BR.7").await).await);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_that_fails_for_a_refusal_tells_of_it() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let failed = |code: i64, second: i64| {
            let at = (START.as_secs() + second).to_string();
            json!({ "statuses": [{ "id": "m1", "status": "failed", "timestamp": at, "recipient_id": ANA,
                                   "errors": [{ "code": code, "title": "x" }] }] })
        };
        site.say(json!({ "messages": [text("w1", ANA, 1, "oi")] })).await;
        site.settled().await;
        let ana = contact(&site, ANA).await;
        site.say(failed(131_026, 5)).await;
        site.settled().await;
        assert!(allowed(&site, ana).await, "other failures say nothing of it");
        site.say(failed(131_050, 6)).await;
        site.say(failed(131_050, 6)).await;
        site.settled().await;
        let known = of_contacts(site.reader(), site.stage.workspace_id, &[ana]).await.unwrap();
        let known = &known[&ana];
        assert_eq!((known.choice, known.source), (ConsentChoice::Withdrawn, ConsentSource::Undelivered));
        assert_eq!(consent::Entity::find().all(site.reader()).await.unwrap().len(), 1);
        site.stop().await;
    }
}
