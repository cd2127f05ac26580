//! What a provider says of a person, after it has been verified.

use portaria_entity::time::Timestamp;
use portaria_entity::{identity_provider, role_mapping};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const NAME_CHARS: usize = 100;

/// The claims of a verified identity token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assertion {
    pub subject: String,
    pub claims: Map<String, Value>,
}

impl Assertion {
    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// Whether the provider says that the address is the person's; `None` when it says nothing of it.
    pub fn email_verified(&self) -> Option<bool> {
        match self.claims.get("email_verified")? {
            Value::Bool(verified) => Some(*verified),
            // Some say it in words.
            Value::String(text) => Some(text == "true"),
            _ => Some(false),
        }
    }

    /// What to call the person.
    pub fn name(&self) -> String {
        let local = self.email().and_then(|email| email.split('@').next());
        let said = self.text("name").or_else(|| self.text("preferred_username")).or(local);
        let name: String = said.unwrap_or("?").chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
        name.trim().to_owned()
    }

    /// When the person proved to the provider who they are, as far as it says.
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.claims.get("auth_time").and_then(Value::as_i64).map(Timestamp::from_secs)
    }

    /// Whether the provider says that a second factor was given, by the values that were configured to mean it.
    pub fn has_second_factor(&self, provider: &identity_provider::Model) -> bool {
        let is_one_of = |configured: &str, value: &Value| {
            value.as_str().is_some_and(|text| configured.split(' ').any(|one| !one.is_empty() && one == text))
        };
        let acr = self.claims.get("acr").is_some_and(|acr| is_one_of(&provider.second_factor_acr, acr));
        let amr = self.claims.get("amr").and_then(Value::as_array);
        acr || amr.is_some_and(|values| values.iter().any(|one| is_one_of(&provider.second_factor_amr, one)))
    }

    /// Whether it claims what a mapping asks for.
    pub fn matches(&self, mapping: &role_mapping::Model) -> bool {
        match self.claim(&mapping.claim) {
            Some(Value::Array(values)) => values.iter().any(|one| says(one, &mapping.value)),
            Some(value) => says(value, &mapping.value),
            None => false,
        }
    }

    /// A claim by its name, or else by a path through objects.
    fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.claims.get(first)?, |value, part| value.get(part))
        })
    }
}

fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(_) | Value::Number(_) => wanted.eq(&value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portaria_entity::id::{IdentityProviderId, MemberId, RoleId, RoleMappingId, WorkspaceId};
    use serde_json::json;
    use uuid::Uuid;

    fn assertion(claims: &Value) -> Assertion {
        Assertion { subject: "s".to_owned(), claims: claims.as_object().unwrap().clone() }
    }

    fn mapping(claim: &str, value: &str) -> role_mapping::Model {
        role_mapping::Model {
            workspace_id: WorkspaceId(Uuid::nil()),
            id: RoleMappingId(Uuid::nil()),
            provider_id: IdentityProviderId(Uuid::nil()),
            claim: claim.to_owned(),
            value: value.to_owned(),
            role_id: RoleId(Uuid::nil()),
            channel_id: None,
            team_id: None,
            configured_by: MemberId(Uuid::nil()),
            created_at: Timestamp(0),
            closed_at: None,
            closed_by: None,
        }
    }

    #[test]
    fn a_claim_matches_whole_values_and_paths_and_nothing_near_them() {
        let said = assertion(&json!({
            "groups": ["agents", "sales"], "department": "support", "admin": true,
            "realm_access": { "roles": ["boss"] }, "https://example.com/role": "x", "a.b": "flat", "a": { "b": "deep" },
        }));
        for (claim, value) in [
            ("groups", "sales"),
            ("department", "support"),
            ("admin", "true"),
            ("realm_access.roles", "boss"),
            ("https://example.com/role", "x"),
            ("a.b", "flat"),
        ] {
            assert!(said.matches(&mapping(claim, value)), "{claim} {value}");
        }
        for (claim, value) in [
            ("groups", "sale"),
            ("groups", "agents,sales"),
            ("realm_access", "boss"),
            ("none", ""),
            ("a.b", "deep"),
        ] {
            assert!(!said.matches(&mapping(claim, value)), "{claim} {value}");
        }
    }

    #[test]
    fn a_name_is_never_empty_and_never_commands() {
        assert_eq!(assertion(&json!({ "name": " Zoë\u{7}\n " })).name(), "Zoë");
        assert_eq!(assertion(&json!({ "email": "zoe@example.com" })).name(), "zoe");
        assert_eq!(assertion(&json!({})).name(), "?");
        assert_eq!(assertion(&json!({ "email_verified": "true" })).email_verified(), Some(true));
        assert_eq!(assertion(&json!({ "email_verified": 1 })).email_verified(), Some(false));
    }
}
