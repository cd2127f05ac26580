//! Looking: figures, the last messages, webhooks, windows.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{answer, line_of};
use crate::meta::world::World;
use crate::meta::{SentMessage, Shared};

type Asked = Query<HashMap<String, String>>;

/// How many of the last are shown, unless the query says so.
fn last(query: &HashMap<String, String>) -> usize {
    query.get("last").and_then(|last| last.parse().ok()).unwrap_or(50)
}

/// Everything that is counted.
pub(crate) fn state(world: &World) -> Value {
    let mut state = world.tally.to_value();
    state["webhooks"] = world.outbox.to_value();
    state["now"] = json!(world.now() / 1000);
    state["speed"] = json!(world.options.clock.speed());
    state["seed"] = json!(world.options.seed);
    state["customers"] = json!(world.people.len());
    state["conversations"] = json!(world.threads.len());
    state["files"] = json!(world.shelf.len());
    state["customers_opened_with"] = json!(world.opened.count());
    state["still_to_happen"] = json!(world.agenda.len());
    let numbers = world.lines.iter().map(|line| {
        json!({
            "id": line.number.phone_number_id,
            "waba_id": line.number.waba_id,
            "number": line.number.display_phone_number,
            "registered": line.registered,
            "quality": line.quality,
            "throughput": line.throughput.unwrap_or(world.options.limits.throughput),
            "refuses": line.refuses.or(world.accounts[line.account].refuses),
        })
    });
    state["numbers"] = numbers.collect();
    let templates = world.templates.iter().map(|template| {
        json!({
            "id": template.id, "name": template.name, "language": template.language,
            "status": template.review.as_str(), "quality": template.quality.as_str(),
        })
    });
    state["templates"] = templates.collect();
    state
}

pub(super) async fn figures(State(shared): State<Arc<Shared>>) -> Response {
    let state = state(&shared.world());
    answer(Ok(state))
}

fn message(sent: &SentMessage) -> Value {
    json!({
        "id": sent.id,
        "number": sent.phone_number_id,
        "to": sent.recipient.address(),
        "type": sent.kind,
        "at": sent.at,
        "request": sent.request,
    })
}

pub(super) async fn messages(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let world = shared.world();
    let mut shown: Vec<Value> = world.tally.messages().rev().take(last(&query)).map(message).collect();
    shown.reverse();
    answer(Ok(json!({ "taken": world.tally.messages, "messages": shown })))
}

pub(super) async fn taken(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let world = shared.world();
    let told = match query.get("callback_data") {
        Some(data) => json!({ "callback_data": data, "times": world.tally.times_taken(data) }),
        None => json!({ "different": world.tally.different(), "more_than_once": world.tally.taken_twice() }),
    };
    answer(Ok(told))
}

pub(super) async fn receipts(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let world = shared.world();
    let mut shown: Vec<Value> = world
        .tally
        .receipts()
        .rev()
        .take(last(&query))
        .map(|one| json!({ "number": one.phone_number_id, "message_id": one.message_id, "typing": one.typing }))
        .collect();
    shown.reverse();
    answer(Ok(json!({ "receipts": shown })))
}

pub(super) async fn webhooks(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let after = query.get("after").and_then(|after| after.parse().ok()).unwrap_or_default();
    let shown = shared.world().outbox.after(after, last(&query));
    answer(Ok(json!({ "webhooks": shown })))
}

pub(super) async fn thread(State(shared): State<Arc<Shared>>, Query(query): Asked) -> Response {
    let wanted = query.get("number").map_or_else(|| json!({}), |number| json!({ "number": number }));
    let told = line_of(&shared, &wanted).and_then(|line| {
        let mut world = shared.world();
        let address = query.get("customer").ok_or("which customer?")?;
        let person = world.people.find(address.trim_start_matches('+')).ok_or("there is no such customer")?;
        let now = world.now();
        let thread = world.thread(line, person).clone();
        let (blocked, no_marketing) = world
            .people
            .get(person)
            .map_or((false, false), |one| (one.blocked.contains(&line), one.no_marketing));
        Ok(json!({
            "open": thread.is_open(now),
            "open_until": thread.open_until().map(|until| until / 1000),
            "free_entry_point": thread.is_free_entry(now),
            "free_until": thread.is_free_entry(now).then_some(thread.free_until / 1000),
            "last_from_business": thread.last_sent,
            "last_from_customer": thread.last_wrote,
            "something_to_press": thread.offer.is_some(),
            "blocked": blocked,
            "no_marketing": no_marketing,
        }))
    });
    answer(told)
}
