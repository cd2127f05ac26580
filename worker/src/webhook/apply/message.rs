//! Stores a message once, and lets it and what acts on it find each other in either order.

use portaria_domain::Result;
use portaria_entity::channel;
use portaria_entity::event::EventKind;
use portaria_entity::id::ConversationId;
use portaria_entity::message::{self, Column, DeliveryStatus, Direction, MessageSource};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::NotSet;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use super::status::advance;
use super::{Application, Fate};
use crate::whatsapp::payload::{self, Change, Message, MessageKind, Source, StatusKind, Target};

/// What history gives where a file is told of later.
pub(super) const PLACEHOLDER: &str = "media_placeholder";

impl Application<'_> {
    pub(super) async fn message(
        &mut self,
        change: &Change,
        channel: &channel::Model,
        message: &Message,
    ) -> Result<Fate> {
        if let Some(known) = self.stored(channel, &message.whatsapp_id).await? {
            return self.repeated(channel, known, message).await;
        }
        let Some(contact) = self.counterpart(channel, message).await? else {
            return self.keep_raw(change, Some(channel), &message.raw).await;
        };
        let sent_at = self.time(message.sent_at);
        let conversation = self.conversation(channel, contact, sent_at).await?;
        let mut row = self.row(channel, conversation, message);
        self.take_up_what_waits(&mut row).await?;
        self.unwritten.messages.push(row.clone().into_active_model());
        self.known.note_message(&row);
        self.note_unknown_kind(message).await?;
        self.note_sender(row.id, message).await?;
        self.bear(channel, &row, message).await?;
        self.note_free_entry(&row).await?;
        self.act_on_target(&row).await?;
        match message.source {
            // The past is no news.
            Source::History => {}
            // It shows in the message that it acts on.
            _ if message.target.is_some() => self.announce_reaction(&row).await?,
            Source::Live | Source::Echo | Source::Standby | Source::StandbyEcho => {
                self.announce(EventKind::MessageReceived, conversation, Some(row.id), None);
            }
        }
        Ok(Fate::Stored)
    }

    pub(super) async fn stored(
        &self,
        channel: &channel::Model,
        whatsapp_id: &str,
    ) -> Result<Option<message::Model>> {
        if let Some(known) = self.known.message(channel.id, whatsapp_id) {
            return Ok(known.clone());
        }
        let row = message::Entity::find()
            .filter(Column::ChannelId.eq(channel.id))
            .filter(Column::WhatsappId.eq(whatsapp_id))
            .one(self.transaction)
            .await?;
        Ok(row)
    }

    /// A message that is there already tells nothing new, unless only its place was held, or it was known from the past
    /// or from another application's present and now is told of as ours.
    async fn repeated(
        &mut self,
        channel: &channel::Model,
        known: message::Model,
        message: &Message,
    ) -> Result<Fate> {
        self.write_rows().await?;
        let mut row = known.clone();
        if let Some(reached) = message.history_status.as_ref().and_then(StatusKind::delivery) {
            let at = self.time(message.sent_at);
            advance(&mut row, reached, at);
        }
        if strength(message.kind.name(), source(message)) <= strength(&known.kind, known.source) {
            if row != known {
                self.write_status(&row).await?;
            }
            return Ok(Fate::Duplicate);
        }
        message.kind.name().clone_into(&mut row.kind);
        row.body.clone_from(&message.text);
        row.payload.clone_from(&message.raw);
        row.source = known.source.max(source(message));
        row.reply_to_whatsapp_id = refers_to(message).cloned();
        self.take_up_acts(&mut row).await?;
        // Where it belongs is not for this to say: it may be merged with another conversation.
        let mut told = row.clone().into_active_model().reset_all();
        told.conversation_id = NotSet;
        row.conversation_id = told.update(self.transaction).await?.conversation_id;
        self.known.note_message(&row);
        if row.source > known.source {
            self.touch(row.conversation_id).await?;
            self.bear(channel, &row, message).await?;
        }
        self.act_on_target(&row).await?;
        let kind = match known.source {
            MessageSource::History if row.source != known.source => EventKind::MessageReceived,
            _ => EventKind::MessageUpdated,
        };
        self.announce(kind, row.conversation_id, Some(row.id), None);
        Ok(Fate::Stored)
    }

    fn row(
        &self,
        channel: &channel::Model,
        conversation_id: ConversationId,
        message: &Message,
    ) -> message::Model {
        let sent_at = self.time(message.sent_at);
        let direction = match message.direction {
            payload::Direction::Inbound => Direction::Inbound,
            payload::Direction::Outbound => Direction::Outbound,
        };
        let status = match direction {
            Direction::Inbound => DeliveryStatus::None,
            Direction::Outbound => {
                message.history_status.as_ref().and_then(StatusKind::delivery).unwrap_or(DeliveryStatus::Sent)
            }
        };
        message::Model {
            workspace_id: self.origin.workspace_id,
            id: self.installation.clock.new_id(),
            conversation_id,
            channel_id: channel.id,
            direction,
            whatsapp_id: message.whatsapp_id.clone(),
            kind: message.kind.name().to_owned(),
            body: message.text.clone(),
            payload: message.raw.clone(),
            reply_to_whatsapp_id: refers_to(message).cloned(),
            author_id: None,
            sent_at,
            received_at: self.origin.received_at,
            status,
            status_at: (status != DeliveryStatus::None).then_some(sent_at),
            edited_at: None,
            revoked_at: None,
            source: source(message),
            delivery_id: Some(self.origin.delivery_id),
            author_key_id: None,
            sending: None,
        }
    }

    /// Lets statuses, edits and revocations that came before their message take effect on it.
    async fn take_up_what_waits(&mut self, row: &mut message::Model) -> Result<()> {
        self.take_up_acts(row).await?;
        if row.direction == Direction::Outbound {
            self.take_up_statuses(row).await?;
        }
        Ok(())
    }

    /// Lets all edits and revocations that there are, whenever they came, take effect on a message.
    async fn take_up_acts(&mut self, row: &mut message::Model) -> Result<()> {
        if !self.known.is_acted_on(row.channel_id, &row.whatsapp_id) {
            return Ok(());
        }
        self.write_rows().await?;
        let acting = message::Entity::find()
            .filter(Column::ChannelId.eq(row.channel_id))
            .filter(Column::ReplyToWhatsappId.eq(&row.whatsapp_id))
            .filter(Column::Kind.is_in([MessageKind::Edit.name(), MessageKind::Revoke.name()]))
            .filter(Column::ConversationId.eq(row.conversation_id))
            .filter(Column::Direction.eq(row.direction))
            .order_by_asc(Column::SentAt)
            .order_by_asc(Column::WhatsappId)
            .all(self.transaction)
            .await?;
        for act in acting {
            act_upon(row, &act);
        }
        Ok(())
    }

    /// That people react to a message otherwise than before. What an edit or a revocation does is told where it is done.
    async fn announce_reaction(&mut self, act: &message::Model) -> Result<()> {
        if act.kind != MessageKind::Reaction.name() {
            return Ok(());
        }
        self.write_rows().await?;
        let target = message::Entity::find()
            .filter(Column::ChannelId.eq(act.channel_id))
            .filter(Column::WhatsappId.eq(act.reply_to_whatsapp_id.clone().unwrap_or_default()))
            .filter(Column::ConversationId.eq(act.conversation_id))
            .one(self.transaction)
            .await?;
        match target {
            Some(target) => {
                let (kind, conversation) = (EventKind::MessageUpdated, target.conversation_id);
                self.announce(kind, conversation, Some(target.id), None);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Lets an edit or a revocation take effect on a message of the same conversation.
    async fn act_on_target(&mut self, act: &message::Model) -> Result<()> {
        if act.kind != MessageKind::Edit.name() && act.kind != MessageKind::Revoke.name() {
            return Ok(());
        }
        let Some(original) = &act.reply_to_whatsapp_id else { return Ok(()) };
        self.write_rows().await?;
        let target = message::Entity::find()
            .filter(Column::ChannelId.eq(act.channel_id))
            .filter(Column::WhatsappId.eq(original))
            .filter(Column::ConversationId.eq(act.conversation_id))
            .one(self.transaction)
            .await?;
        let Some(before) = target else { return Ok(()) };
        let mut target = before.clone();
        self.take_up_acts(&mut target).await?;
        if target == before {
            return Ok(());
        }
        self.known.forget_message(&target);
        let (id, conversation) = (target.id, target.conversation_id);
        let sql = "UPDATE messages SET body = $3, edited_at = $4, revoked_at = $5 WHERE workspace_id = $1 AND id = $2";
        let values = [
            target.workspace_id.0.into(),
            id.0.into(),
            target.body.into(),
            target.edited_at.map(|at| at.0).into(),
            target.revoked_at.map(|at| at.0).into(),
        ];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        self.announce(EventKind::MessageUpdated, conversation, Some(id), None);
        Ok(())
    }
}

fn source(message: &Message) -> MessageSource {
    match message.source {
        Source::Live => MessageSource::Live,
        Source::Echo => MessageSource::Echo,
        Source::History => MessageSource::History,
        Source::Standby => MessageSource::Standby,
        Source::StandbyEcho => MessageSource::StandbyEcho,
    }
}

/// How much one telling of a message is worth beside another: what it says before how it came to us.
fn strength(kind: &str, source: MessageSource) -> (bool, MessageSource) {
    (kind != PLACEHOLDER, source)
}

/// The message that it answers or acts upon.
fn refers_to(message: &Message) -> Option<&String> {
    match &message.target {
        Some(Target::Edit { original } | Target::Revoke { original }) => Some(original),
        Some(Target::Reaction { message, .. }) => Some(message),
        None => message.reply_to.as_ref().map(|reply| &reply.message),
    }
}

/// Of several edits the latest counts, and of several revocations the first. They are told in the order of their times, and
/// of one second in that of WhatsApp's ids, in whatever order they came.
fn act_upon(target: &mut message::Model, act: &message::Model) {
    let at: Timestamp = act.sent_at;
    if act.kind == MessageKind::Edit.name() {
        target.edited_at = Some(at);
        target.body.clone_from(&act.body);
    } else {
        target.revoked_at = Some(target.revoked_at.map_or(at, |before| before.min(at)));
    }
}
