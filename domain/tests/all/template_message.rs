//! Templates as messages: what goes to Meta, and what keeps one from it.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::consent::{Stated, note};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::fact::{About, put};
use portaria_domain::sending::recheck::{Candidate, Recheck};
use portaria_domain::sending::{NewContent, NewMessage, NewTemplate, send};
use portaria_domain::template::alternative::set_channels;
use portaria_domain::template::definition::Definition;
use portaria_domain::template::know;
use portaria_domain::template::values::{Given, Parameter, Values};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::id::{ConversationId, MessageId, TemplateId};
use portaria_entity::outgoing_message::{MessageCategory, SendFailure};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_entity::{message, outgoing_message};
use portaria_testing::{Person, Stage, databases};
use sea_orm::EntityTrait;
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
                "name": "pedido", "language": { "code": "pt_BR" },
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
