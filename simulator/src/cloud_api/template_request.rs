//! What a template message must be: a template that exists, may be used, and gets all of its values.

use serde_json::{Value, json};

use super::check::Part;
use super::desk::Desk;
use super::graph_error::GraphError;

/// What Meta's review says of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// Not decided yet.
    Pending,
    /// It may be used.
    Approved,
    /// It may not.
    Rejected,
    /// It may not for a while.
    Paused,
    /// It may never again.
    Disabled,
}

impl Review {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// A template of the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Meta's id.
    pub id: String,
    /// The business's name for it.
    pub name: String,
    /// Its language.
    pub language: String,
    /// UTILITY, MARKETING or AUTHENTICATION.
    pub category: String,
    /// Its body, with places such as `{{1}}`.
    pub body: String,
    /// What the review says.
    pub review: Review,
}

impl Template {
    /// How many values it needs.
    fn places(&self) -> usize {
        let names: std::collections::BTreeSet<&str> =
            self.body.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).collect();
        names.len()
    }

    /// The element of the templates' listing.
    pub(super) fn to_value(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.review.as_str(),
            "components": [{ "type": "BODY", "text": self.body }],
        })
    }
}

/// Checks the whole `template` object. Without templates of its own the stand-in takes every name.
pub(super) fn check(request: Part<'_>, desk: &Desk) -> Result<(), GraphError> {
    let name = request.text("name", 512)?;
    let language = request.part("language")?.text("code", 16)?;
    if let Some(components) = request.get("components") {
        components.as_array().ok_or_else(|| GraphError::parameter("Param components must be an array."))?;
    }
    if desk.templates().is_empty() {
        return Ok(());
    }
    let mut same_name = desk.templates().iter().filter(|known| known.name == name);
    let template = same_name
        .find(|known| known.language == language)
        .ok_or_else(|| GraphError::no_such_template(name, language))?;
    match template.review {
        Review::Approved => {}
        Review::Paused => return Err(GraphError::template_paused()),
        Review::Disabled => return Err(GraphError::template_disabled()),
        Review::Pending | Review::Rejected => return Err(GraphError::no_such_template(name, language)),
    }
    let found = body_values(request);
    if found == template.places() {
        Ok(())
    } else {
        Err(GraphError::template_values(found, template.places()))
    }
}

fn body_values(request: Part<'_>) -> usize {
    let components = request.get("components").and_then(Value::as_array);
    let is_body =
        |component: &&Value| component["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("body"));
    let body = components.into_iter().flatten().find(is_body);
    body.and_then(|body| body["parameters"].as_array()).map_or(0, Vec::len)
}
