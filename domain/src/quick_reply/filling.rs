//! Filling a quick reply for a conversation: what goes out is exactly what a preview has shown.

use portaria_entity::id::QuickReplyId;
use portaria_entity::{api_key, channel, contact, member, user, workspace};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::content::{Content, Known, Piece, pieces};
use super::value::{Flaw, Value, check, leads_elsewhere};
use super::{by_id, read};
use crate::access::Scope;
use crate::contact::mask_digits;
use crate::conversation::ConversationRow;
use crate::error::{Error, Refusal, Result};
use crate::guidance::{Place, best_language, language_tag, one_line};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::{Principal, Viewer};

/// What WhatsApp takes in one message.
const LONGEST_MESSAGE: usize = 4_096;
/// A name is at most so long.
const LONGEST_NAME: usize = 60;
const MOST_DIGITS: usize = 4;
/// More than are ever asked for.
const MOST_VALUES: usize = 20;

/// With what a quick reply is to be filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filling {
    pub values: Vec<Value>,
    /// In which language; none: in that of the customer, else of the workspace, as far as there is one.
    pub language: Option<String>,
}

/// A quick reply as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub id: QuickReplyId,
    pub version: i32,
    pub language: String,
    pub text: String,
}

/// How a quick reply would go out, or why it would not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub language: String,
    pub version: i32,
    pub outcome: std::result::Result<Filled, Vec<Flaw>>,
}

/// The text of a quick reply for a conversation, as it is to go out.
pub async fn fill(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    conversation: &ConversationRow,
    (id, filling): (QuickReplyId, &Filling),
) -> Result<Filled> {
    let preview = preview(connection, viewer, conversation, (id, filling)).await?;
    preview.outcome.map_err(|_| Refusal::ValuesRefused.into())
}

/// The same with all that is wrong. One that is not offered in this conversation is not there.
pub async fn preview(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    conversation: &ConversationRow,
    (id, filling): (QuickReplyId, &Filling),
) -> Result<Preview> {
    if filling.values.len() > MOST_VALUES {
        return Err(Error::BadInput(format!("at most {MOST_VALUES} values are given")));
    }
    let place = Place::of(viewer, conversation)?;
    let row = by_id(connection, (viewer.workspace_id, id)).await?;
    if !place.offers(Scope::of_grant(row.channel_id, row.team_id)) {
        return Err(Error::NotFound);
    }
    if row.archived_at.is_some() {
        return Err(Refusal::Archived.into());
    }
    let content = read(&row.content)?;
    let facts = Facts::of(connection, viewer, conversation).await?;
    let translation = facts.translation(&content, filling.language.as_deref())?;
    let (language, version) = (translation.language.clone(), row.version);
    let outcome = match check(&content, &filling.values, &language) {
        Err(flaws) => Err(flaws),
        Ok(values) => {
            let text = facts.put_into(&translation.text, &values)?;
            if text.chars().count() > LONGEST_MESSAGE {
                return Err(Refusal::TextTooLong.into());
            }
            Ok(Filled { id, version, language: language.clone(), text })
        }
    };
    Ok(Preview { language, version, outcome })
}

/// What Portaria fills in by itself.
struct Facts {
    contact_name: Option<String>,
    /// As far as the viewer may know it.
    contact_language: Option<String>,
    agent_name: Option<String>,
    channel_name: Option<String>,
    workspace: workspace::Model,
}

impl Facts {
    async fn of(
        connection: &impl ConnectionTrait,
        viewer: &Viewer,
        conversation: &ConversationRow,
    ) -> Result<Self> {
        let (key, row) = (viewer.workspace_id, &conversation.row);
        let holds = |any: &[Permission]| conversation.held.intersects(PermissionSet::of(any));
        let contact = contact::Entity::find_by_id((key, row.contact_id)).one(connection).await?;
        let channel = channel::Entity::find_by_id((key, row.channel_id)).one(connection).await?;
        let workspace = workspace::Entity::find_by_id(key).one(connection).await?.ok_or(Error::NotFound)?;
        // Whoever may read the text that went out would learn the name by it.
        let (name, language) = contact.map(|contact| (contact.name, contact.language)).unwrap_or_default();
        Ok(Self {
            contact_name: name.filter(|_| holds(&[Permission::ContactRead])),
            contact_language: language
                .filter(|_| holds(&[Permission::ContactReadProfile, Permission::MessageRead])),
            agent_name: name_of(connection, viewer).await?,
            channel_name: channel.map(|channel| channel.name),
            workspace,
        })
    }

    fn translation<'a>(&self, content: &'a Content, wanted: Option<&str>) -> Result<&'a super::Translation> {
        let available: Vec<&str> = content.translations.iter().map(|one| one.language.as_str()).collect();
        let chosen = match wanted {
            Some(wanted) => {
                let wanted = language_tag(wanted)?;
                available.iter().position(|tag| *tag == wanted).ok_or(Refusal::NoSuchLanguage)?
            }
            None => {
                let wishes = [self.contact_language.as_deref(), Some(self.workspace.locale.as_str())];
                best_language(&available, &wishes.into_iter().flatten().collect::<Vec<_>>())
            }
        };
        content.translations.get(chosen).ok_or_else(|| Error::internal("a quick reply says nothing"))
    }

    fn known(&self, what: Known) -> Option<String> {
        let name = match what {
            // A name that is a number greets nobody, and is masked for who may not see the phone.
            Known::ContactName => self.contact_name.as_deref().filter(|name| mask_digits(name) == *name),
            // People name themselves: a name that is a number to call is none.
            Known::AgentName => self.agent_name.as_deref().filter(|name| digits_of(name) <= MOST_DIGITS),
            Known::ChannelName => self.channel_name.as_deref(),
            Known::WorkspaceName => Some(self.workspace.name.as_str()),
        };
        name.and_then(harmless)
    }

    fn put_into(&self, text: &str, values: &[(String, String)]) -> Result<String> {
        let mut said = String::new();
        for piece in pieces(text)? {
            match piece {
                Piece::Said(text) => said.push_str(text),
                Piece::Known(what, otherwise) => match self.known(what) {
                    Some(name) => said.push_str(&name),
                    // A greeting without a name is better than none.
                    None => said.push_str(otherwise.unwrap_or_default()),
                },
                Piece::Asked(name) => {
                    let value = values.iter().find(|(given, _)| given == name);
                    let (_, value) = value.ok_or(Refusal::ValuesRefused)?;
                    said.push_str(value);
                }
            }
        }
        Ok(said)
    }
}

/// A name that somebody chose for themselves: on one line, short, and not one that leads elsewhere or formats what follows.
fn harmless(name: &str) -> Option<String> {
    let plain = one_line(&name.replace(['*', '_', '~', '`'], " "));
    let plain: String = plain.chars().take(LONGEST_NAME).collect();
    let plain = plain.trim().to_owned();
    (!plain.is_empty() && !leads_elsewhere(&plain)).then_some(plain)
}

fn digits_of(name: &str) -> usize {
    name.chars().filter(|c| c.is_numeric()).count()
}

/// Who answers: a person by their name, a program by its own.
async fn name_of(connection: &impl ConnectionTrait, viewer: &Viewer) -> Result<Option<String>> {
    Ok(match viewer.principal {
        Principal::Member(session) => {
            let key = (viewer.workspace_id, session.member_id);
            let found = member::Entity::find_by_id(key).one(connection).await?;
            match found {
                Some(member) => {
                    user::Entity::find_by_id(member.user_id).one(connection).await?.map(|user| user.name)
                }
                None => None,
            }
        }
        Principal::ApiKey(key) => {
            let found = api_key::Entity::find_by_id((viewer.workspace_id, key)).one(connection).await?;
            found.map(|key| key.name)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_no_harm() {
        assert_eq!(harmless("  Ana \u{202e}*Maria*\n").as_deref(), Some("Ana Maria"));
        assert_eq!(harmless("\u{200b}\u{202e} "), None);
        for link in ["https://golpe.example", "golpe.example", "@golpe", "wa.me/55"] {
            assert_eq!(harmless(link), None, "{link}");
        }
        assert_eq!(harmless(&"a".repeat(100)).map(|name| name.len()), Some(60));
        assert_eq!(harmless("Z\u{e9} \u{1f33b}").as_deref(), Some("Z\u{e9} \u{1f33b}"));
    }
}
