//! What customers want of marketing messages: as they choose in WhatsApp, and as a failed delivery tells.

use portaria_domain::consent::{Stated, note};
use portaria_domain::{Error, Result};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::id::ContactId;
use portaria_entity::{conversation, message};
use sea_orm::{EntityTrait, QuerySelect};

use super::Application;
use super::customer::party;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{StatusUpdate, fields};

/// The customer has stopped marketing messages.
const STOPPED: i64 = 131_050;

impl Application<'_> {
    pub(super) async fn preferences(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let mut understood = Understood::Known;
        for preference in fields::list(&notice.value, "user_preferences") {
            let category = fields::text(preference, "category").unwrap_or_default();
            let value = fields::text(preference, "value").unwrap_or_default();
            let choice = match (category.as_str(), value.as_str()) {
                ("marketing_messages", "stop") => ConsentChoice::Withdrawn,
                ("marketing_messages", "resume") => ConsentChoice::Granted,
                _ => {
                    understood = Understood::Unknown(format!("{category} {value}").trim().to_owned());
                    continue;
                }
            };
            let at = fields::seconds(preference, "timestamp").map_or(notice.at, |at| self.time(Some(at)));
            let customer = party(preference, "wa_id", "user_id", "parent_user_id");
            let Some(contact) = self.customer(customer, at).await? else { continue };
            let stated = Stated { choice, source: ConsentSource::Whatsapp, at };
            self.note_consent(contact, stated).await?;
        }
        Ok(understood)
    }

    /// Error 131050 says that the customer wants no marketing, also where nobody had told us.
    pub(super) async fn heed_refusal(
        &mut self,
        status: &StatusUpdate,
        message: Option<&message::Model>,
    ) -> Result<()> {
        if !status.faults.iter().any(|fault| fault.code == Some(STOPPED)) || status.group_id.is_some() {
            return Ok(());
        }
        let at = self.time(status.at);
        let named = self.customer(status.recipient.clone(), at).await?;
        let contact = match (named, message) {
            (Some(contact), _) => contact,
            (None, Some(message)) => {
                let key = (message.workspace_id, message.conversation_id);
                match conversation::Entity::find_by_id(key).lock_exclusive().one(self.transaction).await? {
                    Some(conversation) if conversation.merged_into_id.is_some() => return Err(Error::Busy),
                    Some(conversation) => conversation.contact_id,
                    None => return Ok(()),
                }
            }
            (None, None) => return Ok(()),
        };
        let stated = Stated { choice: ConsentChoice::Withdrawn, source: ConsentSource::Undelivered, at };
        self.note_consent(contact, stated).await
    }

    async fn note_consent(&self, contact: ContactId, stated: Stated) -> Result<()> {
        let whose = (self.origin.workspace_id, contact);
        note(self.transaction, &self.installation.clock, whose, stated).await
    }
}
