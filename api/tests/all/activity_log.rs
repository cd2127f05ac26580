//! The activity log through the API: who may read it, what it tells, and taking it along.

use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use serde_json::{Value, json};

use crate::client::{api, ask, errors};

#[tokio::test]
async fn a_phone_that_is_shown_is_put_down_before_and_a_masked_one_is_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        for number in 0..3 {
            let contact = stage.customer("Cliente", &format!("551198765432{number}")).await;
            stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        }
        let shown = "{ conversations { nodes { contact { phone } } } }";
        let masked = "{ conversations { nodes { contact { maskedPhone } } } }";
        let log = "{ activities(filter: { action: \"contact.phone_revealed\" }) { nodes { member { name } after address erased subject } } }";
        ask(&api, Some(&agent), masked, json!({})).await;
        ask(&api, Some(&support), shown, json!({})).await;
        let answer = ask(&api, Some(&admin), log, json!({})).await;
        assert_eq!(answer["data"]["activities"]["nodes"], json!([]), "nobody was shown anything");
        for _ in 0..2 {
            let answer = ask(&api, Some(&agent), shown, json!({})).await;
            assert_eq!(answer["data"]["conversations"]["nodes"][0]["contact"]["phone"], "+5511987654322");
        }
        let answer = ask(&api, Some(&admin), log, json!({})).await;
        let nodes = answer["data"]["activities"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 1, "one for the operation, and none for its repetition: {nodes:?}");
        assert_eq!((&nodes[0]["member"]["name"], &nodes[0]["address"]), (&json!("Ana"), &json!("192.0.2.1")));
        let after: Value = serde_json::from_str(nodes[0]["after"].as_str().unwrap()).unwrap();
        assert_eq!(after["contacts"].as_array().unwrap().len(), 3);
        assert!(!nodes[0].to_string().contains("98765"), "the log has no phone number");
        for person in [&agent, &support] {
            assert_eq!(errors(&ask(&api, Some(person), log, json!({})).await), ["FORBIDDEN at activities"]);
        }
    }
}

#[tokio::test]
async fn the_log_is_read_by_page_and_filter_and_taken_along_on_record() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let (other, ..) = stage.another_workspace().await;
        stage.person_in(other, "Outra", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for name in ["Ana", "Bia", "Caio"] {
            stage.person(name, &[]).await;
        }
        let page =
            "query($after: String) { activities(first: 3, after: $after, filter: { action: \"session.\" }) {
                      nodes { action member { name } } pageInfo { hasNextPage endCursor } } }";
        let first = ask(&api, Some(&admin), page, json!({})).await;
        let names = |answer: &Value| -> Vec<String> {
            let nodes = answer["data"]["activities"]["nodes"].as_array().unwrap().clone();
            nodes.iter().map(|node| node["member"]["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&first), ["Caio", "Bia", "Ana"]);
        let info = &first["data"]["activities"]["pageInfo"];
        assert_eq!(info["hasNextPage"], true);
        let second = ask(&api, Some(&admin), page, json!({ "after": info["endCursor"] })).await;
        assert_eq!(names(&second), ["Admin"], "and nobody of another workspace");

        let take = "mutation($format: ExportFormat!) { exportActivities(input: { format: $format, filter: { action: \"session.opened\" } }) {
                      export { count content } userErrors { code } } }";
        let refused = ask(&api, Some(&admin), take, json!({ "format": "CSV" })).await;
        assert_eq!(errors(&refused), ["STEP_UP_REQUIRED at exportActivities"]);
        let admin = stage.step_up(&admin).await;
        let answer = ask(&api, Some(&admin), take, json!({ "format": "CSV" })).await;
        let export = &answer["data"]["exportActivities"]["export"];
        let content = export["content"].as_str().unwrap();
        assert_eq!((export["count"].as_i64(), content.lines().count()), (Some(4), 5), "{content}");
        assert!(content.starts_with("id,at,member,"));
        let answer = ask(&api, Some(&admin), take, json!({ "format": "JSON_LINES" })).await;
        let content = answer["data"]["exportActivities"]["export"]["content"].as_str().unwrap();
        for line in content.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!((&line["action"], &line["address"]), (&json!("session.opened"), &json!("192.0.2.1")));
        }
        let exported =
            "{ activities(filter: { action: \"activity.exported\" }) { nodes { member { name } after } } }";
        let answer = ask(&api, Some(&admin), exported, json!({})).await;
        let nodes = answer["data"]["activities"]["nodes"].as_array().unwrap();
        assert_eq!((nodes.len(), &nodes[0]["after"]), (2, &json!("{\"count\":4}")));
    }
}

#[tokio::test]
async fn the_log_says_from_which_address_it_was_done_and_not_only_where_the_session_began() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let elsewhere = std::net::SocketAddr::from(([198, 51, 100, 7], 4_000));
        let api = api(&stage).layer(axum::Extension(axum::extract::ConnectInfo(elsewhere)));
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let waiting = stage.conversation(contact, stage.sales, None, &["oi"]).await.to_string();
        let claim = "mutation($id: ID!) { claimConversation(input: { conversationId: $id }) { conversation { contact { phone } } } }";
        ask(&api, Some(&ana), claim, json!({ "id": waiting })).await;
        let suspend = "mutation($id: ID!) { suspendMember(input: { memberId: $id }) { member { status } } }";
        ask(&api, Some(&admin), suspend, json!({ "id": ana.member_id.to_string() })).await;
        let log = ask(&api, Some(&admin), "{ activities { nodes { action address } } }", json!({})).await;
        for action in ["conversation.claimed", "contact.phone_revealed", "member.suspended"] {
            let nodes = log["data"]["activities"]["nodes"].as_array().unwrap();
            let node = nodes.iter().find(|node| node["action"] == action).unwrap();
            assert_eq!(node["address"], "198.51.100.7", "{action}");
        }
    }
}
