//! Files and numbers: what the Graph says of them.

use serde_json::json;

use super::super::*;
use super::{ask, business, options};

#[tokio::test]
async fn a_file_goes_up_and_comes_down_again() {
    let business = business(CloudApiOptions { media_bytes: 1000, ..options() }).await;
    let (status, answer) = business.upload("not really a picture").await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["id"].as_str().unwrap();
    let (_, info) = ask(business.client.get(business.url(id))).await;
    assert_eq!((&info["mime_type"], &info["file_size"]), (&json!("image/png"), &json!("20")));
    let url = info["url"].as_str().unwrap();
    assert_eq!(business.client.get(url).send().await.unwrap().status(), 401);
    let down = business.client.get(url).bearer_auth("token").send().await.unwrap();
    assert_eq!(down.headers()["content-type"], "image/png");
    assert_eq!(down.text().await.unwrap(), "not really a picture");

    assert_eq!(business.send_kind("image", json!({ "id": id })).await.0, 200);
    assert_eq!(ask(business.client.delete(business.url(id))).await, (200, json!({"success": true})));
    assert_eq!(business.refusal("image", json!({ "id": id })).await, 100);

    let (status, answer) = business.upload(&"x".repeat(1001)).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(131_053)));
    let (_, answer) = ask(business.client.post(business.own("/media")).body("x")).await;
    assert_eq!(answer["error"]["code"], 100);
}

#[tokio::test]
async fn a_number_describes_itself() {
    let business = business(options()).await;
    let (_, info) = ask(business.client.get(business.own(""))).await;
    let number = BusinessNumber::example(0);
    assert_eq!(
        info,
        json!({
            "id": number.phone_number_id,
            "display_phone_number": format!("+{}", number.display_phone_number),
            "verified_name": number.verified_name,
            "quality_rating": "GREEN",
        })
    );
    let (_, some) = ask(business.client.get(business.own("?fields=status,verified_name"))).await;
    assert_eq!(
        some,
        json!({"id": info["id"], "verified_name": info["verified_name"], "status": "CONNECTED"})
    );
    let (_, listed) =
        ask(business.client.get(business.url(&format!("{}/phone_numbers", number.waba_id)))).await;
    assert_eq!(listed["data"], json!([info]));
    assert_eq!(ask(business.client.get(business.url("4242"))).await.1["error"]["code"], 100);
}
