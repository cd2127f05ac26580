//! What a template must be before Meta even looks at it: names, lengths, places with examples, buttons.

use serde_json::Value;

use super::places::{self, Format};
use super::{Quality, Review, Template};
use crate::cloud_api::GraphError;

/// A name, a language, or a whole, that is wrong in a way Meta numbers.
fn wrong(subcode: u32, title: &str, details: impl Into<String>) -> GraphError {
    let mut error = GraphError::parameter(details).numbered(subcode);
    title.clone_into(&mut error.title);
    error
}

fn too_long(what: &str, most: usize) -> GraphError {
    wrong(2_388_040, "Character Limit Exceeded", format!("{what} may be at most {most} characters long."))
}

fn part_missing(details: impl Into<String>) -> GraphError {
    wrong(2_388_043, "Message template \"components\" param is missing expected field(s)", details)
}

/// Reads the definition of a new template; it has neither id nor account yet.
pub(crate) fn read(request: &Value) -> Result<Template, GraphError> {
    let text = |key: &str| request.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let required = |key: &str| {
        text(key).ok_or_else(|| GraphError::parameter(format!("The parameter {key} is required.")))
    };
    let name = required("name")?;
    let allowed = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
    if name.len() > 512 || !name.chars().all(allowed) {
        return Err(GraphError::parameter(
            "Param name must be at most 512 lowercase letters, digits and underscores.",
        ));
    }
    let language = required("language")?;
    if !is_language(language) {
        return Err(GraphError::parameter(format!("Param language is not a supported language: {language}")));
    }
    let category = required("category")?.to_ascii_uppercase();
    if !["MARKETING", "UTILITY", "AUTHENTICATION"].contains(&category.as_str()) {
        return Err(GraphError::parameter(
            "Param category must be one of {MARKETING, UTILITY, AUTHENTICATION}",
        ));
    }
    let components = components(request, &category)?;
    let format = match text("parameter_format").map(str::to_ascii_uppercase).as_deref() {
        None => places::format_of(&components),
        Some("POSITIONAL") => Format::Positional,
        Some("NAMED") => Format::Named,
        Some(_) => {
            return Err(GraphError::parameter("Param parameter_format must be one of {POSITIONAL, NAMED}"));
        }
    };
    let made = Template::of_body("", name, language, &category, "").made_of(components);
    check_places(&made, format)?;
    Ok(Template { format, review: Review::Pending, quality: Quality::Unknown, ..made })
}

/// Two or three letters, perhaps a script or a country.
fn is_language(language: &str) -> bool {
    let mut parts = language.split('_');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    (2..=3).contains(&first.len())
        && first.chars().all(|one| one.is_ascii_lowercase())
        && rest.len() <= 1
        && rest
            .iter()
            .all(|one| (2..=4).contains(&one.len()) && one.chars().all(|one| one.is_ascii_alphanumeric()))
}

/// The parts, checked one by one.
pub(crate) fn components(request: &Value, category: &str) -> Result<Vec<Value>, GraphError> {
    let components = request.get("components").and_then(Value::as_array).filter(|parts| !parts.is_empty());
    let components =
        components.ok_or_else(|| GraphError::parameter("The parameter components is required."))?;
    let mut seen: Vec<String> = Vec::new();
    for part in components {
        let kind = part["type"].as_str().unwrap_or_default().to_ascii_uppercase();
        if seen.contains(&kind) {
            return Err(part_missing(format!("There may be only one component of type {kind}.")));
        }
        match kind.as_str() {
            "HEADER" => header(part)?,
            "BODY" => body(part, category)?,
            "FOOTER" => footer(part, category)?,
            "BUTTONS" => buttons(part)?,
            "CAROUSEL" | "LIMITED_TIME_OFFER" | "CALL_PERMISSION_REQUEST" => {}
            _ => return Err(part_missing(format!("A component's type cannot be {:?}.", part["type"]))),
        }
        seen.push(kind);
    }
    if !seen.iter().any(|kind| kind == "BODY") {
        return Err(part_missing("A template needs a component of type BODY."));
    }
    Ok(components.clone())
}

fn text_of<'a>(part: &'a Value, what: &str, most: usize) -> Result<&'a str, GraphError> {
    let text = part["text"].as_str().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| part_missing(format!("{what} needs a text.")))?;
    if text.chars().count() > most { Err(too_long(what, most)) } else { Ok(text) }
}

fn header(part: &Value) -> Result<(), GraphError> {
    match part["format"].as_str().unwrap_or_default().to_ascii_uppercase().as_str() {
        "TEXT" => {
            let text = text_of(part, "The header", 60)?;
            let count = places::places(text).len();
            if count > 1 || text.contains('\n') || text.contains('*') {
                let details = "A header is one line with at most one variable and no formatting.";
                return Err(wrong(2_388_047, "Message Header Format Is Incorrect", details));
            }
            Ok(())
        }
        "IMAGE" | "VIDEO" | "GIF" | "DOCUMENT" => {
            let handle = part["example"]["header_handle"][0].as_str();
            handle
                .map(drop)
                .ok_or_else(|| part_missing("A header with a file needs an example (header_handle)."))
        }
        "LOCATION" | "PRODUCT" => Ok(()),
        _ => Err(part_missing("A header needs a format.")),
    }
}

fn body(part: &Value, category: &str) -> Result<(), GraphError> {
    if category == "AUTHENTICATION" {
        // Meta writes it.
        return Ok(());
    }
    let text = text_of(part, "The body", 1024)?;
    let trimmed = text.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        let details = "Variables cannot be at the start or the end of the body.";
        return Err(wrong(2_388_299, "Leading or Trailing Params Not Allowed", details));
    }
    if text.contains("\n\n\n") || text.contains('\t') || text.contains("     ") {
        let details = "A body has neither tabs, nor more than four spaces or two line breaks in a row.";
        return Err(wrong(2_388_072, "Message Body Format Is Incorrect", details));
    }
    let variables = text.matches("{{").count();
    let words = text.split_whitespace().filter(|word| !word.contains("{{")).count();
    if variables > 0 && words < 2 * variables {
        let details = "The body has too many variables for its length.";
        return Err(wrong(2_388_293, "Parameter/Words Ratio Exceeds Limit", details));
    }
    Ok(())
}

fn footer(part: &Value, category: &str) -> Result<(), GraphError> {
    if category == "AUTHENTICATION" {
        return Ok(());
    }
    if text_of(part, "The footer", 60)?.contains("{{") {
        let details = "A footer has no variables.";
        return Err(wrong(2_388_073, "Message Footer Format Is Incorrect", details));
    }
    Ok(())
}

fn buttons(part: &Value) -> Result<(), GraphError> {
    let buttons = part["buttons"].as_array().filter(|buttons| (1..=10).contains(&buttons.len()));
    let buttons = buttons.ok_or_else(|| part_missing("There must be 1 to 10 buttons."))?;
    let of =
        |kind: &str| buttons.iter().filter(|one| one["type"].as_str().is_some_and(|it| it == kind)).count();
    if of("URL") > 2 || of("PHONE_NUMBER") > 1 || of("COPY_CODE") > 1 {
        return Err(part_missing("There may be two URL buttons, one to call and one to copy a code."));
    }
    buttons.iter().try_for_each(button)
}

fn button(button: &Value) -> Result<(), GraphError> {
    let kind = button["type"].as_str().unwrap_or_default();
    let named = ["QUICK_REPLY", "URL", "PHONE_NUMBER", "FLOW", "VOICE_CALL"].contains(&kind);
    if named {
        text_of(button, "A button", 25)?;
    }
    let needs = |key: &str, most: usize| match button[key].as_str() {
        Some(text) if !text.is_empty() && text.chars().count() <= most => Ok(text),
        Some(text) if !text.is_empty() => Err(too_long(key, most)),
        _ => Err(part_missing(format!("A button of type {kind} needs {key}."))),
    };
    match kind {
        "URL" => {
            let url = needs("url", 2000)?;
            let at_end = url.ends_with("{{1}}") && places::places(url).len() == 1;
            if url.contains("{{") && !at_end {
                return Err(part_missing("A URL has at most one variable, {{1}} at its end."));
            }
            if at_end && button["example"].as_array().is_none_or(Vec::is_empty) {
                return Err(part_missing("A URL with a variable needs an example."));
            }
            Ok(())
        }
        "PHONE_NUMBER" => needs("phone_number", 20).map(drop),
        "COPY_CODE" => needs("example", 20).map(drop).or_else(|_| {
            let listed = button["example"][0].as_str();
            listed.map(drop).ok_or_else(|| part_missing("A button that copies a code needs an example."))
        }),
        "FLOW" => ["flow_id", "flow_name", "flow_json"]
            .iter()
            .any(|key| button.get(*key).is_some())
            .then_some(())
            .ok_or_else(|| part_missing("A flow button needs flow_id, flow_name or flow_json.")),
        "OTP" => needs("otp_type", 20).map(drop),
        "QUICK_REPLY" | "VOICE_CALL" | "CATALOG" | "MPM" | "SPM" => Ok(()),
        _ => Err(part_missing(format!("A button's type cannot be {kind:?}."))),
    }
}

/// Places must be of the format, without gaps, and each have an example.
fn check_places(template: &Template, format: Format) -> Result<(), GraphError> {
    for (kind, positional, named) in [
        ("HEADER", "header_text", "header_text_named_params"),
        ("BODY", "body_text", "body_text_named_params"),
    ] {
        let Some(part) = template.part(kind) else { continue };
        let found = places::places(part["text"].as_str().unwrap_or_default());
        if found.is_empty() {
            continue;
        }
        let numbered = found.iter().enumerate().all(|(place, name)| *name == (place + 1).to_string());
        let well_named = found.iter().all(|name| {
            name.starts_with(|one: char| one.is_ascii_lowercase())
                && name.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')
        });
        let example = &part["example"];
        let examples = match format {
            Format::Positional if numbered => {
                let rows = &example[positional];
                rows[0].as_array().or_else(|| rows.as_array()).map_or(0, Vec::len)
            }
            Format::Named if well_named => example[named].as_array().map_or(0, Vec::len),
            Format::Positional | Format::Named => {
                let details =
                    format!("The variables of the {kind} must be {} and without gaps.", format.as_str());
                return Err(wrong(2_388_072, "Message Body Format Is Incorrect", details));
            }
        };
        if examples != found.len() {
            let details = format!("The {kind} has {} variables and {examples} examples.", found.len());
            return Err(part_missing(details));
        }
    }
    Ok(())
}
