//! Groups. What is said in one belongs to the conversation with the group, never to that with whoever said it.

use portaria_domain::fact::{self, About};
use portaria_domain::{Error, Result};
use portaria_entity::id::{ContactId, MessageId};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, contact, contact_group};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::Application;
use super::notice::{Notice, Understood};
use crate::whatsapp::payload::{Direction, Message, fields};

impl Application<'_> {
    /// Whose conversation a message belongs to: the group's, or the customer's.
    pub(super) async fn counterpart(
        &mut self,
        channel: &channel::Model,
        message: &Message,
    ) -> Result<Option<ContactId>> {
        match &message.group_id {
            Some(group) => self.group(channel, group).await.map(Some),
            None => self.contact(message).await,
        }
    }

    /// Puts down who of a group wrote.
    pub(super) async fn note_sender(&mut self, id: MessageId, message: &Message) -> Result<()> {
        if message.group_id.is_none() || message.direction != Direction::Inbound {
            return Ok(());
        }
        let Some(sender) = self.contact(message).await? else { return Ok(()) };
        self.write_rows().await?;
        let sql = "INSERT INTO message_senders (workspace_id, message_id, contact_id) VALUES ($1, $2, $3) \
                   ON CONFLICT (workspace_id, message_id) DO NOTHING";
        let values = [self.origin.workspace_id.0.into(), id.0.into(), sender.0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }

    async fn group(&self, channel: &channel::Model, group_id: &str) -> Result<ContactId> {
        let known = contact_group::Entity::find()
            .filter(contact_group::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(contact_group::Column::GroupId.eq(group_id))
            .one(self.transaction)
            .await?;
        match known {
            Some(group) => Ok(group.contact_id),
            None => self.new_group(channel, group_id).await,
        }
    }

    async fn new_group(&self, channel: &channel::Model, group_id: &str) -> Result<ContactId> {
        let (id, now): (ContactId, _) = (self.installation.clock.new_id(), self.installation.clock.now());
        let row = contact::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            id: Set(id),
            created_at: Set(now),
            updated_at: Set(now),
            ..Default::default()
        };
        contact::Entity::insert(row).exec_without_returning(self.transaction).await?;
        let group = contact_group::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            contact_id: Set(id),
            channel_id: Set(channel.id),
            group_id: Set(group_id.to_owned()),
            created_at: Set(now),
            ..Default::default()
        };
        let once = [contact_group::Column::WorkspaceId, contact_group::Column::GroupId];
        let rows = contact_group::Entity::insert(group)
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        // Somebody made its acquaintance meanwhile: begin again, and find it.
        if rows == 0 { Err(Error::Busy) } else { Ok(id) }
    }

    /// That it was made, renamed, suspended, or came to its end, and who came and went.
    pub(super) async fn groups(&mut self, notice: &Notice<'_>) -> Result<Understood> {
        let Some(channel) = &notice.channel else { return Ok(Understood::Known) };
        let mut understood = Understood::Known;
        for one in fields::list(&notice.value, "groups") {
            let Some(group_id) = fields::text(one, "group_id") else { continue };
            let at = fields::seconds(one, "timestamp").map_or(notice.at, |at| self.time(Some(at)));
            let contact = self.group(channel, &group_id).await?;
            self.participants(contact, one, at).await?;
            let subject = fields::text(one, "subject")
                .or_else(|| one.get("group_subject").and_then(|subject| fields::text(subject, "text")));
            if let Some(subject) = subject {
                self.group_fact(contact, ("subject", &subject), at).await?;
            }
            let status = match fields::text(one, "type").unwrap_or_default().as_str() {
                "group_create" if notice.field == "group_lifecycle_update" => "active",
                "group_suspend_cleared" => "active",
                "group_suspend" => "suspended",
                "group_delete" => "deleted",
                "group_create"
                | "group_settings_update"
                | "group_participants_add"
                | "group_participants_remove"
                | "group_join_request_created"
                | "group_join_request_revoked" => continue,
                other => {
                    understood = Understood::Unknown(other.to_owned());
                    continue;
                }
            };
            self.group_fact(contact, ("status", status), at).await?;
        }
        Ok(understood)
    }

    async fn group_fact(
        &mut self,
        group: ContactId,
        (name, value): (&'static str, &str),
        at: Timestamp,
    ) -> Result<()> {
        let (workspace, database) = (self.origin.workspace_id, &self.installation.database);
        let place = (workspace, About::Group(group));
        let is_news = fact::put(self.transaction, database, place, (name, Some(value)), at).await?;
        if is_news && name == "subject" {
            let sql = "UPDATE contacts SET name = $3, updated_at = $4 WHERE workspace_id = $1 AND id = $2";
            let values = [workspace.0.into(), group.0.into(), value.to_owned().into(), at.0.into()];
            self.transaction.execute_raw(database.statement(sql, values)).await?;
            self.known.names.remove(&group);
        }
        Ok(())
    }
}
