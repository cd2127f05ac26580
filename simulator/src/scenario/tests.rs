//! The stream as its receiver sees it: same seed same bytes, every kind of message, true references.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::*;

fn numbers(count: u16) -> Vec<BusinessNumber> {
    (0..count).map(BusinessNumber::example).collect()
}

fn scenario(seed: u64) -> Scenario {
    Scenario::new(seed, numbers(2)).unwrap()
}

fn changes(delivery: &Delivery) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    let entries = body["entry"].as_array().unwrap().clone();
    entries.into_iter().flat_map(|entry| entry["changes"].as_array().unwrap().clone()).collect()
}

fn messages(deliveries: &[Delivery]) -> Vec<Value> {
    let lists = deliveries.iter().flat_map(changes).map(|change| change["value"]["messages"].clone());
    lists.flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect()
}

#[test]
fn the_same_seed_and_times_give_the_same_bytes() {
    let (mut one, mut two, mut other) = (scenario(11), scenario(11), scenario(12));
    let mut differs = false;
    for now in 1_800_000_000..1_800_000_300 {
        let body = one.next_delivery(now);
        assert_eq!(body, two.next_delivery(now));
        differs |= body != other.next_delivery(now);
    }
    assert!(differs);
}

#[test]
fn a_later_run_with_the_same_seed_has_the_same_people_and_new_ids() {
    let run = |start: u64| {
        let mut scenario = scenario(11);
        let deliveries: Vec<Delivery> = (start..start + 200).map(|now| scenario.next_delivery(now)).collect();
        messages(&deliveries)
    };
    let (first, second) = (run(1_800_000_000), run(1_900_000_000));
    let ids = |list: &[Value]| list.iter().map(|one| one["id"].to_string()).collect::<HashSet<_>>();
    assert!(ids(&first).is_disjoint(&ids(&second)));
    let people = |list: &[Value]| list.iter().map(|one| one["from"].to_string()).collect::<HashSet<_>>();
    assert!(people(&first).intersection(&people(&second)).count() > 5);
}

#[test]
fn a_day_holds_every_type_and_names_both_numbers() {
    let mut scenario = scenario(1);
    let deliveries: Vec<Delivery> = (0..6000).map(|at| scenario.next_delivery(1_800_000_000 + at)).collect();
    let mut kinds: HashMap<String, u32> = HashMap::new();
    for message in messages(&deliveries) {
        *kinds.entry(message["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for kind in [
        "text",
        "image",
        "video",
        "document",
        "audio",
        "sticker",
        "location",
        "contacts",
        "interactive",
        "button",
        "order",
        "reaction",
        "system",
        "edit",
        "revoke",
        "unsupported",
        "hologram",
    ] {
        assert!(kinds.contains_key(kind), "no {kind} among {kinds:?}");
    }
    let total: u32 = kinds.values().sum();
    assert!(kinds["text"] * 2 > total, "texts are the most of {kinds:?}");

    let all: Vec<Value> = deliveries.iter().flat_map(changes).collect();
    let fields: HashSet<&str> = all.iter().map(|change| change["field"].as_str().unwrap()).collect();
    assert!(fields.len() >= 8, "{fields:?}");
    let ids: HashSet<String> =
        all.iter().map(|change| change["value"]["metadata"]["phone_number_id"].to_string()).collect();
    assert!(numbers(2).iter().all(|number| ids.contains(&format!("\"{}\"", number.phone_number_id))));

    let repeated = deliveries.iter().filter(|delivery| delivery.repeated).count();
    assert!((90..300).contains(&repeated), "{repeated} of 6000 repeated");
    let batched = deliveries.iter().filter(|delivery| changes(delivery).len() > 1).count();
    assert!((250..800).contains(&batched), "{batched} of 6000 batched");
    assert!(deliveries.iter().all(|delivery| delivery.body.is_ascii()));
    assert!(messages(&deliveries).iter().any(|message| message.get("from").is_none()));
}

#[test]
fn statuses_reactions_and_edits_refer_to_messages_that_were_delivered() {
    let mut scenario = scenario(5);
    let mut known: HashSet<String> = HashSet::new();
    let mut checked = 0;
    for at in 0..3000 {
        let delivery = scenario.next_delivery(1_800_000_000 + at);
        for change in changes(&delivery) {
            let value = &change["value"];
            for key in ["messages", "message_echoes"] {
                for message in value[key].as_array().into_iter().flatten() {
                    known.insert(message["id"].to_string());
                    for reference in [
                        &message["reaction"]["message_id"],
                        &message["edit"]["original_message_id"],
                        &message["revoke"]["original_message_id"],
                        &message["context"]["id"],
                    ] {
                        assert!(reference.is_null() || known.contains(&reference.to_string()), "{message}");
                        checked += u32::from(!reference.is_null());
                    }
                }
            }
            for status in value["statuses"].as_array().into_iter().flatten() {
                let calls = change["field"] == "calls";
                assert!(calls || known.contains(&status["id"].to_string()), "{status}");
                checked += 1;
            }
        }
    }
    assert!(checked > 500, "{checked}");
}

#[test]
fn a_past_has_as_many_messages_as_asked_within_its_span() {
    let plan =
        HistoryPlan { conversations: 30, messages_each: 12, until: 1_800_000_000, span_secs: 30 * 86_400 };
    let deliveries: Vec<Delivery> = scenario(3).history(plan).collect();
    assert_eq!(deliveries.len(), 30);
    assert!(deliveries.iter().all(|delivery| delivery.messages == 12));
    let mut senders = HashSet::new();
    for delivery in &deliveries {
        let mut last = 0;
        for change in changes(delivery) {
            for message in ["messages", "message_echoes"]
                .iter()
                .flat_map(|key| change["value"][*key].as_array().cloned().unwrap_or_default())
            {
                let at: u64 = message["timestamp"].as_str().unwrap().parse().unwrap();
                assert!(at >= last, "out of order");
                assert!((1_800_000_000 - 30 * 86_400 - 10..1_800_000_000).contains(&at), "{at}");
                last = at;
                senders.insert(message["from_user_id"].to_string());
            }
        }
    }
    assert_eq!(senders.len() - 1, 30, "one customer a conversation, and the echoes without one");
}

#[test]
fn a_long_past_is_split_into_bodies_that_meta_could_send() {
    let plan = HistoryPlan { conversations: 1, messages_each: 350, until: 1_800_000_000, span_secs: 86_400 };
    let deliveries: Vec<Delivery> = scenario(3).history(plan).collect();
    assert_eq!(deliveries.len(), 4);
    assert_eq!(deliveries.iter().map(|delivery| delivery.messages).sum::<usize>(), 350);
    assert!(deliveries.iter().all(|delivery| delivery.messages + delivery.statuses <= 1000));
    let ids: HashSet<String> =
        messages(&deliveries).iter().map(|message| message["id"].to_string()).collect();
    assert_eq!(ids.len(), messages(&deliveries).len());
}

#[test]
fn nobody_to_write_to_is_an_error() {
    assert!(matches!(Scenario::new(1, Vec::new()), Err(SimulatorError::NoNumbers)));
}
