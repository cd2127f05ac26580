//! A number that is used in the WhatsApp Business app too: how far its old chats are taken over, and its address book.

use portaria_domain::{Result, channel_fact};
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::id::ContactId;
use portaria_entity::time::Timestamp;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::Application;
use super::customer::party;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::fields;

/// The business does not share its old chats.
const NOT_SHARED: i64 = 2_593_109;

impl Application<'_> {
    /// What is told beside old messages: how far it is, or that it is refused.
    pub(super) async fn history(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let whole = fields::list(&notice.value, "history");
        let chunks = if whole.is_empty() { std::slice::from_ref(&notice.value) } else { whole };
        for chunk in chunks {
            for error in fields::list(chunk, "errors") {
                let what = fields::text(error, "title").or_else(|| fields::text(error, "message"));
                let event = what.unwrap_or_else(|| "2593109".to_owned());
                if fields::integer(error, "code") == Some(NOT_SHARED) {
                    self.number_fact((channel, notice), "history", Some("refused")).await?;
                }
                let details = [("channel", channel.name.as_str()), ("event", event.as_str())];
                let what = (AlertKind::SyncRefused, AlertSeverity::Warning);
                self.alarm(what, channel.id.to_string(), Some(channel), &details).await?;
            }
            if let Some(progress) = progress(chunk) {
                self.note_progress_of_history(notice, &progress).await?;
                self.calm(AlertKind::SyncRefused, &channel.id.to_string()).await?;
            }
        }
        Ok(Understood::Known)
    }

    /// Chunks come in any order; how far it is never goes back.
    async fn note_progress_of_history(&self, notice: &Notice<'_>, progress: &str) -> Result<()> {
        let Some(channel) = &notice.channel else { return Ok(()) };
        channel_fact::know(self.transaction, self.origin.workspace_id, channel.id).await?;
        let sql = "UPDATE channel_facts SET history = $3, history_at = $4 WHERE workspace_id = $1 AND channel_id = $2 \
                   AND (history IS NULL OR history = 'refused' OR history < $3)";
        let values = [
            self.origin.workspace_id.0.into(),
            channel.id.0.into(),
            progress.to_owned().into(),
            notice.at.0.into(),
        ];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }

    /// Names from the app's address book, for whom none is known. What somebody is called already stays.
    pub(super) async fn address_book(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let mut understood = Understood::Known;
        for sync in fields::list(&notice.value, "state_sync") {
            let entry = sync.get("contact").unwrap_or(&Value::Null);
            let at = sync.get("metadata").and_then(|metadata| fields::seconds(metadata, "timestamp"));
            let at = at.map_or(notice.at, |at| self.time(Some(at)));
            match fields::text(sync, "action").as_deref() {
                Some("add" | "edit") => {
                    let name = fields::text(entry, "full_name").or_else(|| fields::text(entry, "first_name"));
                    let customer = party(entry, "phone_number", "user_id", "parent_user_id");
                    if let (Some(name), Some(contact)) = (name, self.customer(customer, at).await?) {
                        self.name_unnamed(contact, &name, at).await?;
                    }
                }
                // Who is taken out of the address book is a customer still.
                Some("remove") => {}
                other => understood = Understood::Unknown(other.unwrap_or_default().to_owned()),
            }
        }
        Ok(understood)
    }

    async fn name_unnamed(&mut self, contact: ContactId, name: &str, at: Timestamp) -> Result<()> {
        let sql = "UPDATE contacts SET name = $3, updated_at = $4 WHERE workspace_id = $1 AND id = $2 AND name IS NULL";
        let values =
            [self.origin.workspace_id.0.into(), contact.0.into(), name.to_owned().into(), at.0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        self.known.names.remove(&contact);
        Ok(())
    }
}

/// So written that what is further comes later in the order of texts.
fn progress(chunk: &Value) -> Option<String> {
    let metadata = chunk.get("metadata")?;
    let phase = fields::integer(metadata, "phase")?;
    let progress = fields::integer(metadata, "progress")?;
    Some(format!("phase {phase}: {:>3} %", progress.clamp(0, 100)))
}
