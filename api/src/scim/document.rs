//! Resources as JSON: what clients send in canonical form, and as much of an answer as they asked for.

use serde_json::{Map, Value};

use super::error::{Result, ScimError};
use super::schema::{Attribute, Kind, Mutability, ResourceType};

pub type Document = Map<String, Value>;

/// What a client says, with every name as the schema writes it. What is read-only, unknown or null is left out.
pub fn canonical(of: &ResourceType, said: &Document) -> Result<Document> {
    let mut known = Document::new();
    for (name, value) in said {
        // Some clients put attributes below the name of their schema.
        if let (true, Value::Object(inner)) = (name.eq_ignore_ascii_case(of.urn), value) {
            known.extend(canonical(of, inner)?);
            continue;
        }
        let Some(attribute) = of.attribute(name) else { continue };
        if attribute.mutability != Mutability::ReadOnly && !value.is_null() {
            known.insert(attribute.name.to_owned(), value_of(attribute, value)?);
        }
    }
    Ok(known)
}

/// A value of an attribute in canonical form: of many, always a list.
pub fn value_of(attribute: &Attribute, said: &Value) -> Result<Value> {
    if !attribute.many {
        return one_of(attribute, said);
    }
    let items: &[Value] = match said {
        Value::Array(items) => items,
        single => std::slice::from_ref(single),
    };
    let items = items.iter().filter(|item| !item.is_null());
    items.map(|item| one_of(attribute, item)).collect::<Result<Vec<_>>>().map(Value::Array)
}

/// One value of an attribute.
pub fn one_of(attribute: &Attribute, said: &Value) -> Result<Value> {
    let wrong = |wanted: &str| ScimError::invalid_value(format!("{} is {wanted}.", attribute.name));
    match (attribute.kind, said) {
        (Kind::Text | Kind::Reference | Kind::DateTime, Value::String(_))
        | (Kind::Boolean, Value::Bool(_)) => Ok(said.clone()),
        // Some clients write truth values as text.
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true.into()),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false.into()),
        (Kind::Complex, Value::Object(said)) => {
            let mut known = Document::new();
            for (name, value) in said {
                let Some(part) = attribute.part(name) else { continue };
                if part.mutability != Mutability::ReadOnly && !value.is_null() {
                    known.insert(part.name.to_owned(), value_of(part, value)?);
                }
            }
            Ok(known.into())
        }
        (Kind::Complex, Value::String(_)) if attribute.many => {
            Ok(Document::from_iter([("value".to_owned(), said.clone())]).into())
        }
        (Kind::Text | Kind::Reference | Kind::DateTime, _) => Err(wrong("a text")),
        (Kind::Boolean, _) => Err(wrong("true or false")),
        (Kind::Complex, _) => Err(wrong("an object")),
    }
}

/// An attribute, or a part of one, that a client named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    name: &'static str,
    part: Option<&'static str>,
}

/// How much of a resource a client asked for, by names as it wrote them: what they mean depends on the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    #[default]
    Whole,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl Projection {
    pub fn new(attributes: Vec<String>, excluded: Vec<String>) -> Result<Self> {
        match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Ok(Self::Whole),
            (false, true) => Ok(Self::Only(attributes)),
            (true, false) => Ok(Self::Without(excluded)),
            (false, false) => {
                Err(ScimError::invalid_value("attributes and excludedAttributes are one or the other."))
            }
        }
    }

    /// Whether an attribute is in the answer, so that it has to be read at all.
    pub fn shows(&self, of: &ResourceType, name: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Only(names) => wishes(of, names).iter().any(|wish| wish.name == name),
            Self::Without(names) => {
                !wishes(of, names).iter().any(|wish| wish.name == name && wish.part.is_none())
            }
        }
    }

    /// Leaves of a resource what was asked for. Its id and its schemas are always there.
    pub fn apply(&self, of: &ResourceType, document: Document) -> Document {
        const ALWAYS: [&str; 2] = ["schemas", "id"];
        match self {
            Self::Whole => document,
            Self::Only(names) => {
                let wishes = wishes(of, names);
                let mut shown = Document::new();
                for (name, value) in document {
                    let parts: Vec<_> =
                        wishes.iter().filter(|wish| wish.name == name).map(|wish| wish.part).collect();
                    if ALWAYS.contains(&name.as_str()) || parts.contains(&None) {
                        shown.insert(name, value);
                    } else if !parts.is_empty() {
                        let keep = |part: &str| parts.contains(&Some(part));
                        shown.insert(name, keep_parts(value, &keep));
                    }
                }
                shown
            }
            Self::Without(names) => {
                let mut document = document;
                for Wish { name, part } in wishes(of, names) {
                    match part {
                        None if ALWAYS.contains(&name) => {}
                        None => {
                            document.remove(name);
                        }
                        Some(part) => {
                            if let Some(value) = document.remove(name) {
                                document.insert(name.to_owned(), keep_parts(value, &|other| other != part));
                            }
                        }
                    }
                }
                document
            }
        }
    }
}

fn keep_parts(value: Value, keep: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| keep_parts(item, keep)).collect(),
        Value::Object(parts) => parts.into_iter().filter(|(name, _)| keep(name)).collect::<Document>().into(),
        other => other,
    }
}

/// What names mean for a type of resource. Those that it does not have mean nothing.
fn wishes(of: &ResourceType, names: &[String]) -> Vec<Wish> {
    let meant = |name: &String| {
        if let Some(attribute) = of.attribute(name) {
            return Some(Wish { name: attribute.name, part: None });
        }
        let (name, part) = name.rsplit_once('.')?;
        let attribute = of.attribute(name)?;
        Some(Wish { name: attribute.name, part: Some(attribute.part(part)?.name) })
    };
    names.iter().filter_map(meant).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::USER;
    use super::*;

    fn document(value: Value) -> Document {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_clients_say_becomes_what_the_schema_says() {
        let said = json!({
            "USERNAME": "ana", "Active": "False", "id": "x", "title": "Dr", "displayName": null,
            "emails": { "VALUE": "a@x", "primary": "True", "display": "x" },
            "urn:ietf:params:scim:schemas:core:2.0:User:externalId": "7",
            "urn:ietf:params:scim:schemas:core:2.0:User": { "preferredLanguage": "pt" },
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "x" },
        });
        let known = canonical(&USER, &document(said)).unwrap();
        let expected = json!({ "userName": "ana", "active": false, "emails": [{ "value": "a@x", "primary": true }],
                               "externalId": "7", "preferredLanguage": "pt" });
        assert_eq!(Value::Object(known), expected);
        for wrong in [json!({ "userName": 1 }), json!({ "active": "maybe" }), json!({ "name": "x" })] {
            assert_eq!(canonical(&USER, &document(wrong)).unwrap_err().kind, Some("invalidValue"));
        }
    }

    #[test]
    fn answers_hold_what_was_asked_for() {
        let whole = || {
            document(
                json!({ "schemas": [], "id": "1", "userName": "a", "emails": [{ "value": "v", "type": "t" }] }),
            )
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let only = Projection::new(names(&["USERNAME", "emails.value", "nothing"]), vec![]).unwrap();
        let expected = json!({ "schemas": [], "id": "1", "userName": "a", "emails": [{ "value": "v" }] });
        assert_eq!(Value::Object(only.apply(&USER, whole())), expected);
        assert!(only.shows(&USER, "emails") && !only.shows(&USER, "groups"));
        let without = Projection::new(vec![], names(&["id", "userName", "emails.type"])).unwrap();
        let expected = json!({ "schemas": [], "id": "1", "emails": [{ "value": "v" }] });
        assert_eq!(Value::Object(without.apply(&USER, whole())), expected);
        assert!(Projection::new(names(&["id"]), names(&["id"])).is_err());
    }
}
