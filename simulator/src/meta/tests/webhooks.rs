//! Delivering webhooks: again and again for a week, and to whom.

use serde_json::{Value, json};

use super::super::*;
use super::{ANA, Heard, business, code, options};
use crate::number::BusinessNumber;

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_webhook_is_tried_for_seven_days_ever_more_rarely() {
    let business = business(options()).await;
    business.heard.refuse(true);
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    let mut by_day = Vec::new();
    for _ in 0..9 {
        let before = business.heard.bodies().len();
        business.passes(DAY).await;
        by_day.push(business.heard.bodies().len() - before);
    }
    assert_eq!(business.heard.bodies().len(), 16);
    assert!(by_day.is_sorted_by(|one, next| one >= next), "{by_day:?}");
    assert_eq!(by_day[7..], [0, 0]);
    let state = business.meta.figures().counted;
    assert_eq!(
        (&state["webhooks"]["waiting"], &state["webhooks"]["given_up_after_seven_days"]),
        (&json!(0), &json!(1))
    );
    let first = &business.heard.bodies()[0];
    assert!(business.heard.bodies().iter().all(|body| body == first), "the same bytes each time");
}

#[tokio::test]
async fn a_callback_that_comes_back_gets_what_it_missed() {
    let business = business(options()).await;
    business.heard.refuse(true);
    business.lets(ANA, json!({"do": "text", "text": "um"})).await;
    business.lets(ANA, json!({"do": "text", "text": "dois"})).await;
    business.passes(3 * DAY).await;
    business.heard.refuse(false);
    let missed = business.heard.bodies().len();
    business.passes(DAY).await;
    let texts: Vec<Value> =
        business.heard.messages()[missed..].iter().map(|one| one["text"]["body"].clone()).collect();
    assert_eq!(texts, ["um", "dois"]);
    assert_eq!(business.meta.figures().counted["webhooks"]["waiting"], 0);
}

#[tokio::test]
async fn overrides_take_messages_but_not_account_fields() {
    let business = business(options()).await;
    let (of_account, account_url) = Heard::listen().await;
    let (of_number, number_url) = Heard::listen().await;
    let wrong = json!({"override_callback_uri": account_url, "verify_token": "wrong"});
    assert_eq!(code(&business.post(business.account("/subscribed_apps"), &wrong).await), 2200);
    let right = json!({"override_callback_uri": account_url, "verify_token": "token"});
    let (status, answer) = business.post(business.account("/subscribed_apps"), &right).await;
    assert_eq!((status, &answer["data"][0]["override_callback_uri"]), (200, &json!(account_url)));
    business.lets(ANA, json!({"do": "text", "text": "to the account"})).await;
    let own =
        json!({"webhook_configuration": {"override_callback_uri": number_url, "verify_token": "token"}});
    assert_eq!(business.post(business.own(""), &own).await, (200, json!({"success": true})));
    business.lets(ANA, json!({"do": "text", "text": "to the number"})).await;
    let template = json!({"name": "hello", "language": "pt_BR", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Tudo certo com o pedido"}]});
    assert_eq!(business.post(business.account("/message_templates"), &template).await.0, 200);
    business.passes(3600).await;
    assert_eq!((of_account.messages().len(), of_number.messages().len()), (1, 1));
    assert_eq!(business.heard.messages().len(), 0);
    assert_eq!(business.heard.values("message_template_status_update")[0]["event"], "APPROVED");
    let none = json!({"webhook_configuration": {"override_callback_uri": ""}});
    assert_eq!(business.post(business.own(""), &none).await.0, 200);
    business.lets(ANA, json!({"do": "text", "text": "again"})).await;
    assert_eq!(of_account.messages().len(), 2);
}

#[tokio::test]
async fn an_app_that_is_not_subscribed_hears_nothing() {
    let business = business(options()).await;
    let apps = business.account("/subscribed_apps");
    let app = business.get(apps.clone()).await.1["data"][0]["whatsapp_business_api_data"].clone();
    assert_eq!(app["id"], App::default().id);
    let deleted = super::ask(business.client.delete(apps.clone())).await;
    assert_eq!(deleted, (200, json!({"success": true})));
    assert_eq!(business.get(apps.clone()).await.1["data"], json!([]));
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    assert!(business.heard.bodies().is_empty());
    assert_eq!(business.post(apps, &json!({})).await, (200, json!({"success": true})));
    business.lets(ANA, json!({"do": "text", "text": "oi"})).await;
    let value = business.heard.values("messages").pop().unwrap();
    assert_eq!(value["metadata"]["phone_number_id"], BusinessNumber::example(0).phone_number_id);
}
