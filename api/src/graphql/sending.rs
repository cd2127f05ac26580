//! What can be sent: the content of new messages, within WhatsApp's limits.

use async_graphql::{ID, InputObject, OneofObject};
use portaria_domain::quick_reply::Filling;
use portaria_domain::sending::card::NewCard;
use portaria_domain::sending::interactive::{
    Framing, NewButton, NewButtons, NewFlow, NewList, NewRow, NewScreen, NewSection,
};
use portaria_domain::sending::{NewContent, NewLocation, NewQuickReply, NewReaction, NewText};

use super::guidance::QuickReplyValueInput;
use super::id::parse;
use crate::error::{Problem, Result};

/// What the message carries: exactly one of these.
#[derive(OneofObject)]
pub enum MessageContentInput {
    /// Words. Needs `message:send_text`.
    Text(TextInput),
    /// A quick reply, filled in. Needs `message:send_quick_reply`, and no permission to write freely.
    QuickReply(QuickReplyInput),
    /// An emoji at a message. Needs `message:send_text`.
    Reaction(ReactionInput),
    /// A place. Needs `message:send_text`.
    Location(LocationInput),
    /// Cards of people. Needs `message:send_text`.
    Contacts(ContactCardsInput),
    /// A question with up to three buttons. Needs `message:send_interactive`.
    Buttons(ButtonsInput),
    /// A question with a list to choose from. Needs `message:send_interactive`.
    List(ListInput),
    /// A form (WhatsApp Flow). Needs `message:send_interactive`.
    Flow(FlowInput),
}

/// Words.
#[derive(InputObject)]
pub struct TextInput {
    /// 1 to 4,096 characters. WhatsApp's marks (`*bold*`, `_italic_`) are kept.
    body: String,
    /// Whether WhatsApp shows what the first link leads to.
    #[graphql(default)]
    preview_links: bool,
}

/// A quick reply: the text goes out that `previewQuickReply` shows for the same values.
#[derive(InputObject)]
pub struct QuickReplyInput {
    /// Which (`reply_...`).
    quick_reply_id: ID,
    /// What to fill in: a value for each of its placeholders.
    #[graphql(default)]
    values: Vec<QuickReplyValueInput>,
    /// In which of its languages; if not said, in the customer's, else the workspace's, else its first.
    language: Option<String>,
}

/// An emoji at a message.
#[derive(InputObject)]
pub struct ReactionInput {
    /// Which message of the conversation (`msg_...`).
    message_id: ID,
    /// One emoji; null takes the company's reaction back.
    emoji: Option<String>,
}

/// A place.
#[derive(InputObject)]
pub struct LocationInput {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
    /// What it is called.
    name: Option<String>,
    /// Where it is.
    address: Option<String>,
}

/// Cards of people.
#[derive(InputObject)]
pub struct ContactCardsInput {
    /// 1 to 20 of them.
    cards: Vec<ContactCardInput>,
}

/// Somebody whom the customer is told of.
#[derive(InputObject)]
pub struct ContactCardInput {
    /// What they are called, in 1 to 200 characters.
    name: String,
    /// Their first name, where it is known apart.
    first_name: Option<String>,
    /// Their last name, where it is known apart.
    last_name: Option<String>,
    /// Where they work.
    organization: Option<String>,
    /// As what they work there.
    title: Option<String>,
    /// Their phone numbers, at most ten.
    #[graphql(default)]
    phones: Vec<String>,
    /// Their e-mail addresses, at most ten.
    #[graphql(default)]
    emails: Vec<String>,
    /// Their pages on the web, at most ten.
    #[graphql(default)]
    urls: Vec<String>,
}

/// A question with buttons.
#[derive(InputObject)]
pub struct ButtonsInput {
    /// Stands above, in at most 60 characters.
    header: Option<String>,
    /// The question, in 1 to 1,024 characters.
    body: String,
    /// Stands below in small letters, in at most 60 characters.
    footer: Option<String>,
    /// 1 to 3, no two alike.
    buttons: Vec<ButtonInput>,
}

/// A button.
#[derive(InputObject)]
pub struct ButtonInput {
    /// Comes back as `choiceId` of what the customer chooses: 1 to 256 characters.
    id: String,
    /// What stands on it, in 1 to 20 characters.
    title: String,
}

/// A question with a list to choose from.
#[derive(InputObject)]
pub struct ListInput {
    /// Stands above, in at most 60 characters.
    header: Option<String>,
    /// The question, in 1 to 4,096 characters.
    body: String,
    /// Stands below in small letters, in at most 60 characters.
    footer: Option<String>,
    /// What the customer taps to see the list, in 1 to 20 characters.
    button: String,
    /// The list in parts. 1 to 10 rows in all.
    sections: Vec<ListSectionInput>,
}

/// A part of a list.
#[derive(InputObject)]
pub struct ListSectionInput {
    /// In 1 to 24 characters; needed where there are several parts.
    title: Option<String>,
    /// At least one.
    rows: Vec<ListRowInput>,
}

/// A row of a list.
#[derive(InputObject)]
pub struct ListRowInput {
    /// Comes back as `choiceId` of what the customer chooses: 1 to 200 characters.
    id: String,
    /// In 1 to 24 characters.
    title: String,
    /// What else stands there, in at most 72 characters.
    description: Option<String>,
}

/// A form (WhatsApp Flow).
#[derive(InputObject)]
pub struct FlowInput {
    /// Stands above, in at most 60 characters.
    header: Option<String>,
    /// What it is about, in 1 to 1,024 characters.
    body: String,
    /// Stands below in small letters, in at most 60 characters.
    footer: Option<String>,
    /// Meta's id of the form.
    flow_id: String,
    /// What the customer taps to open it, in 1 to 30 characters.
    button: String,
    /// Comes back with what they fill in.
    token: Option<String>,
    /// The first screen, for a form that needs no server; without it the form's server is asked.
    screen: Option<FlowScreenInput>,
    /// Whether the form is a draft, which only its testers can open.
    #[graphql(default)]
    draft: bool,
}

/// The first screen of a form.
#[derive(InputObject)]
pub struct FlowScreenInput {
    /// Its id in the form.
    id: String,
    /// What it is filled with: a JSON object as text that is not empty.
    data_json: Option<String>,
}

impl MessageContentInput {
    pub fn into_content(self) -> Result<NewContent> {
        Ok(match self {
            Self::Text(text) => {
                NewContent::Text(NewText { body: text.body, preview_links: text.preview_links })
            }
            Self::QuickReply(reply) => {
                let values = reply.values.into_iter().map(Into::into).collect();
                let filling = Filling { values, language: reply.language };
                NewContent::QuickReply(NewQuickReply { id: parse(&reply.quick_reply_id)?, filling })
            }
            Self::Reaction(reaction) => NewContent::Reaction(NewReaction {
                message_id: parse(&reaction.message_id)?,
                emoji: reaction.emoji.filter(|emoji| !emoji.is_empty()),
            }),
            Self::Location(LocationInput { latitude, longitude, name, address }) => {
                NewContent::Location(NewLocation { latitude, longitude, name, address })
            }
            Self::Contacts(contacts) => {
                NewContent::Cards(contacts.cards.into_iter().map(Into::into).collect())
            }
            Self::Buttons(ButtonsInput { header, body, footer, buttons }) => {
                let button = |ButtonInput { id, title }| NewButton { id, title };
                NewContent::Buttons(NewButtons {
                    framing: Framing { header, body, footer },
                    buttons: buttons.into_iter().map(button).collect(),
                })
            }
            Self::List(ListInput { header, body, footer, button, sections }) => NewContent::List(NewList {
                framing: Framing { header, body, footer },
                button,
                sections: sections.into_iter().map(Into::into).collect(),
            }),
            Self::Flow(flow) => NewContent::Flow(flow.into_flow()?),
        })
    }
}

impl From<ContactCardInput> for NewCard {
    fn from(card: ContactCardInput) -> Self {
        Self {
            formatted_name: card.name,
            first_name: card.first_name,
            last_name: card.last_name,
            organization: card.organization,
            title: card.title,
            phones: card.phones,
            emails: card.emails,
            urls: card.urls,
        }
    }
}

impl From<ListSectionInput> for NewSection {
    fn from(section: ListSectionInput) -> Self {
        let row = |ListRowInput { id, title, description }| NewRow { id, title, description };
        Self { title: section.title, rows: section.rows.into_iter().map(row).collect() }
    }
}

impl FlowInput {
    fn into_flow(self) -> Result<NewFlow> {
        let screen = |screen: FlowScreenInput| {
            let data = screen.data_json.map(|json| serde_json::from_str(&json)).transpose();
            let data = data.map_err(|_| Problem::BadUserInput("`dataJson` is no JSON.".to_owned()))?;
            Ok::<_, Problem>(NewScreen { id: screen.id, data })
        };
        Ok(NewFlow {
            framing: Framing { header: self.header, body: self.body, footer: self.footer },
            flow_id: self.flow_id,
            button: self.button,
            token: self.token,
            screen: self.screen.map(screen).transpose()?,
            draft: self.draft,
        })
    }
}
