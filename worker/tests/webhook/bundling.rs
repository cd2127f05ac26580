//! Short deliveries share a transaction: what they say has the same effect as if each had been applied for itself.

use portaria_domain::routing::setting::{WorkspaceRouting, write};
use portaria_entity::alert;
use portaria_entity::webhook_delivery::WebhookDeliveryStatus;
use portaria_testing::{START, TestDatabase, databases};
use portaria_worker::WorkerOptions;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::enduring::staffed;
use crate::site::Site;
use crate::storm::{Chance, an_hour, body, change, state, storm};

/// Things told that speak of the same few customers by names that cross, in times out of order.
fn tangle(chance: &mut Chance, count: u64) -> Vec<String> {
    (0..count).map(|number| body(&[thing(chance, number)])).collect()
}

fn thing(chance: &mut Chance, number: u64) -> Value {
    let second = START.as_secs() + i64::try_from(chance.below(60)).unwrap();
    let phone = format!("551195555010{}", chance.below(3));
    let user = |chance: &mut Chance| format!("BR.{}", chance.below(4));
    let earlier = format!("wamid.{}", chance.below(number + 3));
    let mut message = json!({ "id": format!("wamid.{number}"), "timestamp": second.to_string() });
    let (shows_phone, shows_user) = (chance.below(10) < 6, chance.below(10) < 6);
    if shows_phone || !shows_user {
        message["from"] = phone.clone().into();
    }
    if shows_user {
        message["from_user_id"] = user(chance).into();
    }
    let name = ["Ana", "Bia", "Caio"][usize::try_from(chance.below(3)).unwrap()];
    let mut profile = json!({ "name": name });
    if chance.below(2) == 0 {
        profile["username"] = format!("nome{}", chance.below(3)).into();
    }
    let mut card = json!({ "profile": profile });
    for (name, of) in [("wa_id", "from"), ("user_id", "from_user_id")] {
        if let Some(value) = message.get(of) {
            card[name] = value.clone();
        }
    }
    let kind = match chance.below(12) {
        0 | 1 => {
            let status = ["sent", "delivered", "read", "failed"][usize::try_from(chance.below(4)).unwrap()];
            let told = json!({ "id": earlier, "status": status, "timestamp": second.to_string(), "recipient_id": phone });
            return change("messages", json!({ "statuses": [told] }));
        }
        2 | 3 => {
            let sent = json!({ "from": "551140000001", "to": phone, "id": format!("wamid.{number}"),
                "timestamp": second.to_string(), "type": "text", "text": { "body": format!("resposta {number}") } });
            return change("smb_message_echoes", json!({ "message_echoes": [sent] }));
        }
        4 => {
            message["system"] = json!({ "body": "mudou", "type": "user_changed_user_id",
                "user_id": user(chance), "previous_user_id": user(chance) });
            "system"
        }
        5 => {
            message["reaction"] = json!({ "message_id": earlier, "emoji": "👍" });
            "reaction"
        }
        6 => {
            message["edit"] = json!({ "original_message_id": earlier,
                "message": { "type": "text", "text": { "body": format!("corrigido {number}") } } });
            "edit"
        }
        7 => {
            message["revoke"] = json!({ "original_message_id": earlier });
            "revoke"
        }
        _ => {
            message["text"] = json!({ "body": format!("texto {number}") });
            "text"
        }
    };
    message["type"] = kind.into();
    // Now and then the same again.
    let again = if chance.below(8) == 0 { vec![message.clone(), message] } else { vec![message] };
    change("messages", json!({ "contacts": [card], "messages": again }))
}

/// Where a worker gets to that finds all of this in its inbox and takes so many at once.
async fn outcome(test: TestDatabase, bodies: &[String], (processors, claim): (usize, u32)) -> Vec<String> {
    let mut options = WorkerOptions::default();
    options.processing.processors = 0;
    let held = staffed(test, options.clone()).await;
    // Nobody is taken for away meanwhile.
    let installation = &held.stage.installation;
    let (writer, workspace) = (installation.database.writer(), held.stage.workspace_id);
    let setting = WorkspaceRouting { absent_after_minutes: None, ..WorkspaceRouting::default() };
    write(writer, &installation.database, workspace, setting).await.unwrap();
    held.execute("UPDATE members SET availability = 'available'").await;
    for body in bodies {
        assert_eq!(held.deliver(body.as_bytes()).await.status, 200);
    }
    (options.processing.processors, options.processing.claim) = (processors, claim);
    let site = Site::over(held.stop().await, options).await;
    for _ in 0..400 {
        site.settled().await;
        site.stage.clock.advance(std::time::Duration::from_millis(250));
        if site.deliveries().await.iter().all(|row| row.status != WebhookDeliveryStatus::Pending) {
            break;
        }
    }
    let unfinished =
        site.deliveries().await.into_iter().filter(|row| row.status != WebhookDeliveryStatus::Done);
    assert_eq!(unfinished.map(|row| row.error).collect::<Vec<_>>(), []);
    let mut state = state(&site).await;
    let alerts = alert::Entity::find().all(site.reader()).await.unwrap();
    state.push(format!("{} alerts", alerts.len()));
    for row in site.deliveries().await {
        state.push(format!("delivery {} {} {}", row.stored_count, row.duplicate_count, row.foreign_count));
    }
    site.stop().await;
    state
}

fn compare(place: &str, one_by_one: &[String], together: &[String]) {
    let missing: Vec<_> = one_by_one.iter().filter(|line| !together.contains(line)).collect();
    let beyond: Vec<_> = together.iter().filter(|line| !one_by_one.contains(line)).collect();
    assert!(missing.is_empty() && beyond.is_empty(), "{place}: {missing:#?} became {beyond:#?}");
    assert_eq!(one_by_one.len(), together.len(), "{place}");
}

#[tokio::test]
async fn what_is_applied_together_is_as_if_it_had_been_applied_one_by_one() {
    let seeds = std::env::var("PORTARIA_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    for seed in 1..=seeds {
        let bodies = tangle(&mut Chance(seed * 7_919), 90);
        for (single, shared) in databases().await.into_iter().zip(databases().await) {
            let place = format!("seed {seed} on {}", single.name);
            let one_by_one = outcome(single, &bodies, (1, 1)).await;
            compare(&place, &one_by_one, &outcome(shared, &bodies, (1, 32)).await);
        }
    }
}

#[tokio::test]
async fn a_storm_of_short_deliveries_ends_where_one_clean_run_does() {
    let hour = an_hour();
    let mut chance = Chance(0x9e37_79b9);
    for (clean, stormy) in databases().await.into_iter().zip(databases().await) {
        let place = clean.name;
        let once: Vec<_> = hour.iter().map(|one| body(std::slice::from_ref(one))).collect();
        let state = |lines: Vec<String>| -> Vec<_> {
            lines.into_iter().filter(|line| !line.starts_with("delivery")).collect()
        };
        let expected = state(outcome(clean, &once, (1, 1)).await);
        let storm = storm(&hour, &mut chance, (4, 3));
        compare(place, &expected, &state(outcome(stormy, &storm, (4, 32)).await));
    }
}
