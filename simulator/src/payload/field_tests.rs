//! The builders of fields that are not about messages: each has the keys of its kind.

use serde_json::{Value, json};

use super::account::MarketingChoice;
use super::call::CallEvent;
use super::coexistence::Echo;
use super::group::GroupEvent;
use super::template::{TemplateEvent, TemplateRef};
use super::tests::{customer, hidden, keys, number};
use super::*;

/// Field, and the keys of its value, for each builder that is not about messages.
#[test]
fn other_fields_have_the_keys_of_their_kind() {
    let (number, customer, at) = (number(), customer(), 1_786_400_000);
    let template = TemplateRef { id: 1_689, name: "order".to_owned(), language: "pt_BR".to_owned() };
    let echo =
        Echo { id: "wamid.E".to_owned(), recipient: hidden(), timestamp: at, text: "Shipped!".to_owned() };
    let incoming = Incoming::new(customer.clone(), "wamid.A".to_owned(), at, Content::text("x"));
    let thread = (customer.clone(), vec![incoming.clone()]);
    let subject = "Choir".to_owned();
    let of_template = "message_template_id message_template_language message_template_name";
    let of_number = "messaging_product metadata";
    let cases = [
        (template::status(&number, at, &template, &TemplateEvent::Approved), "message_template_status_update", format!("event {of_template} reason")),
        (template::status(&number, at, &template, &TemplateEvent::Rejected { reason: "SCAM".to_owned() }), "message_template_status_update", format!("event {of_template} reason")),
        (template::status(&number, at, &template, &TemplateEvent::Paused { title: "FIRST_PAUSE".to_owned(), description: "blocked".to_owned() }), "message_template_status_update", format!("event {of_template} other_info reason")),
        (template::status(&number, at, &template, &TemplateEvent::Disabled { date: at }), "message_template_status_update", format!("disable_info event {of_template} reason")),
        (template::status(&number, at, &template, &TemplateEvent::Other("ARCHIVED".to_owned())), "message_template_status_update", format!("event {of_template} reason")),
        (template::quality(&number, at, &template, ("GREEN", "YELLOW")), "message_template_quality_update", format!("{of_template} new_quality_score previous_quality_score")),
        (template::category(&number, at, &template, ("UTILITY", "MARKETING")), "template_category_update", format!("{of_template} new_category previous_category")),
        (template::category_warning(&number, at, &template, "MARKETING"), "template_category_update", format!("category_update_timestamp correct_category {of_template}")),
        (template::misfiled(&number, at, &template, ("UTILITY", "MARKETING")), "template_correct_category_detection", format!("category correct_category {of_template}")),
        (template::components(&number, at, &template, "Hi {{1}}"), "message_template_components_update", "message_template_buttons message_template_element message_template_id message_template_language message_template_name".to_owned()),
        (account::phone_quality(&number, at, "THROUGHPUT_UPGRADE", "TIER_10K"), "phone_number_quality_update", "display_phone_number event max_daily_conversations_per_business".to_owned()),
        (account::phone_name(&number, at, "APPROVED", "Lucky Shrub"), "phone_number_name_update", "decision display_phone_number rejection_reason requested_verified_name".to_owned()),
        (account::update(&number, at, "DISABLED_UPDATE", json!({"ban_info": {}})), "account_update", "ban_info event".to_owned()),
        (account::partner_update(&number, at, "PARTNER_ADDED", "35602282435505"), "account_update", "event waba_info".to_owned()),
        (account::alert(&number, at, "WARNING", "OBA_APPROVED"), "account_alerts", "alert_info entity_id entity_type".to_owned()),
        (account::review(&number, at, "APPROVED"), "account_review_update", "decision".to_owned()),
        (account::capability(&number, at, "TIER_2K"), "business_capability_update", "max_daily_conversations_per_business max_phone_numbers_per_business".to_owned()),
        (account::username(&number, at, "approved", Some("luckyshrub")), "business_username_updates", "display_phone_number status username".to_owned()),
        (account::username(&number, at, "deleted", None), "business_username_updates", "display_phone_number status".to_owned()),
        (account::security(&number, at, "PIN_CHANGED", "1"), "security", "display_phone_number event requester".to_owned()),
        (account::flow_status(&number, at, "1", ("DRAFT", "PUBLISHED")), "flows", "event flow_id message new_status old_status".to_owned()),
        (account::preference(&number, at, &customer, MarketingChoice::Stop), "user_preferences", format!("contacts {of_number} user_preferences")),
        (account::preference(&number, at, &customer, MarketingChoice::Resume), "user_preferences", format!("contacts {of_number} user_preferences")),
        (account::user_id_update(&number, at, &customer, "US.1"), "user_id_update", format!("contacts {of_number} user_id_update")),
        (call::event(&number, "wacid.1", &customer, at, &CallEvent::Connect), "calls", format!("calls contacts {of_number}")),
        (call::event(&number, "wacid.1", &customer, at, &CallEvent::Terminate { duration: Some(90) }), "calls", format!("calls contacts {of_number}")),
        (call::event(&number, "wacid.1", &customer, at, &CallEvent::RecordingAvailable { media_id: "1".to_owned() }), "calls", format!("calls contacts {of_number}")),
        (call::status(&number, "wacid.1", &customer, at, "RINGING"), "calls", format!("{of_number} statuses")),
        (coexistence::echoes(&number, &[echo]), "smb_message_echoes", format!("contacts message_echoes {of_number}")),
        (coexistence::contact_added(&number, &customer, at), "smb_app_state_sync", format!("{of_number} state_sync")),
        (coexistence::history(&number, &[thread]), "history", format!("history {of_number}")),
        (coexistence::history_declined(&number), "history", format!("history {of_number}")),
        (coexistence::handover(&number, &customer, at, ("ai_agent", "escalation")), "messaging_handovers", "control_passed messaging_product recipient sender timestamp type".to_owned()),
        (coexistence::standby(&number, &[incoming]), "standby", format!("{of_number} standby")),
        (group::event(&number, "Y2Fw", at, &GroupEvent::Created { subject: subject.clone() }), "group_lifecycle_update", format!("groups {of_number}")),
        (group::event(&number, "Y2Fw", at, &GroupEvent::Joined(customer.clone())), "group_participants_update", format!("groups {of_number}")),
        (group::event(&number, "Y2Fw", at, &GroupEvent::Left(customer)), "group_participants_update", format!("groups {of_number}")),
        (group::event(&number, "Y2Fw", at, &GroupEvent::Renamed { subject }), "group_settings_update", format!("groups {of_number}")),
        (group::event(&number, "Y2Fw", at, &GroupEvent::Suspended), "group_status_update", format!("groups {of_number}")),
        (Change::number_error(&number, 130_429, "Rate limit hit", "Too fast"), "messages", format!("errors {of_number}")),
        (Change::unknown_field(&number, "telepathy"), "telepathy", format!("{of_number} something")),
    ];
    for (change, field, expected) in cases {
        assert_eq!(change.field, field);
        assert_eq!(keys(&change.value).join(" "), expected, "{field}");
        let body = Envelope::of(change);
        assert_eq!(serde_json::from_slice::<Value>(&body.to_bytes()).unwrap(), body.to_value(), "{field}");
    }
}

#[test]
fn a_partner_event_is_filed_under_the_portfolio() {
    let change = account::partner_update(&number(), 1_731_617_831, "PARTNER_ADDED", "35602282435505");
    let body = Envelope::of(change).to_value();
    assert_eq!(body["entry"][0]["id"], "35602282435505");
    assert_eq!(body["entry"][0]["changes"][0]["value"]["waba_info"]["waba_id"], "419561257915477");
}
