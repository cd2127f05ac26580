//! Template fields: review, quality, category and content of the messages a business may open with.

use serde_json::{Value, json};

use super::envelope::Change;
use crate::number::BusinessNumber;

/// A template as its webhooks name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRef {
    /// Meta's id.
    pub id: u64,
    /// The business's name for it.
    pub name: String,
    /// Its language.
    pub language: String,
}

impl TemplateRef {
    /// The template's three keys, followed by those of the field.
    fn with(&self, rest: Value) -> Value {
        let mut value = json!({
            "message_template_id": self.id,
            "message_template_name": self.name,
            "message_template_language": self.language,
        });
        if let (Value::Object(whole), Value::Object(rest)) = (&mut value, rest) {
            whole.extend(rest);
        }
        value
    }
}

/// What happened to a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateEvent {
    /// It may be used.
    Approved,
    /// It may not, for this reason.
    Rejected { reason: String },
    /// It may not for a while, for customers dislike it.
    Paused { title: String, description: String },
    /// It may never again, from that Unix second on.
    Disabled { date: u64 },
    /// Any other of Meta's events.
    Other(String),
}

impl TemplateEvent {
    fn to_value(&self) -> Value {
        match self {
            Self::Approved => json!({ "event": "APPROVED", "reason": "NONE" }),
            Self::Rejected { reason } => json!({ "event": "REJECTED", "reason": reason }),
            Self::Paused { title, description } => json!({
                "event": "PAUSED",
                "reason": "NONE",
                "other_info": { "title": title, "description": description },
            }),
            Self::Disabled { date } => json!({
                "event": "DISABLED", "reason": "NONE", "disable_info": { "disable_date": date },
            }),
            Self::Other(event) => json!({ "event": event, "reason": "NONE" }),
        }
    }
}

/// `message_template_status_update`.
pub fn status(number: &BusinessNumber, time: u64, template: &TemplateRef, event: &TemplateEvent) -> Change {
    Change::of_account(number, time, "message_template_status_update", template.with(event.to_value()))
}

/// `message_template_quality_update`: from one of GREEN, YELLOW, RED, UNKNOWN to another.
pub fn quality(number: &BusinessNumber, time: u64, template: &TemplateRef, scores: (&str, &str)) -> Change {
    let rest = json!({ "previous_quality_score": scores.0, "new_quality_score": scores.1 });
    Change::of_account(number, time, "message_template_quality_update", template.with(rest))
}

/// `template_category_update`: from one category to another.
pub fn category(number: &BusinessNumber, time: u64, template: &TemplateRef, change: (&str, &str)) -> Change {
    let rest = json!({ "previous_category": change.0, "new_category": change.1 });
    Change::of_account(number, time, "template_category_update", template.with(rest))
}

/// `template_category_update` as a warning a day ahead.
pub fn category_warning(number: &BusinessNumber, time: u64, template: &TemplateRef, correct: &str) -> Change {
    let rest = json!({ "correct_category": correct, "category_update_timestamp": time + 86_400 });
    Change::of_account(number, time, "template_category_update", template.with(rest))
}

/// `template_correct_category_detection`: from the category it has to the one Meta thinks right.
pub fn misfiled(number: &BusinessNumber, time: u64, template: &TemplateRef, change: (&str, &str)) -> Change {
    let rest = json!({ "category": change.0, "correct_category": change.1 });
    Change::of_account(number, time, "template_correct_category_detection", template.with(rest))
}

/// `message_template_components_update`: its body is now this.
pub fn components(number: &BusinessNumber, time: u64, template: &TemplateRef, body: &str) -> Change {
    let rest = json!({
        "message_template_element": body,
        "message_template_buttons": [{
            "message_template_button_type": "URL",
            "message_template_button_text": "Support",
            "message_template_button_url": "https://example.com/support",
        }],
    });
    Change::of_account(number, time, "message_template_components_update", template.with(rest))
}
