//! When and where administrators are told at once, over the API.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::json;

use crate::client::{act, api, ask, errors};

const MAKE: &str = "mutation($address: String!, $permissions: [PermissionKey!]!) {
    createNotificationEndpoint(input: { kind: WEBHOOK, name: \"SIEM\", address: $address, permissions: $permissions }) {
        created { secret notificationEndpoint { id } } userErrors { code field } } }";
const LIST: &str =
    "{ notificationEndpoints { id name kind host locale leastSeverity permissions failingSince disabledAt
                      lastDelivery { isTest status attempts problem } } }";

#[tokio::test]
async fn a_secret_is_shown_once_and_an_address_never() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = stage.person("Ada", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let variables = json!({ "address": "https://siem.example.com/in?key=s3cret", "permissions": ["ACCESS_AUDIT_READ"] });
        let without = ask(&api, Some(&ada), MAKE, variables.clone()).await;
        assert!(errors(&without)[0].contains("STEP_UP_REQUIRED"), "{without}");
        let ada = stage.step_up(&ada).await;
        let made = act(&api, &ada, MAKE, variables).await;
        let secret = made["created"]["secret"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("whsec_"));
        let id = &made["created"]["notificationEndpoint"]["id"];
        let rotate =
            "mutation($id: ID!) { rotateNotificationEndpointSecret(input: { notificationEndpointId: $id }) {
                        rotated { secret } userErrors { code } } }";
        let other = act(&api, &ada, rotate, json!({ "id": id })).await["rotated"]["secret"].clone();
        assert_ne!(other, secret);
        let test = "mutation($id: ID!) { testNotificationEndpoint(input: { notificationEndpointId: $id }) { userErrors { code } } }";
        act(&api, &ada, test, json!({ "id": id })).await;
        let list = ask(&api, Some(&ada), LIST, json!({})).await;
        let expected = json!([{
            "id": id, "name": "SIEM", "kind": "WEBHOOK", "host": "siem.example.com", "locale": "pt-BR",
            "leastSeverity": "LOW", "permissions": ["ACCESS_AUDIT_READ"], "failingSince": null, "disabledAt": null,
            "lastDelivery": { "isTest": true, "status": "QUEUED", "attempts": 0, "problem": null },
        }]);
        assert_eq!(list["data"]["notificationEndpoints"], expected, "{list}");
        let log =
            ask(&api, Some(&ada), "{ activities(first: 50) { nodes { action before after } } }", json!({}))
                .await;
        let log = log.to_string();
        assert!(log.contains("notification_endpoint.created"), "{log}");
        assert!(!log.contains("s3cret") && !log.contains(&secret));
        let delete =
            "mutation($id: ID!) { deleteNotificationEndpoint(input: { notificationEndpointId: $id }) {
                        deleted { id } userErrors { code } } }";
        act(&api, &ada, delete, json!({ "id": id })).await;
        let list = ask(&api, Some(&ada), LIST, json!({})).await;
        assert_eq!(list["data"]["notificationEndpoints"], json!([]));
    }
}

#[tokio::test]
async fn quiet_hours_are_set_by_the_clock_on_the_wall() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ada = stage.person("Ada", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ada = stage.step_up(&ada).await;
        let read = "{ alertPolicy { quietHours { from until severity } noticesAnHour quietUntil } }";
        let policy = ask(&api, Some(&ada), read, json!({})).await;
        let expected = json!({ "quietHours": { "from": "22:00", "until": "07:00", "severity": "MEDIUM" }, "noticesAnHour": 6,
                               "quietUntil": null });
        assert_eq!(policy["data"]["alertPolicy"], expected, "{policy}");
        let update = "mutation($quiet: QuietHoursInput) { updateAlertPolicy(input: { quietHours: $quiet, noticesAnHour: 3 }) {
                        alertPolicy { quietHours { from until severity } noticesAnHour quietUntil } userErrors { code } } }";
        // It is nine in the morning.
        let early = json!({ "quiet": { "from": "20:30", "until": "09:30", "severity": "HIGH" } });
        let policy = act(&api, &ada, update, early).await["alertPolicy"].clone();
        assert_eq!(policy["quietUntil"], "2026-03-02T12:30:00Z");
        let all = json!({ "quiet": { "from": "20:30", "until": "09:30", "severity": "CRITICAL" } });
        let all = act(&api, &ada, update, all).await["alertPolicy"].clone();
        assert_eq!(all["quietHours"]["severity"], "HIGH", "what is critical never waits");
        let none = act(&api, &ada, update, json!({ "quiet": null })).await["alertPolicy"].clone();
        assert_eq!((&none["quietHours"], &none["noticesAnHour"]), (&json!(null), &json!(3)));
        let same = json!({ "quiet": { "from": "20:30", "until": "20:30" } });
        let same = ask(&api, Some(&ada), update, same).await;
        assert_eq!(same["data"]["updateAlertPolicy"]["userErrors"][0]["code"], "INVALID_PERIOD", "{same}");
        let odd = ask(&api, Some(&ada), update, json!({ "quiet": { "from": "8", "until": "20:30" } })).await;
        assert!(errors(&odd)[0].contains("BAD_USER_INPUT"), "{odd}");
    }
}
