//! Accounts: described, subscribed to by the app; and the token itself.

use serde_json::{Value, json};

use super::admission::Need;
use super::answer::{Answer, Answered, success};
use super::graph_error::GraphError;
use super::numbers::override_of;
use super::routes::Asked;

pub(super) fn describe(asked: &Asked<'_>, waba_id: &str) -> Answered {
    let mut world = asked.shared.world();
    *world.tally.requests.entry("accounts").or_default() += 1;
    world.admit(asked.token, Need::Management)?;
    let account = world.account(waba_id)?;
    world.meter_management(account)?;
    let known = &world.accounts[account];
    let fields =
        asked.query.get("fields").map_or("id,name,timezone_id,message_template_namespace", String::as_str);
    let whole = json!({
        "id": known.id,
        "name": known.name,
        "timezone_id": "25",
        "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
        "currency": "BRL",
        "country": "BR",
        "account_review_status": "APPROVED",
        "status": if known.refuses.is_some() { "RESTRICTED" } else { "ACTIVE" },
        "business_verification_status": "verified",
    });
    let Value::Object(whole) = whole else { return Err(GraphError::internal()) };
    let wanted = |key: &str| key == "id" || fields.split(',').any(|field| field.trim() == key);
    let value = Value::Object(whole.into_iter().filter(|(key, _)| wanted(key)).collect());
    Ok(Answer::OfAccount(value, world.usage(account)))
}

/// `/{account}/subscribed_apps`: whether the app gets the account's webhooks, and where.
pub(super) async fn subscribed(
    asked: &Asked<'_>,
    waba_id: &str,
    body: impl Fn() -> Result<Value, GraphError>,
) -> Answered {
    let account = {
        let mut world = asked.shared.world();
        *world.tally.requests.entry("subscribed_apps").or_default() += 1;
        world.admit(asked.token, Need::Management)?;
        let account = world.account(waba_id)?;
        world.meter_management(account)?;
        account
    };
    match asked.method.as_str() {
        "GET" => Ok(Answer::Value(json!({ "data": listed(asked, account) }))),
        "POST" => {
            let request = body()?;
            if request.get("override_callback_uri").is_none() {
                asked.shared.world().accounts[account].subscribed = true;
                return Ok(success());
            }
            let wanted = override_of(&request)?;
            if let Some(callback) = &wanted
                && !asked.shared.is_answered(callback).await
            {
                return Err(GraphError::known(2200));
            }
            {
                let mut world = asked.shared.world();
                world.accounts[account].subscribed = true;
                world.accounts[account].callback = wanted;
            }
            Ok(Answer::Value(json!({ "success": true, "data": listed(asked, account) })))
        }
        "DELETE" => {
            let mut world = asked.shared.world();
            world.accounts[account].subscribed = false;
            world.accounts[account].callback = None;
            Ok(success())
        }
        _ => Err(GraphError::known(131_055)),
    }
}

fn listed(asked: &Asked<'_>, account: usize) -> Vec<Value> {
    let world = asked.shared.world();
    let known = &world.accounts[account];
    if !known.subscribed {
        return Vec::new();
    }
    let app = &world.options.app;
    let mut entry = json!({ "whatsapp_business_api_data": {
        "id": app.id,
        "name": app.name,
        "link": format!("https://www.facebook.com/games/?app_id={}", app.id),
    } });
    if let Some(callback) = &known.callback {
        entry["override_callback_uri"] = json!(callback.url);
    }
    vec![entry]
}

/// `GET /debug_token?input_token=`: what a token is good for.
pub(super) fn debug_token(asked: &Asked<'_>) -> Answered {
    let world = asked.shared.world();
    world.scopes(asked.token)?;
    let input = asked
        .query
        .get("input_token")
        .ok_or_else(|| GraphError::parameter("The parameter input_token is required."))?;
    let app = &world.options.app;
    let data = match world.scopes(input) {
        Ok(scopes) => {
            let mut names = vec!["public_profile"];
            names.extend(scopes.messaging.then_some("whatsapp_business_messaging"));
            names.extend(scopes.management.then_some("whatsapp_business_management"));
            json!({
                "app_id": app.id, "type": "SYSTEM_USER", "application": app.name,
                "expires_at": 0, "is_valid": true, "issued_at": world.began / 1000, "scopes": names,
            })
        }
        Err(error) => json!({
            "app_id": app.id, "type": "SYSTEM_USER", "application": app.name, "is_valid": false, "scopes": [],
            "error": { "code": error.code, "message": error.details, "subcode": error.subcode },
        }),
    };
    Ok(Answer::Value(json!({ "data": data })))
}
