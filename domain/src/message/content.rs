//! What a message carries, read from the message as Meta sent it when somebody asks: files, places, cards, choices, forms,
//! orders, calls. Whatever cannot be read is absent; nothing here fails.

use std::time::Duration;

pub use portaria_entity::media_file::MediaKind;
use portaria_entity::time::Timestamp;
use serde_json::Value;

/// Meta keeps the files of a webhook so long.
const FILES_ARE_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Who comes from an advertisement and is answered in a day may be written to for three, free of charge.
const FREE_ENTRY: Duration = Duration::from_secs(24 * 60 * 60);

/// A message's content, by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text,
    Media(Media),
    Location(Location),
    Cards(Vec<Card>),
    Choice(Choice),
    Offer(Offer),
    Form(Form),
    Order(Order),
    Template(TemplateUse),
    Call(Call),
    System,
    Unsupported,
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Media {
    pub kind: MediaKind,
    pub id: Option<String>,
    pub mime_type: Option<String>,
    pub sha256: Option<String>,
    pub filename: Option<String>,
    pub voice: bool,
    pub animated: bool,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub name: Option<String>,
    pub address: Option<String>,
    pub url: Option<String>,
}

/// Somebody whom a customer tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    pub name: Option<String>,
    pub organization: Option<String>,
    pub phones: Vec<String>,
    pub emails: Vec<String>,
    pub vcard: Option<String>,
}

/// A button or row that the customer chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub kind: ChoiceKind,
    /// As the company named it when it offered the choice.
    pub id: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub expires_at: Option<Timestamp>,
}

/// What the company offered to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    pub header: Option<String>,
    pub footer: Option<String>,
    /// What is tapped to see a list or to open a form.
    pub button: Option<String>,
    pub options: Vec<OfferedOption>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedOption {
    /// Comes back with the choice.
    pub id: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    /// The part of the list that it stands in.
    pub section: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceKind {
    Button,
    ListRow,
    TemplateButton,
    CallPermission,
    PaymentMethod,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub name: Option<String>,
    /// JSON, as the customer's device wrote it.
    pub response: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub catalog_id: Option<String>,
    pub items: Vec<OrderItem>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderItem {
    pub product_id: Option<String>,
    pub quantity: Option<i32>,
    /// In decimals, as Meta writes it.
    pub price: Option<String>,
    pub currency: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateUse {
    pub name: Option<String>,
    pub language: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub outcome: CallOutcome,
    pub seconds: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It has begun, and its end has not been told.
    Begun,
    /// It was taken.
    Taken,
    /// It was not taken.
    Missed,
}

/// How a message came to be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    Original,
    Forwarded,
    ForwardedOften,
}

/// The advertisement or post that the customer came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    pub source_type: Option<String>,
    pub source_id: Option<String>,
    pub source_url: Option<String>,
    pub headline: Option<String>,
    pub body: Option<String>,
    pub click_id: Option<String>,
    pub free_if_answered_by: Timestamp,
}

/// One of Meta's errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: Option<i32>,
    pub title: Option<String>,
}

/// A product that the customer asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReferredProduct {
    pub catalog_id: Option<String>,
    pub product_id: Option<String>,
}

/// All that a message carries beside its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    pub content: Content,
    /// The words as they were sent first.
    pub words: Option<String>,
    pub forwarding: Forwarding,
    pub referral: Option<Referral>,
    pub product: Option<ReferredProduct>,
    pub faults: Vec<Fault>,
}

impl Carried {
    /// Reads the message as Meta sent it.
    pub fn read(kind: &str, payload: &str, sent_at: Timestamp) -> Self {
        let item: Value = serde_json::from_str(payload).unwrap_or_default();
        // Some echoes wrap what was sent in a member of their own.
        let body = item.get("message").filter(|inner| inner.get("type").is_some()).unwrap_or(&item);
        let context = body.get("context").unwrap_or(&Value::Null);
        Self {
            content: content(kind, body, sent_at),
            words: words(kind, body),
            forwarding: match () {
                () if flag(context, "frequently_forwarded") => Forwarding::ForwardedOften,
                () if flag(context, "forwarded") => Forwarding::Forwarded,
                () => Forwarding::Original,
            },
            referral: body.get("referral").filter(|one| one.is_object()).map(|one| referral(one, sent_at)),
            product: context.get("referred_product").filter(|one| one.is_object()).map(|one| {
                ReferredProduct {
                    catalog_id: text(one, "catalog_id"),
                    product_id: text(one, "product_retailer_id"),
                }
            }),
            faults: faults(&item),
        }
    }
}

/// The errors that Meta lists in an object.
pub fn faults(of: &Value) -> Vec<Fault> {
    let read = |one: &Value| Fault {
        code: integer(one, "code"),
        title: text(one, "title").or_else(|| text(one, "message")),
    };
    list(of, "errors").iter().map(read).collect()
}

fn content(kind: &str, body: &Value, sent_at: Timestamp) -> Content {
    let part = body.get(kind).unwrap_or(&Value::Null);
    let media = |kind| Content::Media(media(kind, part, sent_at));
    match kind {
        "text" => Content::Text,
        "image" => media(MediaKind::Image),
        "video" => media(MediaKind::Video),
        "document" => media(MediaKind::Document),
        "audio" => Content::Media(self::media(
            MediaKind::Audio,
            body.get("audio").or_else(|| body.get("voice")).unwrap_or(&Value::Null),
            sent_at,
        )),
        "sticker" => media(MediaKind::Sticker),
        "location" => Content::Location(Location {
            latitude: part.get("latitude").and_then(Value::as_f64),
            longitude: part.get("longitude").and_then(Value::as_f64),
            name: text(part, "name"),
            address: text(part, "address"),
            url: text(part, "url"),
        }),
        "contacts" => Content::Cards(part.as_array().into_iter().flatten().map(card).collect()),
        "interactive" => interactive(part),
        "button" => Content::Choice(Choice {
            kind: ChoiceKind::TemplateButton,
            id: text(part, "payload"),
            title: text(part, "text"),
            description: None,
            expires_at: None,
        }),
        "order" => Content::Order(Order {
            catalog_id: text(part, "catalog_id"),
            items: list(part, "product_items").iter().map(order_item).collect(),
        }),
        "template" => Content::Template(TemplateUse {
            name: text(part, "name"),
            language: part.get("language").and_then(|of| text(of, "code")),
        }),
        "call" | "missed_call" => Content::Call(call(body)),
        "system" | "handover" => Content::System,
        "unsupported" => Content::Unsupported,
        _ => Content::Other,
    }
}

fn interactive(part: &Value) -> Content {
    let Some(kind) = text(part, "type") else { return Content::Other };
    let reply = part.get(&kind).unwrap_or(&Value::Null);
    let choice = |kind, id: &str, title: &str| {
        Content::Choice(Choice {
            kind,
            id: text(reply, id),
            title: text(reply, title),
            description: text(reply, "description"),
            expires_at: integer(reply, "expiration_timestamp")
                .map(|seconds| Timestamp::from_secs(i64::from(seconds))),
        })
    };
    match kind.as_str() {
        "button_reply" => choice(ChoiceKind::Button, "id", "title"),
        "list_reply" => choice(ChoiceKind::ListRow, "id", "title"),
        "call_permission_reply" => choice(ChoiceKind::CallPermission, "response_source", "response"),
        "payment_method" => choice(ChoiceKind::PaymentMethod, "payment_method", "payment_method"),
        "nfm_reply" => {
            Content::Form(Form { name: text(reply, "name"), response: text(reply, "response_json") })
        }
        "button" | "list" | "flow" => Content::Offer(offer(part)),
        _ => Content::Other,
    }
}

fn offer(part: &Value) -> Offer {
    let action = part.get("action").unwrap_or(&Value::Null);
    let words = |at: &str| part.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let option = |of: &Value, section: Option<String>| OfferedOption {
        id: text(of, "id"),
        title: text(of, "title"),
        description: text(of, "description"),
        section,
    };
    let buttons =
        list(action, "buttons").iter().filter_map(|button| Some(option(button.get("reply")?, None)));
    let rows = list(action, "sections").iter().flat_map(|section| {
        let title = text(section, "title");
        list(section, "rows").iter().map(move |row| option(row, title.clone())).collect::<Vec<_>>()
    });
    Offer {
        header: words("/header/text"),
        footer: words("/footer/text"),
        button: text(action, "button").or_else(|| words("/action/parameters/flow_cta")),
        options: buttons.chain(rows).collect(),
    }
}

fn media(kind: MediaKind, part: &Value, sent_at: Timestamp) -> Media {
    Media {
        kind,
        id: text(part, "id"),
        mime_type: text(part, "mime_type"),
        sha256: text(part, "sha256"),
        filename: text(part, "filename"),
        voice: flag(part, "voice"),
        animated: flag(part, "animated"),
        expires_at: sent_at + FILES_ARE_KEPT,
    }
}

fn card(of: &Value) -> Card {
    let name = of.get("name").unwrap_or(&Value::Null);
    let each =
        |member: &str, value: &str| list(of, member).iter().filter_map(|one| text(one, value)).collect();
    let phones = list(of, "phones").iter();
    Card {
        name: text(name, "formatted_name").or_else(|| text(name, "first_name")),
        organization: of.get("org").and_then(|org| text(org, "company")),
        phones: phones.filter_map(|one| text(one, "phone").or_else(|| text(one, "wa_id"))).collect(),
        emails: each("emails", "email"),
        vcard: text(of, "vcard"),
    }
}

fn order_item(of: &Value) -> OrderItem {
    OrderItem {
        product_id: text(of, "product_retailer_id"),
        quantity: integer(of, "quantity"),
        price: text(of, "item_price"),
        currency: text(of, "currency"),
    }
}

/// A call as its latest event tells it.
fn call(of: &Value) -> Call {
    let seconds = integer(of, "duration");
    let taken = seconds.is_some_and(|seconds| seconds > 0);
    let outcome = match text(of, "event").as_deref() {
        Some("terminate") if taken => CallOutcome::Taken,
        Some("terminate") => CallOutcome::Missed,
        _ => CallOutcome::Begun,
    };
    Call { outcome, seconds }
}

fn referral(of: &Value, sent_at: Timestamp) -> Referral {
    Referral {
        source_type: text(of, "source_type"),
        source_id: text(of, "source_id"),
        source_url: text(of, "source_url"),
        headline: text(of, "headline"),
        body: text(of, "body"),
        click_id: text(of, "ctwa_clid"),
        free_if_answered_by: sent_at + FREE_ENTRY,
    }
}

/// The words of a kind that can be edited.
fn words(kind: &str, body: &Value) -> Option<String> {
    let part = body.get(kind)?;
    if kind == "text" { text(part, "body") } else { text(part, "caption") }
}

/// A text, also if it was sent as a number. Empty means absent.
fn text(of: &Value, name: &str) -> Option<String> {
    match of.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn integer(of: &Value, name: &str) -> Option<i32> {
    text(of, name)?.trim().parse().ok()
}

fn flag(of: &Value, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_absent() {
        for payload in ["", "{}", "[1]", r#"{"image":7,"context":3,"referral":[],"errors":{}}"#] {
            for kind in ["text", "image", "contacts", "interactive", "order", "call", "location", "odd"] {
                let carried = Carried::read(kind, payload, Timestamp(0));
                assert_eq!((carried.words, carried.referral, carried.faults.len()), (None, None, 0));
            }
        }
    }

    #[test]
    fn a_card_gives_its_phones_apart_from_its_name() {
        let payload = r#"{"contacts":[{"name":{"formatted_name":"Bia"},"phones":[{"phone":"+55 11 9","wa_id":"5511"}],
                          "emails":[{"email":"b@x.example"}],"vcard":"BEGIN"}]}"#;
        let Content::Cards(cards) = Carried::read("contacts", payload, Timestamp(0)).content else {
            panic!()
        };
        assert_eq!(cards[0].phones, ["+55 11 9"]);
        assert_eq!(cards[0].name.as_deref(), Some("Bia"));
    }

    #[test]
    fn a_file_is_gone_after_seven_days() {
        let payload = r#"{"audio":{"id":"1","voice":true}}"#;
        let Content::Media(media) = Carried::read("audio", payload, Timestamp(0)).content else { panic!() };
        assert_eq!((media.voice, media.expires_at.as_secs()), (true, 7 * 86_400));
    }
}
