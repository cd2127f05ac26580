//! What a template message must be: a template that exists and may be used, with a value for each of its places.

use serde_json::Value;

use super::check::Part;
use super::graph_error::GraphError;
use crate::meta::options::Templates;
use crate::meta::template::places::{self, Format};
use crate::meta::world::World;
use crate::meta::{Review, Template};

/// Checks the whole `template` object; gives the template's place, unless every template is taken.
pub(super) fn check(request: Part<'_>, world: &World, line: usize) -> Result<Option<usize>, GraphError> {
    let name = request.text("name", 512)?;
    let language = request.part("language")?.text("code", 16)?;
    let components = match request.get("components") {
        None => &[],
        Some(Value::Array(components)) => components.as_slice(),
        Some(_) => return Err(GraphError::parameter("Param components must be an array.")),
    };
    for component in components {
        Part::from(component, "components")?.text("type", 32)?;
    }
    let waba_id = &world.accounts[world.lines[line].account].id;
    let place = world.template_named(waba_id, name, language);
    let Some(place) = place else {
        let any = world.options.rules.templates == Templates::Any;
        return if any { Ok(None) } else { Err(GraphError::no_such_template(name, language)) };
    };
    let template = &world.templates[place];
    match template.review {
        Review::Approved => {}
        Review::Paused => return Err(GraphError::known(132_015)),
        Review::Disabled => return Err(GraphError::known(132_016)),
        Review::Pending | Review::Rejected => return Err(GraphError::no_such_template(name, language)),
    }
    text_values(template, components, "body", "BODY", 1024)?;
    header(template, components)?;
    buttons(template, components)?;
    flows(template, world)?;
    Ok(Some(place))
}

/// The parameters given for a part.
fn given<'a>(components: &'a [Value], part: &str) -> &'a [Value] {
    let is_it = |one: &&Value| one["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(part));
    let found = components.iter().find(is_it).and_then(|one| one["parameters"].as_array());
    found.map(Vec::as_slice).unwrap_or_default()
}

/// The values of a part's text: as many as places, of the right kind, and not too long once filled in.
fn text_values(
    template: &Template,
    components: &[Value],
    part: &str,
    kind: &str,
    most: usize,
) -> Result<(), GraphError> {
    let text = template.part(kind).and_then(|part| part["text"].as_str()).unwrap_or_default();
    let mut wanted: Vec<&str> = places::places(text);
    if template.is_authentication() && kind == "BODY" && wanted.is_empty() {
        // Meta's own text has a place for the code.
        wanted.push("1");
    }
    let values = given(components, part);
    if values.len() != wanted.len() {
        return Err(GraphError::template_values(part, values.len(), wanted.len()));
    }
    let mut filled = Vec::new();
    for (place, value) in wanted.iter().zip(values) {
        let said = text_of(value, part)?;
        let name = match template.format {
            Format::Positional => (*place).to_owned(),
            Format::Named => {
                let name = value["parameter_name"].as_str();
                let name = name.ok_or_else(|| GraphError::parameter("Parameter name is missing or empty"))?;
                if !wanted.contains(&name) {
                    return Err(
                        GraphError::known(132_012).saying(format!("{part}: there is no parameter {name}"))
                    );
                }
                name.to_owned()
            }
        };
        filled.push((name, said));
    }
    if places::filled_length(text, &filled) > most {
        return Err(GraphError::known(132_005)
            .saying(format!("{part}: with its values longer than {most} characters")));
    }
    Ok(())
}

/// What a value says: a text, or what stands for an amount of money or a time.
fn text_of(value: &Value, part: &str) -> Result<String, GraphError> {
    let kind = value["type"].as_str().unwrap_or_default();
    let said = match kind {
        "text" => value["text"].as_str(),
        "currency" => value["currency"]["fallback_value"].as_str(),
        "date_time" => value["date_time"]["fallback_value"].as_str(),
        _ => {
            let details = format!("{part}: expected text, currency or date_time, found {kind:?}");
            return Err(GraphError::known(132_012).saying(details));
        }
    };
    let said = said.filter(|said| !said.is_empty());
    let said = said.ok_or_else(|| GraphError::missing(&format!("{part} parameter's {kind}")))?;
    if said.contains(['\n', '\t']) || said.contains("     ") {
        let details = "A value has neither line breaks, nor tabs, nor more than four spaces in a row.";
        return Err(GraphError::known(132_007).saying(details));
    }
    Ok(said.to_owned())
}

fn header(template: &Template, components: &[Value]) -> Result<(), GraphError> {
    let values = given(components, "header");
    let format =
        template.part("HEADER").and_then(|part| part["format"].as_str()).map(str::to_ascii_lowercase);
    let Some(format) = format else {
        let none = values.is_empty();
        return if none { Ok(()) } else { Err(GraphError::template_values("header", values.len(), 0)) };
    };
    if format == "text" {
        return text_values(template, components, "header", "HEADER", 60);
    }
    let [value] = values else {
        return Err(GraphError::known(132_012)
            .saying(format!("header: expected one {format}, found {}", values.len())));
    };
    let kind = value["type"].as_str().unwrap_or_default();
    if kind != format && !(format == "gif" && kind == "video") {
        return Err(GraphError::known(132_012).saying(format!("header: expected {format}, found {kind}")));
    }
    let file = &value[kind];
    let complete = match kind {
        "location" => file["latitude"].is_string() || file["latitude"].is_number(),
        _ => file["id"].is_string() || file["link"].is_string(),
    };
    if complete { Ok(()) } else { Err(GraphError::missing(&format!("header parameter's {kind}"))) }
}

fn buttons(template: &Template, components: &[Value]) -> Result<(), GraphError> {
    let buttons = template.buttons();
    let mut filled = Vec::new();
    for component in components {
        if !component["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("button")) {
            continue;
        }
        let index = component["index"].as_u64().or_else(|| component["index"].as_str()?.parse().ok());
        let index = index.ok_or_else(|| GraphError::missing("button's index"))? as usize;
        let button = buttons.get(index).ok_or_else(|| {
            GraphError::known(132_012).saying(format!("button: there is none at index {index}"))
        })?;
        let sub_type = component["sub_type"].as_str().unwrap_or_default().to_ascii_lowercase();
        let kind = button["type"].as_str().unwrap_or_default().to_ascii_lowercase();
        if sub_type != kind && !(kind == "otp" && matches!(sub_type.as_str(), "url" | "copy_code")) {
            let details = format!("button at index {index}: expected {kind}, found {sub_type}");
            return Err(GraphError::known(132_012).saying(details));
        }
        filled.push(index);
    }
    for (index, button) in buttons.iter().enumerate() {
        let kind = button["type"].as_str().unwrap_or_default();
        let needs = match kind {
            "URL" => button["url"].as_str().is_some_and(|url| url.contains("{{")),
            "COPY_CODE" | "OTP" => true,
            _ => false,
        };
        if needs && !filled.contains(&index) {
            let details = format!("Button at index {index} of type {kind} requires a parameter");
            return Err(GraphError::known(131_008).saying(details));
        }
    }
    Ok(())
}

fn flows(template: &Template, world: &World) -> Result<(), GraphError> {
    let ids = template.buttons().iter().filter_map(|button| button["flow_id"].as_str());
    ids.filter_map(|id| world.flows.get(id)).next().map_or(Ok(()), |code| Err(GraphError::known(*code)))
}
