//! Whatever is neither a message nor a status: kept whole, and recognisable when it comes again.

use std::cell::OnceCell;

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::envelope::Change;
use super::fault::Fault;
use super::raw;

/// A change, or the part of one, that this version gives no meaning to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherChange {
    /// A SHA-256: the same for a repetition, also if its members come in another order.
    pub dedup_key: [u8; 32],
    pub faults: Vec<Fault>,
    pub raw: String,
}

/// What makes a change itself: Meta gives it no id.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    pub entry_id: Option<&'a str>,
    pub entry_time: Option<i64>,
    pub field: &'a str,
    pub value: &'a RawValue,
    /// The number that it is about.
    pub number: Option<&'a str>,
    /// What all of these come to, once somebody asked: a change of many broken parts is read but once for it.
    pub digest: &'a OnceCell<[u8; 32]>,
}

impl Identity<'_> {
    fn digest(&self) -> [u8; 32] {
        *self.digest.get_or_init(|| {
            let head = Value::from(vec![
                Value::from(self.entry_id),
                Value::from(self.entry_time),
                Value::from(self.field),
            ]);
            digest([canonical(&head), canonical_text(self.value)])
        })
    }
}

fn digest<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_ref().len().to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

impl OtherChange {
    /// The whole value of a change.
    pub(super) fn whole(identity: Identity<'_>) -> Self {
        Self::keep(identity, None, identity.value)
    }

    /// An element of a list that has no meaning here: the same one when it comes again, whatever comes with it.
    pub(super) fn element(identity: Identity<'_>, element: &RawValue) -> Self {
        let dedup_key =
            element_key((identity.entry_id, identity.number, identity.field), &canonical_text(element));
        Self { dedup_key, faults: Fault::all(&raw::value(element)), raw: element.get().to_owned() }
    }

    /// A message or a status that could be read and belongs to no number or nobody.
    pub(crate) fn unplaced(change: &Change, raw: &str) -> Self {
        let written = serde_json::from_str(raw).map_or_else(|_| raw.to_owned(), canonical_text);
        let of = (change.entry_id.as_deref(), change.phone_number_id.as_deref(), change.field.as_str());
        Self { dedup_key: element_key(of, &written), faults: Vec::new(), raw: raw.to_owned() }
    }

    /// A part of the value, told from its other parts and from the same part of another change.
    pub(super) fn part(identity: Identity<'_>, part: &RawValue) -> Self {
        Self::keep(identity, Some(part), part)
    }

    /// What it says, as far as it can be read.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str::<&RawValue>(&self.raw).map(raw::value).unwrap_or_default()
    }

    fn keep(identity: Identity<'_>, part: Option<&RawValue>, kept: &RawValue) -> Self {
        let part = part.map_or(String::new(), canonical_text);
        let dedup_key = digest([&identity.digest()[..], part.as_bytes()]);
        Self { dedup_key, faults: Fault::all(&raw::value(kept)), raw: kept.get().to_owned() }
    }
}

/// What makes an element itself: the account, the number and the field that tell of it, and what it says.
fn element_key((entry, number, field): (Option<&str>, Option<&str>, &str), written: &str) -> [u8; 32] {
    let head = Value::from(vec![Value::from(entry), Value::from(number), Value::from(field)]);
    digest([canonical(&head).as_str(), "element", written])
}

/// One writing for all equal values; what cannot be read whole stands for itself.
fn canonical_text(raw: &RawValue) -> String {
    raw::whole(raw).map_or_else(|| raw.get().to_owned(), |value| canonical(&value))
}

fn canonical(value: &Value) -> String {
    let mut written = String::new();
    write_canonical(value, &mut written);
    written
}

fn write_canonical(value: &Value, into: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            into.push('{');
            for (name, member) in members {
                into.push_str(&Value::from(name.as_str()).to_string());
                into.push(':');
                write_canonical(member, into);
                into.push(',');
            }
            into.push('}');
        }
        Value::Array(elements) => {
            into.push('[');
            for element in elements {
                write_canonical(element, into);
                into.push(',');
            }
            into.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            into.push_str(&value.to_string());
        }
    }
}
