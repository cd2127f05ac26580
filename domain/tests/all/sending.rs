//! Sending: who may send what, when, and that it is put in line once.

use std::fmt::Write;
use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::consent::{Stated, note};
use portaria_domain::conversation::{Assignment, assign, resolve};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::granting::Change;
use portaria_domain::member;
use portaria_domain::permission::Permission;
use portaria_domain::sending::options::options;
use portaria_domain::sending::recheck::{Candidate, Recheck};
use portaria_domain::sending::{NewContent, NewMessage, NewReaction, NewText, cancel, send};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::id::{ContactId, ConversationId, MemberId, MessageId};
use portaria_entity::outgoing_message::{SendFailure, SendState};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{conversation, event, message, outgoing_message};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn text(conversation_id: ConversationId, key: &str, body: &str) -> NewMessage {
    NewMessage {
        conversation_id,
        idempotency_key: key.to_owned(),
        reply_to: None,
        content: NewContent::Text(NewText { body: body.to_owned(), preview_links: false }),
    }
}

async fn say(stage: &Stage, who: &Person, conversation: ConversationId, key: &str) -> Result<MessageId> {
    send(&stage.installation, &who.viewer, text(conversation, key, "Olá!")).await
}

/// An agent with a conversation of their own on a number that can send.
async fn desk(stage: &Stage) -> (Person, ContactId, ConversationId) {
    stage.connect(stage.sales).await;
    let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
    let contact = stage.customer("Bia", "5511987654321").await;
    let conversation = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
    (ana, contact, conversation)
}

async fn stored(stage: &Stage, id: MessageId) -> (message::Model, outgoing_message::Model) {
    let reader = stage.installation.database.reader();
    let key = (stage.workspace_id, id);
    let message = message::Entity::find_by_id(key).one(reader).await.unwrap().unwrap();
    (message, outgoing_message::Entity::find_by_id(key).one(reader).await.unwrap().unwrap())
}

fn refusal(outcome: Result<impl std::fmt::Debug>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_stored_with_its_author_and_put_in_line() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let id = say(&stage, &ana, conversation, "k1").await.unwrap();
        let (message, outgoing) = stored(&stage, id).await;
        assert_eq!((message.author_id, message.sending), (Some(ana.member_id), Some(SendState::Queued)));
        assert_eq!((message.whatsapp_id, message.body.as_deref()), (id.to_string(), Some("Olá!")));
        assert_eq!(message.payload, r#"{"type":"text","text":{"body":"Olá!","preview_url":false}}"#);
        assert_eq!((outgoing.state, outgoing.attempts), (SendState::Queued, 0));
        let find = conversation::Entity::find_by_id((stage.workspace_id, conversation));
        let row = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!((row.last_message_id, row.last_activity_at), (Some(id), message.sent_at));
    }
}

#[tokio::test]
async fn a_call_that_is_repeated_sends_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, contact, conversation) = desk(&stage).await;
        let first = say(&stage, &ana, conversation, "k1").await.unwrap();
        // Also when the window has closed meanwhile: it is a question after what was sent.
        stage.clock.advance(DAY * 2);
        assert_eq!(say(&stage, &ana, conversation, "k1").await.unwrap(), first);
        let other = text(conversation, "k1", "Outra coisa");
        assert_eq!(
            refusal(send(&stage.installation, &ana.viewer, other).await),
            Refusal::IdempotencyKeyReused
        );
        let elsewhere = stage.conversation(contact, stage.support, Some(ana.member_id), &["oi"]).await;
        assert_eq!(refusal(say(&stage, &ana, elsewhere, "k1").await), Refusal::IdempotencyKeyReused);
        for key in ["", "com espaço", "ç", &"k".repeat(129)] {
            assert_eq!(refusal(say(&stage, &ana, elsewhere, key).await), Refusal::InvalidIdempotencyKey);
        }
        let sent =
            outgoing_message::Entity::find().count(stage.installation.database.reader()).await.unwrap();
        assert_eq!(sent, 1);
    }
}

#[tokio::test]
async fn repetitions_at_the_same_moment_send_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let calls = (0..8).map(|_| say(&stage, &ana, conversation, "k1"));
        let ids = futures_util::future::join_all(calls).await;
        let first = *ids[0].as_ref().unwrap();
        assert!(ids.iter().all(|id| *id.as_ref().unwrap() == first), "{ids:?}");
        let find = event::Entity::find().filter(event::Column::MessageId.eq(first));
        assert_eq!(find.count(stage.installation.database.reader()).await.unwrap(), 1, "told once");
    }
}

#[tokio::test]
async fn keys_are_each_senders_own() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let admin = stage.person("Rui", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let first = say(&stage, &ana, conversation, "k1").await.unwrap();
        let second = say(&stage, &admin, conversation, "k1").await.unwrap();
        assert_ne!(first, second);
    }
}

#[tokio::test]
async fn only_who_has_the_conversation_or_may_assign_it_sends() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, contact, conversation) = desk(&stage).await;
        let leo = stage.person("Leo", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let admin = stage.person("Rui", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let support = stage.person("Eva", &[(BuiltInRole::Support, Scope::Workspace)]).await;
        assert!(matches!(say(&stage, &leo, conversation, "k").await, Err(Error::NotFound)));
        assert!(say(&stage, &admin, conversation, "k").await.is_ok());
        let waiting = stage.conversation(contact, stage.support, None, &["oi"]).await;
        // It shows in the queue; what is in it does not.
        assert!(matches!(say(&stage, &ana, waiting, "k").await, Err(Error::NotFound)));
        assign(&stage.installation, &admin.viewer, conversation, Assignment::Member(support.member_id))
            .await
            .unwrap();
        assert!(matches!(say(&stage, &support, conversation, "k").await, Err(Error::Forbidden { .. })));
        assert!(matches!(say(&stage, &ana, conversation, "k").await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn what_whatsapp_would_not_take_is_not_put_in_line() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let long = text(conversation, "k1", &"a".repeat(5_000));
        let refused = refusal(send(&stage.installation, &ana.viewer, long).await);
        assert!(matches!(refused, Refusal::InvalidContent(what) if what.contains("4,096")), "{refused:?}");
        stage.clock.advance(DAY);
        assert_eq!(refusal(say(&stage, &ana, conversation, "k2").await), Refusal::WindowClosed);
        let sql = "UPDATE channels SET sealed_access_token = NULL";
        stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
        assert_eq!(refusal(say(&stage, &ana, conversation, "k3").await), Refusal::NumberNotConnected);
        let sent =
            outgoing_message::Entity::find().count(stage.installation.database.reader()).await.unwrap();
        assert_eq!(sent, 0);
    }
}

#[tokio::test]
async fn a_reaction_and_a_reply_speak_of_a_message_that_whatsapp_knows() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, contact, conversation) = desk(&stage).await;
        let find = message::Entity::find().filter(message::Column::ConversationId.eq(conversation));
        let asked = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
        let react = |message_id, key: &str| NewMessage {
            content: NewContent::Reaction(NewReaction { message_id, emoji: Some("👍".to_owned()) }),
            ..text(conversation, key, "")
        };
        let reacted = send(&stage.installation, &ana.viewer, react(asked.id, "k1")).await.unwrap();
        let (message, _) = stored(&stage, reacted).await;
        assert!(message.payload.contains(&asked.whatsapp_id), "{}", message.payload);
        let told = event::Entity::find().order_by_asc(event::Column::Id);
        let told = told.all(stage.installation.database.reader()).await.unwrap();
        let last = told.last().map(|told| (told.kind, told.message_id));
        assert_eq!(
            last,
            Some((event::EventKind::MessageUpdated, Some(asked.id))),
            "it shows in what it is at"
        );
        let reply = NewMessage { reply_to: Some(asked.id), ..text(conversation, "k2", "Sim") };
        let replied = send(&stage.installation, &ana.viewer, reply).await.unwrap();
        let (message, _) = stored(&stage, replied).await;
        assert_eq!(message.reply_to_whatsapp_id, Some(asked.whatsapp_id));
        // Not of what waits itself, nor of what was said elsewhere.
        let again = react(replied, "k3");
        assert_eq!(refusal(send(&stage.installation, &ana.viewer, again).await), Refusal::NoSuchMessage);
        let elsewhere = stage.conversation(contact, stage.support, None, &["segredo"]).await;
        let find = message::Entity::find().filter(message::Column::ConversationId.eq(elsewhere));
        let other = find.one(stage.installation.database.reader()).await.unwrap().unwrap();
        let prying = NewMessage { reply_to: Some(other.id), ..text(conversation, "k4", "?") };
        assert_eq!(refusal(send(&stage.installation, &ana.viewer, prying).await), Refusal::NoSuchMessage);
    }
}

#[tokio::test]
async fn what_waits_can_be_called_back_and_what_went_cannot() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let leo = stage.person("Leo", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let waiting = say(&stage, &ana, conversation, "k1").await.unwrap();
        assert!(matches!(cancel(&stage.installation, &leo.viewer, waiting).await, Err(Error::NotFound)));
        cancel(&stage.installation, &ana.viewer, waiting).await.unwrap();
        let (message, outgoing) = stored(&stage, waiting).await;
        assert_eq!((message.sending, outgoing.state), (Some(SendState::Cancelled), SendState::Cancelled));
        assert_eq!(refusal(cancel(&stage.installation, &ana.viewer, waiting).await), Refusal::NotWaiting);
        let gone = say(&stage, &ana, conversation, "k2").await.unwrap();
        let sql = "UPDATE outgoing_messages SET state = 'sending' WHERE state = 'queued'";
        stage.installation.database.writer().execute_unprepared(sql).await.unwrap();
        assert_eq!(refusal(cancel(&stage.installation, &ana.viewer, gone).await), Refusal::NotWaiting);
    }
}

async fn objection(stage: &Stage, recheck: &Recheck, id: MessageId) -> Option<SendFailure> {
    let database = &stage.installation.database;
    let (message, outgoing) = stored(stage, id).await;
    let candidate = Candidate { outgoing: &outgoing, message: &message };
    recheck.objection((database.reader(), database), &candidate, stage.clock.now()).await.unwrap()
}

#[tokio::test]
async fn before_it_goes_out_it_is_asked_again() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, _, conversation) = desk(&stage).await;
        let admin = stage.person("Rui", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let id = say(&stage, &ana, conversation, "k1").await.unwrap();
        let by_admin = say(&stage, &admin, conversation, "k1").await.unwrap();
        let recheck = Recheck::default();
        assert_eq!(objection(&stage, &recheck, id).await, None);
        // Who sends and resolves at once has sent.
        resolve(&stage.installation, &ana.viewer, conversation).await.unwrap();
        assert_eq!(objection(&stage, &recheck, id).await, None);
        suspend(&stage, &admin, ana.member_id).await;
        assert_eq!(objection(&stage, &recheck, id).await, Some(SendFailure::NotPermitted));
        assert_eq!(objection(&stage, &recheck, by_admin).await, None);
        stage.clock.advance(DAY);
        assert_eq!(objection(&stage, &recheck, by_admin).await, Some(SendFailure::WindowClosed));
    }
}

async fn suspend(stage: &Stage, admin: &Person, who: MemberId) {
    let mut change =
        Change::by(&stage.installation, &admin.viewer, &[Permission::MemberManage]).await.unwrap();
    member::suspend(&mut change, who).await.unwrap();
    change.finish().await.unwrap();
}

/// One line for each role, window and opinion of marketing: what can be sent, and what stands in the way of the rest.
#[tokio::test]
async fn what_each_role_can_send_is_this() {
    let mut tables = Vec::new();
    for test in databases().await {
        let name = test.name;
        let stage = Stage::on(test).await;
        stage.connect(stage.sales).await;
        let mut table = String::new();
        for role in [
            BuiltInRole::Administrator,
            BuiltInRole::Agent,
            BuiltInRole::Developer,
            BuiltInRole::Analyst,
            BuiltInRole::Support,
        ] {
            let person = stage.person(&format!("{role:?}"), &[(role, Scope::Workspace)]).await;
            for window in ["open", "closed", "never"] {
                for refused in [false, true] {
                    let contact = stage.customer("Cliente", &new_phone(&stage)).await;
                    let texts: &[&str] = if window == "never" { &[] } else { &["oi"] };
                    let id = stage.conversation(contact, stage.sales, Some(person.member_id), texts).await;
                    if window == "closed" {
                        wrote_long_ago(&stage, id).await;
                    }
                    if refused {
                        let at = stage.clock.now();
                        let stated =
                            Stated { choice: ConsentChoice::Withdrawn, source: ConsentSource::Whatsapp, at };
                        let whose = (stage.workspace_id, contact);
                        note(stage.installation.database.writer(), &stage.clock, whose, stated)
                            .await
                            .unwrap();
                    }
                    line(&stage, &person, (window, refused), id, &mut table).await;
                }
            }
        }
        tables.push((name, table));
    }
    for (name, table) in &tables[1..] {
        assert_eq!(*table, tables[0].1, "{name}");
    }
    insta::assert_snapshot!("what_each_role_can_send", tables[0].1);
}

async fn line(
    stage: &Stage,
    person: &Person,
    (window, refused): (&str, bool),
    id: ConversationId,
    table: &mut String,
) {
    let role = person.email.split('@').next().unwrap();
    let marketing = if refused { "marketing refused" } else { "nothing said" };
    writeln!(table, "{role}, window {window}, {marketing}").unwrap();
    let found = match options(&stage.installation, &person.viewer, id).await {
        Ok(found) => found,
        Err(error) => {
            writeln!(table, "    {error}").unwrap();
            assert!(say(stage, person, id, &format!("{window}{refused}")).await.is_err());
            return;
        }
    };
    for option in &found.kinds {
        let kind: &str = option.kind.into();
        let outcome = match option.outcome {
            Ok(_) => "yes".to_owned(),
            Err(obstacle) => format!("{obstacle:?} {:?}", option.missing),
        };
        writeln!(table, "    {kind:<12} {}", outcome.trim_end_matches(" {}")).unwrap();
        if kind == "text" {
            // What the options say is what happens.
            let sent = say(stage, person, id, &format!("{window}{refused}")).await;
            assert_eq!(sent.is_ok(), option.outcome.is_ok(), "{role} {window}: {sent:?}");
        }
    }
    for option in &found.categories {
        let category: &str = option.category.into();
        let outcome = match option.outcome {
            Ok(permit) => format!("yes, {:?}", permit.charge),
            Err(obstacle) => format!("{obstacle:?}"),
        };
        writeln!(table, "    as {category:<14} {outcome}").unwrap();
    }
}

async fn wrote_long_ago(stage: &Stage, id: ConversationId) {
    let database = &stage.installation.database;
    let sql = "UPDATE conversations SET last_inbound_at = $2 WHERE id = $1";
    let values = [id.0.into(), (stage.clock.now() - DAY).0.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
}

fn new_phone(stage: &Stage) -> String {
    let id: MessageId = stage.clock.new_id();
    format!("55119{:08}", id.0.as_u128() % 100_000_000)
}
