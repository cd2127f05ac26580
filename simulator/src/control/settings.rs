//! Setting: the time, tokens, restrictions, reviews and faults.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Told, answer, object};
use crate::cloud_api::GraphError;
use crate::meta::line::Token;
use crate::meta::template::TemplateChange;
use crate::meta::world::World;
use crate::meta::{FaultPlan, Quality, Shared};
use crate::span;

/// Everything on the way happens, and the request waits for it.
const LONGEST_ADVANCE: u64 = 400 * span::DAY;

pub(super) async fn clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wanted = match object(&body) {
        Ok(wanted) => wanted,
        Err(wrong) => return answer(Err(wrong)),
    };
    if let Some(speed) = wanted["speed"].as_u64() {
        shared.clock.set_speed(u32::try_from(speed).unwrap_or(u32::MAX));
    }
    let span = wanted.get("advance").map(|span| span.as_str().and_then(span::parse));
    match span {
        None => {}
        Some(Some(span)) if span <= LONGEST_ADVANCE => shared.advance(span).await,
        Some(_) => return answer(Err("advance is a span of at most 400 days, such as \"2h\"".to_owned())),
    }
    shared.wake.notify_one();
    answer(Ok(json!({ "now": shared.clock.now(), "speed": shared.clock.speed() })))
}

/// Reads a change and makes it.
fn change(shared: &Shared, body: &Bytes, make: impl FnOnce(&mut World, &Value) -> Told) -> Response {
    let told = object(body).and_then(|wanted| make(&mut shared.world(), &wanted));
    shared.wake.notify_one();
    answer(told)
}

/// A code of the catalogue, or none; outer none when the object does not say.
fn refuses(wanted: &Value) -> Result<Option<Option<u32>>, String> {
    match wanted.get("refuses") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(code) => {
            let code = code.as_u64().and_then(|code| u32::try_from(code).ok());
            let known = code.filter(|code| GraphError::of(*code).is_some());
            known.map(|code| Some(Some(code))).ok_or_else(|| {
                format!("refuses is null or one of Meta's codes: {:?}", GraphError::all_codes())
            })
        }
    }
}

pub(super) async fn tokens(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    change(&shared, &body, |world, wanted| {
        if let Some(all) = wanted["revoke_all"].as_bool() {
            world.all_revoked = all;
            world.tokens.iter_mut().for_each(|token| token.revoked = all);
            return Ok(json!({ "all_revoked": all }));
        }
        let text = wanted["token"].as_str().filter(|text| !text.is_empty()).ok_or("which token?")?;
        let known = world.tokens.iter().position(|token| token.text == text);
        let place = known.unwrap_or_else(|| {
            world.tokens.push(Token::of(text));
            world.tokens.len() - 1
        });
        let token = &mut world.tokens[place];
        let said = |key: &str, before: bool| wanted[key].as_bool().unwrap_or(before);
        token.revoked = said("revoked", token.revoked);
        token.scopes.messaging = said("messaging", token.scopes.messaging);
        token.scopes.management = said("management", token.scopes.management);
        Ok(json!({
            "revoked": token.revoked,
            "messaging": token.scopes.messaging,
            "management": token.scopes.management,
        }))
    })
}

pub(super) async fn number(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    change(&shared, &body, |world, wanted| {
        let line = world.line(&id).map_err(|_| format!("there is no number {id}"))?;
        let line = &mut world.lines[line];
        if let Some(code) = refuses(wanted)? {
            line.refuses = code;
        }
        if let Some(registered) = wanted["registered"].as_bool() {
            line.registered = registered;
        }
        if let Some(throughput) = wanted["throughput"].as_u64() {
            line.throughput = u32::try_from(throughput).ok();
        }
        if let Some(quality) = wanted["quality"].as_str() {
            quality.clone_into(&mut line.quality);
        }
        Ok(json!({
            "registered": line.registered, "throughput": line.throughput,
            "quality": line.quality, "refuses": line.refuses,
        }))
    })
}

pub(super) async fn account(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    change(&shared, &body, |world, wanted| {
        let account = world.account(&id).map_err(|_| format!("there is no account {id}"))?;
        let account = &mut world.accounts[account];
        if let Some(code) = refuses(wanted)? {
            account.refuses = code;
        }
        if let Some(can_pay) = wanted["can_pay"].as_bool() {
            account.can_pay = can_pay;
        }
        Ok(json!({ "can_pay": account.can_pay, "refuses": account.refuses }))
    })
}

pub(super) async fn flow(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    change(&shared, &body, |world, wanted| {
        match refuses(wanted)? {
            Some(Some(code)) => {
                world.flows.insert(id.clone(), code);
            }
            Some(None) => {
                world.flows.remove(&id);
            }
            None => {}
        }
        Ok(json!({ "refuses": world.flows.get(&id) }))
    })
}

pub(super) async fn template(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    change(&shared, &body, |world, wanted| {
        if !world.templates.iter().any(|template| template.id == id) {
            return Err(format!("there is no template {id}"));
        }
        let text = |key: &str| wanted[key].as_str();
        let done = match (text("do"), text("quality"), text("category")) {
            (Some("approve"), ..) => TemplateChange::Approve,
            (Some("reject"), ..) => {
                TemplateChange::Reject(text("reason").unwrap_or("INVALID_FORMAT").to_owned())
            }
            (Some("pause"), ..) => TemplateChange::Pause,
            (Some("reinstate"), ..) => TemplateChange::Reinstate,
            (Some("disable"), ..) => TemplateChange::Disable,
            (None, Some("GREEN"), _) => TemplateChange::Quality(Quality::Green),
            (None, Some("YELLOW"), _) => TemplateChange::Quality(Quality::Yellow),
            (None, Some("RED"), _) => TemplateChange::Quality(Quality::Red),
            (None, None, Some(category)) => TemplateChange::Category(category.to_ascii_uppercase()),
            _ => {
                return Err(
                    "do approve, reject, pause, reinstate or disable; or set quality or category".to_owned()
                );
            }
        };
        world.change_template(&id, done);
        let template = world.templates.iter().find(|template| template.id == id);
        Ok(template.map_or(Value::Null, |template| {
            json!({ "status": template.review.as_str(), "quality": template.quality.as_str(), "category": template.category })
        }))
    })
}

pub(super) async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let faults = shared.world().options.faults.flags();
    answer(Ok(json!({ "faults": faults, "known": crate::meta::fault::FAULTS })))
}

pub(super) async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    change(&shared, &body, |world, wanted| {
        let named = wanted["faults"].as_array().ok_or("faults is a list, such as [\"slow=5%:2s\"]")?;
        let mut plan = FaultPlan::default();
        for fault in named {
            plan.add(fault.as_str().ok_or("a fault is a text")?)?;
        }
        // Times count from now on.
        let since = world.now() - world.began;
        plan.storm = plan.storm.map(|(at, lasts)| (at + since, lasts));
        world.plan_faults(plan);
        Ok(json!({ "faults": world.options.faults.flags() }))
    })
}

pub(super) async fn next(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    change(&shared, &body, |world, wanted| {
        let codes = wanted["codes"].as_array().ok_or("codes is a list, such as [130429]")?;
        for code in codes {
            let code = code.as_u64().and_then(|code| u32::try_from(code).ok());
            let error = code.and_then(GraphError::of).ok_or("that is none of Meta's codes")?;
            world.ordered.push_back(error);
        }
        Ok(json!({ "waiting": world.ordered.len() }))
    })
}
