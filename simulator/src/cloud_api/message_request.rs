//! What a send request must be: its envelope, then the body of its type.

use serde_json::Value;

use super::check::Part;
use super::graph_error::GraphError;
use super::{interactive_request, template_request};
use crate::meta::Recipient;
use crate::meta::world::World;
use crate::number::BusinessNumber;
use crate::sniff;

/// A message that is as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Its type.
    pub(crate) kind: &'static str,
    /// The place of its template, unless every template is taken.
    pub(crate) template: Option<usize>,
}

/// Every type that can be sent.
const TYPES: &[&str] = &[
    "text",
    "image",
    "audio",
    "video",
    "sticker",
    "document",
    "location",
    "contacts",
    "interactive",
    "reaction",
    "template",
];

/// Types WhatsApp has and a business cannot send.
const NOT_SENT: &[&str] =
    &["order", "system", "button", "unsupported", "poll", "edit", "revoke", "gif", "hsm"];

/// The product must be named, whatever the request is about.
pub(crate) fn product(request: &Value) -> Result<(), GraphError> {
    match request.get("messaging_product").and_then(Value::as_str) {
        Some("whatsapp") => Ok(()),
        Some(_) => Err(GraphError::parameter("Param messaging_product must be one of {WHATSAPP}")),
        None => Err(GraphError::parameter("The parameter messaging_product is required.")),
    }
}

/// To whom it goes: `to` wins over `recipient`.
pub(crate) fn recipient(request: &Value, number: &BusinessNumber) -> Result<Recipient, GraphError> {
    let text = |key: &str| request.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let group = match text("recipient_type") {
        None | Some("individual") => false,
        Some("group") => true,
        Some(_) => {
            return Err(GraphError::parameter("Param recipient_type must be one of {INDIVIDUAL, GROUP}"));
        }
    };
    match (text("to"), text("recipient")) {
        (None, None) => Err(GraphError::parameter("The parameter to is required.")),
        (Some(to), _) if group => Ok(Recipient::Group(to.to_owned())),
        (Some(to), _) => phone(to, number),
        (None, Some(user)) => user_id(user),
    }
}

fn phone(to: &str, number: &BusinessNumber) -> Result<Recipient, GraphError> {
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    let only_punctuation = to.chars().all(|one| one.is_ascii_digit() || "+-() .".contains(one));
    if !only_punctuation || !(7..=15).contains(&digits.len()) {
        return Err(GraphError::value("The recipient's phone number is not valid."));
    }
    if digits == number.display_phone_number {
        return Err(GraphError::known(131_021));
    }
    Ok(Recipient::Phone(digits))
}

/// Two letters, perhaps `ENT`, then up to 128 letters and digits, with points between.
fn user_id(user: &str) -> Result<Recipient, GraphError> {
    let (country, rest) = user.split_once('.').unwrap_or_default();
    let id = rest.strip_prefix("ENT.").unwrap_or(rest);
    let country_fits = country.len() == 2 && country.chars().all(|one| one.is_ascii_uppercase());
    let id_fits = (1..=128).contains(&id.len()) && id.chars().all(|one| one.is_ascii_alphanumeric());
    if country_fits && id_fits {
        Ok(Recipient::User(user.to_owned()))
    } else {
        Err(GraphError::value("The recipient's user id is not valid."))
    }
}

/// The message's type, after its body was found right.
pub(crate) fn check(request: &Value, world: &World, line: usize) -> Result<Checked, GraphError> {
    // Without a type Meta's own examples hold a text, or the one body that says what it is.
    let implied = || TYPES.iter().copied().find(|kind| request.get(*kind).is_some()).unwrap_or("text");
    let named = request.get("type").and_then(Value::as_str).unwrap_or_else(implied);
    if NOT_SENT.contains(&named) {
        return Err(GraphError::known(131_051));
    }
    let kind = TYPES.iter().copied().find(|known| *known == named);
    let kind = kind.ok_or_else(|| {
        GraphError::parameter(format!("Param type must be one of {{{}}}", TYPES.join(", ").to_uppercase()))
    })?;
    if let Some(context) = request.get("context") {
        Part::from(context, "context")?.text("message_id", 512)?;
    }
    match request.get("biz_opaque_callback_data") {
        None => {}
        Some(Value::String(data)) if data.chars().count() <= 512 => {}
        Some(_) => {
            let details = "Param biz_opaque_callback_data must be a string of at most 512 characters.";
            return Err(GraphError::parameter(details));
        }
    }
    let mut template = None;
    match kind {
        "text" => Part::of(request, kind)?.text("body", 4096).map(drop)?,
        "image" | "video" | "document" => {
            Part::of(request, kind)?.optional_text("caption", 1024)?;
            media(request, kind, world, line)?;
        }
        "audio" | "sticker" => media(request, kind, world, line)?,
        "location" => location(request)?,
        "contacts" => contacts(request)?,
        "reaction" => reaction(request)?,
        "interactive" => interactive_request::check(Part::of(request, kind)?, world)?,
        _ => template = template_request::check(Part::of(request, kind)?, world, line)?,
    }
    Ok(Checked { kind, template })
}

/// A file is named by the id of an upload or by a link.
fn media(request: &Value, kind: &'static str, world: &World, line: usize) -> Result<(), GraphError> {
    let part = Part::of(request, kind)?;
    match (part.optional_text("id", 128)?, part.optional_text("link", 2048)?) {
        (None, None) => Err(GraphError::missing(&format!("{kind}['id'] or {kind}['link']"))),
        (Some(_), Some(_)) => Err(GraphError::parameter(format!("Only one of {kind}['id'], {kind}['link']"))),
        (Some(id), None) => match world.shelf.get(id, world.now()).filter(|file| file.line == line) {
            Some(file) if sniff::kind_of(&file.mime_type).is_some_and(|it| it.fits(kind)) => Ok(()),
            Some(file) => {
                Err(GraphError::media_upload(format!("A file of type {} is no {kind}.", file.mime_type)))
            }
            None => Err(GraphError::parameter(format!(
                "Param {kind}['id'] is not the id of a file uploaded for this number"
            ))),
        },
        (None, Some(link)) if link.starts_with("https://") || link.starts_with("http://") => Ok(()),
        (None, Some(_)) => Err(GraphError::value(format!("{kind}['link'] is not a web address."))),
    }
}

/// True of a link that cannot be fetched. The simulator fetches none: those of the reserved domain `.invalid` and
/// those that end in `/404` are the broken ones.
pub(crate) fn is_broken_link(request: &Value, kind: &str) -> bool {
    request[kind]["link"].as_str().is_some_and(|link| {
        let host = link.split('/').nth(2).unwrap_or_default();
        host.ends_with(".invalid") || link.ends_with("/404")
    })
}

fn location(request: &Value) -> Result<(), GraphError> {
    let part = Part::of(request, "location")?;
    part.degrees("latitude", 90.0)?;
    part.degrees("longitude", 180.0)?;
    Ok(())
}

fn contacts(request: &Value) -> Result<(), GraphError> {
    let cards = match request.get("contacts") {
        Some(Value::Array(cards)) if !cards.is_empty() => cards,
        Some(Value::Array(_)) | None => return Err(GraphError::missing("contacts")),
        Some(_) => return Err(GraphError::parameter("Param contacts must be an array.")),
    };
    for card in cards {
        let name = Part::from(card, "contacts")?.part("name")?;
        name.text("formatted_name", 512)?;
        let others = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
        if others.iter().all(|key| name.get(key).is_none()) {
            return Err(GraphError::missing("name['first_name']"));
        }
    }
    Ok(())
}

/// An empty emoji takes a reaction back, so only its absence is wrong.
fn reaction(request: &Value) -> Result<(), GraphError> {
    let part = Part::of(request, "reaction")?;
    part.text("message_id", 512)?;
    part.optional_text("emoji", 32)?.map(drop).ok_or_else(|| GraphError::missing("reaction['emoji']"))
}

/// The message a read receipt is for, and whether the business also shows that it is typing.
pub(crate) fn read_receipt(request: &Value) -> Result<(String, bool), GraphError> {
    if request.get("status").and_then(Value::as_str) != Some("read") {
        return Err(GraphError::parameter("Param status must be one of {READ}"));
    }
    let id =
        request.get("message_id").and_then(Value::as_str).ok_or_else(|| GraphError::missing("message_id"))?;
    if !id.starts_with("wamid.") {
        return Err(GraphError::value("The message id is not valid."));
    }
    let typing = match request.get("typing_indicator") {
        None => false,
        Some(typing) if typing.get("type").and_then(Value::as_str) == Some("text") => true,
        Some(_) => return Err(GraphError::parameter("Param typing_indicator['type'] must be one of {TEXT}")),
    };
    Ok((id.to_owned(), typing))
}
