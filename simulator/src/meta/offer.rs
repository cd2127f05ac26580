//! What a message offers to press, choose or fill in, and the customer's answer to it.

use serde_json::{Value, json};

use super::template::Template;
use crate::payload::{CallPermission, Content, Reply};
use crate::random::Random;

/// Something a customer can answer with a press.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Offer {
    /// Reply buttons: id, title.
    Buttons(Vec<(String, String)>),
    /// Rows of a list: id, title, description.
    Rows(Vec<(String, String, Option<String>)>),
    /// Quick replies of a template: payload, text.
    Quick(Vec<(String, String)>),
    /// A form, with the token that comes back.
    Form(String),
    /// A request for a place.
    Place,
    /// A request to call.
    Call,
}

impl Offer {
    /// What an interactive message offers.
    pub(crate) fn of_interactive(interactive: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let action = &interactive["action"];
        match interactive["type"].as_str()? {
            "button" => {
                let buttons = action["buttons"].as_array()?.iter();
                Some(Self::Buttons(
                    buttons.map(|one| (text(&one["reply"]["id"]), text(&one["reply"]["title"]))).collect(),
                ))
            }
            "list" => {
                let sections = action["sections"].as_array()?.iter();
                let rows = sections.filter_map(|one| one["rows"].as_array()).flatten();
                Some(Self::Rows(
                    rows.map(|row| {
                        let description = row["description"].as_str().map(ToOwned::to_owned);
                        (text(&row["id"]), text(&row["title"]), description)
                    })
                    .collect(),
                ))
            }
            "flow" => Some(Self::Form(text(&action["parameters"]["flow_token"]))),
            "location_request_message" => Some(Self::Place),
            "call_permission_request" => Some(Self::Call),
            _ => None,
        }
    }

    /// What a template message offers: its quick replies with the payloads given, or its form.
    pub(crate) fn of_template(template: &Template, sent: &Value) -> Option<Self> {
        let given = |index: usize| {
            sent["components"].as_array().into_iter().flatten().find(|part| {
                let at = part["index"].as_u64().or_else(|| part["index"].as_str()?.parse().ok());
                part["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("button"))
                    && at == Some(index as u64)
            })
        };
        let mut quick = Vec::new();
        for (index, button) in template.buttons().iter().enumerate() {
            let text = button["text"].as_str().unwrap_or_default().to_owned();
            match button["type"].as_str() {
                Some("QUICK_REPLY") => {
                    let payload = given(index).and_then(|part| part["parameters"][0]["payload"].as_str());
                    quick.push((payload.unwrap_or(&text).to_owned(), text));
                }
                Some("FLOW") => {
                    let action = given(index).map(|part| &part["parameters"][0]["action"]["flow_token"]);
                    let token = action.and_then(Value::as_str).unwrap_or("unused");
                    return Some(Self::Form(token.to_owned()));
                }
                _ => {}
            }
        }
        (!quick.is_empty()).then_some(Self::Quick(quick))
    }

    /// The answer: the choice of that id, title or place where one is named, else any.
    pub(crate) fn answer(&self, wanted: Option<&str>, at: u64, random: &mut Random) -> Option<Content> {
        match self {
            Self::Buttons(all) => {
                let (id, title) = chosen(all, wanted, |(id, title)| [id, title], random)?.clone();
                Some(Content::Interactive(Reply::Button { id, title }))
            }
            Self::Rows(all) => {
                let (id, title, description) =
                    chosen(all, wanted, |(id, title, _)| [id, title], random)?.clone();
                Some(Content::Interactive(Reply::List { id, title, description }))
            }
            Self::Quick(all) => {
                let (payload, text) = chosen(all, wanted, |(id, title)| [id, title], random)?.clone();
                Some(Content::Button { payload, text })
            }
            Self::Form(token) => Some(Content::Interactive(Reply::Form {
                body: "Sent".to_owned(),
                answers: json!({ "flow_token": token, "date": "2026-12-01", "quantity": random.between(1, 9) }),
            })),
            Self::Place => Some(Content::Location(crate::payload::content::Place {
                latitude: -23.5614,
                longitude: -46.6559,
                name: None,
                address: None,
            })),
            Self::Call => {
                let reply = if wanted == Some("reject") {
                    CallPermission::Rejected
                } else {
                    CallPermission::AcceptedUntil(at + 7 * 86_400)
                };
                Some(Content::Interactive(Reply::Call(reply)))
            }
        }
    }
}

/// The choice of that name or place, else any.
fn chosen<'a, T>(
    all: &'a [T],
    wanted: Option<&str>,
    names: impl Fn(&T) -> [&str; 2],
    random: &mut Random,
) -> Option<&'a T> {
    match wanted {
        None => random.pick(all),
        Some(wanted) => all
            .iter()
            .find(|one| names(one).contains(&wanted))
            .or_else(|| all.get(wanted.parse::<usize>().ok()?)),
    }
}
