//! What a customer does: writes, presses, sends files, blocks, changes their mind about marketing.

use super::world::World;
use crate::payload::account::{self, MarketingChoice};
use crate::payload::content::{AudioKind, ContactCard, Place, StickerKind};
use crate::payload::{Change, Content, Context, Incoming, Media, Referral};
use crate::wamid::{Direction, wamid};

/// Something a customer does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    Text(String),
    /// Answers the business's last message by quoting it.
    Quote(String),
    /// Comes from an advertisement.
    Ad(String),
    /// Presses, chooses or fills in what was offered last: the one of that id or title, else any.
    Press(Option<String>),
    /// Sends a file of that type.
    File {
        mime_type: String,
        caption: String,
        filename: Option<String>,
        voice: bool,
    },
    Location,
    Card,
    /// Reacts to the business's last message; nothing takes it back.
    React(Option<String>),
    /// Sends what the Cloud API does not carry.
    Unsupported,
    Decide(Decision),
}

/// What a customer decides about the business rather than writes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Block,
    Unblock,
    StopMarketing,
    ResumeMarketing,
}

/// A message a customer writes.
pub(crate) struct Words {
    pub(crate) content: Content,
    pub(crate) context: Option<Context>,
    pub(crate) referral: Option<Referral>,
}

impl Words {
    pub(crate) fn of(content: Content) -> Self {
        Self { content, context: None, referral: None }
    }
}

impl World {
    /// The customer does that; the id of the message when it is one.
    pub(crate) fn act(&mut self, line: usize, person: usize, act: Act) -> Result<Option<String>, String> {
        let last = self.thread(line, person).last_sent.clone();
        let words = match act {
            Act::Decide(decision) => {
                self.decide(line, person, decision);
                return Ok(None);
            }
            Act::Text(text) => Words::of(Content::text(text)),
            Act::Quote(text) => Words { context: self.refer(line, last), ..Words::of(Content::text(text)) },
            Act::Ad(text) => Words { referral: Some(self.advertisement()), ..Words::of(Content::text(text)) },
            Act::Press(wanted) => self.press(line, person, wanted.as_deref())?,
            Act::File { mime_type, caption, filename, voice } => {
                Words::of(self.file(person, &mime_type, &caption, filename.as_deref(), voice)?)
            }
            Act::Location => Words::of(Content::Location(Place {
                latitude: -23.5614,
                longitude: -46.6559,
                name: Some("MASP".to_owned()),
                address: Some("Avenida Paulista, 1578".to_owned()),
            })),
            Act::Card => Words::of(Content::Contacts(vec![ContactCard {
                first_name: "Martin".to_owned(),
                last_name: "Reyes".to_owned(),
                phone: "15550781234".to_owned(),
            }])),
            Act::React(emoji) => {
                let message_id = last.ok_or("there is nothing to react to")?;
                Words::of(Content::Reaction { message_id, emoji })
            }
            Act::Unsupported => Words::of(Content::Unsupported { kind: Some("poll".to_owned()) }),
        };
        Ok(Some(self.hear(line, person, words)))
    }

    /// That a message answers one of the business's.
    fn refer(&self, line: usize, id: Option<String>) -> Option<Context> {
        let from = self.lines[line].number.display_phone_number.clone();
        id.map(|id| Context::Reply { from, id })
    }

    fn advertisement(&self) -> Referral {
        let mut random = self.dice(&["ad", &self.now().to_string()]);
        Referral {
            source_id: random.digits(18),
            headline: "Chat with us".to_owned(),
            body: "An advertisement".to_owned(),
            ctwa_clid: Some(format!("Aff-{}", random.hex(32))),
        }
    }

    /// The answer to what was offered last.
    fn press(&mut self, line: usize, person: usize, wanted: Option<&str>) -> Result<Words, String> {
        let (id, offer) = self.thread(line, person).offer.clone().ok_or("nothing was offered to press")?;
        let mut random = self.dice(&["press", &id]);
        let content = offer.answer(wanted, self.now() / 1000, &mut random);
        let content = content.ok_or("there was no such choice")?;
        Ok(Words { context: self.refer(line, Some(id)), ..Words::of(content) })
    }

    fn decide(&mut self, line: usize, person: usize, decision: Decision) {
        let now = self.now() / 1000;
        let Some(customer) = self.people.get_mut(person) else { return };
        let choice = match decision {
            Decision::Block => {
                customer.blocked.insert(line);
                return;
            }
            Decision::Unblock => {
                customer.blocked.remove(&line);
                return;
            }
            Decision::StopMarketing => MarketingChoice::Stop,
            Decision::ResumeMarketing => MarketingChoice::Resume,
        };
        customer.no_marketing = choice == MarketingChoice::Stop;
        let customer = customer.customer().clone();
        let change = account::preference(&self.lines[line].number, now, &customer, choice);
        self.tell(line, change);
    }

    fn file(
        &self,
        person: usize,
        mime_type: &str,
        caption: &str,
        filename: Option<&str>,
        voice: bool,
    ) -> Result<Content, String> {
        let written = self.people.get(person).map_or(0, |person| person.written);
        let mut random = self.dice(&["file", &person.to_string(), &written.to_string()]);
        let mut media = Media::made_up(mime_type, &mut random).captioned(caption);
        media.filename = filename.map(ToOwned::to_owned);
        Ok(match mime_type.split('/').next().unwrap_or_default() {
            "image" if mime_type == "image/webp" => Content::Sticker(media, StickerKind::Still),
            "image" => Content::Image(media),
            "video" => Content::Video(media),
            "audio" => Content::Audio(media, if voice { AudioKind::Voice } else { AudioKind::File }),
            "application" | "text" => Content::Document(media),
            _ => return Err(format!("{mime_type} is no type a customer can send")),
        })
    }

    /// Tells the business what a customer wrote, and opens the window. A business that was blocked is blocked no more.
    pub(crate) fn hear(&mut self, line: usize, person: usize, words: Words) -> String {
        let now = self.now();
        let Some(customer) = self.people.get_mut(person) else { return String::new() };
        customer.written += 1;
        customer.blocked.remove(&line);
        let (sender, count) = (customer.customer().clone(), customer.written.to_string());
        let number = self.lines[line].number.clone();
        let mut random = self.dice(&["writes", &number.phone_number_id, sender.address(), &count]);
        let id = wamid(sender.address(), Direction::Incoming, &mut random);
        let mut message = Incoming::new(sender, id.clone(), now / 1000, words.content);
        (message.context, message.referral) = (words.context, words.referral);
        self.tell_heard(line, person, message);
        id
    }

    /// The same for a message that is made already, as scripts make them.
    pub(crate) fn tell_heard(&mut self, line: usize, person: usize, mut message: Incoming) {
        let now = self.now();
        self.put_on_shelf(line, &mut message.content, now);
        let thread = self.thread(line, person);
        thread.hears(now, message.referral.is_some());
        thread.last_wrote = Some(message.id.clone());
        self.tally.incoming += 1;
        let number = self.lines[line].number.clone();
        self.tell(line, Change::messages(&number, &[message]));
    }

    /// A customer's file can be fetched from here on.
    fn put_on_shelf(&mut self, line: usize, content: &mut Content, now: u64) {
        let (Content::Image(media)
        | Content::Video(media)
        | Content::Document(media)
        | Content::Audio(media, _)
        | Content::Sticker(media, _)) = content
        else {
            return;
        };
        self.shelf.receive(&media.id, &media.mime_type, line, now);
        media.url = self.media_url(&media.id, now);
    }
}
