//! What is there already of what a transaction is told: read for all of it at once, and kept true while it writes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use portaria_domain::Result;
use portaria_domain::database::padded;
use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::id::{ChannelId, ContactId, ContactIdentityId};
use portaria_entity::time::Timestamp;
use portaria_entity::{contact, conversation, message};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::contact::Identities;
use super::{Application, Told};
use crate::whatsapp::payload::{Item, MessageKind};

/// A message by its number and WhatsApp's id.
type Place = (ChannelId, String);

/// Where nothing is said of something here, it is to be looked up.
#[derive(Default)]
pub(super) struct Known {
    messages: HashMap<Place, Option<message::Model>>,
    /// Whether edits or revocations of a message are there.
    acted_on: HashMap<Place, bool>,
    pub(super) identities: HashMap<(IdentityKind, String), Option<contact_identity::Model>>,
    pub(super) names: HashMap<ContactId, Option<String>>,
    /// Who was met in this transaction, and has nothing yet.
    pub(super) fresh: HashSet<ContactId>,
    conversations: HashMap<(ContactId, ChannelId), Option<conversation::Model>>,
    /// When identities were seen last, where that is still to be written.
    seen: BTreeMap<ContactIdentityId, Timestamp>,
}

impl Known {
    pub(super) fn message(&self, channel: ChannelId, whatsapp_id: &str) -> Option<&Option<message::Model>> {
        self.messages.get(&(channel, whatsapp_id.to_owned()))
    }

    pub(super) fn is_acted_on(&self, channel: ChannelId, whatsapp_id: &str) -> bool {
        self.acted_on.get(&(channel, whatsapp_id.to_owned())).copied().unwrap_or(true)
    }

    /// A message was written, which may act on another.
    pub(super) fn note_message(&mut self, row: &message::Model) {
        self.messages.insert((row.channel_id, row.whatsapp_id.clone()), Some(row.clone()));
        if let Some(target) = &row.reply_to_whatsapp_id {
            self.acted_on.remove(&(row.channel_id, target.clone()));
        }
    }

    /// A message was changed in a way that is to be looked up.
    pub(super) fn forget_message(&mut self, row: &message::Model) {
        self.messages.remove(&(row.channel_id, row.whatsapp_id.clone()));
    }

    /// For once: who takes it, changes it.
    pub(super) fn take_conversation(
        &mut self,
        contact: ContactId,
        channel: ChannelId,
    ) -> Option<Option<conversation::Model>> {
        let found = self.conversations.remove(&(contact, channel));
        found.or_else(|| self.fresh.contains(&contact).then_some(None))
    }

    pub(super) fn see(&mut self, identity: ContactIdentityId, at: Timestamp) {
        let seen = self.seen.entry(identity).or_insert(at);
        *seen = at.max(*seen);
    }
}

impl Application<'_> {
    /// Looks up all that the messages and statuses among these speak of. What is known by other names is looked up as it is told.
    pub(super) async fn look_up(&mut self, told: &[Told<'_>]) -> Result<()> {
        let (mut ids, mut targets, mut identities) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut channels = BTreeSet::new();
        for Told { change, item } in told {
            let Some(number) = &change.phone_number_id else { continue };
            let Some(channel) = self.channel(number).await? else { continue };
            match item {
                Item::Message(message) => {
                    ids.insert((channel.id, message.whatsapp_id.clone()));
                    targets.insert((channel.id, message.whatsapp_id.clone()));
                    if message.group_id.is_none() {
                        identities.extend(Identities::of(message, Timestamp(0)).names());
                    }
                }
                Item::Status(status) => {
                    ids.insert((channel.id, status.whatsapp_id.clone()));
                }
                Item::Other(_) => continue,
            }
            channels.insert(channel.id);
        }
        if ids.is_empty() {
            return Ok(());
        }
        let channels = padded(channels.into_iter().collect());
        self.look_up_messages(&channels, ids).await?;
        self.look_up_acts(&channels, targets).await?;
        let contacts = self.look_up_identities(identities).await?;
        self.look_up_contacts(&channels, contacts).await
    }

    async fn look_up_messages(&mut self, channels: &[ChannelId], places: BTreeSet<Place>) -> Result<()> {
        let ids = padded(places.iter().map(|(_, id)| id.clone()).collect());
        let rows = message::Entity::find()
            .filter(message::Column::ChannelId.is_in(channels.iter().copied()))
            .filter(message::Column::WhatsappId.is_in(ids))
            .all(self.transaction)
            .await?;
        self.known.messages.extend(places.into_iter().map(|place| (place, None)));
        for row in rows {
            self.known.messages.insert((row.channel_id, row.whatsapp_id.clone()), Some(row));
        }
        Ok(())
    }

    async fn look_up_acts(&mut self, channels: &[ChannelId], places: BTreeSet<Place>) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let ids = padded(places.iter().map(|(_, id)| id.clone()).collect());
        let acting = [MessageKind::Edit.name(), MessageKind::Revoke.name()];
        let rows: Vec<(ChannelId, Option<String>)> = message::Entity::find()
            .select_only()
            .column(message::Column::ChannelId)
            .column(message::Column::ReplyToWhatsappId)
            .filter(message::Column::ChannelId.is_in(channels.iter().copied()))
            .filter(message::Column::ReplyToWhatsappId.is_in(ids))
            .filter(message::Column::Kind.is_in(acting))
            .into_tuple()
            .all(self.transaction)
            .await?;
        self.known.acted_on.extend(places.into_iter().map(|place| (place, false)));
        let acted_on = rows.into_iter().filter_map(|(channel, id)| Some(((channel, id?), true)));
        self.known.acted_on.extend(acted_on);
        Ok(())
    }

    /// Answers whose they are.
    async fn look_up_identities(
        &mut self,
        names: BTreeSet<(IdentityKind, String)>,
    ) -> Result<BTreeSet<ContactId>> {
        if names.is_empty() {
            return Ok(BTreeSet::new());
        }
        let rows = self.identities_named(names.iter().cloned()).await?;
        self.known.identities.extend(names.into_iter().map(|name| (name, None)));
        let mut contacts = BTreeSet::new();
        for row in rows {
            contacts.insert(row.contact_id);
            self.known.identities.insert((row.kind, row.value.clone()), Some(row));
        }
        Ok(contacts)
    }

    /// Their names, and their conversations, which are locked in the order of their ids.
    async fn look_up_contacts(
        &mut self,
        channels: &[ChannelId],
        contacts: BTreeSet<ContactId>,
    ) -> Result<()> {
        if contacts.is_empty() {
            return Ok(());
        }
        let ids = padded(contacts.iter().copied().collect());
        let names: Vec<(ContactId, Option<String>)> = contact::Entity::find()
            .select_only()
            .column(contact::Column::Id)
            .column(contact::Column::Name)
            .filter(contact::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(contact::Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(self.transaction)
            .await?;
        self.known.names.extend(names);
        let mut find = conversation::Entity::find()
            .filter(conversation::Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(conversation::Column::ContactId.is_in(ids))
            .filter(conversation::Column::ChannelId.is_in(channels.iter().copied()))
            .order_by_asc(conversation::Column::Id);
        if !self.installation.database.is_sqlite() {
            find = find.lock_exclusive();
        }
        let rows = find.all(self.transaction).await?;
        for contact in contacts {
            for channel in channels {
                self.known.conversations.insert((contact, *channel), None);
            }
        }
        for row in rows {
            self.known.conversations.insert((row.contact_id, row.channel_id), Some(row));
        }
        Ok(())
    }

    /// Writes when identities were seen last, those of one moment together.
    pub(super) async fn write_seen(&mut self) -> Result<()> {
        let mut moments: BTreeMap<Timestamp, Vec<ContactIdentityId>> = BTreeMap::new();
        for (identity, at) in std::mem::take(&mut self.known.seen) {
            moments.entry(at).or_default().push(identity);
        }
        for (at, identities) in moments {
            let ids = padded(identities);
            let places: Vec<_> = (3..ids.len() + 3).map(|place| format!("${place}")).collect();
            let sql = format!(
                "UPDATE contact_identities SET last_seen_at = $2 WHERE workspace_id = $1 AND id IN ({})",
                places.join(", ")
            );
            let given = [self.origin.workspace_id.0.into(), at.0.into()];
            let values = given.into_iter().chain(ids.into_iter().map(|id| id.0.into()));
            self.transaction.execute_raw(self.installation.database.statement(&sql, values)).await?;
        }
        Ok(())
    }
}
