//! Numbers, accounts and versions: what the Graph says of them.

use serde_json::json;

use super::{business, code, options};
use crate::number::BusinessNumber;

#[tokio::test]
async fn a_number_describes_itself() {
    let business = business(options()).await;
    let (_, info) = business.get(business.own("")).await;
    let number = BusinessNumber::example(0);
    assert_eq!(
        info,
        json!({
            "verified_name": number.verified_name,
            "display_phone_number": format!("+{}", number.display_phone_number),
            "quality_rating": "GREEN",
            "id": number.phone_number_id,
        })
    );
    let (_, some) = business.get(business.own("?fields=status,throughput,health_status")).await;
    assert_eq!(
        some,
        json!({
            "id": info["id"], "status": "CONNECTED", "throughput": {"level": "HIGH"},
            "health_status": {"can_send_message": "AVAILABLE"},
        })
    );
    let (_, listed) = business.get(business.account("/phone_numbers")).await;
    assert_eq!(listed["data"], json!([info]));
    assert_eq!(business.get(business.account("?fields=name")).await.1["id"], number.waba_id);
    assert_eq!(code(&business.get(business.url("4242")).await), 100);
}

#[tokio::test]
async fn an_expired_version_is_answered_by_the_oldest_usable_one() {
    let business = business(options()).await;
    for (asked, used) in [("v23.0", "v23.0"), ("v20.0", "v21.0"), ("v26.0", "v26.0")] {
        let url = business.own("").replace("v23.0", asked);
        let answer = business.client.get(url).bearer_auth("token").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["facebook-api-version"].to_str().unwrap()),
            (200, used)
        );
    }
    business.passes(60 * 86_400).await;
    let url = business.own("").replace("v23.0", "v21.0");
    let answer = business.client.get(url).bearer_auth("token").send().await.unwrap();
    assert_eq!(answer.headers()["facebook-api-version"], "v22.0", "v21 ended on 21 January 2027");
}

#[tokio::test]
async fn a_token_can_be_looked_at() {
    let business = business(options()).await;
    let look =
        async |token: &str| business.get(business.url(&format!("debug_token?input_token={token}"))).await.1;
    let data = look("token").await["data"].clone();
    assert_eq!(data["is_valid"], true);
    assert!(data["scopes"].as_array().unwrap().contains(&json!("whatsapp_business_messaging")));
    assert_eq!(look("stolen").await["data"]["is_valid"], false);
    // Meta takes the token in the query as well.
    let url = business.own("?access_token=token");
    assert_eq!(business.client.get(url).send().await.unwrap().status(), 200);
}
