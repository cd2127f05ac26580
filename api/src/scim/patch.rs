//! Changes of a part of a resource, as the standard has them and as Entra ID and Okta write them.

use serde_json::Value;

use super::document::{Document, one_of, value_of};
use super::error::{Result, ScimError};
use super::filter::{Comparison, Filter, Target};
use super::matching::item_fits;
use super::schema::{Attribute, Mutability, ResourceType};

const MAX_OPERATIONS: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Add,
    Replace,
    Remove,
}

/// Does all operations of a request to a resource, one after the other.
pub fn apply(of: &ResourceType, document: &mut Document, request: &Document) -> Result<()> {
    let operations = request.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"));
    let Some((_, Value::Array(operations))) = operations else {
        return Err(ScimError::bad("invalidSyntax", "Operations is a list."));
    };
    if operations.len() > MAX_OPERATIONS {
        let detail = format!("A request has at most {MAX_OPERATIONS} operations.");
        return Err(ScimError::bad("tooMany", detail));
    }
    operations.iter().try_for_each(|operation| apply_one(of, document, operation))
}

fn apply_one(of: &ResourceType, document: &mut Document, operation: &Value) -> Result<()> {
    let field = |wanted: &str| {
        let found = operation.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value)
    };
    let kind = match field("op").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Kind::Add,
        Some("replace") => Kind::Replace,
        Some("remove") => Kind::Remove,
        _ => return Err(ScimError::bad("invalidSyntax", "op is add, replace or remove.")),
    };
    let value = field("value");
    match field("path") {
        Some(Value::String(path)) if !path.is_empty() => at(of, document, path, (kind, value)),
        None | Some(Value::Null | Value::String(_)) => match (kind, value) {
            (Kind::Remove, _) => Err(ScimError::bad("noTarget", "Removing needs a path.")),
            (_, Some(Value::Object(values))) => without_path(of, document, values, kind),
            _ => Err(ScimError::invalid_value("Without a path, value is an object.")),
        },
        Some(_) => Err(ScimError::bad("invalidPath", "path is a text.")),
    }
}

/// Each name in the value is a path of its own. What cannot be changed is passed over, for clients send it all the same.
fn without_path(of: &ResourceType, document: &mut Document, values: &Document, kind: Kind) -> Result<()> {
    for (name, value) in values {
        if let (true, Value::Object(inner)) = (name.eq_ignore_ascii_case(of.urn), value) {
            without_path(of, document, inner, kind)?;
            continue;
        }
        let target = match Target::parse(name) {
            Ok(target) => target,
            Err(_) if of.passes_over(name) => continue,
            Err(wrong) => return Err(wrong),
        };
        let attribute = of.attribute(&target.name);
        if attribute.is_some_and(|attribute| attribute.mutability != Mutability::ReadOnly) {
            at(of, document, name, (kind, Some(value)))?;
        }
    }
    Ok(())
}

fn at(
    of: &ResourceType,
    document: &mut Document,
    path: &str,
    (kind, value): (Kind, Option<&Value>),
) -> Result<()> {
    let target = Target::parse(path)?;
    let Some(attribute) = of.attribute(&target.name) else {
        if of.passes_over(&target.name) {
            return Ok(());
        }
        return Err(ScimError::bad("invalidPath", "There is no such attribute."));
    };
    if attribute.mutability == Mutability::ReadOnly {
        return Err(ScimError::bad("mutability", format!("{} cannot be changed.", attribute.name)));
    }
    let value = value.filter(|value| !value.is_null());
    let change = match (kind, value) {
        (Kind::Remove, value) => Change::Remove(value),
        (Kind::Replace, None) => Change::Remove(None),
        (Kind::Add, None) => return Err(ScimError::invalid_value("Adding needs a value.")),
        (Kind::Add, Some(value)) => Change::Add(value),
        (Kind::Replace, Some(value)) => Change::Replace(value),
    };
    match (&target.filter, &target.part) {
        (None, None) => whole(document, attribute, change)?,
        (filter, part) => within(document, attribute, (filter.as_ref(), part.as_deref()), change)?,
    }
    let gone = match document.get(attribute.name) {
        None => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(parts)) => parts.is_empty(),
        Some(_) => false,
    };
    if gone {
        document.remove(attribute.name);
        if attribute.required {
            return Err(ScimError::bad("mutability", format!("{} is required.", attribute.name)));
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Add(&'a Value),
    Replace(&'a Value),
    /// With a value: only these, as some clients say it.
    Remove(Option<&'a Value>),
}

/// Changes an attribute as such.
fn whole(document: &mut Document, attribute: &Attribute, change: Change<'_>) -> Result<()> {
    let name = attribute.name.to_owned();
    match change {
        Change::Remove(Some(value)) if attribute.many => {
            let gone = value_of(attribute, value)?;
            if let Some(Value::Array(items)) = document.get_mut(attribute.name) {
                items.retain(|item| !is_among(item, &gone));
            }
        }
        Change::Remove(_) => {
            document.remove(attribute.name);
        }
        Change::Add(value) if attribute.many => {
            let Value::Array(new) = value_of(attribute, value)? else { return Ok(()) };
            let items = document.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(items) = items else { return Ok(()) };
            for item in new {
                add_item(items, item);
            }
        }
        Change::Add(value) | Change::Replace(value) => {
            let value = value_of(attribute, value)?;
            match (document.get_mut(attribute.name), value) {
                (Some(Value::Object(parts)), Value::Object(new)) => parts.extend(new),
                (_, value) => {
                    document.insert(name, value);
                }
            }
        }
    }
    Ok(())
}

/// Adds a value that is not there yet. If it is the primary one, the others are no longer.
fn add_item(items: &mut Vec<Value>, item: Value) {
    if item.get("primary") == Some(&Value::Bool(true)) {
        for other in items.iter_mut() {
            if other.get("primary") == Some(&Value::Bool(true)) {
                other["primary"] = false.into();
            }
        }
    }
    let known = Value::Array(vec![item.clone()]);
    items.retain(|other| !is_among(other, &known));
    items.push(item);
}

/// Whether a value is one of these: by what is called `value` in it.
fn is_among(item: &Value, these: &Value) -> bool {
    let key = |item: &Value| item.get("value").unwrap_or(item).clone();
    these.as_array().is_some_and(|these| these.iter().any(|other| key(other) == key(item)))
}

/// Changes a part, or the values that fit a filter.
fn within(
    document: &mut Document,
    attribute: &Attribute,
    (filter, part): (Option<&Filter>, Option<&str>),
    change: Change<'_>,
) -> Result<()> {
    let part = match part {
        None => None,
        Some(name) => {
            let found = attribute.part(name);
            Some(found.ok_or_else(|| ScimError::bad("invalidPath", "There is no such attribute."))?)
        }
    };
    let chosen = |item: &Value| filter.is_none_or(|filter| item_fits(filter, attribute, item));
    if !attribute.many {
        if filter.is_some() {
            return Err(ScimError::bad("invalidPath", "A filter needs an attribute of many values."));
        }
        let empty = || Value::Object(Document::new());
        let value = document.entry(attribute.name.to_owned()).or_insert_with(empty);
        return change_item(value, (attribute, part), change);
    }
    let items = document.entry(attribute.name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(items) = items else { return Ok(()) };
    if let (Change::Remove(_), None) = (change, part) {
        items.retain(|item| !chosen(item));
        return Ok(());
    }
    if !items.iter().any(chosen) {
        return match change {
            Change::Remove(_) => Ok(()),
            Change::Add(_) | Change::Replace(_) => {
                let mut item = Value::Object(described(filter, attribute)?);
                change_item(&mut item, (attribute, part), change)?;
                add_item(items, item);
                Ok(())
            }
        };
    }
    items
        .iter_mut()
        .filter(|item| chosen(item))
        .try_for_each(|item| change_item(item, (attribute, part), change))
}

fn change_item(
    item: &mut Value,
    (attribute, part): (&Attribute, Option<&'static Attribute>),
    change: Change<'_>,
) -> Result<()> {
    let Value::Object(parts) = item else { return Ok(()) };
    match (part, change) {
        (Some(part), Change::Remove(_)) => {
            parts.remove(part.name);
        }
        (Some(part), Change::Add(value) | Change::Replace(value)) => {
            parts.insert(part.name.to_owned(), value_of(part, value)?);
        }
        (None, Change::Add(value) | Change::Replace(value)) => {
            if let Value::Object(new) = one_of(attribute, value)? {
                parts.extend(new);
            }
        }
        (None, Change::Remove(_)) => {}
    }
    Ok(())
}

/// The value that a filter describes, where it does: `type eq "work"` is `{type: work}`.
fn described(filter: Option<&Filter>, attribute: &Attribute) -> Result<Document> {
    let mut item = Document::new();
    match filter {
        None => {}
        Some(Filter::Compare(path, Comparison::Equal, value)) if path.part.is_none() => {
            if let Some(part) = attribute.part(&path.name) {
                item.insert(part.name.to_owned(), value_of(part, value)?);
            }
        }
        Some(Filter::And(one, other)) => {
            item.extend(described(Some(one), attribute)?);
            item.extend(described(Some(other), attribute)?);
        }
        Some(_) => return Err(ScimError::bad("noTarget", "No value fits the filter of the path.")),
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{GROUP, USER};
    use super::*;

    fn after(of: &ResourceType, before: &Value, operations: &Value) -> Result<Value> {
        let mut document = before.as_object().cloned().unwrap();
        let request = json!({ "Operations": operations });
        apply(of, &mut document, request.as_object().unwrap())?;
        Ok(document.into())
    }

    #[test]
    fn the_dialects_of_directories_are_understood() {
        let ana = json!({ "userName": "ana", "active": true, "emails": [{ "value": "a@x", "type": "work", "primary": true }] });
        let cases = [
            // Entra ID
            (json!([{ "op": "Replace", "path": "active", "value": "False" }]), "/active", json!(false)),
            (
                json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "b@x" }]),
                "/emails/0/value",
                json!("b@x"),
            ),
            (
                json!([{ "op": "Replace", "path": "emails[type eq \"home\"].value", "value": "h@x" }]),
                "/emails/1",
                json!({ "type": "home", "value": "h@x" }),
            ),
            (
                json!([{ "op": "Replace", "value": { "active": "False", "name.familyName": "Souza" } }]),
                "/name",
                json!({ "familyName": "Souza" }),
            ),
            (
                json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "x" }]),
                "/userName",
                json!("ana"),
            ),
            (json!([{ "op": "Add", "path": "title", "value": "x" }]), "/title", Value::Null),
            // Okta
            (json!([{ "op": "replace", "value": { "active": false, "id": "x" } }]), "/active", json!(false)),
            (
                json!([{ "op": "replace", "value": { "emails": [{ "value": "c@x" }] } }]),
                "/emails",
                json!([{ "value": "c@x" }]),
            ),
            // The standard
            (
                json!([{ "op": "add", "value": { "emails": [{ "value": "d@x", "primary": true }] } }]),
                "/emails/0/primary",
                json!(false),
            ),
            (
                json!([{ "op": "add", "path": "name", "value": { "givenName": "Ana" } }, { "op": "remove", "path": "name.givenName" }]),
                "/name",
                Value::Null,
            ),
            (
                json!([{ "op": "add", "path": "emails", "value": { "value": "a@x", "type": "home" } }]),
                "/emails",
                json!([{ "value": "a@x", "type": "home" }]),
            ),
            (json!([{ "op": "replace", "path": "displayName", "value": null }]), "/displayName", Value::Null),
        ];
        for (operations, place, expected) in cases {
            let after = after(&USER, &ana, &operations).unwrap();
            assert_eq!(
                after.pointer(place).cloned().unwrap_or_default(),
                expected,
                "{operations} gave {after}"
            );
        }
        let group = json!({ "displayName": "G", "members": [{ "value": "1" }, { "value": "2" }] });
        for (operations, expected) in [
            (
                json!([{ "op": "Add", "path": "members", "value": [{ "value": "2" }, { "value": "3", "$ref": null }] }]),
                json!(["1", "2", "3"]),
            ),
            (json!([{ "op": "Remove", "path": "members", "value": [{ "value": "1" }] }]), json!(["2"])),
            (json!([{ "op": "remove", "path": "members[value eq \"2\"]" }]), json!(["1"])),
            (json!([{ "op": "remove", "path": "members[value eq \"9\"]" }]), json!(["1", "2"])),
            (json!([{ "op": "replace", "path": "members", "value": [{ "value": "4" }] }]), json!(["4"])),
            (json!([{ "op": "remove", "path": "members" }]), json!([])),
        ] {
            let after = after(&GROUP, &group, &operations).unwrap();
            let members = after["members"].as_array().cloned().unwrap_or_default();
            let members: Vec<_> = members.iter().map(|member| member["value"].clone()).collect();
            assert_eq!(json!(members), expected, "{operations}");
        }
    }

    #[test]
    fn what_cannot_be_changed_is_refused_by_its_name() {
        let ana = json!({ "userName": "ana", "active": true, "emails": [{ "value": "a@x" }] });
        for (operation, kind) in [
            (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
            (json!({ "op": "add", "path": "groups", "value": [] }), "mutability"),
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "remove", "path": "emails[value eq \"a@x\"]" }), "mutability"),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "move", "path": "active" }), "invalidSyntax"),
            (json!({ "op": "add", "path": "nothing", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "name.nothing", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "emails[", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "active" }), "invalidValue"),
            (json!({ "op": "add", "value": "x" }), "invalidValue"),
            (json!({ "op": "replace", "path": "active", "value": "perhaps" }), "invalidValue"),
            (json!({ "op": "replace", "path": "emails[type pr].value", "value": "x@x" }), "noTarget"),
        ] {
            let refused = after(&USER, &ana, &json!([operation])).unwrap_err();
            assert_eq!(refused.kind, Some(kind), "{operation}: {}", refused.detail);
        }
        assert_eq!(after(&USER, &ana, &json!({})).unwrap_err().kind, Some("invalidSyntax"));
    }
}
