//! Numbers: described, listed, registered, and given a callback of their own.

use serde_json::{Map, Value, json};

use super::admission::Need;
use super::answer::{Answer, Answered, success};
use super::graph_error::GraphError;
use super::routes::Asked;
use crate::meta::line::Line;
use crate::meta::webhook::Override;

/// What is said of a number without being asked.
const BY_DEFAULT: &str = "verified_name,display_phone_number,quality_rating,id";

pub(super) fn describe(asked: &Asked<'_>, id: &str) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("numbers").or_default() += 1;
    world.admit(asked.token, Need::Management)?;
    let line = world.line(id)?;
    let account = world.lines[line].account;
    world.meter_management(account)?;
    let most = world.options.limits.throughput;
    let value = info(&world.lines[line], asked.query.get("fields").map_or(BY_DEFAULT, String::as_str), most);
    Ok(Answer::OfAccount(value, world.usage(account)))
}

pub(super) fn list(asked: &Asked<'_>, waba_id: &str) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("numbers").or_default() += 1;
    world.admit(asked.token, Need::Management)?;
    let account = world.account(waba_id)?;
    world.meter_management(account)?;
    let fields = asked.query.get("fields").map_or(BY_DEFAULT, String::as_str);
    let most = world.options.limits.throughput;
    let owned = world.lines.iter().filter(|line| line.account == account);
    let data: Vec<Value> = owned.map(|line| info(line, fields, most)).collect();
    let paging = json!({ "cursors": { "before": "MAZDZD", "after": "MjQZD" } });
    let usage = world.usage(account);
    Ok(Answer::OfAccount(json!({ "data": data, "paging": paging }), usage))
}

/// Those fields of a number, and its id.
fn info(line: &Line, fields: &str, throughput: u32) -> Value {
    let number = &line.number;
    let level = match line.throughput.unwrap_or(throughput) {
        0..=20 => "NOT_APPLICABLE",
        21..=999 => "STANDARD",
        _ => "HIGH",
    };
    let configuration = match &line.callback {
        Some(callback) => json!({ "phone_number": callback.url }),
        None => json!({}),
    };
    let whole = json!({
        "verified_name": number.verified_name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": format!("+{}", number.display_phone_number),
        "quality_rating": line.quality,
        "platform_type": "CLOUD_API",
        "throughput": { "level": level },
        "name_status": "APPROVED",
        "status": if line.registered { "CONNECTED" } else { "DISCONNECTED" },
        "account_mode": "LIVE",
        "webhook_configuration": configuration,
        "health_status": health(line),
        "id": number.phone_number_id,
    });
    let Value::Object(whole) = whole else { return Value::Null };
    let wanted =
        |key: &str| key == "id" || fields.split(',').any(|field| field.trim().split('{').next() == Some(key));
    Value::Object(whole.into_iter().filter(|(key, _)| wanted(key)).collect::<Map<_, _>>())
}

fn health(line: &Line) -> Value {
    match line.admit() {
        Ok(()) => json!({ "can_send_message": "AVAILABLE" }),
        Err(error) => json!({
            "can_send_message": "BLOCKED",
            "entities": [{
                "entity_type": "PHONE_NUMBER",
                "id": line.number.phone_number_id,
                "can_send_message": "BLOCKED",
                "errors": [{ "error_code": error.code, "error_description": error.title }],
            }],
        }),
    }
}

/// `POST /{number}`: settings, of which there is the callback.
pub(super) async fn set(asked: &Asked<'_>, id: &str, request: &Value) -> Answered {
    let (line, wanted) = {
        let mut world = asked.shared.world();
        world.admit(asked.token, Need::Management)?;
        let line = world.line(id)?;
        let account = world.lines[line].account;
        world.meter_management(account)?;
        let wanted = request
            .get("webhook_configuration")
            .ok_or_else(|| GraphError::parameter("The parameter webhook_configuration is required."))?;
        (line, override_of(wanted)?)
    };
    if let Some(callback) = &wanted
        && !asked.shared.is_answered(callback).await
    {
        return Err(GraphError::known(2200));
    }
    asked.shared.world().lines[line].callback = wanted;
    Ok(success())
}

/// A callback that goes before others; an empty address takes it away.
pub(super) fn override_of(request: &Value) -> Result<Option<Override>, GraphError> {
    let url = request["override_callback_uri"].as_str();
    let url = url.ok_or_else(|| GraphError::parameter("The parameter override_callback_uri is required."))?;
    if url.is_empty() {
        return Ok(None);
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if url.chars().count() > 200 || !is_web {
        return Err(GraphError::parameter(
            "Param override_callback_uri must be a web address of at most 200 characters.",
        ));
    }
    let token = request["verify_token"].as_str().filter(|token| !token.is_empty());
    let verify_token =
        token.ok_or_else(|| GraphError::parameter("The parameter verify_token is required."))?;
    Ok(Some(Override { url: url.to_owned(), verify_token: verify_token.to_owned() }))
}

/// `POST /{number}/register` and `/deregister`.
pub(super) fn register(asked: &Asked<'_>, id: &str, request: &Value) -> Answered {
    let mut world = asked.shared.world();
    world.admit(asked.token, Need::Management)?;
    let line = world.line(id)?;
    let registers = asked.parts.last() == Some(&"register");
    if registers {
        super::message_request::product(request)?;
        let pin = request["pin"].as_str().unwrap_or_default();
        if pin.len() != 6 || !pin.chars().all(|one| one.is_ascii_digit()) {
            return Err(GraphError::parameter("Param pin must be six digits."));
        }
    }
    world.lines[line].registered = registers;
    Ok(success())
}
