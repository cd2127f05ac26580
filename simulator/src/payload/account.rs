//! Account fields: the number's quality and name, the account's restrictions, and customers' own preferences.

use serde_json::{Value, json};

use super::envelope::Change;
use crate::customer::{Customer, put};
use crate::number::BusinessNumber;

/// `phone_number_quality_update`: `ONBOARDING`, `THROUGHPUT_UPGRADE`, …; the portfolio's limit beside it.
pub fn phone_quality(number: &BusinessNumber, time: u64, event: &str, limit: &str) -> Change {
    let value = json!({
        "display_phone_number": number.display_phone_number,
        "event": event,
        "max_daily_conversations_per_business": limit,
    });
    Change::of_account(number, time, "phone_number_quality_update", value)
}

/// `phone_number_name_update`: a review of the name customers see.
pub fn phone_name(number: &BusinessNumber, time: u64, decision: &str, requested: &str) -> Change {
    let value = json!({
        "display_phone_number": number.display_phone_number,
        "decision": decision,
        "requested_verified_name": requested,
        "rejection_reason": "NONE",
    });
    Change::of_account(number, time, "phone_number_name_update", value)
}

/// `account_update` of an account's own: DISABLED_UPDATE, ACCOUNT_RESTRICTION, …, with what the event carries.
pub fn update(number: &BusinessNumber, time: u64, event: &str, details: Value) -> Change {
    let mut value = json!({ "event": event });
    if let (Value::Object(whole), Value::Object(details)) = (&mut value, details) {
        whole.extend(details);
    }
    Change::of_account(number, time, "account_update", value)
}

/// `account_update` of a partner event: here the entry is the portfolio, and the account is named inside.
pub fn partner_update(number: &BusinessNumber, time: u64, event: &str, portfolio_id: &str) -> Change {
    let info = json!({ "waba_info": { "waba_id": number.waba_id, "owner_business_id": portfolio_id } });
    Change { entry_id: portfolio_id.to_owned(), ..update(number, time, event, info) }
}

/// `account_alerts`: a severity, and what it is about.
pub fn alert(number: &BusinessNumber, time: u64, severity: &str, kind: &str) -> Change {
    let value = json!({
        "entity_type": "WABA",
        "entity_id": number.waba_id,
        "alert_info": {
            "alert_severity": severity,
            "alert_status": "ACTIVE",
            "alert_type": kind,
            "alert_description": "Look at the account's overview for what to do.",
        },
    });
    Change::of_account(number, time, "account_alerts", value)
}

/// `account_review_update`: APPROVED, REJECTED, PENDING or DEFERRED.
pub fn review(number: &BusinessNumber, time: u64, decision: &str) -> Change {
    Change::of_account(number, time, "account_review_update", json!({ "decision": decision }))
}

/// `business_capability_update`: how many customers a day the portfolio may open with.
pub fn capability(number: &BusinessNumber, time: u64, limit: &str) -> Change {
    let value =
        json!({ "max_daily_conversations_per_business": limit, "max_phone_numbers_per_business": 25 });
    Change::of_account(number, time, "business_capability_update", value)
}

/// `business_username_updates`: approved or reserved with a name, deleted without.
pub fn username(number: &BusinessNumber, time: u64, status: &str, username: Option<&str>) -> Change {
    let mut value = json!({ "display_phone_number": number.display_phone_number, "status": status });
    if let Some(object) = value.as_object_mut() {
        put(object, "username", username.map(ToOwned::to_owned).as_ref());
    }
    Change::of_account(number, time, "business_username_updates", value)
}

/// `security`: PIN_CHANGED, PIN_RESET_REQUEST or PIN_REQUEST_SUCCESS, and who asked.
pub fn security(number: &BusinessNumber, time: u64, event: &str, requester: &str) -> Change {
    let value = json!({
        "display_phone_number": number.display_phone_number, "event": event, "requester": requester,
    });
    Change::of_account(number, time, "security", value)
}

/// `flows`: a form's status changed from one to another.
pub fn flow_status(number: &BusinessNumber, time: u64, flow_id: &str, change: (&str, &str)) -> Change {
    let value = json!({
        "event": "FLOW_STATUS_CHANGE",
        "message": format!("Flow {flow_id} changed status from {} to {}", change.0, change.1),
        "flow_id": flow_id,
        "old_status": change.0,
        "new_status": change.1,
    });
    Change::of_account(number, time, "flows", value)
}

/// What a customer wants of marketing messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketingChoice {
    /// No more.
    Stop,
    /// Again.
    Resume,
}

/// `user_preferences`: a customer's choice about marketing messages.
pub fn preference(
    number: &BusinessNumber,
    time: u64,
    customer: &Customer,
    choice: MarketingChoice,
) -> Change {
    let (value, detail) = match choice {
        MarketingChoice::Stop => ("stop", "User requested to stop marketing messages"),
        MarketingChoice::Resume => ("resume", "User requested to resume marketing messages"),
    };
    let mut preference = serde_json::Map::new();
    put(&mut preference, "wa_id", customer.wa_id.as_ref());
    put(&mut preference, "user_id", customer.user_id.as_ref());
    preference.insert("detail".to_owned(), json!(detail));
    preference.insert("category".to_owned(), json!("marketing_messages"));
    preference.insert("value".to_owned(), json!(value));
    preference.insert("timestamp".to_owned(), json!(time));
    let rest = json!({ "contacts": [customer.contact()], "user_preferences": [preference] });
    Change::of_number(number, "user_preferences", rest)
}

/// `user_id_update`, withdrawn by Meta in August 2026 and still to be understood: the old and the new id.
pub fn user_id_update(number: &BusinessNumber, time: u64, customer: &Customer, previous: &str) -> Change {
    let mut update = serde_json::Map::new();
    put(&mut update, "wa_id", customer.wa_id.as_ref());
    update.insert("detail".to_owned(), json!(format!("User id for {} has been updated.", customer.name)));
    update.insert("user_id".to_owned(), json!({ "previous": previous, "current": customer.user_id }));
    update.insert("timestamp".to_owned(), json!(time.to_string()));
    let rest = json!({ "contacts": [customer.contact()], "user_id_update": [update] });
    Change::of_number(number, "user_id_update", rest)
}
