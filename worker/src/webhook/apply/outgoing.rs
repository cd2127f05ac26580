//! What Portaria itself has sent: that Meta has taken it, as its answer or a status tells, and what follows from that. And
//! who came from an advertisement, and was answered.

use std::collections::BTreeSet;

use portaria_domain::Result;
use portaria_domain::consent::{Stated, note};
use portaria_domain::database::padded;
use portaria_domain::fact::{self, About};
use portaria_domain::media;
use portaria_domain::sending::failure::{Remedy, remedy};
use portaria_domain::sending::free_entry;
use portaria_domain::sending::number::{self, Number, Stop};
use portaria_domain::sending::settle::{self, Refused, Settled};
use portaria_entity::consent::{ConsentChoice, ConsentSource};
use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ContactIdentityId, ConversationId, MessageId};
use portaria_entity::message::{self, Column, Direction, MessageSource};
use portaria_entity::outgoing_message::SendFailure;
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, conversation, message_status, outgoing_message};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;

use super::Application;
use super::standing::is_quiet;
use crate::whatsapp::payload::{StatusKind, StatusUpdate, fields};

/// What Meta calls a template that it paused, and one that it disabled.
const TEMPLATE_STATES: [(i64, &str); 2] = [(132_015, "paused"), (132_016, "disabled")];

/// A status that tells that a number is stopped counts for so long.
const STOPS_WITHIN: std::time::Duration = std::time::Duration::from_secs(10 * 60);

impl Application<'_> {
    /// Meta has taken these messages of ours by these ids: statuses that came before take effect on them, and who waits in their
    /// conversations has an answer. The turn of all these ids is the caller's.
    pub(crate) async fn accepted(&mut self, channel: ChannelId, taken: &[(MessageId, String)]) -> Result<()> {
        let database = &self.installation.database;
        let ids: Vec<MessageId> = taken.iter().map(|(id, _)| *id).collect();
        self.touch_who_waits(&ids).await?;
        self.drop_echoes(channel, taken).await?;
        let now = (self.origin.workspace_id, self.installation.clock.now());
        let news = settle::accept(self.transaction, database, now, taken).await?;
        if news.is_empty() {
            return Ok(());
        }
        let told = self.told_already(channel, taken).await?;
        for mut row in self.messages(&news).await? {
            self.known.forget_message(&message::Model { whatsapp_id: row.id.to_string(), ..row.clone() });
            let before = row.status;
            if told.contains(&row.whatsapp_id) {
                self.take_up_statuses(&mut row).await?;
            }
            if row.status == before {
                self.known.note_message(&row);
                self.announce(EventKind::MessageUpdated, row.conversation_id, Some(row.id), None);
            } else {
                self.write_status(&row).await?;
            }
            if !is_quiet(&row.kind) {
                self.note_answer(row.conversation_id);
                self.answers.push((row.conversation_id, now.1));
            }
        }
        Ok(())
    }

    /// A message of ours is not sent.
    pub(crate) async fn refused(&mut self, id: MessageId, refused: &Refused) -> Result<()> {
        let now = self.installation.clock.now();
        let place = (self.origin.workspace_id, now);
        let database = &self.installation.database;
        let Some(settled) = settle::refuse(self.transaction, database, place, (id, refused)).await? else {
            return Ok(());
        };
        self.announce(EventKind::MessageUpdated, settled.conversation_id, Some(id), None);
        if refused.failure == SendFailure::MarketingStopped && refused.code.is_some() {
            self.withdraw_consent(settled.conversation_id, now).await?;
        }
        let state = TEMPLATE_STATES.into_iter().find(|(code, _)| Some(*code) == refused.code);
        if let Some((_, state)) = state {
            self.note_template(id, state, now).await?;
        }
        Ok(())
    }

    /// The message that a status is about: by Meta's id, or, where we do not know that yet, by what we gave along.
    pub(super) async fn message_of(
        &mut self,
        channel: &channel::Model,
        status: &StatusUpdate,
    ) -> Result<Option<message::Model>> {
        let found = self.stored(channel, &status.whatsapp_id).await?;
        let named = status.callback_data.as_deref().and_then(|text| text.parse::<MessageId>().ok());
        let Some(id) = named.filter(|id| found.as_ref().is_none_or(|row| row.id != *id)) else {
            return Ok(found);
        };
        // Ours only while it has no id of Meta's yet.
        if self.stored(channel, &id.to_string()).await?.is_none() {
            return Ok(found);
        }
        if self.outgoing(id).await?.is_none() {
            return Ok(found);
        }
        self.accepted(channel.id, &[(id, status.whatsapp_id.clone())]).await?;
        self.stored(channel, &status.whatsapp_id).await
    }

    /// Why a message of ours did not arrive is kept, and whoever it was to answer waits again; Meta says also until when a
    /// customer can be written to free of charge.
    pub(super) async fn heed_outgoing(&mut self, row: &message::Model, status: &StatusUpdate) -> Result<()> {
        self.correct_free_entry(row, status).await?;
        if row.sending.is_none() || status.kind != StatusKind::Failed || status.group_id.is_some() {
            return Ok(());
        }
        let fault = status.faults.first();
        let code = fault.and_then(|fault| fault.code);
        let failure = match code.map(|code| remedy(400, code)) {
            Some(Remedy::GiveUp(failure)) => failure,
            Some(Remedy::Again) => SendFailure::Unavailable,
            Some(Remedy::SlowDown | Remedy::SlowDownConversation) => SendFailure::RateLimited,
            Some(Remedy::Stop(_)) => SendFailure::NumberStopped,
            None => SendFailure::Other,
        };
        if let Some(Remedy::Stop(reason)) = code.map(|code| remedy(400, code)) {
            self.stop_number(row.channel_id, (status, Stop { reason, code })).await?;
        }
        let details = fault.and_then(|fault| fault.details.clone().or_else(|| fault.title.clone()));
        let refused = Refused { failure, code, details };
        let key = (row.workspace_id, row.id);
        settle::note_failure(self.transaction, &self.installation.database, key, &refused).await?;
        if !is_quiet(&row.kind) {
            self.touch(row.conversation_id).await?;
            self.note_answer(row.conversation_id);
        }
        Ok(())
    }

    /// Nothing more is sent from a number of which a status says so, unless that is long ago.
    async fn stop_number(&self, channel: ChannelId, (status, stop): (&StatusUpdate, Stop)) -> Result<()> {
        let now = self.installation.clock.now();
        if now.since(self.time(status.at)) > STOPS_WITHIN {
            return Ok(());
        }
        let number = Number { workspace_id: self.origin.workspace_id, channel_id: channel };
        number::stop(self.transaction, self.installation, number, stop).await
    }

    /// What WhatsApp calls whom a message went to: another number than was dialled, where a country has changed its numbers. By
    /// it they will answer.
    pub(crate) async fn note_address(&mut self, id: ConversationId, digits: &str) -> Result<()> {
        let key = (self.origin.workspace_id, id);
        let Some(row) = conversation::Entity::find_by_id(key).one(self.transaction).await? else {
            return Ok(());
        };
        let now = self.installation.clock.now();
        let identity = contact_identity::ActiveModel {
            workspace_id: Set(key.0),
            id: Set(self.installation.clock.new_id::<ContactIdentityId>()),
            contact_id: Set(row.contact_id),
            kind: Set(IdentityKind::Phone),
            portfolio: Set(String::new()),
            value: Set(digits.to_owned()),
            created_at: Set(now),
            last_seen_at: Set(now),
        };
        let known = [
            contact_identity::Column::WorkspaceId,
            contact_identity::Column::Kind,
            contact_identity::Column::Portfolio,
            contact_identity::Column::Value,
        ];
        contact_identity::Entity::insert(identity)
            .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
            .exec_without_returning(self.transaction)
            .await?;
        let find = contact_identity::Entity::find()
            .filter(contact_identity::Column::WorkspaceId.eq(key.0))
            .filter(contact_identity::Column::Kind.eq(IdentityKind::Phone))
            .filter(contact_identity::Column::Portfolio.eq(""))
            .filter(contact_identity::Column::Value.eq(digits));
        match find.one(self.transaction).await? {
            Some(found) if found.contact_id != row.contact_id => {
                self.record_conflict(row.contact_id, &found).await
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn outgoing(&self, id: MessageId) -> Result<Option<outgoing_message::Model>> {
        let key = (self.origin.workspace_id, id);
        Ok(outgoing_message::Entity::find_by_id(key).one(self.transaction).await?)
    }

    async fn messages(&self, settled: &[Settled]) -> Result<Vec<message::Model>> {
        let ids = padded(settled.iter().map(|settled| settled.message_id).collect());
        let find = message::Entity::find()
            .filter(Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(Column::Id.is_in(ids));
        Ok(find.all(self.transaction).await?)
    }

    /// Of which of these statuses are there already.
    async fn told_already(
        &self,
        channel: ChannelId,
        taken: &[(MessageId, String)],
    ) -> Result<BTreeSet<String>> {
        let ids: Vec<String> = padded(taken.iter().map(|(_, whatsapp_id)| whatsapp_id.clone()).collect());
        let rows: Vec<String> = message_status::Entity::find()
            .select_only()
            .column(message_status::Column::WhatsappId)
            .filter(message_status::Column::ChannelId.eq(channel))
            .filter(message_status::Column::WhatsappId.is_in(ids))
            .into_tuple()
            .all(self.transaction)
            .await?;
        Ok(rows.into_iter().collect())
    }

    /// Locks, in their order, the conversations of these messages in which somebody waits or was not answered yet.
    async fn touch_who_waits(&mut self, ids: &[MessageId]) -> Result<()> {
        let ids = padded(ids.to_vec());
        let places: Vec<_> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT DISTINCT c.id FROM outgoing_messages o \
             JOIN conversations c ON c.workspace_id = o.workspace_id AND c.id = o.conversation_id \
             JOIN episodes e ON e.workspace_id = c.workspace_id AND e.id = c.episode_id \
             WHERE o.workspace_id = $1 AND o.message_id IN ({}) AND c.status <> 'resolved' \
             AND (c.waiting_since IS NOT NULL OR e.first_response_at IS NULL)",
            places.join(", ")
        );
        let values =
            std::iter::once(self.origin.workspace_id.0.into()).chain(ids.iter().map(|id| id.0.into()));
        let rows = self.transaction.query_all_raw(self.installation.database.statement(&sql, values)).await?;
        let mut waiting = BTreeSet::new();
        for row in rows {
            waiting.insert(ConversationId(row.try_get_by_index(0)?));
        }
        for id in waiting {
            self.touch(id).await?;
        }
        Ok(())
    }

    /// What somebody told of one of these by Meta's id, before we knew it as ours, is the same message: ours stays, for it has
    /// its author.
    async fn drop_echoes(&mut self, channel: ChannelId, taken: &[(MessageId, String)]) -> Result<()> {
        let ids: Vec<String> = padded(taken.iter().map(|(_, whatsapp_id)| whatsapp_id.clone()).collect());
        let echoes = message::Entity::find()
            .filter(Column::ChannelId.eq(channel))
            .filter(Column::WhatsappId.is_in(ids))
            .filter(Column::Sending.is_null())
            .all(self.transaction)
            .await?;
        for echo in echoes {
            let ours = taken.iter().find(|(_, whatsapp_id)| *whatsapp_id == echo.whatsapp_id);
            if let Some((ours, _)) = ours {
                self.replace(&echo, *ours).await?;
            }
        }
        Ok(())
    }

    async fn replace(&mut self, echo: &message::Model, ours: MessageId) -> Result<()> {
        self.touch(echo.conversation_id).await?;
        self.put_last(echo, ours);
        media::forget_messages(self.transaction, self.installation, echo.workspace_id, &[echo.id]).await?;
        let key = [echo.workspace_id.0.into(), echo.id.0.into()];
        for sql in [
            "DELETE FROM message_senders WHERE workspace_id = $1 AND message_id = $2",
            "DELETE FROM free_entry_points WHERE workspace_id = $1 AND message_id = $2",
            "DELETE FROM messages WHERE workspace_id = $1 AND id = $2",
        ] {
            self.transaction.execute_raw(self.installation.database.statement(sql, key.clone())).await?;
        }
        self.known.forget_message(echo);
        Ok(())
    }

    async fn withdraw_consent(&self, conversation: ConversationId, at: Timestamp) -> Result<()> {
        let key = (self.origin.workspace_id, conversation);
        let row = conversation::Entity::find_by_id(key).one(self.transaction).await?;
        let Some(row) = row else { return Ok(()) };
        let stated = Stated { choice: ConsentChoice::Withdrawn, source: ConsentSource::Undelivered, at };
        let whose = (self.origin.workspace_id, row.contact_id);
        note(self.transaction, &self.installation.clock, whose, stated).await
    }

    async fn note_template(&self, id: MessageId, state: &str, at: Timestamp) -> Result<()> {
        let template = self.outgoing(id).await?.and_then(|row| row.template_id);
        let Some(template) = template else { return Ok(()) };
        let place = (self.origin.workspace_id, About::Template(template));
        // Meta's facts have whole seconds: of this one ours is not to outweigh the next.
        let at = Timestamp::from_secs(at.as_secs());
        let fact = ("status", Some(state));
        fact::put(self.transaction, &self.installation.database, place, fact, at).await?;
        Ok(())
    }

    /// A customer who came from an advertisement says so in what they write.
    pub(super) async fn note_free_entry(&mut self, row: &message::Model) -> Result<()> {
        let can_be = row.direction == Direction::Inbound && row.source == MessageSource::Live;
        if !can_be || !row.payload.contains("\"referral\"") || !is_referred(&row.payload) {
            return Ok(());
        }
        self.write_rows().await?;
        let place = (row.id, row.conversation_id);
        free_entry::open(self.transaction, row.workspace_id, place, row.sent_at).await
    }

    /// Who was answered in time may be written to for free from then on.
    pub(super) async fn open_for_free(&mut self) -> Result<()> {
        let answers = std::mem::take(&mut self.answers);
        let database = &self.installation.database;
        free_entry::answer(self.transaction, database, self.origin.workspace_id, &answers).await
    }

    async fn correct_free_entry(&self, row: &message::Model, status: &StatusUpdate) -> Result<()> {
        if !status.raw.contains("referral_conversion") {
            return Ok(());
        }
        let Ok(told) = serde_json::from_str::<Value>(&status.raw) else { return Ok(()) };
        let conversation = told.get("conversation").unwrap_or(&Value::Null);
        let is_free =
            conversation.pointer("/origin/type").and_then(Value::as_str) == Some("referral_conversion");
        let until = fields::seconds(conversation, "expiration_timestamp").map(Timestamp::from_secs);
        match until.filter(|_| is_free) {
            Some(until) => {
                let place = (row.workspace_id, row.conversation_id);
                free_entry::correct(self.transaction, &self.installation.database, place, until).await
            }
            None => Ok(()),
        }
    }
}

fn is_referred(payload: &str) -> bool {
    let Ok(told) = serde_json::from_str::<Value>(payload) else { return false };
    let source = told.pointer("/referral/source_type").and_then(Value::as_str);
    matches!(source, Some("ad" | "post"))
}
