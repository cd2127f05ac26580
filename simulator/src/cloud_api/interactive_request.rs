//! What an interactive message must be: buttons, lists, forms, products and the like.

use std::collections::HashSet;

use serde_json::Value;

use super::check::Part;
use super::graph_error::GraphError;
use crate::meta::world::World;

/// Types whose action is checked no further than that it is there.
const OTHERS: &[&str] = &[
    "cta_url",
    "flow",
    "product",
    "product_list",
    "catalog_message",
    "location_request_message",
    "order_details",
    "order_status",
    "address_message",
    "call_permission_request",
    "voice_call",
];

/// Checks the whole `interactive` object.
pub(super) fn check(interactive: Part<'_>, world: &World) -> Result<(), GraphError> {
    let kind = interactive.text("type", 64)?;
    if kind != "button" && kind != "list" && !OTHERS.contains(&kind) {
        return Err(GraphError::value(format!("interactive['type'] is unknown: {kind}")));
    }
    let longest = if kind == "list" { 4096 } else { 1024 };
    match interactive.get("body") {
        Some(body) => Part::from(body, "body")?.text("text", longest).map(drop)?,
        // A single product speaks for itself.
        None if kind == "product" || kind == "call_permission_request" => {}
        None => return Err(GraphError::missing("interactive['body']")),
    }
    if let Some(footer) = interactive.get("footer") {
        Part::from(footer, "footer")?.text("text", 60)?;
    }
    if let Some(header) = interactive.get("header") {
        header_of(Part::from(header, "header")?)?;
    }
    let action = interactive.part("action")?;
    match kind {
        "button" => buttons(action),
        "list" => list(action),
        "flow" => flow(action, world),
        "cta_url" => {
            let parameters = action.part("parameters")?;
            parameters.text("display_text", 20)?;
            parameters.text("url", 2000).map(drop)
        }
        _ => Ok(()),
    }
}

fn header_of(header: Part<'_>) -> Result<(), GraphError> {
    match header.text("type", 16)? {
        "text" => header.text("text", 60).map(drop),
        kind @ ("image" | "video" | "document") => header.part(kind).map(drop),
        _ => Err(GraphError::value("header['type'] is unknown.")),
    }
}

fn buttons(action: Part<'_>) -> Result<(), GraphError> {
    let mut ids = HashSet::new();
    for button in action.list("buttons", 1, 3)? {
        let button = Part::from(button, "buttons")?;
        if button.text("type", 16)? != "reply" {
            return Err(GraphError::value("buttons['type'] must be reply."));
        }
        let reply = button.part("reply")?;
        let title = reply.text("title", 256)?;
        if title.chars().count() > 20 {
            return Err(GraphError::value("A button's title has 1 to 20 characters."));
        }
        if !ids.insert(reply.text("id", 256)?) {
            return Err(GraphError::value("Two buttons have the same id."));
        }
    }
    Ok(())
}

/// A form is named by its id or name, has a text to open it by, and must be in use.
fn flow(action: Part<'_>, world: &World) -> Result<(), GraphError> {
    let parameters = action.part("parameters")?;
    parameters.text("flow_cta", 30)?;
    parameters.text("flow_message_version", 8)?;
    let (id, name) = (parameters.optional_text("flow_id", 64)?, parameters.optional_text("flow_name", 256)?);
    match id.or(name) {
        None => Err(GraphError::missing("parameters['flow_id'] or parameters['flow_name']")),
        Some(flow) => world.flows.get(flow).map_or(Ok(()), |code| Err(GraphError::known(*code))),
    }
}

fn list(action: Part<'_>) -> Result<(), GraphError> {
    action.text("button", 20)?;
    let sections = action.list("sections", 1, 10)?;
    let mut ids = HashSet::new();
    for section in sections {
        let section = Part::from(section, "sections")?;
        if sections.len() > 1 {
            section.text("title", 24)?;
        }
        rows(section.list("rows", 1, 10)?, &mut ids)?;
    }
    if ids.len() > 10 {
        return Err(GraphError::value("A list has at most ten rows in all."));
    }
    Ok(())
}

fn rows<'a>(rows: &'a [Value], ids: &mut HashSet<&'a str>) -> Result<(), GraphError> {
    for row in rows {
        let row = Part::from(row, "rows")?;
        row.text("title", 24)?;
        row.optional_text("description", 72)?;
        if !ids.insert(row.text("id", 200)?) {
            return Err(GraphError::value("Two rows have the same id."));
        }
    }
    Ok(())
}
