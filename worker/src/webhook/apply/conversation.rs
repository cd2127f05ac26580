//! What a message does to its conversation: where it stands in the inbox, who waits, and whether a new episode begins.

use portaria_domain::conversation::placement;
use portaria_domain::event::{Before, By};
use portaria_domain::routing::{Left, Waiting};
use portaria_domain::{Error, Result, target};
use portaria_entity::conversation::{self, Column, ConversationStatus};
use portaria_entity::id::{ContactId, ConversationId, EpisodeId, MessageId};
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, episode, message};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use super::Application;
use super::bearing::Bearing;
use crate::whatsapp::payload::{Message, MessageKind};

/// A conversation that this transaction has locked, and how it was found.
pub(super) struct Touched {
    found: Option<conversation::Model>,
    pub(super) row: conversation::Model,
    /// An episode that somebody is to be found for.
    opened: bool,
    /// The company wrote.
    answered: bool,
    /// When a customer wrote what came after later ones.
    pub(super) called_early: Option<Timestamp>,
}

impl Touched {
    fn new(found: Option<conversation::Model>, row: conversation::Model) -> Self {
        Self { found, row, opened: false, answered: false, called_early: None }
    }

    pub(super) fn is_changed(&self) -> bool {
        self.found.as_ref() != Some(&self.row)
    }

    /// What decided before who might see it; nothing for what is new.
    pub(super) fn before(&self) -> Option<Before> {
        self.found.as_ref().map(|row| placement(row).into())
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

    /// What comes last needs no look at what came before.
    fn note_call(&mut self, at: Timestamp, is_latest: bool) {
        if is_latest {
            self.row.waiting_since = Some(self.row.waiting_since.map_or(at, |since| since.min(at)));
        } else {
            self.called_early = Some(self.called_early.map_or(at, |before| before.min(at)));
        }
    }

    /// Whether it has to be seen from the messages who waits, and who was answered.
    pub(super) fn has_to_be_seen(&self) -> bool {
        self.row.status != ConversationStatus::Resolved && (self.answered || self.called_early.is_some())
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
            Some(row) if row.merged_into_id.is_some() => return Err(Error::Busy),
            Some(row) => (Some(row.clone()), row),
            None => (None, self.new_conversation(channel, contact, at)),
        };
        let id = row.id;
        self.touched.insert(id, Touched::new(found, row));
        Ok(id)
    }

    /// The conversation of a message that is known already, locked.
    pub(super) async fn touch(&mut self, id: ConversationId) -> Result<()> {
        if self.touched.contains_key(&id) {
            return Ok(());
        }
        let mut find = conversation::Entity::find_by_id((self.origin.workspace_id, id));
        if !self.installation.database.is_sqlite() {
            find = find.lock_exclusive();
        }
        if let Some(row) = find.one(self.transaction).await? {
            if row.merged_into_id.is_some() {
                // It was merged at this very time: begin again, and find the one that it is part of.
                return Err(Error::Busy);
            }
            self.touched.insert(id, Touched::new(Some(row.clone()), row));
        }
        Ok(())
    }

    async fn find_conversation(
        &mut self,
        channel: &channel::Model,
        contact: ContactId,
    ) -> Result<Option<conversation::Model>> {
        if let Some(known) = self.known.take_conversation(contact, channel.id) {
            return Ok(known);
        }
        let mut find = conversation::Entity::find()
            .filter(Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(Column::ContactId.eq(contact))
            .filter(Column::ChannelId.eq(channel.id));
        if !self.installation.database.is_sqlite() {
            find = find.lock_exclusive();
        }
        Ok(find.one(self.transaction).await?)
    }

    fn new_conversation(
        &mut self,
        channel: &channel::Model,
        contact: ContactId,
        at: Timestamp,
    ) -> conversation::Model {
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
            merged_into_id: None,
        };
        self.unwritten.conversations.insert(row.id, row.clone().into_active_model());
        row
    }

    /// Lets a new message have its effect on its conversation.
    pub(super) async fn bear(
        &mut self,
        channel: &channel::Model,
        row: &message::Model,
        message: &Message,
    ) -> Result<()> {
        let Some(touched) = self.touched.get(&row.conversation_id) else {
            return Err(Error::internal("a message without its conversation"));
        };
        let is_latest = row.sent_at > touched.row.last_activity_at || touched.row.last_message_id.is_none();
        self.note_activity(row, &message.kind).await?;
        match Bearing::of(message) {
            Bearing::CallsForAnswer => self.is_called(channel, row, is_latest).await,
            Bearing::Noted => {
                if message.kind != MessageKind::System {
                    self.with(row.conversation_id, |touched| touched.note_inbound(row.sent_at));
                }
                Ok(())
            }
            Bearing::Answers => {
                self.note_answer(row.conversation_id);
                self.answers.push((row.conversation_id, row.sent_at));
                Ok(())
            }
            Bearing::Recorded => Ok(()),
        }
    }

    async fn is_called(
        &mut self,
        channel: &channel::Model,
        row: &message::Model,
        is_latest: bool,
    ) -> Result<()> {
        let id = row.conversation_id;
        let is_between = self.touched.get(&id).is_some_and(Touched::is_between_episodes);
        let is_resolved = self.touched.get(&id).is_some_and(|touched| touched.row.episode_id.is_some());
        self.with(id, |touched| {
            touched.note_inbound(row.sent_at);
            touched.note_unread();
        });
        // What comes late into a conversation that was answered since and resolved, needs nobody.
        if is_between && is_resolved && !is_latest && self.is_answered(row).await? {
            return Ok(());
        }
        if is_between {
            self.begin_episode(channel, row).await?;
        }
        self.with(id, |touched| touched.note_call(row.sent_at, is_latest));
        Ok(())
    }

    /// The company has written there, or what it wrote has turned out not to arrive.
    pub(super) fn note_answer(&mut self, id: ConversationId) {
        self.with(id, |touched| touched.answered = true);
    }

    /// Where one message was the last, another is.
    pub(super) fn put_last(&mut self, instead_of: &message::Model, id: MessageId) {
        self.with(instead_of.conversation_id, |touched| {
            if touched.row.last_message_id == Some(instead_of.id) {
                touched.row.last_message_id = Some(id);
            }
        });
    }

    fn with(&mut self, id: ConversationId, change: impl FnOnce(&mut Touched)) {
        if let Some(touched) = self.touched.get_mut(&id) {
            change(touched);
        }
    }

    /// Moves it up in the inbox, never down. An edit, a revocation or a reaction shows in the message it acts on. Of one
    /// second, the last is decided by WhatsApp's id, whichever came first.
    async fn note_activity(&mut self, message: &message::Model, kind: &MessageKind) -> Result<()> {
        if matches!(kind, MessageKind::Edit | MessageKind::Revoke | MessageKind::Reaction) {
            return Ok(());
        }
        let Some(touched) = self.touched.get(&message.conversation_id) else { return Ok(()) };
        let is_last = match touched.row.last_message_id {
            None => true,
            Some(last) if message.sent_at == touched.row.last_activity_at && last != message.id => {
                self.write_rows().await?;
                let last =
                    message::Entity::find_by_id((message.workspace_id, last)).one(self.transaction).await?;
                last.is_none_or(|last| last.whatsapp_id < message.whatsapp_id)
            }
            Some(_) => message.sent_at > touched.row.last_activity_at,
        };
        if is_last {
            self.with(message.conversation_id, |touched| {
                touched.row.last_message_id = Some(message.id);
                touched.row.last_activity_at = message.sent_at;
            });
        }
        Ok(())
    }

    async fn begin_episode(&mut self, channel: &channel::Model, call: &message::Model) -> Result<()> {
        let id = call.conversation_id;
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
            called_at: Set(Some(call.sent_at)),
            first_assigned_at: Set(is_kept.then_some(self.origin.received_at)),
            first_response_at: Set(None),
            resolved_at: Set(None),
            resolved_by: Set(None),
            ..Default::default()
        };
        self.unwritten.episodes.push(new);
        Ok(())
    }

    /// What was put off until a customer wrote is no longer: the time for its targets goes on.
    async fn wake(&self, touched: &Touched) -> Result<()> {
        match &touched.found {
            Some(found) if touched.row.status != found.status => {
                let (database, now) = (&self.installation.database, self.installation.clock.now());
                target::go_on(self.transaction, database, found, now).await
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes what has changed, and returns the episodes that somebody is to be found for.
    pub(super) async fn write_conversations(&self) -> Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        for touched in self.touched.values().filter(|touched| touched.is_changed()) {
            self.wake(touched).await?;
            touched.row.clone().into_active_model().reset_all().update(self.transaction).await?;
            // What was taken from us again by now needs nobody.
            if touched.opened && touched.row.status != ConversationStatus::Resolved {
                let left = touched.before().filter(|before| before.assignee_id.is_some());
                let left = left.map(|before| Left { before, by: By::Portaria });
                waiting.extend(Waiting::of(&touched.row).map(|waiting| Waiting { left, ..waiting }));
            }
        }
        Ok(waiting)
    }
}
