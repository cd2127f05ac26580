//! Which of two contacts a message belongs to that came while they were one: told by the identities that it names.

use std::collections::HashSet;

use portaria_entity::message::Direction;
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Who was merged, and goes again.
    Goes,
    /// Who stayed.
    Stays,
}

/// By what both are known.
#[derive(Debug, Default)]
pub(super) struct Whose {
    pub goes: HashSet<String>,
    pub stays: HashSet<String>,
}

impl Whose {
    /// Whose message it is, where it says so; what else it names them by is theirs from then on.
    pub fn is(&mut self, direction: Direction, payload: &str) -> Option<Side> {
        let names = names(direction, &serde_json::from_str(payload).unwrap_or_default());
        let any = |known: &HashSet<String>| names.iter().any(|name| known.contains(name));
        match (any(&self.goes), any(&self.stays)) {
            (true, false) => {
                self.goes.extend(names);
                Some(Side::Goes)
            }
            (false, true) => {
                self.stays.extend(names);
                Some(Side::Stays)
            }
            (true, true) | (false, false) => None,
        }
    }
}

/// The identities of the customer in what Meta told of a message.
fn names(direction: Direction, told: &Value) -> Vec<String> {
    let customer = match direction {
        Direction::Inbound => ["from", "from_user_id", "from_parent_user_id", "wa_id"],
        Direction::Outbound => ["to", "to_user_id", "to_parent_user_id", "recipient"],
    };
    let of = |object: Option<&Value>, names: &[&str]| -> Vec<String> {
        let found = names.iter().filter_map(|name| object?.get(name)?.as_str());
        found.map(|name| name.trim_start_matches('+').to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let mut all = of(Some(told), &customer);
    all.extend(of(told.get("sender"), &["phone_number", "user_id", "parent_user_id"]));
    all.extend(of(told.get("system"), &["wa_id", "user_id", "previous_user_id"]));
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_belongs_to_who_is_named_in_it() {
        let known = |name: &str| HashSet::from([name.to_owned()]);
        let mut whose = Whose { goes: known("BR.1"), stays: known("5511") };
        let mut ask = |direction, told: Value| whose.is(direction, &told.to_string());
        let inbound = Direction::Inbound;
        assert_eq!(ask(inbound, json!({ "from": "5511" })), Some(Side::Stays));
        assert_eq!(ask(inbound, json!({ "from": "5521", "from_user_id": "BR.1" })), Some(Side::Goes));
        assert_eq!(ask(inbound, json!({ "from": "5521" })), Some(Side::Goes), "what was learnt with theirs");
        assert_eq!(ask(inbound, json!({ "from": "5511", "from_user_id": "BR.1" })), None, "both");
        assert_eq!(ask(Direction::Outbound, json!({ "from": "5511", "to": "+5521" })), Some(Side::Goes));
        assert_eq!(ask(Direction::Outbound, json!({})), None);
        assert_eq!(whose.is(inbound, "no JSON"), None);
    }
}
