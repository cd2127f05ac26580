//! Customers, as somebody outside lets them act.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Told, answer, line_of, object};
use crate::customer::Customer;
use crate::meta::Shared;
use crate::meta::act::{Act, Decision};
use crate::meta::person::Person;
use crate::meta::world::World;
use crate::payload::{Change, StatusState};

fn describe(person: &Person) -> Value {
    let customer = person.customer();
    json!({
        "name": customer.name,
        "wa_id": customer.wa_id,
        "user_id": customer.user_id,
        "parent_user_id": customer.parent_user_id,
        "username": customer.username,
        "language": format!("{:?}", person.persona.language),
        "lively": person.lively,
        "unreachable": person.unreachable,
        "no_marketing": person.no_marketing,
        "has_blocked_numbers": person.blocked.len(),
    })
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let most = query.get("last").and_then(|last| last.parse().ok()).unwrap_or(50);
    let world = shared.world();
    let shown: Vec<Value> = world.people.iter().take(most).map(describe).collect();
    answer(Ok(json!({ "customers": shown, "of": world.people.len() })))
}

pub(super) async fn introduce(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    answer(object(&body).and_then(|wanted| somebody_new(&mut shared.world(), &wanted)))
}

fn somebody_new(world: &mut World, wanted: &Value) -> Told {
    let text = |key: &str| wanted[key].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
    let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let customer = Customer {
        name: text("name").unwrap_or_default(),
        username: text("username"),
        wa_id: text("wa_id").map(digits),
        user_id: text("user_id"),
        parent_user_id: text("parent_user_id"),
    };
    let addresses = [&customer.wa_id, &customer.user_id, &customer.parent_user_id];
    let addresses: Vec<&String> = addresses.into_iter().flatten().collect();
    if addresses.is_empty() {
        return Err("a customer needs a wa_id or a user_id".to_owned());
    }
    if let Some(known) = addresses.into_iter().find(|address| world.people.find(address).is_some()) {
        return Err(format!("there is a customer {known} already"));
    }
    let place = world.people.introduce(customer);
    world.people.get(place).map(describe).ok_or_else(|| "nobody".to_owned())
}

pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    Path(address): Path<String>,
    body: Bytes,
) -> Response {
    let told = object(&body).and_then(|wanted| {
        let line = line_of(&shared, &wanted)?;
        let mut world = shared.world();
        let person = world.people.find(address.trim_start_matches('+'));
        let person = person.ok_or_else(|| format!("there is no customer {address}"))?;
        let what = wanted["do"].as_str().ok_or("what should the customer do?")?;
        match what {
            "set" => set(&mut world, person, &wanted),
            "read" => read(&mut world, line, person),
            _ => {
                let id = act_of(what, &wanted).and_then(|act| world.act(line, person, act))?;
                Ok(json!({ "done": what, "message_id": id }))
            }
        }
    });
    shared.wake.notify_one();
    answer(told)
}

fn act_of(what: &str, wanted: &Value) -> Result<Act, String> {
    let text = |key: &str| wanted[key].as_str().map(ToOwned::to_owned);
    let said = || text("text").ok_or_else(|| format!("{what} needs a text"));
    Ok(match what {
        "text" => Act::Text(said()?),
        "quote" => Act::Quote(said()?),
        "ad" => Act::Ad(said()?),
        "press" => {
            let by_number = wanted["choice"].as_u64().map(|place| place.to_string());
            Act::Press(text("choice").or(by_number))
        }
        "file" => Act::File {
            mime_type: text("mime_type").unwrap_or_else(|| "image/jpeg".to_owned()),
            caption: text("caption").unwrap_or_default(),
            filename: text("filename"),
            voice: wanted["voice"].as_bool().unwrap_or_default(),
        },
        "location" => Act::Location,
        "card" => Act::Card,
        "react" => Act::React(text("emoji").filter(|emoji| !emoji.is_empty())),
        "unsupported" => Act::Unsupported,
        "block" => Act::Decide(Decision::Block),
        "unblock" => Act::Decide(Decision::Unblock),
        "stop_marketing" => Act::Decide(Decision::StopMarketing),
        "resume_marketing" => Act::Decide(Decision::ResumeMarketing),
        _ => return Err(format!("customers cannot {what}")),
    })
}

/// How a customer is: whether they act by themselves, and what keeps everything from them.
fn set(world: &mut World, person: usize, wanted: &Value) -> Told {
    let person = world.people.get_mut(person).ok_or("there is no such customer")?;
    if let Some(lively) = wanted["lively"].as_bool() {
        person.lively = lively;
    }
    match &wanted["unreachable"] {
        Value::Null if wanted.get("unreachable").is_none() => {}
        Value::Null | Value::Bool(false) => person.unreachable = None,
        Value::Number(code) => person.unreachable = code.as_u64().and_then(|code| u32::try_from(code).ok()),
        _ => return Err("unreachable is one of Meta's codes, such as 131026, or null".to_owned()),
    }
    Ok(describe(person))
}

/// The customer reads the business's last message.
fn read(world: &mut World, line: usize, person: usize) -> Told {
    let id = world.thread(line, person).last_sent.clone().ok_or("there is nothing to read")?;
    let customer = world.people.get(person).map(|person| person.customer().clone()).unwrap_or_default();
    let status = crate::payload::Status::new(&id, StatusState::Read, world.now() / 1000, customer);
    let number = world.lines[line].number.clone();
    world.tell(line, Change::statuses(&number, &[status]));
    Ok(json!({ "done": "read", "message_id": id }))
}
