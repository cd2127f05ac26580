//! From the bytes of a delivery to its changes.

use std::cell::{Cell, OnceCell};

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use super::fields;
use super::item::{self, Item};
use super::other::{Identity, OtherChange};
use super::raw::{self, Members};

const WHATSAPP: &str = "whatsapp_business_account";
/// So many things are told apart in one delivery.
const MOST_ITEMS: usize = 5_000;

/// A webhook body, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    pub changes: Vec<Change>,
}

/// One change of one entry: what it concerns, and what it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// As sent: the WhatsApp Business account, or for some events the portfolio that owns it.
    pub entry_id: Option<String>,
    /// The WhatsApp Business account concerned.
    pub waba_id: Option<String>,
    /// Seconds since 1970.
    pub entry_time: Option<i64>,
    /// Empty for what lies outside of any change.
    pub field: String,
    /// The business number concerned, by Meta's id.
    pub phone_number_id: Option<String>,
    pub display_phone_number: Option<String>,
    pub items: Vec<Item>,
}

/// The body is not JSON at all. The reason speaks of places, never of content.
#[derive(Debug, Error)]
#[error("the body is not JSON: {0}")]
pub struct MalformedJson(#[from] serde_json::Error);

/// Reads a whole delivery. Everything that is JSON can be read; nothing in it is dropped.
pub fn read(bytes: &[u8]) -> Result<Payload, MalformedJson> {
    let text = raw::readable(bytes);
    let body: &RawValue = serde_json::from_str(&text)?;
    let budget = Budget(Cell::new(MOST_ITEMS));
    let entries =
        raw::members(body).filter(is_whatsapp).and_then(|mut body| raw::elements(body.remove("entry")?));
    let changes = match entries {
        Some(entries) => budget.each(
            &entries,
            |entry| entry_changes(entry, &budget),
            |rest| vec![stray(&Entry::default(), rest, &budget)],
        ),
        None => vec![stray(&Entry::default(), body, &budget)],
    };
    Ok(Payload { changes })
}

/// How many things may still be told by a delivery apart. What comes beyond them is kept whole, as one: Meta sends a
/// thousand at most, and nobody else shall make us work for an hour.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn spend(&self) {
        self.0.set(self.0.get().saturating_sub(1));
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Reads each, as long as there is any left, and then the rest as one.
    fn each<T>(
        &self,
        elements: &[&RawValue],
        mut read: impl FnMut(&RawValue) -> Vec<T>,
        whole: impl FnOnce(&RawValue) -> Vec<T>,
    ) -> Vec<T> {
        let mut told = Vec::new();
        for (place, element) in elements.iter().enumerate() {
            if self.is_spent() {
                let rest = elements.get(place..).and_then(|rest| to_raw_value(rest).ok());
                told.extend(rest.map(|rest| whole(&rest)).unwrap_or_default());
                break;
            }
            told.extend(read(element));
        }
        told
    }
}

/// Another product's webhooks have fields of the same names with another meaning.
fn is_whatsapp(body: &Members<'_>) -> bool {
    body.get("object").is_none_or(|&object| raw::value(object) == WHATSAPP)
}

#[derive(Default)]
struct Entry {
    id: Option<String>,
    time: Option<i64>,
}

fn entry_changes(raw: &RawValue, budget: &Budget) -> Vec<Change> {
    let Some(mut members) = raw::members(raw) else {
        return vec![stray(&Entry::default(), raw, budget)];
    };
    let changes = members.remove("changes");
    let head = Value::Object(members.into_iter().map(|(name, member)| (name, raw::value(member))).collect());
    let entry = Entry { id: fields::text(&head, "id"), time: fields::integer(&head, "time") };
    match changes.and_then(raw::elements) {
        Some(changes) => budget.each(
            &changes,
            |change| vec![read_change(&entry, change, budget)],
            |rest| vec![stray(&entry, rest, budget)],
        ),
        None => vec![stray(&entry, raw, budget)],
    }
}

fn read_change(entry: &Entry, raw: &RawValue, budget: &Budget) -> Change {
    let members = raw::members(raw).unwrap_or_default();
    let field = members.get("field").and_then(|&field| fields::as_text(&raw::value(field)));
    let (Some(field), Some(&value)) = (field, members.get("value")) else {
        return stray(entry, raw, budget);
    };
    let about = About::read(value);
    let (entry_id, digest) = (entry.id.as_deref(), &OnceCell::new());
    let number = about.phone_number_id.as_deref();
    let identity = Identity { entry_id, entry_time: entry.time, field: &field, value, number, digest };
    let items = item::sort(identity, about.display_phone_number.as_deref(), budget);
    Change {
        entry_id: entry.id.clone(),
        waba_id: about.waba_id.or_else(|| entry.id.clone()),
        entry_time: entry.time,
        phone_number_id: about.phone_number_id,
        display_phone_number: about.display_phone_number,
        items,
        field,
    }
}

/// What is JSON but not a change.
fn stray(entry: &Entry, raw: &RawValue, budget: &Budget) -> Change {
    budget.spend();
    let (entry_id, digest) = (entry.id.as_deref(), &OnceCell::new());
    let identity = Identity { entry_id, entry_time: entry.time, field: "", value: raw, number: None, digest };
    Change {
        entry_id: entry.id.clone(),
        waba_id: entry.id.clone(),
        entry_time: entry.time,
        items: vec![Item::Other(OtherChange::whole(identity))],
        ..Change::default()
    }
}

/// What a change concerns, wherever its field writes that.
#[derive(Default)]
struct About {
    waba_id: Option<String>,
    phone_number_id: Option<String>,
    display_phone_number: Option<String>,
}

impl About {
    fn read(value: &RawValue) -> Self {
        let Some(members) = raw::members(value) else {
            return Self::default();
        };
        let member = |name: &str| members.get(name).map(|&member| raw::value(member)).unwrap_or_default();
        let places = [member("metadata"), member("recipient")];
        let number = |name: &str| {
            let here = fields::as_text(&member(name));
            here.or_else(|| places.iter().find_map(|place| fields::text(place, name)))
        };
        Self {
            waba_id: fields::text(&member("waba_info"), "waba_id"),
            phone_number_id: number("phone_number_id"),
            display_phone_number: number("display_phone_number"),
        }
    }
}
