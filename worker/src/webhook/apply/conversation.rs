//! What a message does to its conversation: where it stands in the inbox, who waits, and whether a new episode begins.

use portaria_domain::conversation::placement;
use portaria_domain::event::Before;
use portaria_domain::routing::Waiting;
use portaria_domain::{Error, Result};
use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::id::{ContactId, ConversationId, EpisodeId};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, episode, message};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::Application;
use super::bearing::{Bearing, QUIET};
use crate::whatsapp::payload::{Message, MessageKind};

/// A conversation that this transaction has locked, and how it was found.
pub(super) struct Touched {
    found: Option<conversation::Model>,
    pub(super) row: conversation::Model,
    /// An episode that somebody is to be found for.
    opened: bool,
    answered: Option<Timestamp>,
}

impl Touched {
    pub(super) fn is_changed(&self) -> bool {
        self.found.as_ref() != Some(&self.row)
    }

    /// What decided before who might see it; nothing for what is new.
    pub(super) fn before(&self) -> Option<Before> {
        self.found.as_ref().map(|row| placement(row).into())
    }

    /// Moves it up in the inbox, never down. An edit, a revocation or a reaction shows in the message it acts on.
    fn note_activity(&mut self, message: &message::Model, kind: &MessageKind) {
        if matches!(kind, MessageKind::Edit | MessageKind::Revoke | MessageKind::Reaction) {
            return;
        }
        if self.row.last_message_id.is_none() || message.sent_at >= self.row.last_activity_at {
            self.row.last_message_id = Some(message.id);
            self.row.last_activity_at = message.sent_at;
        }
    }

    fn note_inbound(&mut self, at: Timestamp) {
        self.row.last_inbound_at = self.row.last_inbound_at.max(Some(at));
    }

    fn note_unread(&mut self) {
        self.row.unread_count = self.row.unread_count.saturating_add(1);
        if self.row.status == ConversationStatus::Snoozed {
            self.row.status = ConversationStatus::Open;
            self.row.snoozed_until = None;
        }
    }

    fn is_between_episodes(&self) -> bool {
        self.row.status == ConversationStatus::Resolved || self.row.episode_id.is_none()
    }
}

impl Application<'_> {
    /// The conversation with a contact over a channel, locked; made when it is the first time.
    pub(super) async fn conversation(
        &mut self,
        channel: &channel::Model,
        contact: ContactId,
        at: Timestamp,
    ) -> Result<ConversationId> {
        let here =
            |touched: &&Touched| touched.row.contact_id == contact && touched.row.channel_id == channel.id;
        if let Some(touched) = self.touched.values().find(here) {
            return Ok(touched.row.id);
        }
        let (found, row) = match self.find_conversation(channel, contact).await? {
            Some(row) => (Some(row.clone()), row),
            None => (None, self.new_conversation(channel, contact, at).await?),
        };
        let id = row.id;
        self.touched.insert(id, Touched { found, row, opened: false, answered: None });
        Ok(id)
    }

    async fn find_conversation(
        &self,
        channel: &channel::Model,
        contact: ContactId,
    ) -> Result<Option<conversation::Model>> {
        let mut find = conversation::Entity::find()
            .filter(Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(Column::ContactId.eq(contact))
            .filter(Column::ChannelId.eq(channel.id));
        if !self.installation.database.is_sqlite() {
            find = find.lock_exclusive();
        }
        Ok(find.one(self.transaction).await?)
    }

    async fn new_conversation(
        &self,
        channel: &channel::Model,
        contact: ContactId,
        at: Timestamp,
    ) -> Result<conversation::Model> {
        let row = conversation::Model {
            workspace_id: self.origin.workspace_id,
            id: self.installation.clock.new_id(),
            contact_id: contact,
            channel_id: channel.id,
            team_id: channel.team_id,
            // Nobody waits until a message says so.
            status: ConversationStatus::Resolved,
            assignee_id: None,
            episode_id: None,
            last_message_id: None,
            last_activity_at: at,
            last_inbound_at: None,
            waiting_since: None,
            unread_count: 0,
            last_assignee_id: None,
            snoozed_until: None,
            escalated_at: None,
            created_at: self.installation.clock.now(),
        };
        let once = [Column::WorkspaceId, Column::ContactId, Column::ChannelId];
        let rows = conversation::Entity::insert(row.clone().into_active_model())
            .on_conflict(OnConflict::columns(once).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        // Somebody began it meanwhile: begin again, and find it.
        if rows == 0 { Err(Error::Busy) } else { Ok(row) }
    }

    /// Lets a new message have its effect on its conversation.
    pub(super) async fn bear(
        &mut self,
        channel: &channel::Model,
        row: &message::Model,
        message: &Message,
    ) -> Result<()> {
        let comes_late = self.comes_late(row).await?;
        let Some(touched) = self.touched.get_mut(&row.conversation_id) else {
            return Err(Error::internal("a message without its conversation"));
        };
        let is_latest = row.sent_at > touched.row.last_activity_at || touched.row.last_message_id.is_none();
        touched.note_activity(row, &message.kind);
        match Bearing::of(message) {
            Bearing::CallsForAnswer if comes_late => touched.note_inbound(row.sent_at),
            Bearing::CallsForAnswer => {
                touched.note_inbound(row.sent_at);
                touched.note_unread();
                if touched.is_between_episodes() {
                    self.begin_episode(channel, row.conversation_id).await?;
                }
                if is_latest || !self.is_answered(row).await? {
                    self.waits(row.conversation_id, |since| {
                        Some(since.map_or(row.sent_at, |since| since.min(row.sent_at)))
                    });
                }
            }
            Bearing::Noted => {
                if message.kind != MessageKind::System {
                    touched.note_inbound(row.sent_at);
                }
            }
            Bearing::Answers => {
                touched.answered =
                    Some(touched.answered.map_or(row.sent_at, |before| before.min(row.sent_at)));
                if touched.row.waiting_since.is_some_and(|since| since <= row.sent_at) {
                    let since = if is_latest { None } else { self.unanswered_after(row).await? };
                    self.waits(row.conversation_id, |_| since);
                }
            }
            Bearing::Recorded => {}
        }
        Ok(())
    }

    fn waits(&mut self, id: ConversationId, since: impl FnOnce(Option<Timestamp>) -> Option<Timestamp>) {
        if let Some(touched) = self.touched.get_mut(&id) {
            touched.row.waiting_since = since(touched.row.waiting_since);
        }
    }

    /// Whether a message belongs to a stretch that is over: it was sent before its end, and answered since.
    async fn comes_late(&self, row: &message::Model) -> Result<bool> {
        let Some(Touched { row: conversation, .. }) = self.touched.get(&row.conversation_id) else {
            return Ok(false);
        };
        let Some(episode) =
            conversation.episode_id.filter(|_| conversation.status == ConversationStatus::Resolved)
        else {
            return Ok(false);
        };
        let episode = episode::Entity::find_by_id((row.workspace_id, episode)).one(self.transaction).await?;
        let resolved_at = episode.and_then(|episode| episode.resolved_at);
        Ok(resolved_at.is_some_and(|end| row.sent_at < end) && self.is_answered(row).await?)
    }

    /// Whether the company has written since: a message that comes late may be answered already.
    async fn is_answered(&self, row: &message::Model) -> Result<bool> {
        let later = message::Entity::find()
            .filter(message::Column::WorkspaceId.eq(row.workspace_id))
            .filter(message::Column::ConversationId.eq(row.conversation_id))
            .filter(message::Column::Direction.eq(message::Direction::Outbound))
            .filter(message::Column::SentAt.gte(row.sent_at))
            .limit(1)
            .count(self.transaction)
            .await?;
        Ok(later > 0)
    }

    /// Since when the customer waits who has written after an answer that came late.
    async fn unanswered_after(&self, answer: &message::Model) -> Result<Option<Timestamp>> {
        let first = message::Entity::find()
            .filter(message::Column::WorkspaceId.eq(answer.workspace_id))
            .filter(message::Column::ConversationId.eq(answer.conversation_id))
            .filter(message::Column::Direction.eq(message::Direction::Inbound))
            .filter(message::Column::Kind.is_not_in(QUIET.iter().map(MessageKind::name)))
            .filter(message::Column::SentAt.gt(answer.sent_at))
            .order_by_asc(message::Column::SentAt)
            .one(self.transaction)
            .await?;
        Ok(first.map(|row| row.sent_at))
    }

    async fn begin_episode(&mut self, channel: &channel::Model, id: ConversationId) -> Result<()> {
        let Some(touched) = self.touched.get_mut(&id) else {
            return Err(Error::internal("an episode without its conversation"));
        };
        let episode_id: EpisodeId = self.installation.clock.new_id();
        let row = &mut touched.row;
        // Whoever still has an open conversation keeps it.
        let is_kept = row.status != ConversationStatus::Resolved && row.assignee_id.is_some();
        if !is_kept {
            touched.opened = true;
            row.last_assignee_id = row.assignee_id.take().or(row.last_assignee_id);
        }
        row.status = ConversationStatus::Open;
        row.episode_id = Some(episode_id);
        row.team_id = row.team_id.or(channel.team_id);
        let new = episode::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            id: Set(episode_id),
            conversation_id: Set(id),
            opened_at: Set(self.origin.received_at),
            first_assigned_at: Set(is_kept.then_some(self.origin.received_at)),
            first_response_at: Set(None),
            resolved_at: Set(None),
            resolved_by: Set(None),
            ..Default::default()
        };
        episode::Entity::insert(new).exec_without_returning(self.transaction).await?;
        Ok(())
    }

    /// Writes what has changed, and returns the episodes that somebody is to be found for.
    pub(super) async fn write_conversations(&self) -> Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        for touched in self.touched.values().filter(|touched| touched.is_changed()) {
            touched.row.clone().into_active_model().reset_all().update(self.transaction).await?;
            if touched.opened {
                waiting.extend(Waiting::of(&touched.row));
            }
        }
        for touched in self.touched.values() {
            if let (Some(at), Some(episode)) = (touched.answered, touched.row.episode_id) {
                self.write_first_response(episode, at).await?;
            }
        }
        Ok(waiting)
    }

    async fn write_first_response(&self, episode: EpisodeId, at: Timestamp) -> Result<()> {
        let sql = "UPDATE episodes SET first_response_at = $3 WHERE workspace_id = $1 AND id = $2 \
                   AND opened_at <= $3 AND resolved_at IS NULL AND (first_response_at IS NULL OR first_response_at > $3)";
        let values = [self.origin.workspace_id.0.into(), episode.0.into(), at.0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        Ok(())
    }
}
