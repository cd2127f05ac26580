//! Reading a request's JSON with Meta's own complaints.

use serde_json::{Map, Value};

use super::graph_error::GraphError;

/// An object within a message and where it stands, for the complaint.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Part<'a> {
    /// The part at that key of a whole request.
    pub(super) fn of(request: &'a Value, path: &'a str) -> Result<Self, GraphError> {
        match request.get(path) {
            None | Some(Value::Null) => Err(GraphError::missing(path)),
            Some(Value::Object(object)) => Ok(Self { object, path }),
            Some(_) => Err(GraphError::parameter(format!("Param {path} must be a JSON object."))),
        }
    }

    /// A value that is known to be an object, or a complaint that it is not.
    pub(super) fn from(value: &'a Value, path: &'a str) -> Result<Self, GraphError> {
        match value {
            Value::Object(object) => Ok(Self { object, path }),
            _ => Err(GraphError::parameter(format!("Param {path} must be a JSON object."))),
        }
    }

    fn name(&self, key: &str) -> String {
        format!("{}['{key}']", self.path)
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// A part within, which must be there.
    pub(super) fn part(&self, key: &'a str) -> Result<Part<'a>, GraphError> {
        match self.get(key) {
            None => Err(GraphError::missing(&self.name(key))),
            Some(value) => Part::from(value, key),
        }
    }

    /// A text that must be there, not be empty and be at most so long.
    pub(super) fn text(&self, key: &str, most: usize) -> Result<&'a str, GraphError> {
        self.optional_text(key, most)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| GraphError::missing(&self.name(key)))
    }

    /// A text that may be missing and must be at most so long.
    pub(super) fn optional_text(&self, key: &str, most: usize) -> Result<Option<&'a str>, GraphError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text)),
            Some(Value::String(_)) => {
                let name = self.name(key);
                Err(GraphError::parameter(format!("Param {name} must be at most {most} characters long.")))
            }
            Some(_) => Err(GraphError::parameter(format!("Param {} must be a string.", self.name(key)))),
        }
    }

    /// A list that must be there and have so many elements.
    pub(super) fn list(&self, key: &str, least: usize, most: usize) -> Result<&'a [Value], GraphError> {
        match self.get(key) {
            None => Err(GraphError::missing(&self.name(key))),
            Some(Value::Array(list)) if (least..=most).contains(&list.len()) => Ok(list),
            Some(Value::Array(_)) => {
                let name = self.name(key);
                Err(GraphError::value(format!("{name} must have {least} to {most} elements.")))
            }
            Some(_) => Err(GraphError::parameter(format!("Param {} must be an array.", self.name(key)))),
        }
    }

    /// A number, given as one or as a text, within bounds.
    pub(super) fn degrees(&self, key: &str, most: f64) -> Result<f64, GraphError> {
        let value = self.get(key).ok_or_else(|| GraphError::missing(&self.name(key)))?;
        let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number.filter(|number| number.abs() <= most).ok_or_else(|| {
            GraphError::value(format!("{} is not between -{most} and {most}.", self.name(key)))
        })
    }
}
