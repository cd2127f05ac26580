//! Turns what a delivery says into rows: each message, status and change once, however often and in whatever order it comes.

mod account;
mod bearing;
mod call;
mod coexistence;
mod consent;
mod contact;
mod conversation;
mod customer;
mod foreign;
mod group;
mod handover;
mod known;
mod message;
mod notice;
mod number;
mod other;
mod outgoing;
mod participant;
mod receipt;
mod standing;
mod status;
mod template;
mod turn;
mod unwritten;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use portaria_domain::event::{Before, Happening, append_all};
use portaria_domain::routing::{Routing, Waiting};
use portaria_domain::{Installation, Result};
use portaria_entity::channel;
use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, MessageId, WebhookDeliveryId, WorkspaceId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::whatsapp::payload::{Change, Item};
use conversation::Touched;
use foreign::{Owner, Whose};
use known::Known;
use portaria_domain::webhook_delivery::{Fingerprint, fingerprint, note_sightings};
use unwritten::Unwritten;

/// So far ahead of ours may Meta's clock be.
const CLOCKS_DIFFER: Duration = Duration::from_secs(15 * 60);

/// One thing that a delivery says, and the change it is part of.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub change: &'a Change,
    pub item: &'a Item,
}

/// What became of things told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub stored: i32,
    pub duplicate: i32,
    /// About a number that is not this workspace's.
    pub foreign: i32,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            stored: self.stored + other.stored,
            duplicate: self.duplicate + other.duplicate,
            foreign: self.foreign + other.foreign,
        }
    }

    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Stored => self.stored += 1,
            Fate::Duplicate => self.duplicate += 1,
            Fate::Foreign => self.foreign += 1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stored,
    Duplicate,
    Foreign,
}

impl Fate {
    fn of_insert(rows: u64) -> Self {
        if rows == 0 { Self::Duplicate } else { Self::Stored }
    }
}

/// Whose delivery it is and when it came.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub workspace_id: WorkspaceId,
    pub delivery_id: WebhookDeliveryId,
    pub received_at: Timestamp,
}

impl Origin {
    /// What an answer of Meta's tells, not a delivery: nothing that is written then names one.
    pub(crate) fn answer(installation: &Installation, workspace_id: WorkspaceId) -> Self {
        let received_at = installation.clock.now();
        Self { workspace_id, delivery_id: installation.clock.new_id(), received_at }
    }
}

/// One transaction's share of one or more deliveries of a workspace.
pub(crate) struct Application<'a> {
    installation: &'a Installation,
    transaction: &'a DatabaseTransaction,
    origin: Origin,
    channels: HashMap<String, Option<channel::Model>>,
    /// In the order of their ids, so that two transactions write them in the same order.
    touched: BTreeMap<ConversationId, Touched>,
    /// Whose the accounts are that were named.
    accounts: HashMap<String, Owner>,
    foreign: BTreeMap<Whose, i32>,
    /// What was known already, as this delivery tells it again.
    seen_again: BTreeSet<Fingerprint>,
    known: Known,
    unwritten: Unwritten,
    happenings: Vec<Happening>,
    /// Where the company wrote, and when.
    answers: Vec<(ConversationId, Timestamp)>,
}

impl<'a> Application<'a> {
    pub(crate) fn new(
        installation: &'a Installation,
        transaction: &'a DatabaseTransaction,
        origin: Origin,
    ) -> Self {
        Self {
            installation,
            transaction,
            origin,
            channels: HashMap::new(),
            touched: BTreeMap::new(),
            accounts: HashMap::new(),
            foreign: BTreeMap::new(),
            seen_again: BTreeSet::new(),
            known: Known::default(),
            unwritten: Unwritten::default(),
            happenings: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes the turn of all that it will be told, and looks up what is there of it.
    pub(super) async fn prepare(&mut self, told: &[Told<'_>]) -> Result<()> {
        turn::take(self.installation, self.transaction, self.origin.workspace_id, told).await?;
        self.look_up(told).await
    }

    /// Applies what one delivery tells.
    pub(super) async fn apply(&mut self, origin: Origin, told: &[Told<'_>]) -> Result<Tally> {
        self.origin = origin;
        let mut tally = Tally::default();
        for one in told {
            let fate = self.one(*one).await?;
            self.note(*one, fate);
            tally.add(fate);
        }
        self.write_foreign().await?;
        self.write_sightings().await?;
        Ok(tally)
    }

    /// Writes what follows from all of it together, routes what began with it, and writes the events. The caller commits.
    pub(crate) async fn finish(mut self) -> Result<()> {
        self.write_rows().await?;
        self.write_seen().await?;
        self.see_where_they_stand().await?;
        self.open_for_free().await?;
        let waiting = self.write_conversations().await?;
        self.route(&waiting).await?;
        self.announce_conversations();
        append_all(self.transaction, &self.installation.clock, &self.happenings).await
    }

    async fn one(&mut self, Told { change, item }: Told<'_>) -> Result<Fate> {
        let channel = match &change.phone_number_id {
            None => None,
            Some(number) => match self.channel(number).await? {
                Some(channel) => Some(channel),
                None => return Ok(Fate::Foreign),
            },
        };
        if !self.is_ours(change, channel.as_ref()).await? {
            return Ok(Fate::Foreign);
        }
        if !matches!(item, Item::Message(_)) {
            self.write_rows().await?;
        }
        match (item, channel) {
            (Item::Message(message), Some(channel)) => self.message(change, &channel, message).await,
            (Item::Status(status), Some(channel)) => self.status(&channel, status).await,
            (Item::Message(message), None) => self.keep_raw(change, None, &message.raw).await,
            (Item::Status(status), None) => self.keep_raw(change, None, &status.raw).await,
            (Item::Other(other), channel) => self.notice(change, channel, other).await,
        }
    }

    /// The workspace's channel with this number, if it has one.
    async fn channel(&mut self, phone_number_id: &str) -> Result<Option<channel::Model>> {
        if let Some(known) = self.channels.get(phone_number_id) {
            return Ok(known.clone());
        }
        let found = channel::Entity::find()
            .filter(channel::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(channel::Column::PhoneNumberId.eq(phone_number_id))
            .one(self.transaction)
            .await?;
        self.channels.insert(phone_number_id.to_owned(), found.clone());
        Ok(found)
    }

    /// Meta's time; where it gives none, or one that no clock is so far off, when the delivery came. Within reason it
    /// is not brought back to our own, or what comes again would have another time.
    fn time(&self, seconds: Option<i64>) -> Timestamp {
        let received_at = self.origin.received_at;
        seconds
            .map(Timestamp::from_secs)
            .filter(|&at| at <= received_at + CLOCKS_DIFFER)
            .unwrap_or(received_at)
    }

    /// Notes what this delivery tells that is not ours, or that another had told before.
    fn note(&mut self, Told { change, item }: Told<'_>, fate: Fate) {
        match fate {
            Fate::Stored => {}
            Fate::Foreign => {
                let whose = self.whose(change);
                *self.foreign.entry(whose).or_default() += 1;
            }
            Fate::Duplicate => {
                let id = match item {
                    Item::Message(message) => &message.whatsapp_id,
                    Item::Status(status) => &status.whatsapp_id,
                    Item::Other(_) => return,
                };
                self.seen_again.insert(fingerprint(self.origin.workspace_id, id));
            }
        }
    }

    async fn write_sightings(&mut self) -> Result<()> {
        let seen = (self.origin.workspace_id, self.origin.delivery_id, self.origin.received_at);
        let again = std::mem::take(&mut self.seen_again);
        note_sightings(self.transaction, &self.installation.database, seen, &again).await
    }

    async fn route(&self, waiting: &[Waiting]) -> Result<()> {
        if waiting.is_empty() {
            return Ok(());
        }
        let mut routing =
            Routing::open(self.installation, self.transaction, self.origin.workspace_id).await?;
        routing.route(waiting, RoutingCause::NewEpisode).await?;
        Ok(())
    }

    fn announce_conversations(&mut self) {
        let changed = self.touched.iter().filter(|(_, touched)| touched.is_changed());
        let changed: Vec<_> = changed.map(|(id, touched)| (*id, touched.before())).collect();
        for (id, before) in changed {
            self.announce(EventKind::ConversationChanged, id, None, before);
        }
    }

    fn announce(
        &mut self,
        kind: EventKind,
        conversation: ConversationId,
        message: Option<MessageId>,
        before: Option<Before>,
    ) {
        self.happenings.push(Happening {
            workspace_id: self.origin.workspace_id,
            kind,
            conversation_id: Some(conversation),
            message_id: message,
            before,
        });
    }
}
