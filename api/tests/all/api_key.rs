//! API keys through the API: an administrator makes one, a program uses it, and it ends.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors};

#[tokio::test]
async fn a_program_uses_a_key_for_what_it_was_given() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let here = stage.conversation(contact, stage.sales, None, &["oi"]).await.to_string();
        let there = stage.conversation(contact, stage.support, None, &["oi"]).await.to_string();
        let roles = ask(&api, Some(&admin), "{ roles { id name } }", json!({})).await;
        let roles = roles["data"]["roles"].as_array().unwrap().clone();
        let role = |name: &str| roles.iter().find(|role| role["name"] == name).unwrap()["id"].clone();
        let create = "mutation($role: ID!, $channel: ID!, $end: DateTime!) { createApiKey(input: { name: \"CRM\", expiresAt: $end,
                        grants: [{ roleId: $role, scope: { kind: CHANNEL, id: $channel } }] }) {
                        created { token apiKey { id name prefix status createdBy { name } grants { scopeKind scopeId role { name } } } } userErrors { code field } } }";
        let with =
            |end: &str| json!({ "role": role("Agent"), "channel": stage.sales.to_string(), "end": end });
        let answer = ask(&api, Some(&admin), create, with("2028-01-01T00:00:00Z")).await;
        assert_eq!(
            answer["data"]["createApiKey"]["userErrors"],
            json!([{ "code": "ENDS_TOO_LATE", "field": ["input", "expiresAt"] }])
        );
        let answer = ask(&api, Some(&admin), create, with("2026-04-01T00:00:00Z")).await;
        let created = &answer["data"]["createApiKey"]["created"];
        let token = created["token"].as_str().unwrap().to_owned();
        let key = created["apiKey"].clone();
        assert_eq!(
            (&key["name"], &key["status"], &key["createdBy"]["name"]),
            (&json!("CRM"), &json!("ACTIVE"), &json!("Admin"))
        );
        assert_eq!(
            key["grants"],
            json!([{ "scopeKind": "CHANNEL", "scopeId": stage.sales.to_string(), "role": { "name": "Agent" } }])
        );
        assert!(token.starts_with(key["prefix"].as_str().unwrap()));

        let viewer = stage.viewer(&token).await.unwrap();
        let program = Person { token, viewer, member_id: admin.member_id, email: String::new() };
        let program = Some(&program);
        let mine = "{ viewer { member { name } session { id } apiKey { name grants { role { name } } createdBy { name } } } }";
        let answer = ask(&api, program, mine, json!({})).await;
        assert_eq!(
            answer["data"]["viewer"],
            json!({ "member": null, "session": null,
                    "apiKey": { "name": "CRM", "grants": [{ "role": { "name": "Agent" } }], "createdBy": null } })
        );
        assert_eq!(errors(&answer), ["FORBIDDEN at viewer.apiKey.createdBy"]);
        let read = "query($id: ID!) { conversation(id: $id) { channel { name } contact { maskedPhone } } }";
        let answer = ask(&api, program, read, json!({ "id": here })).await;
        assert!(answer["data"]["conversation"]["contact"]["maskedPhone"].is_string(), "{answer}");
        let answer = ask(&api, program, read, json!({ "id": there })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at conversation"]);
        for (text, expected) in [
            ("mutation { signOut { sessionId } }", "FORBIDDEN at signOut"),
            (
                "mutation { stepUp(input: { code: \"123456\" }) { userErrors { code } } }",
                "FORBIDDEN at stepUp",
            ),
            ("mutation { enrollSecondFactor { userErrors { code } } }", "FORBIDDEN at enrollSecondFactor"),
            (
                "mutation { setAvailability(input: { availability: BUSY }) { userErrors { code } } }",
                "FORBIDDEN at setAvailability",
            ),
            ("{ apiKeys { id } }", "FORBIDDEN at apiKeys"),
        ] {
            assert_eq!(errors(&ask(&api, program, text, json!({})).await), [expected], "{text}");
        }

        let list = "{ apiKeys { id name status lastUsedAt } }";
        let answer = ask(&api, Some(&admin), list, json!({})).await;
        assert_eq!(answer["data"]["apiKeys"][0]["status"], "ACTIVE");
        let revoke = "mutation($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { apiKey { status revokedAt } userErrors { code } } }";
        let answer = ask(&api, Some(&admin), revoke, json!({ "id": key["id"] })).await;
        assert_eq!(answer["data"]["revokeApiKey"]["apiKey"]["status"], "REVOKED", "{answer}");
        let answer = ask(&api, program, mine, json!({})).await;
        assert_eq!(answer["data"], Value::Null, "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
}
