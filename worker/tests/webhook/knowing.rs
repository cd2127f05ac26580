//! Who a customer is, by whichever identities they show, and whose number they wrote to.

use portaria_domain::access::Scope;
use portaria_entity::alert::AlertKind;
use portaria_entity::role::BuiltInRole;
use portaria_entity::{activity, alert, contact, contact_identity};
use portaria_testing::{START, databases};
use sea_orm::EntityTrait;
use serde_json::json;

use crate::conversing::{ANA, later};
use crate::site::{Site, said, text};

#[tokio::test]
async fn a_new_number_keeps_the_conversation() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100).await;
        let new = "5521955550909";
        let system = json!({ "body": "mudou", "type": "user_changed_number", "wa_id": new, "user_id": "BR.2", "previous_user_id": "BR.1" });
        let mut first = text("w1", ANA, 1, "oi");
        first["from_user_id"] = "BR.1".into();
        let moved = json!({ "from": ANA, "id": "w2", "timestamp": (START.as_secs() + 2).to_string(), "type": "system", "system": system });
        let mut by_user_id = text("w4", "", 4, "sem telefone");
        by_user_id["from_user_id"] = "BR.2".into();
        for message in [first, moved, text("w3", new, 3, "número novo"), by_user_id] {
            site.say(json!({ "messages": [message] })).await;
            site.settled().await;
        }
        let conversation = site.conversation().await;
        assert_eq!(site.messages().await.len(), 4);
        let viewer =
            site.stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await.viewer;
        let phones =
            portaria_domain::contact::phones(site.reader(), &viewer, &[conversation.contact_id]).await;
        assert_eq!(phones.unwrap()[&conversation.contact_id], new);
        site.stop().await;
    }
}

#[tokio::test]
async fn two_who_may_be_one_are_left_alone_and_reported_once() {
    for test in databases().await {
        let site = Site::on(test).await;
        let mut by_user_id = text("w1", "", 1, "sem telefone");
        by_user_id["from_user_id"] = "BR.1".into();
        site.say(json!({ "messages": [by_user_id, text("w2", ANA, 2, "sem id")] })).await;
        site.settled().await;
        for id in ["w3", "w4"] {
            let mut both = text(id, ANA, 3, "os dois");
            both["from_user_id"] = "BR.1".into();
            site.say(json!({ "messages": [both] })).await;
        }
        site.settled().await;
        let conversation_of = async |id: &str| site.message(id).await.conversation_id;
        assert_ne!(conversation_of("w1").await, conversation_of("w2").await);
        assert_eq!(conversation_of("w3").await, conversation_of("w1").await);
        let activities = activity::Entity::find().all(site.reader()).await.unwrap();
        let reported: Vec<_> =
            activities.iter().filter(|row| row.action == "contact.identity_of_another").collect();
        assert_eq!(reported.len(), 1);
        assert!(!format!("{reported:?}").contains(ANA));
        let alerts = alert::Entity::find().all(site.reader()).await.unwrap();
        let alerts = alerts.iter().filter(|row| row.kind == AlertKind::ContactsConflict);
        assert_eq!(alerts.count(), 1);
        site.stop().await;
    }
}

#[tokio::test]
async fn what_is_told_late_takes_back_no_name_and_no_username() {
    for test in databases().await {
        let site = Site::on(test).await;
        later(&site, 100).await;
        let named = |id: &str, from: &str, seconds: i64, name: &str, username: &str| {
            let profile = json!({ "name": name, "username": username });
            json!({ "contacts": [{ "profile": profile, "wa_id": from }], "messages": [text(id, from, seconds, "oi")] })
        };
        let other = "5521955550909";
        for value in [
            named("w1", ANA, 50, "Ana Nova", "ana"),
            named("w2", ANA, 10, "Ana Velha", "ana"),
            // The username has passed on to somebody else; an older message of Ana's does not take it back.
            named("w3", other, 60, "Outra", "ana"),
            named("w4", ANA, 20, "Ana Velha", "ana"),
        ] {
            site.say(value).await;
            site.settled().await;
        }
        let mut names: Vec<_> = contact::Entity::find().all(site.reader()).await.unwrap();
        names.sort_by_key(|row| row.id);
        let names: Vec<_> = names.iter().map(|row| row.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["Ana Nova", "Outra"]);
        let rows = contact_identity::Entity::find().all(site.reader()).await.unwrap();
        let of = |value: &str| rows.iter().find(|row| row.value == value).unwrap().contact_id;
        assert_eq!(of("ana"), of(other));
        site.stop().await;
    }
}

#[tokio::test]
async fn a_number_of_another_workspace_is_counted_and_not_routed() {
    for test in databases().await {
        let site = Site::on(test).await;
        let (_, _, theirs) = site.stage.another_workspace().await;
        let number = portaria_entity::channel::Entity::find().all(site.reader()).await.unwrap();
        let number = number.into_iter().find(|channel| channel.id == theirs).unwrap().phone_number_id;
        for number in [number.as_str(), "never heard of"] {
            let value = json!({ "messages": [text("w1", ANA, 0, "oi"), text("w2", ANA, 0, "oi")] });
            assert_eq!(site.deliver(said(number, value).as_bytes()).await.status, 200);
        }
        site.settled().await;
        for delivery in site.deliveries().await {
            assert_eq!((delivery.stored_count, delivery.foreign_count), (0, 2));
        }
        assert_eq!(site.messages().await, []);
        assert_eq!(site.conversations().await, []);
        site.stop().await;
    }
}
