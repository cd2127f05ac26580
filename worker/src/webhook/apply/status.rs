//! Stores a status once, and moves its message on, never back.

use portaria_domain::Result;
use portaria_entity::channel;
use portaria_entity::event::EventKind;
use portaria_entity::id::MessageStatusId;
use portaria_entity::message::{self, DeliveryStatus, Direction};
use portaria_entity::message_status::{self, Column};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Application, Fate};
use crate::whatsapp::payload::{StatusKind, StatusUpdate};

/// Stands for the time that a status lacks.
pub(super) const NO_TIME: Timestamp = Timestamp(0);

impl StatusKind {
    /// How far it says that the message got; nothing for what is no step on its way.
    pub(super) fn delivery(&self) -> Option<DeliveryStatus> {
        match self {
            Self::Sent => Some(DeliveryStatus::Sent),
            Self::Delivered => Some(DeliveryStatus::Delivered),
            Self::Read => Some(DeliveryStatus::Read),
            Self::Played => Some(DeliveryStatus::Played),
            Self::Failed => Some(DeliveryStatus::Failed),
            Self::Deleted | Self::Warning | Self::Unknown(_) => None,
        }
    }
}

impl Application<'_> {
    pub(super) async fn status(&mut self, channel: &channel::Model, status: &StatusUpdate) -> Result<Fate> {
        let row = message_status::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            id: Set(self.installation.clock.new_id::<MessageStatusId>()),
            channel_id: Set(channel.id),
            whatsapp_id: Set(status.whatsapp_id.clone()),
            status: Set(status.kind.key().to_owned()),
            participant: Set(participant(status)),
            // Part of what makes it itself: without a time it has the same one at every repetition.
            at: Set(status.at.map_or(NO_TIME, Timestamp::from_secs)),
            payload: Set(status.raw.clone()),
            created_at: Set(self.installation.clock.now()),
            delivery_id: Set(Some(self.origin.delivery_id)),
        };
        let once = [Column::ChannelId, Column::WhatsappId, Column::Status, Column::Participant, Column::At];
        let rows = message_status::Entity::insert(row)
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        if rows > 0 {
            let message = self.message_of(channel, status).await?;
            self.heed(channel, status, message.as_ref()).await?;
            if let Some(message) = message {
                self.move_on(&message, status).await?;
                self.heed_outgoing(&message, status).await?;
            }
        }
        Ok(Fate::of_insert(rows))
    }

    async fn move_on(&mut self, message: &message::Model, status: &StatusUpdate) -> Result<()> {
        let mut moved = message.clone();
        let is_moved = if participant(status).is_empty() {
            let Some(reached) = status.kind.delivery() else { return Ok(()) };
            advance(&mut moved, reached, status.at.map_or(message.sent_at, Timestamp::from_secs))
        } else {
            let told = self.statuses(message).await?;
            self.advance_by_receipts(&mut moved, &told).await?
        };
        if is_moved { self.write_status(&moved).await } else { Ok(()) }
    }

    async fn statuses(&self, message: &message::Model) -> Result<Vec<message_status::Model>> {
        let find = message_status::Entity::find()
            .filter(Column::ChannelId.eq(message.channel_id))
            .filter(Column::WhatsappId.eq(&message.whatsapp_id));
        Ok(find.all(self.transaction).await?)
    }

    pub(super) async fn write_status(&mut self, message: &message::Model) -> Result<()> {
        let name: &'static str = message.status.into();
        let sql = "UPDATE messages SET status = $3, status_at = $4 WHERE workspace_id = $1 AND id = $2";
        let at = message.status_at.map(|at| at.0);
        let values = [message.workspace_id.0.into(), message.id.0.into(), name.into(), at.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        self.known.note_message(message);
        self.announce(EventKind::MessageUpdated, message.conversation_id, Some(message.id), None);
        Ok(())
    }

    /// Lets statuses that came before their message take effect on it.
    pub(super) async fn take_up_statuses(&self, message: &mut message::Model) -> Result<()> {
        let rows = self.statuses(message).await?;
        for row in rows.iter().filter(|row| row.participant.is_empty()) {
            let at = if row.at == NO_TIME { message.sent_at } else { row.at };
            if let Some(reached) = StatusKind::named(&row.status).delivery() {
                advance(message, reached, at);
            }
        }
        self.advance_by_receipts(message, &rows).await?;
        Ok(())
    }
}

/// Moves a sent message on, never back; of a status told with several times the first counts. Whether anything changed.
pub(super) fn advance(message: &mut message::Model, reached: DeliveryStatus, at: Timestamp) -> bool {
    let is_further = reached.is_further_than(message.status);
    let is_earlier = reached == message.status && message.status_at.is_none_or(|known| at < known);
    if message.direction != Direction::Outbound || !(is_further || is_earlier) {
        return false;
    }
    (message.status, message.status_at) = (reached, Some(at));
    true
}

/// Whose status it is, where a message went to several.
fn participant(status: &StatusUpdate) -> String {
    if status.group_id.is_none() {
        return String::new();
    }
    let recipient = &status.recipient;
    recipient.user_id.clone().or_else(|| recipient.phone.clone()).unwrap_or_default()
}
