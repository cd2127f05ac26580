//! Customers who turn out to be one person, while they go on writing.

use portaria_domain::access::Scope;
use portaria_domain::contact_merge::{NewMerge, merge, undo};
use portaria_entity::alert::{self, AlertKind};
use portaria_entity::contact_identity;
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::id::{ContactId, ContactMergeId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, START, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::conversing::{ANA, later};
use crate::site::{Site, text};

/// A text of who shows a user id, and perhaps a phone.
fn by_id(id: &str, from: &str, user_id: &str, second: i64) -> Value {
    let mut message = text(id, from, second, "oi");
    message["from_user_id"] = user_id.into();
    if from.is_empty() {
        message.as_object_mut().unwrap().remove("from");
    }
    message
}

async fn say(site: &Site, message: Value) {
    site.say(json!({ "messages": [message] })).await;
    site.settled().await;
}

async fn contact(site: &Site, value: &str) -> ContactId {
    let rows = contact_identity::Entity::find().all(site.reader()).await.unwrap();
    rows.into_iter().find(|row| row.value == value).unwrap().contact_id
}

async fn admin(site: &Site) -> Person {
    site.stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await
}

async fn join(site: &Site, who: &Person, into_id: ContactId, contact_id: ContactId) -> ContactMergeId {
    let new = NewMerge { into_id, contact_id, reason: None };
    merge(&site.stage.installation, &who.viewer, new).await.unwrap().id
}

async fn whose(site: &Site, whatsapp_id: &str) -> conversation::Model {
    let id = site.message(whatsapp_id).await.conversation_id;
    site.conversations().await.into_iter().find(|row| row.id == id).unwrap()
}

#[tokio::test]
async fn after_a_merge_both_identities_reach_who_stayed_and_the_alert_is_over() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("w1", ANA, 1, "oi")).await;
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        say(&site, by_id("w3", ANA, "BR.1", 3)).await;
        let open = async || {
            let rows = alert::Entity::find().all(site.reader()).await.unwrap();
            let open = rows.into_iter().filter(|row| row.resolved_at.is_none());
            open.filter(|row| row.kind == AlertKind::ContactsConflict).collect::<Vec<_>>()
        };
        assert_eq!(open().await.len(), 1);
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let mut told = portaria_domain::alert::contacts_of(&open().await[0]);
        told.sort_unstable();
        assert_eq!(told, if ana < other { [ana, other] } else { [other, ana] });
        join(&site, &admin, ana, other).await;
        assert_eq!(open().await.len(), 0);
        say(&site, text("w4", ANA, 4, "telefone")).await;
        say(&site, by_id("w5", "", "BR.1", 5)).await;
        say(&site, by_id("w6", ANA, "BR.1", 6)).await;
        for id in ["w1", "w2", "w3", "w4", "w5", "w6"] {
            assert_eq!(whose(&site, id).await.contact_id, ana, "{id}");
        }
        assert_eq!(open().await.len(), 0, "they are one");
        let conversation = whose(&site, "w6").await;
        assert_eq!(conversation.unread_count, 6);
        assert_eq!(conversation.last_message_id, Some(site.message("w6").await.id));
        site.stop().await;
    }
}

#[tokio::test]
async fn what_came_meanwhile_goes_with_who_is_named_in_it() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("w1", ANA, 1, "oi")).await;
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let id = join(&site, &admin, ana, other).await;
        later(&site, 10).await;
        say(&site, text("w3", ANA, 3, "telefone")).await;
        // A number is learnt with the user id, and used alone afterwards.
        let new = "5521955550909";
        say(&site, by_id("w4", new, "BR.1", 4)).await;
        say(&site, text("w5", new, 5, "novo")).await;
        assert_eq!(contact(&site, new).await, ana);
        undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
        for (id, owner) in [("w1", ana), ("w2", other), ("w3", ana), ("w4", other), ("w5", other)] {
            assert_eq!(whose(&site, id).await.contact_id, owner, "{id}");
        }
        assert_eq!((contact(&site, new).await, contact(&site, "BR.1").await), (other, other));
        for (whatsapp_id, unread, since) in [("w3", 2, "w1"), ("w5", 3, "w2")] {
            let row = whose(&site, whatsapp_id).await;
            assert_eq!((row.status, row.unread_count), (ConversationStatus::Open, unread), "{whatsapp_id}");
            assert_eq!(row.waiting_since, Some(site.message(since).await.sent_at));
            assert_eq!(row.last_message_id, Some(site.message(whatsapp_id).await.id));
        }
        say(&site, by_id("w6", "", "BR.1", 6)).await;
        say(&site, text("w7", ANA, 7, "telefone")).await;
        assert_eq!(whose(&site, "w6").await.contact_id, other);
        assert_eq!(whose(&site, "w7").await.contact_id, ana);
        site.stop().await;
    }
}

#[tokio::test]
async fn nobody_who_waits_is_forgotten_when_they_part() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("w1", ANA, 1, "oi")).await;
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let id = join(&site, &admin, ana, other).await;
        // All is done, and then the one who was merged writes again.
        let both = whose(&site, "w1").await.id;
        portaria_domain::conversation::resolve(&site.stage.installation, &admin.viewer, both).await.unwrap();
        later(&site, 10).await;
        say(&site, by_id("w3", "", "BR.1", 500)).await;
        undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
        let theirs = whose(&site, "w3").await;
        assert_eq!(
            (theirs.contact_id, theirs.status, theirs.unread_count),
            (other, ConversationStatus::Open, 1)
        );
        assert_eq!(theirs.waiting_since, Some(site.message("w3").await.sent_at));
        let ours = whose(&site, "w1").await;
        assert_eq!((ours.contact_id, ours.unread_count, ours.waiting_since), (ana, 0, None));
        site.stop().await;
    }
}

#[tokio::test]
async fn a_merge_beside_webhooks_loses_nothing() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("first", ANA, 1, "oi")).await;
        say(&site, by_id("second", "", "BR.1", 2)).await;
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let writing = async |round: i64| {
            for number in 0..12 {
                let second = round * 20 + number;
                let (one, two) = (format!("a{second}"), format!("b{second}"));
                let told =
                    json!({ "messages": [text(&one, ANA, second, "a"), by_id(&two, "", "BR.1", second)] });
                site.say(told).await;
            }
        };
        for round in 1..4 {
            let merging = async {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                let id = join(&site, &admin, ana, other).await;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
            };
            tokio::join!(writing(round), merging);
        }
        site.settled().await;
        let id = join(&site, &admin, ana, other).await;
        site.settled().await;
        let messages = site.messages().await;
        assert_eq!(messages.len(), 2 + 3 * 12 * 2);
        let both = whose(&site, "first").await;
        assert!(messages.iter().all(|row| row.conversation_id == both.id), "all are with who stayed");
        assert!(site.deliveries().await.iter().all(|row| row.error.is_none()));
        undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
        for row in site.messages().await {
            let owner = if row.whatsapp_id.starts_with(['b', 's']) { other } else { ana };
            assert_eq!(whose(&site, &row.whatsapp_id).await.contact_id, owner, "{}", row.whatsapp_id);
        }
        site.stop().await;
    }
}

#[tokio::test]
async fn a_correction_finds_its_message_by_whichever_identity() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("w1", ANA, 1, "oi")).await;
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        let mut correction = text("e2", ANA, 3, "");
        correction["type"] = "edit".into();
        correction["edit"] =
            json!({ "original_message_id": "w2", "message": { "type": "text", "text": { "body": "olá" } } });
        say(&site, correction).await;
        let seen = async || {
            let row = site.message("w2").await;
            (row.body.unwrap(), row.edited_at.is_some())
        };
        assert_eq!(seen().await, ("oi".to_owned(), false), "nobody edits what is another's");
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let id = join(&site, &admin, ana, other).await;
        assert_eq!(seen().await, ("olá".to_owned(), true));
        undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
        assert_eq!(seen().await, ("oi".to_owned(), false));
        site.stop().await;
    }
}

#[tokio::test]
async fn who_stayed_and_wrote_over_the_others_number_has_a_conversation_of_their_own() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        let value = json!({ "messages": [text("w1", ANA, 1, "suporte?")] });
        assert_eq!(site.deliver(crate::site::said("padaria-2", value).as_bytes()).await.status, 200);
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        let id = join(&site, &admin, ana, other).await;
        later(&site, 10).await;
        say(&site, text("w3", ANA, 3, "vendas?")).await;
        say(&site, by_id("w4", "", "BR.1", 4)).await;
        assert_eq!(whose(&site, "w3").await.id, whose(&site, "w2").await.id);
        undo(&site.stage.installation, &admin.viewer, id).await.unwrap();
        let (theirs, hers) = (whose(&site, "w2").await, whose(&site, "w3").await);
        assert_eq!((theirs.contact_id, theirs.unread_count), (other, 2));
        assert_eq!(theirs.last_message_id, Some(site.message("w4").await.id));
        assert_eq!((hers.contact_id, hers.channel_id, hers.unread_count), (ana, site.stage.sales, 1));
        assert_eq!(hers.status, ConversationStatus::Open);
        assert!(hers.episode_id.is_some() && hers.waiting_since == Some(site.message("w3").await.sent_at));
        say(&site, text("w5", ANA, 5, "alô?")).await;
        assert_eq!(whose(&site, "w5").await.id, hers.id);
        site.stop().await;
    }
}

#[tokio::test]
async fn a_message_under_way_ends_up_with_who_stayed() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 1_000).await;
        let admin = admin(&site).await;
        say(&site, text("w1", ANA, 1, "oi")).await;
        say(&site, by_id("w2", "", "BR.1", 2)).await;
        let (ana, other) = (contact(&site, ANA).await, contact(&site, "BR.1").await);
        // Somebody else is just learning the number that comes with the next message: it has been seen whose that is, and waits.
        // (It is no later than the last, so nothing is written of its sender that would keep a merge waiting.)
        let new = "5521955550909";
        let installation = &site.stage.installation;
        let transaction = installation.database.begin().await.unwrap();
        let learning = contact_identity::ActiveModel {
            workspace_id: Set(site.stage.workspace_id),
            id: Set(site.stage.clock.new_id()),
            contact_id: Set(ana),
            kind: Set(contact_identity::IdentityKind::Phone),
            portfolio: Set(String::new()),
            value: Set(new.to_owned()),
            created_at: Set(START),
            last_seen_at: Set(START),
        };
        contact_identity::Entity::insert(learning).exec_without_returning(&transaction).await.unwrap();
        let waiting = std::time::Duration::from_millis(700);
        let scene = async {
            tokio::time::sleep(waiting).await;
            let merging = tokio::spawn({
                let (installation, viewer) = (installation.clone(), admin.viewer.clone());
                let new = NewMerge { into_id: ana, contact_id: other, reason: None };
                async move { merge(&installation, &viewer, new).await.map(|row| row.id) }
            });
            tokio::time::sleep(waiting).await;
            transaction.rollback().await.unwrap();
            merging.await.unwrap().unwrap();
        };
        if installation.database.is_sqlite() {
            // There is but one writer: nothing is received while somebody writes.
            scene.await;
            say(&site, by_id("w3", new, "BR.1", 2)).await;
        } else {
            tokio::join!(site.say(json!({ "messages": [by_id("w3", new, "BR.1", 2)] })), scene);
            site.settled().await;
        }
        assert_eq!(
            whose(&site, "w3").await.id,
            whose(&site, "w1").await.id,
            "{}",
            site.stage.test_database.name
        );
        assert_eq!(contact(&site, new).await, ana);
        site.stop().await;
    }
}
