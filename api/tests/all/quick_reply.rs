//! Quick replies and guidelines by the API: what who writes, who answers and who may not gets of them.

use axum::Router;
use portaria_domain::access::Scope;
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Analyst, Support};
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use crate::client::{act, api, ask, errors, program};

const CREATE: &str = "mutation($input: CreateQuickReplyInput!) { createQuickReply(input: $input) {
    quickReply { id version shortcut viewerCan { update archive restore } } userErrors { code field } } }";
const PREVIEW: &str = "query($reply: ID!, $conversation: ID!, $values: [QuickReplyValueInput!]) {
    previewQuickReply(quickReplyId: $reply, conversationId: $conversation, values: $values) {
      text language version problems { placeholder code } } }";

fn delivery() -> Value {
    json!({ "scope": { "kind": "WORKSPACE" }, "title": "Entrega", "shortcut": "/entrega", "folder": "Pedidos",
            "translations": [{ "language": "pt_br", "text": "Ol\u{e1} {{contact.name}}, seu pedido de {{item}} chega em {{dia}}." }],
            "placeholders": [{ "name": "item", "kind": "TEXT", "maxLength": 20, "label": "O que" }, { "name": "dia", "kind": "DATE" }] })
}

async fn write(api: &Router, admin: &Person, input: Value) -> Value {
    act(api, admin, CREATE, json!({ "input": input })).await["quickReply"].clone()
}

#[tokio::test]
async fn support_finds_fills_and_sees_what_would_go_out() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let support = stage.person("Sofia", &[(Support, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(support.member_id), &["oi"]).await;
        let reply = write(&api, &admin, delivery()).await;
        assert_eq!(reply["shortcut"], "entrega");
        assert_eq!(reply["viewerCan"], json!({ "update": "YES", "archive": "YES", "restore": "NO" }));

        let list = "query($c: ID!) { quickReplies(conversationId: $c, search: \"/ent\") { nodes { id title folder scopeKind scopeId
                      translations { language text } placeholders { name label kind maxLength choices } viewerCan { update }
                      createdBy { name } } } }";
        let answer = ask(&api, Some(&support), list, json!({ "c": conversation.to_string() })).await;
        let row = &answer["data"]["quickReplies"]["nodes"][0];
        assert_eq!((&row["id"], &row["viewerCan"]["update"]), (&reply["id"], &json!("NO")));
        assert_eq!(
            row["placeholders"],
            json!([{ "name": "item", "label": "O que", "kind": "TEXT", "maxLength": 20, "choices": [] },
                   { "name": "dia", "label": "dia", "kind": "DATE", "maxLength": null, "choices": [] }])
        );
        assert_eq!(errors(&answer), ["FORBIDDEN at quickReplies.nodes.0.createdBy"]);

        let preview = async |values: Value| {
            let variables =
                json!({ "reply": reply["id"], "conversation": conversation.to_string(), "values": values });
            ask(&api, Some(&support), PREVIEW, variables).await["data"]["previewQuickReply"].clone()
        };
        let values =
            json!([{ "name": "item", "value": "p\u{e3}es" }, { "name": "dia", "value": "2026-03-09" }]);
        assert_eq!(
            preview(values).await,
            json!({ "text": "Ol\u{e1} Ana, seu pedido de p\u{e3}es chega em 09/03/2026.", "language": "pt-BR", "version": 1,
                    "problems": [] })
        );
        let values = json!([{ "name": "item", "value": "wa.me/5511" }]);
        assert_eq!(
            preview(values).await,
            json!({ "text": null, "language": "pt-BR", "version": 1, "problems": [
                { "placeholder": "item", "code": "LOOKS_LIKE_LINK" }, { "placeholder": "dia", "code": "MISSING" }] })
        );
    }
}

#[tokio::test]
async fn a_writer_is_told_what_is_wrong_and_where() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let first = write(&api, &admin, delivery()).await;
        let wrong = async |field: &str, value: Value| {
            let mut input = delivery();
            input["shortcut"] = Value::Null;
            input[field] = value;
            let answer = ask(&api, Some(&admin), CREATE, json!({ "input": input })).await;
            answer["data"]["createQuickReply"]["userErrors"][0].clone()
        };
        let text = |text: &str| json!([{ "language": "pt", "text": text }]);
        for (field, value, code, at) in [
            ("title", json!(" "), "TITLE_MISSING", "title"),
            ("shortcut", json!("entrega"), "SHORTCUT_TAKEN", "shortcut"),
            ("shortcut", json!("\u{e7}"), "INVALID_SHORTCUT", "shortcut"),
            ("translations", json!([]), "TEXT_MISSING", "translations"),
            ("translations", text("Chega {{nunca}} em breve"), "PLACEHOLDERS_DIFFER", "translations"),
            ("translations", text("Chega {{item}}{{dia}} em breve"), "PLACEHOLDER_NOT_APART", "translations"),
            ("translations", text("{{contact.phone}}"), "INVALID_PLACEHOLDER", "placeholders"),
            ("translations", text("{{item}} e {{dia}}"), "TOO_FREE", "placeholders"),
        ] {
            assert_eq!(wrong(field, value).await, json!({ "code": code, "field": ["input", at] }), "{code}");
        }
        let mut input = delivery();
        input["quickReplyId"] = first["id"].clone();
        input["version"] = json!(7);
        let update = "mutation($input: UpdateQuickReplyInput!) { updateQuickReply(input: $input) { userErrors { code } } }";
        let answer = ask(&api, Some(&admin), update, json!({ "input": input })).await;
        assert_eq!(
            answer["data"]["updateQuickReply"]["userErrors"],
            json!([{ "code": "CHANGED_MEANWHILE" }])
        );
    }
}

#[tokio::test]
async fn who_may_not_gets_nothing() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let admin2fa = stage.step_up(&admin).await;
        let analyst = stage.person("Analista", &[(Analyst, Scope::Workspace)]).await;
        let agent = stage.person("Agente", &[(Agent, Scope::Channel(stage.support))]).await;
        let mut input = delivery();
        input["scope"] = json!({ "kind": "CHANNEL", "id": stage.sales.to_string() });
        let reply = write(&api, &admin, input).await["id"].clone();
        let one = "query($id: ID!) { quickReply(id: $id) { title } }";
        let answer = ask(&api, Some(&analyst), one, json!({ "id": reply })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at quickReply"]);
        let answer = ask(&api, Some(&agent), one, json!({ "id": reply })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at quickReply"], "of another number");
        assert_eq!(
            errors(&ask(&api, None, one, json!({ "id": reply })).await),
            ["UNAUTHENTICATED at quickReply"]
        );
        let list = "{ quickReplies { nodes { id } } }";
        let answer = ask(&api, Some(&agent), list, json!({})).await;
        assert_eq!(answer["data"]["quickReplies"]["nodes"], json!([]));

        // Neither by a colleague's conversation, nor by one that waits.
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(admin.member_id), &["oi"]).await;
        let there = "query($c: ID!) { quickReplies(conversationId: $c) { nodes { id } } }";
        let answer = ask(&api, Some(&agent), there, json!({ "c": conversation.to_string() })).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at quickReplies"]);
        let waiting = stage.conversation(contact, stage.support, None, &["oi"]).await;
        let answer = ask(&api, Some(&agent), there, json!({ "c": waiting.to_string() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at quickReplies"]);

        for query in
            ["quickReplyVersions(quickReplyId: $id) { title }", "quickReply(id: $id) { updatedBy { name } }"]
        {
            let query = format!("query($id: ID!) {{ {query} }}");
            let sofia = stage.person(&format!("S{}", query.len()), &[(Support, Scope::Workspace)]).await;
            let answer = ask(&api, Some(&sofia), &query, json!({ "id": reply })).await;
            assert!(errors(&answer)[0].starts_with("FORBIDDEN"), "{answer}");
        }
        let (key, _) = program(&api, &stage, &admin2fa, "Agent").await;
        let answer = ask(&api, Some(&key), CREATE, json!({ "input": delivery() })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at createQuickReply"]);
    }
}

#[tokio::test]
async fn guidelines_are_read_and_who_has_not_is_known() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let support = stage.person("Sofia", &[(Support, Scope::Workspace)]).await;
        let create = "mutation { createGuideline(input: { scope: { kind: WORKSPACE }, title: \"Trocas\", body: \"At\u{e9} *7* dias.\" }) {
                        guideline { id version } userErrors { code } } }";
        let id = act(&api, &admin, create, json!({})).await["guideline"]["id"].clone();
        let list =
            "{ guidelines { nodes { id title body acknowledgedAt viewerCan { acknowledge update } } } }";
        let answer = ask(&api, Some(&support), list, json!({})).await;
        let row = &answer["data"]["guidelines"]["nodes"][0];
        assert_eq!(row["acknowledgedAt"], Value::Null);
        assert_eq!(row["viewerCan"], json!({ "acknowledge": "YES", "update": "NO" }));
        let readers = "query($id: ID!) { guidelineReaders(guidelineId: $id) { read { member { name } version } awaited { name } } }";
        let answer = ask(&api, Some(&admin), readers, json!({ "id": id })).await;
        let names = answer["data"]["guidelineReaders"]["awaited"].as_array().unwrap().len();
        assert_eq!(names, 2);
        let read = "mutation($id: ID!) { acknowledgeGuideline(input: { guidelineId: $id, version: 1 }) {
                      guideline { acknowledgedAt } userErrors { code } } }";
        let done = act(&api, &support, read, json!({ "id": id })).await;
        assert!(done["guideline"]["acknowledgedAt"].is_string());
        let answer = ask(&api, Some(&admin), readers, json!({ "id": id })).await;
        assert_eq!(
            answer["data"]["guidelineReaders"],
            json!({ "read": [{ "member": { "name": "Sofia" }, "version": 1 }], "awaited": [{ "name": "Dona" }] })
        );
        let answer = ask(&api, Some(&support), readers, json!({ "id": id })).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at guidelineReaders"]);
    }
}

#[tokio::test]
async fn support_escalates_what_it_has_no_answer_to() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let senior = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let support = stage.person("Sofia", &[(Support, Scope::Channel(stage.sales))]).await;
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(support.member_id), &["oi"]).await;
        let can = "query($c: ID!) { conversation(id: $c) { viewerCan { escalate transfer } } }";
        let answer = ask(&api, Some(&support), can, json!({ "c": conversation.to_string() })).await;
        let can = &answer["data"]["conversation"]["viewerCan"];
        assert_eq!(can, &json!({ "escalate": "YES", "transfer": "NO" }), "up, and not sideways");
        let escalate = "mutation($c: ID!) { escalateConversation(input: { conversationId: $c, reason: \"Sem resposta pronta\" }) {
                          userErrors { code } } }";
        act(&api, &support, escalate, json!({ "c": conversation.to_string() })).await;
        let whose = "query($c: ID!) { conversation(id: $c) { escalatedAt } }";
        let answer = ask(&api, Some(&senior), whose, json!({ "c": conversation.to_string() })).await;
        assert!(answer["data"]["conversation"]["escalatedAt"].is_string(), "{answer}");
        let left = "query($c: ID!) { conversation(id: $c) { viewerCan { claim } lastMessage { body } } }";
        let answer = ask(&api, Some(&support), left, json!({ "c": conversation.to_string() })).await;
        assert_eq!(answer["data"]["conversation"]["viewerCan"]["claim"], "NO", "it is not taken back");
        assert_eq!(errors(&answer), ["FORBIDDEN at conversation.lastMessage"]);
    }
}

#[tokio::test]
async fn support_sends_what_was_approved_and_nothing_else() {
    const SEND: &str = "mutation($c: ID!, $key: String!, $content: MessageContentInput!) { sendMessage(input: { conversationId: $c,
        idempotencyKey: $key, content: $content }) { message { body kind quickReplyId quickReplyVersion } userErrors { code field } } }";
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        stage.connect(stage.sales).await;
        let admin = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let support = stage.person("Sofia", &[(Support, Scope::Workspace)]).await;
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(support.member_id), &["oi"]).await;
        let reply = write(&api, &admin, delivery()).await["id"].clone();
        let send = async |key: &str, content: Value| {
            let variables = json!({ "c": conversation.to_string(), "key": key, "content": content });
            ask(&api, Some(&support), SEND, variables).await
        };
        let filled = |item: &str| {
            let values = json!([{ "name": "item", "value": item }, { "name": "dia", "value": "2026-03-09" }]);
            json!({ "quickReply": { "quickReplyId": reply, "values": values } })
        };
        let free = send("1", json!({ "text": { "body": "Pague aqui" } })).await;
        assert_eq!(errors(&free), ["FORBIDDEN at sendMessage"]);
        let sent = send("2", filled("p\u{e3}es")).await["data"]["sendMessage"].clone();
        assert_eq!(
            sent["message"],
            json!({ "body": "Ol\u{e1} Ana, seu pedido de p\u{e3}es chega em 09/03/2026.", "kind": "text",
                    "quickReplyId": reply, "quickReplyVersion": 1 }),
            "{sent}"
        );
        let refused = send("3", filled("wa.me/55")).await["data"]["sendMessage"].clone();
        assert_eq!(
            refused["userErrors"],
            json!([{ "code": "VALUES_REFUSED", "field": ["input", "content"] }])
        );
        let reused = send("2", filled("bolos")).await["data"]["sendMessage"].clone();
        assert_eq!(reused["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
        let options = "query($c: ID!) { sendOptions(conversationId: $c) { kinds { kind allowed missing } } }";
        let options = ask(&api, Some(&support), options, json!({ "c": conversation.to_string() })).await;
        let kinds = options["data"]["sendOptions"]["kinds"].as_array().unwrap();
        let of = |kind: &str| kinds.iter().find(|one| one["kind"] == kind).unwrap();
        assert_eq!(of("QUICK_REPLY")["allowed"], true);
        assert_eq!(
            (&of("TEXT")["allowed"], &of("TEXT")["missing"]),
            (&json!(false), &json!(["MESSAGE_SEND_TEXT"]))
        );
    }
}
