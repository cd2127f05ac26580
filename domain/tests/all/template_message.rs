//! Templates as messages: what goes to Meta, and what keeps one from it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::consent::{Stated, note};
use portaria_domain::conversation::find;
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::fact::{About, put};
use portaria_domain::sending::recheck::{Candidate, Recheck};
use portaria_domain::sending::{NewContent, NewConversation, NewMessage, NewTemplate, Whom, send, start};
use portaria_domain::template::alternative::set_channels;
use portaria_domain::template::definition::Definition;
use portaria_domain::template::know;
use portaria_domain::template::values::{Given, Parameter, Values};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::id::{ConversationId, MessageId, TemplateId};
use portaria_entity::outgoing_message::{MessageCategory, SendFailure};
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Support};
use portaria_entity::{contact, conversation, message, outgoing_message};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A template as Meta has it, approved.
async fn known(stage: &Stage, waba: &str, meta_id: &str) -> TemplateId {
    let writer = stage.installation.database.writer();
    let named = Some((meta_id, "pt_BR"));
    let row = know(writer, &stage.clock, (stage.workspace_id, waba, meta_id), named).await.unwrap();
    let told = json!({
        "name": meta_id, "language": "pt_BR", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Oi {{1}}, chegou.", "example": { "body_text": [["Ana"]] } }],
    });
    let definition = Definition::from_meta(&told).unwrap().to_json().unwrap();
    for fact in [
        ("definition", Some(definition.as_str())),
        ("status", Some("approved")),
        ("category", Some("UTILITY")),
    ] {
        tell(stage, row.id, fact).await;
    }
    row.id
}

async fn tell(stage: &Stage, id: TemplateId, fact: (&'static str, Option<&str>)) {
    stage.clock.advance(Duration::from_secs(1));
    let place = (stage.workspace_id, About::Template(id));
    let database = &stage.installation.database;
    put(database.writer(), database, place, fact, stage.clock.now()).await.unwrap();
}

async fn sent(
    stage: &Stage,
    who: &Person,
    (conversation_id, key): (ConversationId, &str),
    (template_id, value): (TemplateId, &str),
) -> Result<MessageId> {
    let given = Given { parameter: "1".to_owned(), value: Parameter::Text(value.to_owned()) };
    let values = Values { body: vec![given], ..Values::default() };
    let new = NewMessage {
        conversation_id,
        idempotency_key: key.to_owned(),
        reply_to: None,
        content: NewContent::Template(NewTemplate { template_id, values }),
    };
    send(&stage.installation, &who.viewer, new).await
}

fn refusal(outcome: Result<MessageId>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

async fn objection(stage: &Stage, id: MessageId) -> Option<SendFailure> {
    let database = &stage.installation.database;
    let key = (stage.workspace_id, id);
    let message = message::Entity::find_by_id(key).one(database.reader()).await.unwrap().unwrap();
    let outgoing = outgoing_message::Entity::find_by_id(key).one(database.reader()).await.unwrap().unwrap();
    let candidate = Candidate { outgoing: &outgoing, message: &message };
    let now = stage.clock.now();
    Recheck::default().objection((database.reader(), database), &candidate, now).await.unwrap()
}

#[tokio::test]
async fn a_template_goes_out_filled_though_the_window_is_closed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let contact = stage.customer("Bia", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        stage.clock.advance(2 * DAY);
        let id = known(&stage, "padaria-waba", "pedido").await;
        let told = sent(&stage, &ana, (conversation, "k1"), (id, "Zé")).await.unwrap();
        let again = sent(&stage, &ana, (conversation, "k1"), (id, "Zé")).await.unwrap();
        assert_eq!(told, again, "a repeated call sends once");
        let other = sent(&stage, &ana, (conversation, "k1"), (id, "Eva")).await;
        assert_eq!(refusal(other), Refusal::IdempotencyKeyReused);
        let reader = stage.installation.database.reader();
        let key = (stage.workspace_id, told);
        let row = message::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
        assert_eq!((row.kind.as_str(), row.body.as_deref()), ("template", Some("Oi Zé, chegou.")));
        assert_eq!(
            serde_json::from_str::<Value>(&row.payload).unwrap(),
            json!({ "type": "template", "template": {
                "name": "pedido", "language": { "policy": "deterministic", "code": "pt_BR" },
                "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "Zé" }] }],
            } })
        );
        let outgoing = outgoing_message::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
        assert_eq!((outgoing.template_id, outgoing.category), (Some(id), MessageCategory::Utility));
        assert_eq!(objection(&stage, told).await, None);
        tell(&stage, id, ("status", Some("paused"))).await;
        assert_eq!(objection(&stage, told).await, Some(SendFailure::TemplateUnusable), "paused meanwhile");
    }
}

#[tokio::test]
async fn what_stands_in_a_templates_way_is_said() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let dona = stage.person("Dona", &[(Administrator, Scope::Workspace)]).await;
        let contact = stage.customer("Bia", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let id = known(&stage, "padaria-waba", "pedido").await;
        let attempt = async |value: &str| sent(&stage, &ana, (conversation, "k"), (id, value)).await;
        assert!(matches!(refusal(attempt("a\nb").await), Refusal::InvalidContent(_)));
        for (status, expected) in [
            ("pending", Refusal::TemplateNotApproved),
            ("rejected", Refusal::TemplateNotApproved),
            ("paused", Refusal::TemplatePaused),
            ("disabled", Refusal::TemplateDisabled),
        ] {
            tell(&stage, id, ("status", Some(status))).await;
            assert_eq!(refusal(attempt("Zé").await), expected);
        }
        tell(&stage, id, ("status", Some("approved"))).await;
        set_channels(&stage.installation, &dona.viewer, id, &[stage.support]).await.unwrap();
        assert_eq!(refusal(attempt("Zé").await), Refusal::TemplateNotForNumber);
        set_channels(&stage.installation, &dona.viewer, id, &[]).await.unwrap();
        // Meta calls it marketing now, and the customer wants none.
        tell(&stage, id, ("category", Some("MARKETING"))).await;
        let stated = Stated {
            choice: ConsentChoice::Withdrawn,
            source: ConsentSource::Whatsapp,
            at: stage.clock.now(),
        };
        let writer = stage.installation.database.writer();
        note(writer, &stage.clock, (stage.workspace_id, contact), stated).await.unwrap();
        assert_eq!(refusal(attempt("Zé").await), Refusal::MarketingRefused);
        tell(&stage, id, ("category", Some("UTILITY"))).await;
        let told = attempt("Zé").await.unwrap();
        tell(&stage, id, ("category", Some("MARKETING"))).await;
        assert_eq!(
            objection(&stage, told).await,
            Some(SendFailure::MarketingStopped),
            "put into another category"
        );
        // Of another account it is not there.
        let foreign = known(&stage, "another-waba", "alheio").await;
        let unknown = sent(&stage, &ana, (conversation, "k2"), (foreign, "Zé")).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
    }
}

async fn started(
    stage: &Stage,
    who: &Person,
    (whom, key): (Whom, &str),
    template_id: TemplateId,
) -> Result<MessageId> {
    let given = Given { parameter: "1".to_owned(), value: Parameter::Text("Ana".to_owned()) };
    let template = NewTemplate { template_id, values: Values { body: vec![given], ..Values::default() } };
    let new = NewConversation { channel_id: stage.sales, whom, idempotency_key: key.to_owned(), template };
    start(&stage.installation, &who.viewer, new).await
}

fn phone(number: &str) -> Whom {
    Whom::Phone { number: number.to_owned(), name: Some("Nova".to_owned()) }
}

#[tokio::test]
async fn who_may_writes_to_somebody_new_and_has_the_conversation() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let template = known(&stage, "padaria-waba", "chegou").await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let eva = stage.person("Eva", &[(Support, Scope::Workspace)]).await;
        let leo = stage.person("Leo", &[(Agent, Scope::Workspace)]).await;
        let reader = stage.installation.database.reader();
        let outcome = started(&stage, &eva, (phone("+55 11 98888-7777"), "k"), template).await;
        assert!(matches!(outcome, Err(Error::Forbidden { .. })), "support does not begin conversations");
        let first = started(&stage, &ana, (phone("+55 11 98888-7777"), "k1"), template).await.unwrap();
        let again = started(&stage, &ana, (phone("+55 11 98888-7777"), "k1"), template).await.unwrap();
        assert_eq!(first, again);
        // Also when the template has been paused meanwhile: it is a question after what was sent.
        tell(&stage, template, ("status", Some("paused"))).await;
        let later = started(&stage, &ana, (phone("+55 11 98888-7777"), "k1"), template).await.unwrap();
        assert_eq!(first, later);
        tell(&stage, template, ("status", Some("approved"))).await;
        let row =
            message::Entity::find_by_id((stage.workspace_id, first)).one(reader).await.unwrap().unwrap();
        let found = find(reader, &ana.viewer, row.conversation_id).await.unwrap();
        assert_eq!(found.row.assignee_id, Some(ana.member_id));
        assert_eq!(objection(&stage, first).await, None);
        // The same customer again: the same conversation; for somebody else there is nothing to be begun, or seen.
        let second = started(&stage, &ana, (phone("+5511988887777"), "k2"), template).await.unwrap();
        let other =
            message::Entity::find_by_id((stage.workspace_id, second)).one(reader).await.unwrap().unwrap();
        assert_eq!(other.conversation_id, row.conversation_id);
        let outcome = started(&stage, &leo, (phone("+55 11 98888-7777"), "k1"), template).await;
        assert_eq!(refusal(outcome), Refusal::CannotBeStarted);
        for number in ["11988887777", "+55", "+55 11 9888A-7777"] {
            let outcome = started(&stage, &ana, (phone(number), "k3"), template).await;
            assert_eq!(refusal(outcome), Refusal::InvalidPhone, "{number}");
        }
        let unknown = Whom::Contact(stage.clock.new_id());
        assert!(matches!(started(&stage, &ana, (unknown, "k4"), template).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn what_cannot_be_begun_leaves_nothing_behind() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let template = known(&stage, "padaria-waba", "chegou").await;
        tell(&stage, template, ("category", Some("MARKETING"))).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let outcome = started(&stage, &ana, (phone("+55 11 98888-7777"), "k1"), template).await;
        assert_eq!(refusal(outcome), Refusal::ConsentMissing);
        let reader = stage.installation.database.reader();
        assert_eq!(contact::Entity::find().count(reader).await.unwrap(), 0);
        assert_eq!(conversation::Entity::find().count(reader).await.unwrap(), 0);
    }
}
