//! Who holds a conversation: what another application passes to us finds somebody, what it takes leaves the queue.

use portaria_domain::Result;
use portaria_entity::conversation::ConversationStatus;
use portaria_entity::message;
use sea_orm::ConnectionTrait;
use serde_json::Value;

use super::Application;
use super::customer::{introduction, party};
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{Item, Message, MessageKind, Source, fields};

impl Application<'_> {
    pub(super) async fn handover(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let kind = notice.text("type").unwrap_or_default();
        let passing = notice.value.get(&kind).unwrap_or(&Value::Null);
        let sender = notice.value.get("sender").unwrap_or(&Value::Null);
        let said = summary(passing).or_else(|| fields::text(passing, "metadata"));
        let message = Message {
            whatsapp_id: format!("handover:{}", notice.key()),
            kind: MessageKind::Handover,
            text: said,
            raw: notice.value.to_string(),
            ..introduction(party(sender, "phone_number", "user_id", "parent_user_id"), None, notice.at)
        };
        match kind.as_str() {
            "control_passed" => {
                self.message(notice.change, channel, &message).await?;
            }
            "control_taken" => {
                // It asks nothing of anybody here.
                let message = Message { kind: MessageKind::System, ..message };
                self.message(notice.change, channel, &message).await?;
                self.write_rows().await?;
                if let Some(row) = self.stored(channel, &message.whatsapp_id).await? {
                    self.park(&row).await?;
                }
            }
            _ => return Ok(Understood::Unknown(kind)),
        }
        Ok(Understood::Known)
    }

    /// Nobody waits for us any more; what nobody has leaves the queue.
    async fn park(&mut self, taken: &message::Model) -> Result<()> {
        let Some(touched) = self.touched.get_mut(&taken.conversation_id) else { return Ok(()) };
        // What the customer wrote to us since is ours to answer.
        if touched.row.last_inbound_at.is_some_and(|at| at > taken.sent_at) {
            return Ok(());
        }
        touched.row.waiting_since = None;
        if touched.row.assignee_id.is_some()
            || touched.row.bot_id.is_some()
            || touched.row.status != ConversationStatus::Open
        {
            return Ok(());
        }
        touched.row.status = ConversationStatus::Resolved;
        touched.row.unread_count = 0;
        let Some(episode) = touched.row.episode_id else { return Ok(()) };
        let sql = "UPDATE episodes SET resolved_at = $3 WHERE workspace_id = $1 AND id = $2 AND resolved_at IS NULL";
        let values =
            [self.origin.workspace_id.0.into(), episode.0.into(), self.installation.clock.now().0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }

    /// What a bot says of the conversation so far, beside the first message that is ours: for whoever takes it.
    pub(super) async fn context(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(said) = summary(&notice.value) else {
            return Ok(Understood::Unknown("conversation_context".into()));
        };
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let first = notice.change.items.iter().find_map(|item| match item {
            Item::Message(message) if message.source == Source::Live => Some(message),
            Item::Message(_) | Item::Status(_) | Item::Other(_) => None,
        });
        if let Some(first) = first {
            let message = Message {
                whatsapp_id: format!("context:{}", notice.key()),
                text: Some(said),
                raw: notice.value.to_string(),
                sent_at: first.sent_at,
                group_id: first.group_id.clone(),
                ..introduction(first.customer.clone(), None, notice.at)
            };
            self.message(notice.change, channel, &message).await?;
        }
        Ok(Understood::Known)
    }
}

fn summary(of: &Value) -> Option<String> {
    let context = of.get("conversation_context")?;
    context
        .get("summary")
        .and_then(|summary| fields::text(summary, "text"))
        .or_else(|| fields::text(context, "summary"))
}
