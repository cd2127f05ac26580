//! The builders against the shapes of real webhooks: which keys, in which order, with which types.

use serde_json::{Value, json};

use super::content::{AudioKind, ContactCard, OrderItem, Place, StickerKind};
use super::*;
use crate::customer::Customer;
use crate::number::BusinessNumber;
use crate::random::Random;

pub(super) fn number() -> BusinessNumber {
    BusinessNumber {
        waba_id: "419561257915477".to_owned(),
        phone_number_id: "106540352242922".to_owned(),
        display_phone_number: "15550783881".to_owned(),
        verified_name: "Lucky Shrub".to_owned(),
    }
}

pub(super) fn customer() -> Customer {
    Customer {
        name: "Sheena Nelson".to_owned(),
        wa_id: Some("16505551234".to_owned()),
        user_id: Some("US.13491208655302741918".to_owned()),
        ..Customer::default()
    }
}

pub(super) fn hidden() -> Customer {
    Customer { wa_id: None, username: Some("realsheena".to_owned()), ..customer() }
}

fn message(content: Content) -> Value {
    Incoming::new(customer(), "wamid.A".to_owned(), 1_749_416_383, content).to_value()
}

fn media() -> Media {
    Media::made_up("image/jpeg", &mut Random::new(1))
}

/// The keys of an object, sorted.
pub(super) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_text_is_what_meta_documents() {
    let body = Envelope::of(Change::messages(
        &number(),
        &[Incoming::new(customer(), "wamid.A".to_owned(), 1_749_416_383, Content::text("Another color?"))],
    ));
    assert_eq!(
        body.to_value(),
        json!({
            "object": "whatsapp_business_account",
            "entry": [{
                "id": "419561257915477",
                "changes": [{
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {
                            "display_phone_number": "15550783881", "phone_number_id": "106540352242922",
                        },
                        "contacts": [{
                            "profile": {"name": "Sheena Nelson"},
                            "wa_id": "16505551234",
                            "user_id": "US.13491208655302741918",
                        }],
                        "messages": [{
                            "from": "16505551234",
                            "from_user_id": "US.13491208655302741918",
                            "id": "wamid.A",
                            "timestamp": "1749416383",
                            "type": "text",
                            "text": {"body": "Another color?"},
                        }],
                    },
                    "field": "messages",
                }],
            }],
        })
    );
    assert_eq!(serde_json::from_slice::<Value>(&body.to_bytes()).unwrap(), body.to_value());
}

#[test]
fn media_messages_carry_id_type_and_digest() {
    let image = message(Content::Image(media().captioned("Taj Mahal")));
    assert_eq!(keys(&image["image"]), ["caption", "id", "mime_type", "sha256", "url"]);
    assert_eq!(image["image"]["caption"], "Taj Mahal");
    assert_eq!(image["image"]["sha256"].as_str().unwrap().len(), 44);
    let video = message(Content::Video(media()));
    assert_eq!(keys(&video["video"]), ["id", "mime_type", "sha256", "url"]);
    let document = message(Content::Document(media().named("nota.pdf")));
    assert_eq!(document["document"]["filename"], "nota.pdf");
    let voice = message(Content::Audio(media(), AudioKind::Voice));
    assert_eq!(voice["audio"]["voice"], true);
    assert_eq!(message(Content::Audio(media(), AudioKind::File))["audio"]["voice"], false);
    let sticker = message(Content::Sticker(media(), StickerKind::Animated));
    assert_eq!((&sticker["type"], &sticker["sticker"]["animated"]), (&json!("sticker"), &json!(true)));
}

#[test]
fn places_cards_and_orders_have_their_own_bodies() {
    let place = Place { latitude: -23.56, longitude: -46.65, name: Some("MASP".to_owned()), address: None };
    let location = message(Content::Location(place));
    assert_eq!(location["location"], json!({"latitude": -23.56, "longitude": -46.65, "name": "MASP"}));

    let card = ContactCard {
        first_name: "Lucía".to_owned(),
        last_name: "Gómez".to_owned(),
        phone: "19835552319".to_owned(),
    };
    let contacts = message(Content::Contacts(vec![card]));
    assert_eq!(contacts["contacts"][0]["name"]["formatted_name"], "Lucía Gómez");
    assert_eq!(contacts["contacts"][0]["phones"][0]["wa_id"], "19835552319");
    let requested = message(Content::ContactRequested("16505551234".to_owned()));
    assert_eq!((&requested["type"], &requested["origin"]), (&json!("contacts"), &json!("contact_request")));

    let item = OrderItem {
        product_retailer_id: "di9ozbzfi4".to_owned(),
        quantity: 2,
        item_price: 30.5,
        currency: "USD".to_owned(),
    };
    let order =
        Content::Order { catalog_id: "194836987003835".to_owned(), text: String::new(), items: vec![item] };
    let order = message(order);
    assert_eq!(keys(&order["order"]), ["catalog_id", "product_items", "text"]);
    assert_eq!(
        order["order"]["product_items"][0],
        json!({"product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 30.5, "currency": "USD"})
    );
}

#[test]
fn replies_to_interactive_messages() {
    let (id, title) = ("cancel".to_owned(), "Cancel".to_owned());
    let button = message(Content::Interactive(Reply::Button { id: id.clone(), title: title.clone() }));
    assert_eq!(
        button["interactive"],
        json!({"type": "button_reply", "button_reply": {"id": "cancel", "title": "Cancel"}})
    );
    let list =
        message(Content::Interactive(Reply::List { id, title, description: Some("Today".to_owned()) }));
    assert_eq!(list["interactive"]["list_reply"]["description"], "Today");
    let form = Reply::Form { body: "Sent".to_owned(), answers: json!({"date": "2026-11-22"}) };
    let form = message(Content::Interactive(form));
    assert_eq!(form["interactive"]["nfm_reply"]["response_json"], r#"{"date":"2026-11-22"}"#);
    let call = message(Content::Interactive(Reply::Call(CallPermission::AcceptedUntil(1_800_000_000))));
    assert_eq!(
        call["interactive"]["call_permission_reply"],
        json!({"response": "accept", "expiration_timestamp": 1_800_000_000, "response_source": "user_action"})
    );
    let refused = message(Content::Interactive(Reply::Call(CallPermission::Rejected)));
    assert_eq!(refused["interactive"]["call_permission_reply"]["response"], "reject");
    let quick =
        message(Content::Button { payload: "Unsubscribe".to_owned(), text: "Unsubscribe".to_owned() });
    assert_eq!(quick["button"], json!({"payload": "Unsubscribe", "text": "Unsubscribe"}));
}

#[test]
fn a_reaction_is_removed_by_leaving_the_emoji_out() {
    let reaction = |emoji: Option<&str>| {
        message(Content::Reaction { message_id: "wamid.B".to_owned(), emoji: emoji.map(str::to_owned) })
    };
    assert_eq!(reaction(Some("👍"))["reaction"], json!({"message_id": "wamid.B", "emoji": "👍"}));
    assert_eq!(reaction(None)["reaction"], json!({"message_id": "wamid.B"}));
}

#[test]
fn edits_and_revocations_name_the_original() {
    let edit = message(Content::Edit { original_message_id: "wamid.B".to_owned(), text: "at 5".to_owned() });
    assert_eq!(edit["edit"]["original_message_id"], "wamid.B");
    assert_eq!(edit["edit"]["message"]["text"]["body"], "at 5");
    let revoke = message(Content::Revoke { original_message_id: "wamid.B".to_owned() });
    assert_eq!(
        (&revoke["type"], &revoke["revoke"]),
        (&json!("revoke"), &json!({"original_message_id": "wamid.B"}))
    );
}

#[test]
fn what_meta_cannot_carry_comes_with_errors_and_what_is_new_comes_whole() {
    let unsupported = message(Content::Unsupported { kind: None });
    assert_eq!(keys(&unsupported), ["errors", "from", "from_user_id", "id", "timestamp", "type"]);
    assert_eq!(unsupported["errors"][0]["code"], 131_051);
    let poll = message(Content::Unsupported { kind: Some("poll".to_owned()) });
    assert_eq!(poll["unsupported"], json!({"type": "poll"}));
    let hologram = Content::Unknown { kind: "hologram".to_owned(), body: json!({"id": "1"}) };
    assert_eq!(message(hologram)["hologram"], json!({"id": "1"}));
}

#[test]
fn system_notices_name_nobody_in_contacts() {
    let notice = SystemNotice::UserIdChanged {
        name: "Sheena Nelson".to_owned(),
        user_id: "US.2".to_owned(),
        previous_user_id: "US.1".to_owned(),
    };
    let incoming = Incoming::new(hidden(), "wamid.A".to_owned(), 1, Content::System(notice));
    let change = Change::messages(&number(), &[incoming]);
    assert_eq!(keys(&change.value), ["messages", "messaging_product", "metadata"]);
    let message = &change.value["messages"][0];
    assert_eq!(keys(message), ["from_user_id", "id", "system", "timestamp", "type"]);
    assert_eq!(keys(&message["system"]), ["body", "previous_user_id", "type", "user_id"]);

    let moved = SystemNotice::NumberChanged {
        name: "Sheena Nelson".to_owned(),
        old: "16505551234".to_owned(),
        new: "12195555358".to_owned(),
        user_id: "US.2".to_owned(),
        previous_user_id: "US.1".to_owned(),
    };
    let moved = self::message(Content::System(moved));
    assert_eq!(keys(&moved["system"]), ["body", "previous_user_id", "type", "user_id", "wa_id"]);
    assert_eq!(moved["system"]["wa_id"], "12195555358");
    let identity = SystemNotice::IdentityChanged { name: "S".to_owned(), user_id: "US.1".to_owned() };
    assert_eq!(self::message(Content::System(identity))["system"]["type"], "customer_identity_changed");
}

#[test]
fn context_and_referral_stand_beside_the_content() {
    let incoming = || Incoming::new(customer(), "wamid.A".to_owned(), 1, Content::text("Is this available?"));
    let reply = Context::Reply { from: "15550783881".to_owned(), id: "wamid.B".to_owned() };
    assert_eq!(
        incoming().within(reply).to_value()["context"],
        json!({"from": "15550783881", "id": "wamid.B"})
    );
    assert_eq!(incoming().within(Context::Forwarded).to_value()["context"], json!({"forwarded": true}));
    let viral = incoming().within(Context::FrequentlyForwarded).to_value();
    assert_eq!(viral["context"], json!({"frequently_forwarded": true}));
    let product = Context::Product {
        from: "15550783881".to_owned(),
        id: "wamid.B".to_owned(),
        catalog_id: "19".to_owned(),
        product_retailer_id: "di9".to_owned(),
    };
    let product = incoming().within(product).to_value();
    assert_eq!(keys(&product["context"]), ["from", "id", "referred_product"]);

    let referral = Referral {
        source_id: "120226305854810726".to_owned(),
        headline: "Chat with us".to_owned(),
        body: "Summer is here".to_owned(),
        ctwa_clid: Some("Aff-n8".to_owned()),
    };
    assert_eq!(
        keys(&incoming().referred_by(referral).to_value()["referral"]),
        [
            "body",
            "ctwa_clid",
            "headline",
            "image_url",
            "media_type",
            "source_id",
            "source_type",
            "source_url"
        ]
    );
}

#[test]
fn a_customer_without_a_number_has_no_from() {
    let incoming = Incoming::new(hidden(), "wamid.A".to_owned(), 1, Content::text("oi"));
    let change = Change::messages(&number(), &[incoming]);
    assert_eq!(keys(&change.value["messages"][0]), ["from_user_id", "id", "text", "timestamp", "type"]);
    assert_eq!(keys(&change.value["contacts"][0]), ["profile", "user_id"]);
    assert_eq!(change.value["contacts"][0]["profile"]["username"], "realsheena");
}

#[test]
fn changes_of_one_account_share_an_entry() {
    let text = |id: &str| Incoming::new(customer(), id.to_owned(), 1, Content::text("x"));
    let other = BusinessNumber { waba_id: "2".to_owned(), ..number() };
    let body = Envelope::of(Change::messages(&number(), &[text("wamid.A"), text("wamid.B")]))
        .and(Change::statuses(&number(), &[Status::new("wamid.C", StatusState::Sent, 1, customer())]))
        .and(Change::messages(&other, &[text("wamid.D")]))
        .and(account::review(&other, 5, "APPROVED"))
        .to_value();
    let entries = body["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["changes"].as_array().unwrap().len(), 2);
    assert_eq!(entries[0]["changes"][0]["value"]["contacts"].as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["changes"][0]["value"]["messages"].as_array().unwrap().len(), 2);
    assert_eq!(keys(&entries[2]), ["changes", "id", "time"]);
}
