//! Templates as a front end works with them: written, looked at, approved by a colleague, and hidden from who has no business
//! with drafts.

use axum::Router;
use portaria_domain::access::Scope;
use portaria_domain::fact::{About, put};
use portaria_domain::template;
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask};

const CREATE: &str = "mutation($channel: ID!, $name: String!, $content: TemplateContentInput!) {
    createTemplate(input: { channelId: $channel, name: $name, language: \"pt_BR\", content: $content }) {
        template { id latestVersion { id state definition { body { text parameters { name sample } } } } }
        flaws { field code } userErrors { code field } } }";

fn content() -> Value {
    json!({
        "category": "UTILITY",
        "header": { "format": "TEXT", "text": "Pedido {{1}}", "samples": [{ "parameter": "1", "value": "A-17" }] },
        "body": { "text": "Oi {{1}}, chega {{2}}.", "samples": [
            { "parameter": "1", "value": "Ana" }, { "parameter": "2", "value": "hoje" },
        ] },
        "footer": { "text": "Padaria" },
        "buttons": [{ "kind": "URL", "text": "Ver", "url": "https://padaria.example/{{1}}", "sample": "a17" }],
    })
}

/// A template of somebody's: its id, and that of its version.
async fn written(stage: &Stage, api: &Router, who: &Person) -> (Value, Value) {
    let variables = json!({ "channel": stage.sales.to_string(), "name": "pedido", "content": content() });
    let payload = act(api, who, CREATE, variables).await;
    (payload["template"]["id"].clone(), payload["template"]["latestVersion"]["id"].clone())
}

/// Asks to have it approved, withdraws, approves or declines; answers the payload.
async fn decide(api: &Router, who: &Person, what: &str, (id, version): &(Value, Value)) -> Value {
    let mutation = format!(
        "mutation($id: ID!, $version: ID!) {{ {what}(input: {{ templateId: $id, versionId: $version }}) {{
           template {{ latestVersion {{ state approvedAlone requestedBy {{ name }} decidedBy {{ name }} }}
                       submission {{ operation state }} }} userErrors {{ code field }} }} }}"
    );
    let answer = ask(api, Some(who), &mutation, json!({ "id": id, "version": version })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"][what].clone()
}

#[tokio::test]
async fn a_template_is_written_looked_at_and_approved_by_a_colleague() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Administrator, Scope::Workspace)]).await;
        let place = written(&stage, &api, &ana).await;
        let query = "query($id: ID!) { template(id: $id) {
            name language metaId status usability channels { name } accountChannels { name }
            viewerCan { update requestApproval withdraw approve decline configure delete }
            latestVersion { number author { name } preview(values: { body: [{ name: \"1\", text: \"Zé\" }] }) {
                title body footer buttons { text target } flaws { field code } } } } }";
        let answer = ask(&api, Some(&ana), query, json!({ "id": place.0 })).await;
        let seen = &answer["data"]["template"];
        assert_eq!(seen["usability"], "NOT_SUBMITTED", "{answer}");
        assert_eq!(seen["channels"].as_array().unwrap().len(), 2);
        assert_eq!(
            seen["latestVersion"]["preview"],
            json!({
                "title": "Pedido A-17", "body": "Oi Zé, chega hoje.", "footer": "Padaria",
                "buttons": [{ "text": "Ver", "target": "https://padaria.example/a17" }],
                "flaws": [
                    { "field": ["values", "header"], "code": "MISSING" },
                    { "field": ["values", "body"], "code": "MISSING" },
                    { "field": ["values", "buttons"], "code": "MISSING" },
                ],
            })
        );
        assert_eq!(
            seen["viewerCan"],
            json!({
                "update": "YES", "requestApproval": "YES", "withdraw": "NO", "approve": "NO", "decline": "NO",
                "configure": "YES", "delete": "AFTER_STEP_UP",
            })
        );
        let asked = decide(&api, &ana, "requestTemplateApproval", &place).await;
        assert_eq!(asked["template"]["latestVersion"]["state"], "REQUESTED");
        let can = "query($id: ID!) { template(id: $id) { viewerCan { update approve decline } } }";
        for (who, expected) in [(&ana, ["NO", "NO", "YES"]), (&bia, ["NO", "YES", "YES"])] {
            let answer = ask(&api, Some(who), can, json!({ "id": place.0 })).await;
            let told = &answer["data"]["template"]["viewerCan"];
            assert_eq!(
                *told,
                json!({ "update": expected[0], "approve": expected[1], "decline": expected[2] })
            );
        }
        let own = decide(&api, &ana, "approveTemplate", &place).await;
        assert_eq!(own["userErrors"][0]["code"], "OWN_TEMPLATE");
        let waiting = "{ templates(awaitingApproval: true) { nodes { id } } }";
        let answer = ask(&api, Some(&bia), waiting, json!({})).await;
        assert_eq!(answer["data"]["templates"]["nodes"], json!([{ "id": place.0 }]));
        let approved = decide(&api, &bia, "approveTemplate", &place).await;
        assert_eq!(
            approved["template"],
            json!({
                "latestVersion": {
                    "state": "APPROVED", "approvedAlone": false,
                    "requestedBy": { "name": "Ana" }, "decidedBy": { "name": "Bia" },
                },
                "submission": { "operation": "CREATE", "state": "QUEUED" },
            })
        );
        let answer = ask(&api, Some(&bia), waiting, json!({})).await;
        assert_eq!(answer["data"]["templates"]["nodes"], json!([]));
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let mut wrong = content();
        wrong["body"]["text"] = json!("{{1}} chega {{2}}.");
        wrong["buttons"][0]["url"] = json!("padaria/{{1}}");
        let variables = json!({ "channel": stage.sales.to_string(), "name": "Pedido", "content": wrong });
        let answer = ask(&api, Some(&ana), CREATE, variables).await;
        let payload = &answer["data"]["createTemplate"];
        assert_eq!(payload["template"], Value::Null);
        assert_eq!(
            payload["userErrors"],
            json!([{ "code": "FLAWED_TEMPLATE", "field": ["input", "content"] }])
        );
        assert_eq!(
            payload["flaws"],
            json!([
                { "field": ["input", "name"], "code": "INVALID_NAME" },
                { "field": ["input", "content", "body", "text"], "code": "PARAMETER_AT_EDGE" },
                { "field": ["input", "content", "buttons", "0", "url"], "code": "INVALID_URL" },
            ])
        );
    }
}

#[tokio::test]
async fn drafts_are_seen_by_who_works_on_templates_alone() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let ana = stage.person("Ana", &[(Administrator, Scope::Workspace)]).await;
        let agent = stage.person("Caio", &[(Agent, Scope::Workspace)]).await;
        let one_number = stage.person("Davi", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let (id, version) = written(&stage, &api, &ana).await;
        let list = "{ templates { nodes { id name } } }";
        let single = "query($id: ID!) { template(id: $id) { name latestVersion { number } versions { nodes { id } } submission { state } } }";
        let answer = ask(&api, Some(&agent), list, json!({})).await;
        assert_eq!(answer["data"]["templates"]["nodes"], json!([]));
        let answer = ask(&api, Some(&agent), single, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let answer = ask(&api, Some(&agent), node, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND", "{answer}");
        // For one of the account's two numbers: seen, and what was written of it is not.
        let answer = ask(&api, Some(&one_number), single, json!({ "id": id })).await;
        assert_eq!(answer["data"]["template"]["name"], "pedido", "{answer}");
        assert_eq!(answer["data"]["template"]["latestVersion"], Value::Null);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        let approve = "mutation($id: ID!, $version: ID!) {
            approveTemplate(input: { templateId: $id, versionId: $version }) { userErrors { code } } }";
        let variables = json!({ "id": id, "version": version });
        for who in [&agent, &one_number] {
            let answer = ask(&api, Some(who), approve, variables.clone()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
        }
        // Once Meta has it, agents see it, and not what is written of it since.
        let writer = stage.installation.database.writer();
        let key = (stage.workspace_id, "padaria-waba", "77");
        let row = template::know(writer, &stage.clock, key, Some(("pedido", "pt_BR"))).await.unwrap();
        assert_eq!(id, row.id.to_string());
        let place = (stage.workspace_id, About::Template(row.id));
        put(writer, &stage.installation.database, place, ("status", Some("approved")), stage.clock.now())
            .await
            .unwrap();
        let answer = ask(&api, Some(&agent), single, json!({ "id": id })).await;
        assert_eq!(answer["data"]["template"]["name"], "pedido", "{answer}");
        for field in ["latestVersion", "versions", "submission"] {
            assert_eq!(answer["data"]["template"][field], Value::Null, "{answer}");
        }
    }
}
