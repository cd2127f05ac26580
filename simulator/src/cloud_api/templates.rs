//! Templates: listed in pages, described, created, edited, deleted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::admission::Need;
use super::answer::{Answer, Answered, success};
use super::graph_error::GraphError;
use super::routes::Asked;
use crate::meta::Template;
use crate::meta::world::World;

/// How many a page holds, and at most.
const PAGE: usize = 25;
const MOST: usize = 250;

/// The account, after the token and the hour's requests were looked at.
fn account(asked: &Asked<'_>, world: &mut World, waba_id: &str) -> Result<usize, GraphError> {
    *world.tally.requests.entry("templates").or_default() += 1;
    world.admit(asked.token, Need::Management)?;
    let account = world.account(waba_id)?;
    world.meter_management(account)?;
    Ok(account)
}

pub(super) fn list(asked: &Asked<'_>, waba_id: &str) -> Answered {
    let mut world = asked.shared.world();
    let account = account(asked, &mut world, waba_id)?;
    let given = |key: &str| asked.query.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let limit = match given("limit") {
        None => PAGE,
        Some(limit) => limit
            .parse()
            .ok()
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| GraphError::parameter(format!("Param limit must be between 1 and {MOST}.")))?,
    };
    let matching: Vec<&Template> = world
        .templates
        .iter()
        .filter(|template| template.waba_id == waba_id && matches(template, &given))
        .collect();
    let from = match (given("after"), given("before")) {
        (Some(after), _) => place(after)? + 1,
        (None, Some(before)) => place(before)?.saturating_sub(limit),
        (None, None) => 0,
    };
    let until = (from + limit).min(matching.len());
    let page = matching.get(from..until).unwrap_or_default();
    let data: Vec<Value> = page.iter().map(|template| template.to_value(given("fields"))).collect();
    let mut answer = json!({ "data": data });
    if !page.is_empty() {
        answer["paging"] = json!({ "cursors": { "before": cursor(from), "after": cursor(until - 1) } });
        let path = format!("{}/v23.0/{waba_id}/message_templates", world.base_url);
        if until < matching.len() {
            answer["paging"]["next"] = json!(format!("{path}?limit={limit}&after={}", cursor(until - 1)));
        }
        if from > 0 {
            answer["paging"]["previous"] = json!(format!("{path}?limit={limit}&before={}", cursor(from)));
        }
    }
    let usage = world.usage(account);
    Ok(Answer::OfAccount(answer, usage))
}

/// Whether it is asked for by the filters of the query.
fn matches<'a>(template: &Template, given: &impl Fn(&str) -> Option<&'a str>) -> bool {
    let body = template.part("BODY").and_then(|part| part["text"].as_str()).unwrap_or_default();
    given("name").is_none_or(|name| template.name == name)
        && given("language").is_none_or(|language| template.language == language)
        && given("status").is_none_or(|status| template.review.as_str().eq_ignore_ascii_case(status))
        && given("category").is_none_or(|category| template.category.eq_ignore_ascii_case(category))
        && given("quality_score").is_none_or(|score| template.quality.as_str().eq_ignore_ascii_case(score))
        && given("content").is_none_or(|content| body.contains(content))
        && given("name_or_content").is_none_or(|text| template.name.contains(text) || body.contains(text))
}

fn cursor(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

fn place(cursor: &str) -> Result<usize, GraphError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let place = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    place.ok_or_else(|| GraphError::parameter("Invalid cursor."))
}

pub(super) fn describe(asked: &Asked<'_>, id: &str) -> Answered {
    let mut world = asked.shared.world();
    let found = world.templates.iter().find(|template| template.id == id).cloned();
    let template = found.ok_or_else(|| GraphError::no_such_object(id))?;
    let account = account(asked, &mut world, &template.waba_id)?;
    let value = template.to_value(asked.query.get("fields").map(String::as_str));
    Ok(Answer::OfAccount(value, world.usage(account)))
}

pub(super) fn create(
    asked: &Asked<'_>,
    waba_id: &str,
    body: impl Fn() -> Result<Value, GraphError>,
) -> Answered {
    let mut world = asked.shared.world();
    let account = account(asked, &mut world, waba_id)?;
    let made = world.create_template(account, &body()?)?;
    let value = json!({ "id": made.id, "status": made.review.as_str(), "category": made.category });
    Ok(Answer::OfAccount(value, world.usage(account)))
}

pub(super) fn edit(asked: &Asked<'_>, id: &str, request: &Value) -> Answered {
    let mut world = asked.shared.world();
    let found = world.templates.iter().find(|template| template.id == id);
    let waba_id =
        found.map(|template| template.waba_id.clone()).ok_or_else(|| GraphError::no_such_object(id))?;
    account(asked, &mut world, &waba_id)?;
    world.edit_template(id, request)?;
    Ok(success())
}

pub(super) fn delete(asked: &Asked<'_>, waba_id: &str) -> Answered {
    let mut world = asked.shared.world();
    let account = account(asked, &mut world, waba_id)?;
    let name = asked.query.get("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| GraphError::parameter("The parameter name is required."))?;
    world.delete_template(account, name, asked.query.get("hsm_id").map(String::as_str))?;
    Ok(success())
}
