//! Files up and down, and when they are gone.

use serde_json::{Value, json};

use super::{ANA, ask, business, code, options};
use crate::sample;

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_file_goes_up_and_comes_down_again() {
    let business = business(options().lenient()).await;
    let picture = sample::bytes("image/png", "1");
    let (status, answer) = business.upload("image/png", &picture).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["id"].as_str().unwrap().to_owned();
    let (_, info) = business.get(business.url(&id)).await;
    assert_eq!(
        (&info["mime_type"], &info["file_size"]),
        (&json!("image/png"), &json!(picture.len().to_string()))
    );
    let url = info["url"].as_str().unwrap();
    assert_eq!(business.client.get(url).send().await.unwrap().status(), 401);
    let down = business.client.get(url).bearer_auth("token").send().await.unwrap();
    assert_eq!(down.headers()["content-type"], "image/png");
    assert_eq!(down.bytes().await.unwrap(), picture);

    assert_eq!(business.send_kind("image", json!({ "id": id })).await.0, 200);
    assert_eq!(business.refusal("video", json!({ "id": id })).await, 131_053);
    assert_eq!(business.send_kind("document", json!({ "id": id })).await.0, 200);
    assert_eq!(business.get(business.url(&format!("{id}?phone_number_id=999"))).await.0, 400);
    assert_eq!(ask(business.client.delete(business.url(&id))).await, (200, json!({"success": true})));
    assert_eq!(business.refusal("image", json!({ "id": id })).await, 100);
}

#[tokio::test]
async fn an_upload_must_be_what_it_says_and_no_larger_than_it_may_be() {
    let business = business(options()).await;
    assert_eq!(code(&business.upload("image/png", b"<html>not a picture</html>").await), 131_053);
    assert_eq!(code(&business.upload("image/gif", b"GIF89a").await), 100);
    assert_eq!(code(&business.upload("application/x-msdownload", b"MZ").await), 100);
    assert_eq!(code(&business.upload("image/png", b"").await), 131_053);
    let mut large = sample::bytes("image/png", "1");
    large.resize((5 << 20) + 1, 0);
    assert_eq!(code(&business.upload("image/png", &large).await), 131_053);
    large.truncate(5 << 20);
    assert_eq!(business.upload("image/png", &large).await.0, 200);
    let plain = business.client.post(business.own("/media")).body("x");
    assert_eq!(code(&ask(plain).await), 100);
}

#[tokio::test]
async fn uploads_last_thirty_days() {
    let business = business(options().lenient()).await;
    let (_, answer) = business.upload("text/plain", b"hello").await;
    let id = answer["id"].as_str().unwrap().to_owned();
    business.passes(30 * DAY - 1).await;
    assert_eq!(business.get(business.url(&id)).await.0, 200);
    business.passes(1).await;
    assert_eq!(code(&business.get(business.url(&id)).await), 100);
    assert_eq!(business.refusal("document", json!({ "id": id })).await, 100);
}

#[tokio::test]
async fn what_a_customer_sends_can_be_fetched_for_seven_days_by_addresses_good_for_five_minutes() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let business = business(options()).await;
    business.lets(ANA, json!({"do": "file", "mime_type": "image/jpeg", "caption": "olha"})).await;
    let image = business.heard.messages()[0]["image"].clone();
    let fetch = async |url: &Value| {
        let answer = business.client.get(url.as_str().unwrap()).bearer_auth("token").send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    let (status, bytes) = fetch(&image["url"]).await;
    assert_eq!(status, 200);
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes));
    assert_eq!(image["sha256"], digest);
    assert!(crate::sniff::agrees("image/jpeg", &bytes));
    let id = image["id"].as_str().unwrap();
    business.passes(299).await;
    assert_eq!(fetch(&image["url"]).await.0, 200);
    business.passes(1).await;
    assert_eq!(fetch(&image["url"]).await.0, 404);
    let (_, again) = business.get(business.url(id)).await;
    assert_eq!(fetch(&again["url"]).await, (200, bytes));
    let forged = again["url"].as_str().unwrap().replace("hash=", "hash=0");
    assert_eq!(fetch(&json!(forged)).await.0, 404);
    business.passes(7 * DAY).await;
    assert_eq!(code(&business.get(business.url(id)).await), 100);
}
