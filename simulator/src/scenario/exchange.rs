//! One exchange being played: a customer, a number, a script, and how far it has come.

use serde_json::json;

use super::cast::{Language, Persona};
use super::script::{Script, Turn};
use crate::number::BusinessNumber;
use crate::payload::coexistence::Echo;
use crate::payload::content::{AudioKind, ContactCard, OrderItem, Place, StickerKind};
use crate::payload::{CallPermission, Content, Context, Incoming, Media, Referral, Reply};
use crate::random::Random;
use crate::wamid::{Direction, wamid};

/// What a turn yields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A message from the customer.
    Wrote(Box<Incoming>),
    /// A message from the business.
    Answered(Echo),
}

/// A script in progress.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) persona: Persona,
    pub(crate) number: BusinessNumber,
    script: &'static Script,
    next: usize,
    last_text: Option<String>,
    last_answer: Option<String>,
}

impl Exchange {
    pub(crate) fn new(persona: Persona, number: BusinessNumber, script: &'static Script) -> Self {
        Self { persona, number, script, next: 0, last_text: None, last_answer: None }
    }

    /// True when every turn was played.
    pub(crate) fn is_over(&self) -> bool {
        self.next >= self.script.turns.len()
    }

    /// True when it is the business's turn.
    pub(crate) fn waits(&self) -> bool {
        self.script.turns.get(self.next).is_some_and(|turn| turn.is_answer())
    }

    /// The business itself wrote, instead of what the script had it say.
    pub(crate) fn hears(&mut self, message_id: &str) {
        self.last_answer = Some(message_id.to_owned());
        if self.waits() {
            self.next += 1;
        }
    }

    /// Leaves out turns that answer what only the script offered, or that only a phone app's number gets.
    pub(crate) fn skip_what_was_not_offered(&mut self) {
        let skipped = |turn: &Turn| {
            matches!(
                turn,
                Turn::Presses(..)
                    | Turn::Chooses(..)
                    | Turn::Form(_)
                    | Turn::Quick(_)
                    | Turn::AllowsCalls
                    | Turn::Corrects(_)
                    | Turn::Deletes
            )
        };
        while self.script.turns.get(self.next).is_some_and(skipped) {
            self.next += 1;
        }
    }

    /// Plays the next turn at that second; none when it is over.
    pub(crate) fn step(&mut self, at: u64, random: &mut Random) -> Option<Step> {
        let turn = *self.script.turns.get(self.next)?;
        self.next += 1;
        if let Turn::Answered(text) = turn {
            let id = wamid(self.persona.customer.address(), Direction::Outgoing, random);
            self.last_answer = Some(id.clone());
            let recipient = self.persona.customer.clone();
            return Some(Step::Answered(Echo { id, recipient, timestamp: at, text: text.to_owned() }));
        }
        let id = wamid(self.persona.customer.address(), Direction::Incoming, random);
        let content = self.content(turn, at, random);
        let mut message = Incoming::new(self.persona.customer.clone(), id.clone(), at, content);
        message.context = self.context(turn);
        message.referral = referral(turn, random);
        if matches!(turn, Turn::Says(_) | Turn::FromAd(_)) {
            self.last_text = Some(id);
        }
        Some(Step::Wrote(Box::new(message)))
    }

    /// What is pressed, chosen, filled in or quoted refers to the last answer.
    fn context(&self, turn: Turn) -> Option<Context> {
        if matches!(turn, Turn::Forwards(_)) {
            return Some(Context::Forwarded);
        }
        let refers = matches!(
            turn,
            Turn::Quotes(_) | Turn::Presses(..) | Turn::Chooses(..) | Turn::Form(_) | Turn::Quick(_)
        );
        let id = self.last_answer.clone().filter(|_| refers)?;
        Some(Context::Reply { from: self.number.display_phone_number.clone(), id })
    }

    fn content(&self, turn: Turn, at: u64, random: &mut Random) -> Content {
        match turn {
            Turn::Says(text)
            | Turn::Answered(text)
            | Turn::Quotes(text)
            | Turn::Forwards(text)
            | Turn::FromAd(text) => Content::text(text),
            Turn::Photo(caption) => Content::Image(Media::made_up("image/jpeg", random).captioned(caption)),
            Turn::Film(caption) => Content::Video(Media::made_up("video/mp4", random).captioned(caption)),
            Turn::Voice => Content::Audio(Media::made_up("audio/ogg; codecs=opus", random), AudioKind::Voice),
            Turn::File(name) => Content::Document(Media::made_up("application/pdf", random).named(name)),
            Turn::Sticker => Content::Sticker(Media::made_up("image/webp", random), StickerKind::Still),
            Turn::Place(name, address) => Content::Location(self.place(name, address, random)),
            Turn::Card(first, last) => Content::Contacts(vec![ContactCard {
                first_name: first.to_owned(),
                last_name: last.to_owned(),
                phone: format!("1555{}", random.digits(7)),
            }]),
            Turn::Presses(id, title) => {
                Content::Interactive(Reply::Button { id: id.to_owned(), title: title.to_owned() })
            }
            Turn::Chooses(id, title, description) => Content::Interactive(Reply::List {
                id: id.to_owned(),
                title: title.to_owned(),
                description: Some(description.to_owned()),
            }),
            Turn::Quick(text) => Content::Button { payload: text.to_owned(), text: text.to_owned() },
            Turn::Form(body) => Content::Interactive(Reply::Form {
                body: body.to_owned(),
                answers: json!({ "flow_token": random.hex(16), "name": self.persona.customer.name }),
            }),
            Turn::Order(text) => self.order(text, random),
            Turn::Reacts(emoji) => Content::Reaction {
                message_id: self.last_answer.clone().unwrap_or_default(),
                emoji: Some(emoji.to_owned()),
            },
            Turn::Unreacts => {
                Content::Reaction { message_id: self.last_answer.clone().unwrap_or_default(), emoji: None }
            }
            Turn::Corrects(text) => Content::Edit {
                original_message_id: self.last_text.clone().unwrap_or_default(),
                text: text.to_owned(),
            },
            Turn::Deletes => {
                Content::Revoke { original_message_id: self.last_text.clone().unwrap_or_default() }
            }
            Turn::Unsupported => Content::Unsupported { kind: Some("poll".to_owned()) },
            Turn::AllowsCalls => {
                Content::Interactive(Reply::Call(CallPermission::AcceptedUntil(at + 7 * 86_400)))
            }
        }
    }

    fn place(&self, name: &str, address: &str, random: &mut Random) -> Place {
        let (latitude, longitude) = match self.persona.language {
            Language::Portuguese => (-23.5614, -46.6559),
            Language::English => (40.7128, -74.0060),
            Language::Spanish => (40.4168, -3.7038),
        };
        // Thousandths of a degree: somewhere within a few streets.
        let mut nearby = || random.below(20) as f64 / 1000.0;
        Place {
            latitude: latitude + nearby(),
            longitude: longitude + nearby(),
            name: Some(name.to_owned()),
            address: Some(address.to_owned()),
        }
    }

    fn order(&self, text: &str, random: &mut Random) -> Content {
        let currency = match self.persona.language {
            Language::Portuguese => "BRL",
            Language::English => "USD",
            Language::Spanish => "EUR",
        };
        let items = (0..random.between(1, 3))
            .map(|_| OrderItem {
                product_retailer_id: format!("sku-{}", random.digits(5)),
                quantity: random.between(1, 4) as u32,
                item_price: random.between(790, 24_990) as f64 / 100.0,
                currency: currency.to_owned(),
            })
            .collect();
        Content::Order { catalog_id: "194836987003835".to_owned(), text: text.to_owned(), items }
    }
}

fn referral(turn: Turn, random: &mut Random) -> Option<Referral> {
    let Turn::FromAd(text) = turn else { return None };
    Some(Referral {
        source_id: random.digits(18),
        headline: "Chat with us".to_owned(),
        body: text.to_owned(),
        ctwa_clid: Some(format!("Aff-{}", random.hex(32))),
    })
}
