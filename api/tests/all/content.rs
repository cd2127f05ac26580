//! What messages carry and what surrounds them, what customers want, and what Meta tells: who gets to see it.

use portaria_domain::access::Scope;
use portaria_domain::consent::{Stated, note};
use portaria_domain::fact::{About, put};
use portaria_domain::template;
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::id::ConversationId;
use portaria_entity::message;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use crate::client::{act, api, ask, errors, new_phone};

async fn run(stage: &Stage, sql: &str, values: Vec<sea_orm::Value>) {
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
}

/// Makes the message with this text one of a kind, with what it carries.
async fn become_of_kind(stage: &Stage, text: &str, kind: &str, payload: Value) {
    let sql = "UPDATE messages SET kind = $2, payload = $3 WHERE body = $1";
    run(stage, sql, vec![text.into(), kind.into(), payload.to_string().into()]).await;
}

/// Lets a message act on another, so many seconds later.
async fn acts(
    stage: &Stage,
    id: ConversationId,
    (on, kind): (&str, &str),
    (body, second): (Option<&str>, i64),
) {
    let reader = stage.installation.database.reader();
    let find = message::Entity::find().filter(message::Column::ConversationId.eq(id));
    let target = find.filter(message::Column::WhatsappId.eq(on)).one(reader).await.unwrap().unwrap();
    let row = message::ActiveModel::from(message::Model {
        id: stage.clock.new_id(),
        whatsapp_id: format!("{kind} {second} of {on}"),
        kind: kind.to_owned(),
        body: body.map(str::to_owned),
        reply_to_whatsapp_id: Some(on.to_owned()),
        sent_at: target.sent_at + std::time::Duration::from_secs(second.unsigned_abs()),
        ..target
    });
    message::Entity::insert(row).exec_without_returning(stage.installation.database.writer()).await.unwrap();
}

const CARDS: &str = "{ conversations(first: 2) { nodes { messages(first: 5) { nodes { kind content { __typename
    ... on ContactCardsContent { cards { name phones vcard } } ... on MediaContent { kind mediaId caption voice expiresAt }
    ... on ChoiceContent { kind choiceId title } } } } } } }";

#[tokio::test]
async fn what_a_message_carries_is_told_by_its_kind_and_numbers_on_cards_are_withheld() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        for person in [&agent, &support] {
            let contact = stage.customer("Zoë", &new_phone()).await;
            stage
                .conversation(contact, stage.sales, Some(person.member_id), &["cartão", "foto", "botão"])
                .await;
        }
        let card = json!({ "contacts": [{ "name": { "formatted_name": "Bia 5511987654321" },
            "phones": [{ "phone": "+55 11 98765-4321" }], "vcard": "BEGIN:VCARD" }] });
        become_of_kind(&stage, "cartão", "contacts", card).await;
        become_of_kind(
            &stage,
            "foto",
            "image",
            json!({ "image": { "id": "77", "mime_type": "image/jpeg" } }),
        )
        .await;
        let reply = json!({ "interactive": { "type": "button_reply", "button_reply": { "id": "sim", "title": "Sim" } } });
        become_of_kind(&stage, "botão", "interactive", reply).await;

        let answer = ask(&api, Some(&agent), CARDS, json!({})).await;
        let nodes = &answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"];
        let choice =
            json!({ "__typename": "ChoiceContent", "kind": "BUTTON", "choiceId": "sim", "title": "Sim" });
        assert_eq!(nodes[0]["content"], choice);
        let file = &nodes[1]["content"];
        assert_eq!(
            (&file["kind"], &file["mediaId"], &file["caption"]),
            (&json!("IMAGE"), &json!("77"), &json!("foto"))
        );
        assert!(file["expiresAt"].is_string());
        let card = &nodes[2]["content"]["cards"][0];
        assert_eq!(
            *card,
            json!({ "name": "Bia 5511987654321", "phones": ["+55 11 98765-4321"], "vcard": "BEGIN:VCARD" })
        );

        let answer = ask(&api, Some(&support), CARDS, json!({})).await;
        let card =
            &answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"][2]["content"]["cards"][0];
        assert_eq!(*card, json!({ "name": "Bia ••••••••", "phones": null, "vcard": null }));
        assert!(errors(&answer).iter().all(|error| error.starts_with("FORBIDDEN")), "{answer}");
        assert!(!answer.to_string().contains("98765"), "{answer}");
    }
}

#[tokio::test]
async fn reactions_replies_and_versions_show_in_the_message_and_what_is_revoked_in_none() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        let id =
            stage.conversation(contact, stage.sales, Some(agent.member_id), &["um", "dois", "segredo"]).await;
        for (text, name) in [("um", "w1"), ("dois", "w2"), ("segredo", "w3")] {
            let payload = json!({ "text": { "body": text } }).to_string();
            let sql = "UPDATE messages SET whatsapp_id = $2, payload = $3 WHERE body = $1";
            run(&stage, sql, vec![text.into(), name.into(), payload.into()]).await;
        }
        acts(&stage, id, ("w1", "reaction"), (Some("👍"), 10)).await;
        acts(&stage, id, ("w1", "reaction"), (Some("❤"), 20)).await;
        acts(&stage, id, ("w2", "reaction"), (Some("👍"), 10)).await;
        acts(&stage, id, ("w2", "reaction"), (None, 20)).await;
        acts(&stage, id, ("w2", "edit"), (Some("dois e meio"), 30)).await;
        acts(&stage, id, ("w2", "edit"), (Some("três"), 40)).await;
        acts(&stage, id, ("w3", "edit"), (Some("segredo maior"), 30)).await;
        run(&stage, "UPDATE messages SET body = 'três', edited_at = 1, reply_to_whatsapp_id = 'w1' WHERE whatsapp_id = 'w2'", vec![]).await;
        run(&stage, "UPDATE messages SET body = 'segredo maior', edited_at = 1, revoked_at = 2 WHERE whatsapp_id = 'w3'", vec![]).await;

        let query = "{ conversations(first: 2) { nodes { lastMessage { body } messages(first: 5) { nodes { body forwarding reactions { emoji direction }
            replyTo { body } earlierVersions { body } content { ... on TextContent { body } } } } } } }";
        let answer = ask(&api, Some(&agent), query, json!({})).await;
        assert!(answer["errors"].is_null(), "{answer}");
        let expected = json!([
            { "body": null, "forwarding": null, "reactions": [], "replyTo": null, "earlierVersions": [], "content": null },
            { "body": "três", "forwarding": "ORIGINAL", "reactions": [], "replyTo": { "body": "um" },
              "earlierVersions": [{ "body": "dois" }, { "body": "dois e meio" }], "content": { "body": "três" } },
            { "body": "um", "forwarding": "ORIGINAL", "reactions": [{ "emoji": "❤", "direction": "INBOUND" }], "replyTo": null,
              "earlierVersions": [], "content": { "body": "um" } },
        ]);
        assert_eq!(answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"], expected);
        assert!(!answer.to_string().contains("segredo"), "{answer}");
        // Nor by the id of an edit of it.
        let find = message::Entity::find().filter(message::Column::Kind.eq("edit"));
        for edit in find.all(stage.installation.database.reader()).await.unwrap() {
            let query = "query($id: ID!) { node(id: $id) { ... on Message { body content { __typename ... on OtherContent { body } } } } }";
            let answer = ask(&api, Some(&agent), query, json!({ "id": edit.id.to_string() })).await;
            assert_eq!(answer["data"]["node"]["body"], Value::Null, "{answer}");
            assert!(!answer.to_string().contains("segredo"), "{answer}");
        }
    }
}

#[tokio::test]
async fn why_a_message_failed_and_what_it_costs_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        let id: portaria_entity::id::MessageStatusId = stage.clock.new_id();
        let status = json!({ "errors": [{ "code": 131_047, "title": "Re-engagement message" }],
                             "pricing": { "billable": true, "category": "utility", "type": "regular", "pricing_model": "PMP" } });
        let sql = "INSERT INTO message_statuses (workspace_id, id, channel_id, whatsapp_id, status, participant, \"at\", payload, created_at) \
                   SELECT workspace_id, $1, channel_id, whatsapp_id, 'failed', '', 5, $2, 5 FROM messages";
        run(&stage, sql, vec![id.0.into(), status.to_string().into()]).await;
        let query = "{ conversations(first: 2) { nodes { messages(first: 5) { nodes { errors { code title reason } pricing { category kind model billable } } } } } }";
        let answer = ask(&api, Some(&agent), query, json!({})).await;
        let expected = json!({
            "errors": [{ "code": 131_047, "title": "Re-engagement message", "reason": "OUTSIDE_WINDOW" }],
            "pricing": { "category": "utility", "kind": "regular", "model": "PMP", "billable": true },
        });
        assert_eq!(answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"][0], expected, "{answer}");
    }
}

#[tokio::test]
async fn a_consent_is_recorded_by_who_may_and_a_refusal_in_whatsapp_stands() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        let other = stage.customer("Bia", &new_phone()).await;
        stage.conversation(other, stage.sales, Some(support.member_id), &["oi"]).await;
        let mutation = "mutation($contact: ID!, $choice: ConsentChoice!, $note: String) {
            recordMarketingConsent(input: { contactId: $contact, choice: $choice, note: $note }) {
            consent { choice source note recordedBy { name } } userErrors { code field } } }";
        let say = |contact: String, choice: &str, note: Option<&str>| json!({ "contact": contact, "choice": choice, "note": note });
        let answer = ask(&api, Some(&agent), mutation, say(contact.to_string(), "GRANTED", None)).await;
        let refused = &answer["data"]["recordMarketingConsent"]["userErrors"][0];
        assert_eq!(*refused, json!({ "code": "NOTE_MISSING", "field": ["input", "note"] }), "{answer}");
        let done = act(&api, &agent, mutation, say(contact.to_string(), "GRANTED", Some("no balcão"))).await;
        assert_eq!(
            done["consent"],
            json!({ "choice": "GRANTED", "source": "RECORDED", "note": "no balcão", "recordedBy": { "name": "Ana" } })
        );

        stage.clock.advance(std::time::Duration::from_secs(60));
        let stated = Stated {
            choice: ConsentChoice::Withdrawn,
            source: ConsentSource::Whatsapp,
            at: stage.clock.now(),
        };
        note(stage.installation.database.writer(), &stage.clock, (stage.workspace_id, contact), stated)
            .await
            .unwrap();
        stage.clock.advance(std::time::Duration::from_secs(60));
        let answer =
            ask(&api, Some(&agent), mutation, say(contact.to_string(), "GRANTED", Some("de novo"))).await;
        assert_eq!(
            answer["data"]["recordMarketingConsent"]["userErrors"][0]["code"], "REFUSED_BY_CUSTOMER",
            "{answer}"
        );

        // Who may not is refused, and of a customer whom one may not know of one hears nothing.
        let answer = ask(&api, Some(&support), mutation, say(other.to_string(), "WITHDRAWN", None)).await;
        assert_eq!(errors(&answer), ["FORBIDDEN at recordMarketingConsent"]);
        let answer = ask(&api, Some(&agent), mutation, say(other.to_string(), "WITHDRAWN", None)).await;
        assert_eq!(errors(&answer), ["NOT_FOUND at recordMarketingConsent"]);
        let query =
            "{ conversations(first: 2) { nodes { contact { marketingConsent { choice source } } } } }";
        let answer = ask(&api, Some(&agent), query, json!({})).await;
        let seen = &answer["data"]["conversations"]["nodes"][0]["contact"]["marketingConsent"];
        assert_eq!(*seen, json!({ "choice": "WITHDRAWN", "source": "WHATSAPP" }));
        let answer = ask(&api, Some(&support), query, json!({})).await;
        assert_eq!(answer["data"]["conversations"]["nodes"][0]["contact"]["marketingConsent"], Value::Null);
    }
}

#[tokio::test]
async fn templates_are_seen_where_the_account_has_a_number_that_one_works_on() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let everywhere = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let sales = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let none = stage.person("Zé", &[]).await;
        let sql = "UPDATE channels SET waba_id = 'second-waba' WHERE id = $1";
        run(&stage, sql, vec![stage.support.0.into()]).await;
        let (writer, clock) = (stage.installation.database.writer(), &stage.clock);
        for (waba, name) in [("padaria-waba", "pedido"), ("second-waba", "suporte")] {
            let row = template::know(writer, clock, (stage.workspace_id, waba, name), None).await.unwrap();
            let place = (stage.workspace_id, About::Template(row.id));
            for fact in [("name", Some(name)), ("status", Some("paused"))] {
                put(writer, &stage.installation.database, place, fact, clock.now()).await.unwrap();
            }
        }
        let query = "{ templates { nodes { name status } } }";
        let names = async |person| {
            let answer = ask(&api, Some(person), query, json!({})).await;
            let nodes = answer["data"]["templates"]["nodes"].as_array().cloned();
            nodes.map(|nodes| {
                nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            })
        };
        assert_eq!(names(&everywhere).await.unwrap(), ["suporte", "pedido"]);
        assert_eq!(names(&sales).await.unwrap(), ["pedido"]);
        assert_eq!(names(&none).await, None);
        let query = "{ templates(status: APPROVED) { nodes { name } } }";
        let answer = ask(&api, Some(&everywhere), query, json!({})).await;
        assert_eq!(answer["data"]["templates"]["nodes"], json!([]));
    }
}

#[tokio::test]
async fn a_message_says_what_it_was_written_in() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        let said = ["customer", "api", "phone", "bot", "before"];
        stage.conversation(contact, stage.sales, Some(agent.member_id), &said).await;
        for (text, source) in
            [("api", "live"), ("phone", "echo"), ("bot", "standby_echo"), ("before", "history")]
        {
            let sql = "UPDATE messages SET direction = 'outbound', source = $2 WHERE body = $1";
            run(&stage, sql, vec![text.into(), source.into()]).await;
        }
        let query = "{ conversations(first: 2) { nodes { messages(first: 5) { nodes { sentVia } } } } }";
        let answer = ask(&api, Some(&agent), query, json!({})).await;
        let nodes = &answer["data"]["conversations"]["nodes"][0]["messages"]["nodes"];
        let via: Vec<_> =
            nodes.as_array().unwrap().iter().map(|node| node["sentVia"].as_str().unwrap()).collect();
        assert_eq!(via, ["UNKNOWN", "OTHER_APP", "PHONE_APP", "API", "CUSTOMER"], "{answer}");
    }
}

#[tokio::test]
async fn all_that_was_said_of_a_consent_is_read_page_by_page() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Zoë", &new_phone()).await;
        stage.conversation(contact, stage.sales, Some(agent.member_id), &["oi"]).await;
        for choice in [ConsentChoice::Granted, ConsentChoice::Withdrawn, ConsentChoice::Granted] {
            stage.clock.advance(std::time::Duration::from_secs(60));
            let stated = Stated { choice, source: ConsentSource::Whatsapp, at: stage.clock.now() };
            let key = (stage.workspace_id, contact);
            note(stage.installation.database.writer(), &stage.clock, key, stated).await.unwrap();
        }
        let query = "query($after: String) { conversations(first: 1) { nodes { contact { consents(first: 2, after: $after) {
                       nodes { choice source statedAt } pageInfo { hasNextPage endCursor } } } } } }";
        let mut read = Vec::new();
        let mut after = Value::Null;
        for _ in 0..2 {
            let answer = ask(&api, Some(&agent), query, json!({ "after": after })).await;
            let page = &answer["data"]["conversations"]["nodes"][0]["contact"]["consents"];
            read.extend(page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
            after = page["pageInfo"]["endCursor"].clone();
        }
        let said: Vec<_> = read.iter().map(|one| one["choice"].as_str().unwrap()).collect();
        assert_eq!(said, ["GRANTED", "WITHDRAWN", "GRANTED"], "{}", stage.test_database.name);
        assert_eq!(read[0]["statedAt"], "2026-03-02T12:04:00Z");
    }
}

#[tokio::test]
async fn who_is_in_a_group_and_has_read_there_is_for_who_may_read_numbers() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let api = api(&stage);
        let agent = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let support = stage.person("Sol", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        for person in [&agent, &support] {
            let group = stage.customer("Vizinhos", &new_phone()).await;
            stage.conversation(group, stage.sales, Some(person.member_id), &["oi"]).await;
            let sql = "INSERT INTO contact_groups (workspace_id, contact_id, channel_id, group_id, created_at) VALUES ($1, $2, $3, $4, 1)";
            let key = || vec![stage.workspace_id.0.into(), group.0.into()];
            let values = [key(), vec![stage.sales.0.into(), group.to_string().into()]].concat();
            run(&stage, sql, values).await;
            let sql = "INSERT INTO group_participants (workspace_id, group_contact_id, name, phone, status, status_at, joined_at) \
                       VALUES ($1, $2, '5511955550404', '5511955550404', 'joined', 5000000, 5000000)";
            run(&stage, sql, key()).await;
        }
        for (status, second) in [("read", 7_000_000_i64), ("delivered", 6_000_000), ("captured", 9_000_000)] {
            let rows = "SELECT workspace_id, channel_id, whatsapp_id FROM messages";
            let database = &stage.installation.database;
            for row in database.reader().query_all_raw(database.statement(rows, [])).await.unwrap() {
                let id: portaria_entity::id::MessageStatusId = stage.clock.new_id();
                let workspace: uuid::Uuid = row.try_get_by_index(0).unwrap();
                let channel: uuid::Uuid = row.try_get_by_index(1).unwrap();
                let name: String = row.try_get_by_index(2).unwrap();
                let sql = "INSERT INTO message_statuses (workspace_id, id, channel_id, whatsapp_id, status, participant, \"at\", payload, created_at) \
                           VALUES ($1, $2, $3, $4, $5, '5511955550404', $6, '{}', 5)";
                let values = vec![
                    workspace.into(),
                    id.0.into(),
                    channel.into(),
                    name.into(),
                    status.into(),
                    second.into(),
                ];
                run(&stage, sql, values).await;
            }
        }
        let query = "{ conversations(first: 2) { nodes { contact { group { participants { phone userId status joinedAt leftAt } } }
                       messages(first: 1) { nodes { receipts { participant status at } } } } } }";
        let answer = ask(&api, Some(&agent), query, json!({})).await;
        assert_eq!(errors(&answer), [""; 0], "{answer}");
        let seen = &answer["data"]["conversations"]["nodes"][0];
        let expected = json!([{ "phone": "+5511955550404", "userId": null, "status": "JOINED",
                                "joinedAt": "1970-01-01T00:00:05Z", "leftAt": null }]);
        assert_eq!(seen["contact"]["group"]["participants"], expected, "{}", stage.test_database.name);
        let receipts = &seen["messages"]["nodes"][0]["receipts"];
        let expected =
            json!([{ "participant": "5511955550404", "status": "READ", "at": "1970-01-01T00:00:07Z" }]);
        assert_eq!(*receipts, expected);
        let revealed = "SELECT COUNT(*) FROM activities WHERE action LIKE '%phone%'";
        let database = &stage.installation.database;
        let row = database.reader().query_one_raw(database.statement(revealed, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "that numbers were shown is recorded once");

        let answer = ask(&api, Some(&support), query, json!({})).await;
        let mut refused = errors(&answer);
        refused.sort();
        let expected = [
            "FORBIDDEN at conversations.nodes.0.contact.group.participants",
            "FORBIDDEN at conversations.nodes.0.messages.nodes.0.receipts.0.participant",
        ];
        assert_eq!(refused, expected, "{answer}");
        assert!(!answer.to_string().contains("55550404"), "{answer}");
    }
}
