//! A business's phone number as Meta names it in webhooks and Graph paths.

use serde_json::{Value, json};

/// One phone number of one WhatsApp Business Account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessNumber {
    /// The account (WABA) it belongs to: `entry[].id` of its webhooks.
    pub waba_id: String,
    /// Meta's id of the number, used in Graph paths.
    pub phone_number_id: String,
    /// The number itself, digits only.
    pub display_phone_number: String,
    /// The name customers see.
    pub verified_name: String,
}

impl BusinessNumber {
    /// The `metadata` object that tells a webhook's receiver which number it is about.
    pub fn metadata(&self) -> Value {
        json!({
            "display_phone_number": self.display_phone_number,
            "phone_number_id": self.phone_number_id,
        })
    }

    /// A made-up number for demonstrations; different for every index.
    pub fn example(index: u16) -> Self {
        Self {
            waba_id: "102290129340398".to_owned(),
            phone_number_id: format!("1065403522{index:05}"),
            display_phone_number: format!("1555078{index:04}"),
            verified_name: format!("Example {index}"),
        }
    }
}
