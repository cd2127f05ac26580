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
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::message::rank;
use super::{Application, Fate};
use crate::whatsapp::payload::{StatusKind, StatusUpdate};

/// Stands for the time that a status lacks.
const NO_TIME: Timestamp = Timestamp(0);

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
    pub(super) async fn status(&self, channel: &channel::Model, status: &StatusUpdate) -> Result<Fate> {
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
        };
        let once = [Column::ChannelId, Column::WhatsappId, Column::Status, Column::Participant, Column::At];
        let rows = message_status::Entity::insert(row)
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        if rows > 0 {
            let message = self.stored(channel, &status.whatsapp_id).await?;
            self.heed(channel, status, message.as_ref()).await?;
            if let Some(message) = message {
                self.move_on(&message, status).await?;
            }
        }
        Ok(Fate::of_insert(rows))
    }

    async fn move_on(&self, message: &message::Model, status: &StatusUpdate) -> Result<()> {
        let Some(reached) = status.kind.delivery() else { return Ok(()) };
        let at = self.time(status.at);
        let is_earlier =
            rank(reached) == rank(message.status) && message.status_at.is_some_and(|known| at < known);
        if message.direction != Direction::Outbound || !(rank(reached) > rank(message.status) || is_earlier) {
            return Ok(());
        }
        let name: &'static str = reached.into();
        let sql = "UPDATE messages SET status = $3, status_at = $4 WHERE workspace_id = $1 AND id = $2";
        let values =
            [message.workspace_id.0.into(), message.id.0.into(), name.into(), self.time(status.at).0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        self.announce(EventKind::MessageUpdated, message.conversation_id, Some(message.id), None).await
    }

    /// Statuses that came before their message, in the order of their times.
    pub(super) async fn waiting_statuses(
        &self,
        message: &message::Model,
    ) -> Result<Vec<(StatusKind, Timestamp)>> {
        let rows = message_status::Entity::find()
            .filter(Column::ChannelId.eq(message.channel_id))
            .filter(Column::WhatsappId.eq(&message.whatsapp_id))
            .order_by_asc(Column::At)
            .all(self.transaction)
            .await?;
        let at = |row: &message_status::Model| if row.at == NO_TIME { message.sent_at } else { row.at };
        Ok(rows.iter().map(|row| (StatusKind::named(&row.status), at(row))).collect())
    }
}

/// Whose status it is, where a message went to several.
fn participant(status: &StatusUpdate) -> String {
    if status.group_id.is_none() {
        return String::new();
    }
    let recipient = &status.recipient;
    recipient.user_id.clone().or_else(|| recipient.phone.clone()).unwrap_or_default()
}
