//! What must be there so that the matrix meets every kind of thing: an invitation, a directory, an identity provider, an
//! eligibility for emergencies, and a refusal to ask about.

use axum::Router;
use portaria_domain::audit::fact::{FactName, FactValue, FailuresFrom, FailuresOn, PermissionUse};
use portaria_domain::audit::{About as AboutWhom, Evidence, Found};
use portaria_domain::consent::{Stated, note};
use portaria_domain::contact_merge::{self, NewMerge};
use portaria_domain::fact::{About, put};
use portaria_domain::template::alternative::set_alternative;
use portaria_domain::template::definition::Definition;
use portaria_domain::template::{sync, version};
use portaria_domain::{business_account, channel_fact, template, unknown_content};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::{
    BotTurnId, ContactId, EpisodeId, EventId, ExternalIdentityId, IdentityProviderId, MessageId,
    MessageStatusId, RoutingDecisionId, TemplateId, TemplateSubmissionId, TemplateVersionId, TransferId,
};
use portaria_entity::message;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_testing::{Person, Stage};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::Column;
use crate::client::{act, ask, new_phone, program, role};

/// Makes one of each, and says by which values the columns ask for them.
pub async fn prepare(
    stage: &Stage,
    (api, admin): (&Router, &Person),
    colleague: &Person,
    columns: &mut [Column],
) {
    told_by_meta(stage).await;
    let (template, version) = written_template(stage, admin).await;
    let (agent, support) = (role(api, admin, "Agent").await, role(api, admin, "Support").await);
    let variables = json!({ "role": agent, "channel": stage.sales.to_string() });
    let invite = "mutation($role: ID!, $channel: ID!) { inviteMember(input: { name: \"Nina\", email: \"nina@x.example\",
                    grants: [{ roleId: $role, scope: { kind: CHANNEL, id: $channel }, reason: \"x\" }] }) { userErrors { code } } }";
    act(api, admin, invite, variables.clone()).await;
    let token = stage.token_for("nina@x.example").await;
    let directory = "mutation($role: ID!, $channel: ID!) { createDirectoryCredential(input: { name: \"Entra\", expiresAt: \"2026-06-01T00:00:00Z\",
                       approved: [{ roleId: $role, scope: { kind: CHANNEL, id: $channel } }] }) { userErrors { code } } }";
    act(api, admin, directory, variables.clone()).await;
    let group = "mutation($role: ID!, $channel: ID!) { mapDirectoryGroup(input: { displayName: \"Vendas\", roleId: $role,
                   scope: { kind: CHANNEL, id: $channel } }) { userErrors { code } } }";
    act(api, admin, group, variables.clone()).await;
    let provider = "mutation($role: ID!, $channel: ID!) { createIdentityProvider(input: { name: \"Entra\", issuer: \"https://login.example.com\", clientId: \"x\",
                      mappings: [{ claim: \"groups\", value: \"v\", roleId: $role, scope: { kind: CHANNEL, id: $channel } }] }) {
                      provider: identityProvider { id } userErrors { code } } }";
    let provider = act(api, admin, provider, variables).await["provider"]["id"].as_str().unwrap().to_owned();
    let provider: IdentityProviderId = provider.parse().unwrap();

    let endpoint = "mutation { createNotificationEndpoint(input: { kind: WEBHOOK, name: \"SIEM\", address: \"https://siem.example.com\",
                      permissions: [ACCESS_AUDIT_READ] }) { created { notificationEndpoint { id } } userErrors { code } } }";
    let endpoint =
        act(api, admin, endpoint, json!({})).await["created"]["notificationEndpoint"]["id"].clone();
    let test = "mutation($id: ID!) { testNotificationEndpoint(input: { notificationEndpointId: $id }) { userErrors { code } } }";
    act(api, admin, test, json!({ "id": endpoint })).await;

    let sql = "INSERT INTO webhook_refusals (minute, app_key, cause, count) VALUES ($1, 'padaria', 'wrong_signature', 1)";
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, [stage.clock.now().0.into()])).await.unwrap();

    let refused = ask(api, Some(colleague), "{ roles { id } }", json!({})).await;
    let decision = refused["errors"][0]["extensions"]["decisionId"].as_str().unwrap().to_owned();
    let allow = "mutation($member: ID!, $role: ID!) { allowEmergencyAccess(input: { memberId: $member, roleId: $role, scope: { kind: WORKSPACE },
                   maxHours: 2, reason: \"x\" }) { userErrors { code } } }";
    act(api, admin, allow, json!({ "member": colleague.member_id.to_string(), "role": support })).await;
    let label = "mutation { createLabel(input: { name: \"Inglês\", isSkill: true }) { label { id } userErrors { code } } }";
    let label = act(api, admin, label, json!({})).await["label"]["id"].as_str().unwrap().to_owned();
    let (reply, guideline) = guidance(api, admin).await;
    let (bot, key) = bot(stage, (api, admin)).await;
    let (review, item, schedule) = access_review(api, (admin, colleague), &support).await;
    let (delivery, whatsapp_id) = traced(stage).await;
    let finding = finding(stage).await;
    for column in columns.iter_mut() {
        let samples = [
            ("label", label.clone()),
            ("finding", finding.clone()),
            ("quickReply", reply.clone()),
            ("guideline", guideline.clone()),
            ("bot", bot.clone()),
            ("apiKey", key.clone()),
            ("template", template.to_string()),
            ("version", version.to_string()),
            ("review", review.clone()),
            ("accessReview", review.clone()),
            ("item", item.clone()),
            ("schedule", schedule.clone()),
            ("reviewer", admin.member_id.to_string()),
            ("webhookDelivery", delivery.clone()),
            ("webhookDeliveryBody", delivery.clone()),
            ("delivery", delivery.clone()),
            ("whatsappMessageId", whatsapp_id.clone()),
            ("decision", decision.clone()),
            ("token", token.clone()),
            ("first", agent.as_str().unwrap().to_owned()),
            ("second", support.as_str().unwrap().to_owned()),
        ];
        column.samples.extend(samples);
        let Some(member) = column.person.as_ref().and_then(|person| person.viewer.member_id()) else {
            continue;
        };
        act(api, admin, allow, json!({ "member": member.to_string(), "role": support })).await;
        let sql = "INSERT INTO external_identities (workspace_id, id, provider_id, subject, member_id, created_at) \
                   VALUES ($1, $2, $3, $4, $5, 0)";
        let id: ExternalIdentityId = stage.clock.new_id();
        let values = [
            stage.workspace_id.0.into(),
            id.0.into(),
            provider.0.into(),
            member.to_string().into(),
            member.0.into(),
        ];
        let database = &stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    }
}

/// A quick reply that asks for something, and a guideline that somebody has read.
async fn guidance(api: &Router, admin: &Person) -> (String, String) {
    let reply = "mutation { createQuickReply(input: { scope: { kind: WORKSPACE }, title: \"Entrega\",
                   translations: [{ language: \"pt-BR\", text: \"Chega em {{dia}}.\" }], placeholders: [{ name: \"dia\", kind: DATE }] }) {
                   quickReply { id } userErrors { code } } }";
    let reply = act(api, admin, reply, json!({})).await["quickReply"]["id"].clone();
    let guideline = "mutation { createGuideline(input: { scope: { kind: WORKSPACE }, title: \"Trocas\", body: \"# Trocas\" }) {
                       guideline { id } userErrors { code } } }";
    let guideline = act(api, admin, guideline, json!({})).await["guideline"]["id"].clone();
    let read = "mutation($id: ID!) { acknowledgeGuideline(input: { guidelineId: $id, version: 1 }) { userErrors { code } } }";
    act(api, admin, read, json!({ "id": guideline })).await;
    (reply.as_str().unwrap().to_owned(), guideline.as_str().unwrap().to_owned())
}

/// A finding about somebody, with facts of the kinds that say most.
async fn finding(stage: &Stage) -> String {
    let found = stage.person("Achada", &[]).await.member_id;
    let (failures, at) = (1, stage.clock.now());
    let from = FailuresFrom { address: "203.0.113.66".to_owned(), failures };
    let on = FailuresOn { member_id: found, failures };
    let used = PermissionUse { permission: "contact:read".to_owned(), last_used_at: Some(at) };
    let evidence = Evidence::new()
        .with(FactName::LastActive, FactValue::At(at))
        .with(FactName::Addresses, FactValue::Addresses { named: vec![from], count: 1 })
        .with(FactName::Accounts, FactValue::Accounts { named: vec![on], count: 1, foreign: 0 })
        .with(FactName::ResetBy, FactValue::Permissions(vec![used]));
    let seen = Found {
        rule: AuditRule::InactiveMember,
        cause: found.to_string(),
        severity: Severity::Low,
        about: AboutWhom::Member(found),
        evidence,
    };
    stage.found(seen).await.to_string()
}

/// An access review in which something is to be changed, and one that comes again.
async fn access_review(
    api: &Router,
    (admin, colleague): (&Person, &Person),
    support: &serde_json::Value,
) -> (String, String, String) {
    let me = admin.member_id.to_string();
    let start = "mutation($me: ID!) { startAccessReview(input: { name: \"Tudo\", scope: { kind: EVERYBODY }, reviewerIds: [$me],
                   endsAt: \"2026-04-01T00:00:00Z\", policy: TELL }) { accessReview { id } userErrors { code } } }";
    let review = act(api, admin, start, json!({ "me": me })).await["accessReview"]["id"].clone();
    let schedule = "mutation($me: ID!) { scheduleAccessReview(input: { name: \"Mensal\", scope: { kind: EVERYBODY }, reviewerIds: [$me],
                      policy: TELL, recurrence: MONTHLY, days: 7 }) { schedule { id } userErrors { code } } }";
    let schedule = act(api, admin, schedule, json!({ "me": me })).await["schedule"]["id"].clone();
    let items = "query($id: ID!, $member: ID) { accessReview(id: $id) { reviewItems(filter: { memberId: $member }) { nodes { id kind } } } }";
    let variables = json!({ "id": review, "member": colleague.member_id.to_string() });
    let items =
        ask(api, Some(admin), items, variables).await["data"]["accessReview"]["reviewItems"]["nodes"].clone();
    let items = items.as_array().unwrap();
    let item = items.iter().find(|item| item["kind"] == "GRANT").unwrap()["id"].clone();
    let decide = "mutation($review: ID!, $item: ID!, $role: ID!) { decideAccessReviewItems(input: { reviewId: $review, decisions: [
                    { itemId: $item, decision: CHANGE, reason: \"x\", change: { roleId: $role, scope: { kind: WORKSPACE } } }] }) {
                    decisions { decided { id } } userErrors { code } } }";
    act(api, admin, decide, json!({ "review": review, "item": item, "role": support })).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&review), text(&item), text(&schedule))
}

/// A bot, which had five conversations; and a key that could be another.
async fn bot(stage: &Stage, (api, admin): (&Router, &Person)) -> (String, String) {
    let (_, key) = program(api, stage, admin, "Agent").await;
    let (_, other) = program(api, stage, admin, "Agent").await;
    let connect = "mutation($key: ID!, $channels: [ID!]!) { connectBot(input: { apiKeyId: $key, name: \"Rob\u{f4}\", channelIds: $channels }) {
                     bot { id } userErrors { code } } }";
    let variables = json!({ "key": key, "channels": [stage.sales.to_string()] });
    let bot = act(api, admin, connect, variables).await["bot"]["id"].clone();
    let hand = "mutation($bot: ID!, $conversation: ID!) { handToBot(input: { botId: $bot, conversationId: $conversation, reason: \"x\" }) {
                  userErrors { code } } }";
    let back = "mutation($conversation: ID!) { handToPeople(input: { conversationId: $conversation, reason: \"x\" }) { userErrors { code } } }";
    for _ in 0..5 {
        let contact = stage.customer("Cliente", &new_phone()).await;
        let id = stage.conversation(contact, stage.sales, Some(admin.member_id), &["oi"]).await.to_string();
        act(api, admin, hand, json!({ "bot": bot, "conversation": id })).await;
        act(api, admin, back, json!({ "conversation": id })).await;
    }
    (bot.as_str().unwrap().to_owned(), other.as_str().unwrap().to_owned())
}

/// What Meta has told of the account, its numbers and templates.
async fn told_by_meta(stage: &Stage) {
    let (database, clock) = (&stage.installation.database, &stage.clock);
    let (writer, workspace, now) = (database.writer(), stage.workspace_id, clock.now());
    business_account::know(writer, clock, workspace, "padaria-waba").await.unwrap();
    channel_fact::know(writer, workspace, stage.sales).await.unwrap();
    template::know(writer, clock, (workspace, "padaria-waba", "1"), None).await.unwrap();
    unknown_content::count(writer, database, workspace, ("odd", ""), now).await.unwrap();
    let restrictions = r#"[{"kind":"X","until":1}]"#;
    let place = (workspace, About::BusinessAccount("padaria-waba"));
    put(writer, database, place, ("restrictions", Some(restrictions)), now).await.unwrap();
}

/// A template that has one of each part, another version, something to be done with it, and another in its stead.
async fn written_template(stage: &Stage, admin: &Person) -> (TemplateId, TemplateVersionId) {
    let (database, clock) = (&stage.installation.database, &stage.clock);
    let (writer, workspace, now) = (database.writer(), stage.workspace_id, clock.now());
    let known =
        |meta_id: &'static str| template::know(writer, clock, (workspace, "padaria-waba", meta_id), None);
    let (row, other) = (known("2").await.unwrap(), known("3").await.unwrap());
    let sample = |parameter: &str| json!({ "body_text": [[parameter]] });
    let told = json!({
        "name": "pedido", "language": "pt_BR", "category": "UTILITY",
        "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Oi" },
            { "type": "BODY", "text": "Oi {{1}}, chegou.", "example": sample("Ana") },
            { "type": "FOOTER", "text": "Padaria" },
            { "type": "BUTTONS", "buttons": [
                { "type": "OTP", "otp_type": "ONE_TAP", "package_name": "com.example", "signature_hash": "12345678901" },
            ] },
        ],
    });
    let mut definition = Definition::from_meta(&told).unwrap();
    let place = (workspace, About::Template(row.id));
    put(writer, database, place, ("definition", Some(&definition.to_json().unwrap())), now).await.unwrap();
    definition.buttons.clear();
    version::update(&stage.installation, &admin.viewer, (row.id, None), definition).await.unwrap();
    set_alternative(&stage.installation, &admin.viewer, row.id, Some(other.id)).await.unwrap();
    sync::ask(writer, &stage.installation, (workspace, "padaria-waba"), now).await.unwrap();
    let sql = "INSERT INTO template_submissions (workspace_id, id, template_id, waba_id, operation, state, attempts, due_at, \
               leased_until, ended_at, created_at) VALUES ($1, $2, $3, 'padaria-waba', 'edit', 'refused', 1, 0, 0, 0, 0)";
    let id: TemplateSubmissionId = clock.new_id();
    let values = [workspace.0.into(), id.0.into(), row.id.0.into()];
    writer.execute_raw(database.statement(sql, values)).await.unwrap();
    let last = version::latest(writer, workspace, row.id).await.unwrap().unwrap();
    (row.id, last.id)
}

/// Gives a message content of the kind that says most of others, and its writer an opinion of marketing.
pub async fn enrich(stage: &Stage, contact: ContactId, message: MessageId) {
    let database = &stage.installation.database;
    let payload = json!({
        "contacts": [{ "name": { "formatted_name": "Bia" }, "phones": [{ "phone": "+55 11 90000-0000" }] }],
        "context": { "forwarded": true, "referred_product": { "catalog_id": "1" } },
        "referral": { "source_type": "ad" }, "errors": [{ "code": 131_051, "title": "x" }],
    });
    let sql = "UPDATE messages SET kind = 'contacts', payload = $2 WHERE id = $1";
    let values = [message.0.into(), payload.to_string().into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    let stated =
        Stated { choice: ConsentChoice::Withdrawn, source: ConsentSource::Recorded, at: stage.clock.now() };
    note(database.writer(), &stage.clock, (stage.workspace_id, contact), stated).await.unwrap();
}

/// Makes its writer a group with somebody in it, whom it reached, and its conversation one that went from team to team, and that a bot had.
pub async fn in_a_group(stage: &Stage, contact: ContactId, message: MessageId) {
    let database = &stage.installation.database;
    let (status, transfer): (MessageStatusId, TransferId) = (stage.clock.new_id(), stage.clock.new_id());
    let turn: BotTurnId = stage.clock.new_id();
    for (sql, values) in [
        (
            "INSERT INTO contact_groups (workspace_id, contact_id, channel_id, group_id, created_at) \
             SELECT workspace_id, $1, channel_id, whatsapp_id, 1 FROM messages WHERE id = $2",
            vec![contact.0.into(), message.0.into()],
        ),
        (
            "INSERT INTO group_participants (workspace_id, group_contact_id, name, phone, status, status_at) \
             SELECT workspace_id, contact_id, '5511955550404', '5511955550404', 'joined', 1 FROM contact_groups \
             WHERE contact_id = $1",
            vec![contact.0.into()],
        ),
        (
            "INSERT INTO message_statuses (workspace_id, id, channel_id, whatsapp_id, status, participant, \"at\", payload, \
             created_at) SELECT workspace_id, $1, channel_id, whatsapp_id, 'read', '5511955550404', 1, '{}', 1 \
             FROM messages WHERE id = $2",
            vec![status.0.into(), message.0.into()],
        ),
        (
            "INSERT INTO transfers (workspace_id, id, conversation_id, transferred_at) \
             SELECT workspace_id, $1, conversation_id, 1 FROM messages WHERE id = $2",
            vec![transfer.0.into(), message.0.into()],
        ),
        (
            "INSERT INTO bot_turns (workspace_id, id, bot_id, conversation_id, channel_id, started_at, ended_at, end_cause) \
             SELECT m.workspace_id, $1, b.id, m.conversation_id, m.channel_id, 1, 2, 'silent' FROM messages m \
             JOIN bots b ON b.workspace_id = m.workspace_id WHERE m.id = $2 LIMIT 1",
            vec![turn.0.into(), message.0.into()],
        ),
    ] {
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    }
}

/// Merges somebody into a contact; answers the merge, and somebody else to merge the contact into.
pub async fn merge(stage: &Stage, admin: &Person, into: &str) -> (String, String) {
    let contact_id = stage.customer("A mesma", &new_phone()).await;
    let new = NewMerge { into_id: into.parse().unwrap(), contact_id, reason: None };
    let merge = contact_merge::merge(&stage.installation, &admin.viewer, new).await.unwrap();
    (merge.id.to_string(), stage.customer("Outra", &new_phone()).await.to_string())
}

/// A message of which a delivery told, with a decision and an event; and a delivery that may be replayed.
async fn traced(stage: &Stage) -> (String, String) {
    let told = stage.delivery("{}", WebhookDeliveryStatus::Done, Some(stage.sales)).await;
    let dead = stage.delivery("{}", WebhookDeliveryStatus::Dead, Some(stage.sales)).await;
    let contact = stage.customer("Rastreada", "5511955550177").await;
    let conversation = stage.conversation(contact, stage.sales, None, &["oi"]).await;
    let database = &stage.installation.database;
    let find = message::Entity::find().filter(message::Column::ConversationId.eq(conversation));
    let row = find.one(database.reader()).await.unwrap().unwrap();
    let (episode, decision): (EpisodeId, RoutingDecisionId) = (stage.clock.new_id(), stage.clock.new_id());
    let event: EventId = stage.clock.new_id();
    let here =
        [stage.workspace_id.0.into(), episode.0.into(), conversation.0.into(), row.received_at.0.into()];
    let run = async |sql: &str, values: Vec<sea_orm::Value>| {
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    };
    run(
        "INSERT INTO episodes (workspace_id, id, conversation_id, opened_at) VALUES ($1, $2, $3, $4)",
        here.to_vec(),
    )
    .await;
    let decided = "INSERT INTO routing_decisions (workspace_id, episode_id, conversation_id, \"at\", id, cause, candidates) \
                   VALUES ($1, $2, $3, $4, $5, 'new_episode', '[]')";
    run(decided, [&here[..], &[decision.0.into()]].concat()).await;
    let of = vec![
        stage.workspace_id.0.into(),
        event.0.into(),
        conversation.0.into(),
        row.id.0.into(),
        row.received_at.0.into(),
    ];
    let announced = "INSERT INTO events (workspace_id, id, kind, conversation_id, message_id, \"at\") \
                     VALUES ($1, $2, 'message_received', $3, $4, $5)";
    run(announced, of).await;
    run("UPDATE messages SET delivery_id = $1 WHERE id = $2", vec![told.0.into(), row.id.0.into()]).await;
    (dead.to_string(), row.whatsapp_id)
}
