//! Whether a resource fits a filter. Attributes that its type does not have, have no value.

use serde_json::Value;

use super::document::Document;
use super::filter::{Comparison, Filter, Path};
use super::schema::{Attribute, Kind, ResourceType};

/// Whether a resource fits.
pub fn fits(filter: &Filter, of: &ResourceType, document: &Document) -> bool {
    match filter {
        Filter::Present(path) => values(path, of, document).next().is_some(),
        Filter::Compare(path, comparison, wanted) => match leaf(path, of) {
            Some(attribute) => compare(values(path, of, document), attribute, (*comparison, wanted)),
            None => is_about_absence(*comparison, wanted),
        },
        Filter::Within(name, inner) => {
            let Some(attribute) = of.attribute(name) else { return false };
            let found = document.get(attribute.name);
            found.into_iter().flat_map(items).any(|item| item_fits(inner, attribute, item))
        }
        Filter::Not(inner) => !fits(inner, of, document),
        Filter::And(one, other) => fits(one, of, document) && fits(other, of, document),
        Filter::Or(one, other) => fits(one, of, document) || fits(other, of, document),
    }
}

/// Whether one value of an attribute with parts fits.
pub fn item_fits(filter: &Filter, attribute: &Attribute, item: &Value) -> bool {
    let part = |path: &Path| attribute.part(&path.name).filter(|_| path.part.is_none());
    let found = |part: &Attribute| item.get(part.name).into_iter().flat_map(items);
    match filter {
        Filter::Present(path) => part(path).is_some_and(|part| found(part).next().is_some()),
        Filter::Compare(path, comparison, wanted) => match part(path) {
            Some(part) => compare(found(part), part, (*comparison, wanted)),
            None => is_about_absence(*comparison, wanted),
        },
        Filter::Within(..) => false,
        Filter::Not(inner) => !item_fits(inner, attribute, item),
        Filter::And(one, other) => item_fits(one, attribute, item) && item_fits(other, attribute, item),
        Filter::Or(one, other) => item_fits(one, attribute, item) || item_fits(other, attribute, item),
    }
}

fn items(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

/// What is compared: the part that is named, or of values with parts the one called `value`.
fn leaf(path: &Path, of: &ResourceType) -> Option<&'static Attribute> {
    let attribute = of.attribute(&path.name)?;
    match &path.part {
        Some(part) => attribute.part(part),
        None => Some(attribute.part("value").unwrap_or(attribute)),
    }
}

fn values<'a>(path: &Path, of: &ResourceType, document: &'a Document) -> impl Iterator<Item = &'a Value> {
    let attribute = of.attribute(&path.name);
    let leaf = leaf(path, of);
    let found = leaf.and(attribute).and_then(|attribute| document.get(attribute.name));
    let below = leaf.filter(|leaf| attribute.is_some_and(|attribute| attribute.name != leaf.name));
    found.into_iter().flat_map(items).filter_map(move |item| match below {
        Some(part) => item.get(part.name),
        None => Some(item),
    })
}

/// Nothing is equal to null, and differs from everything else.
fn is_about_absence(comparison: Comparison, wanted: &Value) -> bool {
    match comparison {
        Comparison::Equal => wanted.is_null(),
        Comparison::NotEqual => !wanted.is_null(),
        _ => false,
    }
}

fn compare<'a>(
    mut found: impl Iterator<Item = &'a Value>,
    attribute: &Attribute,
    (comparison, wanted): (Comparison, &Value),
) -> bool {
    if wanted.is_null() {
        return match comparison {
            Comparison::Equal => found.next().is_none(),
            Comparison::NotEqual => found.next().is_some(),
            _ => false,
        };
    }
    let holds = |value: &Value, comparison| one_holds(value, attribute, (comparison, wanted));
    match comparison {
        Comparison::NotEqual => !found.any(|value| holds(value, Comparison::Equal)),
        other => found.any(|value| holds(value, other)),
    }
}

fn one_holds(value: &Value, attribute: &Attribute, (comparison, wanted): (Comparison, &Value)) -> bool {
    if let (Kind::Boolean, Value::Bool(value)) = (attribute.kind, value) {
        let said = match wanted {
            Value::Bool(wanted) => wanted == value,
            Value::String(text) => text.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
            _ => false,
        };
        return comparison == Comparison::Equal && said;
    }
    let (Some(value), Some(wanted)) = (value.as_str(), wanted.as_str()) else { return false };
    if attribute.kind == Kind::DateTime {
        let (Ok(value), Ok(wanted)) = (value.parse::<jiff::Timestamp>(), wanted.parse::<jiff::Timestamp>())
        else {
            return false;
        };
        return ordered(comparison, value.cmp(&wanted));
    }
    let folded = |text: &str| if attribute.exact { text.to_owned() } else { text.to_lowercase() };
    let (value, wanted) = (folded(value), folded(wanted));
    match comparison {
        Comparison::Contains => value.contains(&wanted),
        Comparison::StartsWith => value.starts_with(&wanted),
        Comparison::EndsWith => value.ends_with(&wanted),
        other => ordered(other, value.cmp(&wanted)),
    }
}

fn ordered(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::NotEqual | Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::schema::{GROUP, USER};
    use super::*;

    fn fit(filter: &str, of: &ResourceType, document: &Value) -> bool {
        fits(&Filter::parse(filter).unwrap(), of, document.as_object().unwrap())
    }

    #[test]
    fn filters_mean_what_the_standard_says() {
        let ana = json!({
            "id": "diruser_1", "externalId": "Ab", "userName": "Ana@X", "active": true, "name": { "familyName": "Souza" },
            "emails": [{ "value": "ana@x", "type": "work" }, { "value": "a@home", "type": "home" }],
            "meta": { "created": "2026-03-02T12:00:00.5Z" },
        });
        for yes in [
            "userName eq \"ana@x\"",
            "USERNAME sw \"ANA\"",
            "externalId eq \"Ab\"",
            "active eq true",
            "active eq \"True\"",
            "emails eq \"a@home\"",
            "emails.value ew \"HOME\"",
            "emails[type eq \"work\" and value co \"ana\"]",
            "name.familyName pr",
            "not (title pr)",
            "displayName eq null",
            "userName ne \"bia\"",
            "title ne \"x\"",
            "meta.created gt \"2026-03-02T12:00:00Z\"",
            "meta.created lt \"2026-03-02T12:00:01Z\"",
            "userName eq \"no\" or active eq true",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ana@x\"",
            "userName ge \"ana\" and userName le \"anb\"",
        ] {
            assert!(fit(yes, &USER, &ana), "{yes}");
        }
        for no in [
            "externalId eq \"ab\"",
            "active eq false",
            "emails[type eq \"work\" and value co \"home\"]",
            "title eq \"x\"",
            "title pr",
            "userName eq null",
            "emails ne \"a@home\"",
            "urn:other:userName eq \"ana@x\"",
            "active gt false",
            "userName eq 1",
            "meta.created gt \"x\"",
        ] {
            assert!(!fit(no, &USER, &ana), "{no}");
        }
        let group = json!({ "displayName": "Vendas", "members": [{ "value": "diruser_1" }] });
        assert!(fit("members eq \"diruser_1\"", &GROUP, &group));
        assert!(fit("members[value eq \"diruser_1\"]", &GROUP, &group));
        assert!(!fit("members.value eq \"diruser_2\"", &GROUP, &group));
    }
}
