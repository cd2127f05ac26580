//! A customer as webhooks describe one: a phone number, a business-scoped id, a username, or only some of them.

use serde_json::{Map, Value, json};

/// Somebody who writes to a business. Every identity may be missing; Meta then leaves the key out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// The profile name.
    pub name: String,
    /// The WhatsApp username, without `@`.
    pub username: Option<String>,
    /// The phone number, digits only; absent for customers who hide it.
    pub wa_id: Option<String>,
    /// The business-scoped user id (`BR.…`).
    pub user_id: Option<String>,
    /// The id shared by a parent business's portfolios (`BR.ENT.…`).
    pub parent_user_id: Option<String>,
}

impl Customer {
    /// What an id or a log of WhatsApp would call them: the phone where there is one, else the scoped id.
    pub fn address(&self) -> &str {
        self.wa_id.as_deref().or(self.user_id.as_deref()).unwrap_or_default()
    }

    /// The element of `contacts[]` beside a message or status.
    pub fn contact(&self) -> Value {
        let mut profile = json!({ "name": self.name });
        let mut contact = Map::new();
        if let (Some(username), Some(profile)) = (&self.username, profile.as_object_mut()) {
            profile.insert("username".to_owned(), json!(username));
        }
        contact.insert("profile".to_owned(), profile);
        put(&mut contact, "wa_id", self.wa_id.as_ref());
        put(&mut contact, "user_id", self.user_id.as_ref());
        put(&mut contact, "parent_user_id", self.parent_user_id.as_ref());
        Value::Object(contact)
    }
}

/// Adds a key when there is a value for it: Meta omits what it does not know and never sends an empty string.
pub(crate) fn put(object: &mut Map<String, Value>, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), Value::String(value.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_identities_are_left_out() {
        let hidden = Customer {
            name: "Sheena Nelson".to_owned(),
            username: Some("realsheena".to_owned()),
            user_id: Some("US.13491208655302741918".to_owned()),
            ..Customer::default()
        };
        assert_eq!(
            hidden.contact(),
            json!({
                "profile": {"name": "Sheena Nelson", "username": "realsheena"},
                "user_id": "US.13491208655302741918",
            })
        );
        assert_eq!(hidden.address(), "US.13491208655302741918");
    }
}
