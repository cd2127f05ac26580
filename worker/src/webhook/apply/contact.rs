//! Finds the customer behind the identities of a message, or makes their acquaintance.

use std::collections::BTreeSet;

use portaria_domain::Result;
use portaria_domain::activity::{ActivityFilter, Actor, Deed, page, record};
use portaria_domain::alert::{self, Details, Raised};
use portaria_domain::database::padded;
use portaria_entity::alert::{AlertKind, AlertSeverity};
use portaria_entity::contact;
use portaria_entity::contact_identity::{self, Column, IdentityKind};
use portaria_entity::id::{ContactId, ContactIdentityId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::Application;
use crate::whatsapp::payload::{Message, Party};

const CONFLICT: &str = "contact.identity_of_another";
/// So many conflicts of one customer are looked through for the same one.
const MOST_CONFLICTS: u64 = 100;
/// How much earlier than the message that tells of a change the old identity counts as last seen.
const MOMENT: std::time::Duration = std::time::Duration::from_secs(1);

/// One way in which a message names its customer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    kind: IdentityKind,
    value: String,
    seen_at: Timestamp,
}

/// The identities of a message, the most dependable first.
#[derive(Default)]
pub(super) struct Identities(Vec<Identity>);

impl Identities {
    pub(super) fn of(message: &Message, at: Timestamp) -> Self {
        let mut found = Self::default();
        let notice = message.system.as_ref();
        let now = notice.map(|notice| &notice.now);
        let had = notice.and_then(|notice| notice.previous_user_id.as_ref());
        let had_parent = notice.and_then(|notice| notice.previous_parent_user_id.as_ref());
        let renamed = now.is_some_and(|party| party.phone.is_some());
        let Party { phone, user_id, parent_user_id } = &message.customer;
        // Who changes is known under the old identity, and has the new one from then on.
        found.add(IdentityKind::BusinessScopedId, had, at - MOMENT);
        found.add(IdentityKind::BusinessScopedId, user_id.as_ref(), at);
        found.add(IdentityKind::ParentId, had_parent, at - MOMENT);
        found.add(IdentityKind::ParentId, parent_user_id.as_ref(), at);
        found.add(IdentityKind::Phone, phone.as_ref(), if renamed { at - MOMENT } else { at });
        if let Some(Party { phone, user_id, parent_user_id }) = now {
            found.add(IdentityKind::BusinessScopedId, user_id.as_ref(), at);
            found.add(IdentityKind::ParentId, parent_user_id.as_ref(), at);
            found.add(IdentityKind::Phone, phone.as_ref(), at);
        }
        found.add(IdentityKind::Username, message.profile.username.as_ref(), at);
        found
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (IdentityKind, String)> {
        self.0.iter().map(|identity| (identity.kind, identity.value.clone()))
    }

    fn add(&mut self, kind: IdentityKind, value: Option<&String>, seen_at: Timestamp) {
        let Some(value) = value else { return };
        if !self.0.iter().any(|known| known.kind == kind && known.value == *value) {
            self.0.push(Identity { kind, value: value.clone(), seen_at });
        }
    }

    /// Whose identity decides. A username passes from one person to another: alone it is all there is to go by.
    fn owner(&self, known: &[contact_identity::Model]) -> Option<ContactId> {
        let alone = self.0.len() == 1;
        self.0
            .iter()
            .filter(|identity| alone || identity.kind != IdentityKind::Username)
            .find_map(|identity| known.iter().find(|row| identity.is(row)).map(|row| row.contact_id))
    }
}

impl Identity {
    fn is(&self, row: &contact_identity::Model) -> bool {
        row.kind == self.kind && row.value == self.value
    }
}

impl Application<'_> {
    /// The customer of a message; `None` when nothing in it says who that is.
    pub(super) async fn contact(&mut self, message: &Message) -> Result<Option<ContactId>> {
        let at = self.time(message.sent_at);
        let identities = Identities::of(message, at);
        if identities.0.is_empty() {
            return Ok(None);
        }
        let known = self.known(&identities).await?;
        let contact = match identities.owner(&known) {
            Some(contact) => contact,
            None => self.new_contact(message),
        };
        for identity in &identities.0 {
            match known.iter().find(|row| identity.is(row)) {
                None => self.learn(contact, identity),
                Some(row) if row.contact_id == contact => self.see(row, identity.seen_at),
                Some(row) if row.kind == IdentityKind::Username => {
                    self.hand_over(row, contact, identity.seen_at).await?;
                }
                Some(row) => self.record_conflict(contact, row).await?,
            }
        }
        self.rename(contact, message, at).await?;
        Ok(Some(contact))
    }

    async fn known(&mut self, identities: &Identities) -> Result<Vec<contact_identity::Model>> {
        let unknown: Vec<_> =
            identities.names().filter(|name| !self.known.identities.contains_key(name)).collect();
        if !unknown.is_empty() {
            let rows = self.identities_named(unknown.iter().cloned()).await?;
            self.known.identities.extend(unknown.into_iter().map(|name| (name, None)));
            for row in rows {
                self.known.identities.insert((row.kind, row.value.clone()), Some(row));
            }
        }
        Ok(identities
            .names()
            .filter_map(|name| self.known.identities.get(&name).cloned().flatten())
            .collect())
    }

    /// The rows of identities, and perhaps of others of the same values.
    pub(super) async fn identities_named(
        &self,
        names: impl Iterator<Item = (IdentityKind, String)>,
    ) -> Result<Vec<contact_identity::Model>> {
        let (kinds, values): (BTreeSet<_>, Vec<_>) = names.unzip();
        let rows = contact_identity::Entity::find()
            .filter(Column::WorkspaceId.eq(self.origin.workspace_id))
            .filter(Column::Portfolio.eq(""))
            .filter(Column::Kind.is_in(padded(kinds.into_iter().collect())))
            .filter(Column::Value.is_in(padded(values)))
            // Locked, so that whose they are stays so until the end: nobody merges them meanwhile.
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .all(self.transaction)
            .await?;
        Ok(rows)
    }

    fn new_contact(&mut self, message: &Message) -> ContactId {
        let (id, now) = (self.installation.clock.new_id(), self.installation.clock.now());
        let name = message.profile.name.clone();
        let row = contact::ActiveModel {
            workspace_id: Set(self.origin.workspace_id),
            id: Set(id),
            name: Set(name.clone()),
            language: Set(None),
            email: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            merged_into_id: Set(None),
        };
        self.unwritten.contacts.push(row);
        self.known.names.insert(id, name);
        self.known.fresh.insert(id);
        id
    }

    fn learn(&mut self, contact: ContactId, identity: &Identity) {
        let row = contact_identity::Model {
            workspace_id: self.origin.workspace_id,
            id: self.installation.clock.new_id::<ContactIdentityId>(),
            contact_id: contact,
            kind: identity.kind,
            // A message does not tell its portfolio, and no two give out the same id.
            portfolio: String::new(),
            value: identity.value.clone(),
            created_at: self.installation.clock.now(),
            last_seen_at: identity.seen_at,
        };
        self.unwritten.identities.push(row.clone().into_active_model());
        self.known.identities.insert((row.kind, row.value.clone()), Some(row));
    }

    fn see(&mut self, row: &contact_identity::Model, at: Timestamp) {
        if row.last_seen_at < at {
            self.known.see(row.id, at);
            let seen = contact_identity::Model { last_seen_at: at, ..row.clone() };
            self.known.identities.insert((row.kind, row.value.clone()), Some(seen));
        }
    }

    /// Gives a username to who has it now; what is told late changes nothing.
    async fn hand_over(&mut self, row: &contact_identity::Model, to: ContactId, at: Timestamp) -> Result<()> {
        if row.last_seen_at > at {
            return Ok(());
        }
        self.write_rows().await?;
        let sql = "UPDATE contact_identities SET contact_id = $3 WHERE workspace_id = $1 AND id = $2";
        let values = [row.workspace_id.0.into(), row.id.0.into(), to.0.into()];
        self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        let theirs = contact_identity::Model { contact_id: to, ..row.clone() };
        self.known.identities.insert((row.kind, row.value.clone()), Some(theirs.clone()));
        self.see(&theirs, at);
        Ok(())
    }

    /// Two that were thought to be different may be one. Both stay as they are; somebody is to look at it, once.
    pub(super) async fn record_conflict(
        &self,
        contact: ContactId,
        row: &contact_identity::Model,
    ) -> Result<()> {
        let filter = ActivityFilter {
            action: Some(CONFLICT.to_owned()),
            subject: Some(contact.to_string()),
            ..ActivityFilter::default()
        };
        let told = page(self.transaction, self.origin.workspace_id, &filter, None, MOST_CONFLICTS).await?;
        let other = row.contact_id.to_string();
        if told.iter().any(|one| one.details.after.as_deref().is_some_and(|after| after.contains(&other))) {
            return Ok(());
        }
        let kind: &'static str = row.kind.into();
        let deed = Deed {
            workspace_id: self.origin.workspace_id,
            actor: Actor::Installation,
            action: CONFLICT,
            subject: contact.to_string(),
            before: None,
            after: Some(serde_json::json!({ "kind": kind, "contact": row.contact_id })),
            address: None,
        };
        record(self.transaction, &self.installation.clock, deed).await?;
        let raised = Raised {
            workspace_id: self.origin.workspace_id,
            kind: AlertKind::ContactsConflict,
            cause: alert::conflict_of([contact, row.contact_id]),
            severity: AlertSeverity::Notice,
            channel_id: None,
            details: Details::from([
                ("one".to_owned(), contact.to_string()),
                ("other".to_owned(), row.contact_id.to_string()),
            ]),
        };
        let place = (&self.installation.database, &self.installation.clock);
        alert::raise(self.transaction, place, raised).await
    }

    /// Takes over what the customer calls themselves, unless something newer of them is known.
    async fn rename(&mut self, contact: ContactId, message: &Message, at: Timestamp) -> Result<()> {
        let Some(name) = &message.profile.name else { return Ok(()) };
        if self.known.names.get(&contact).is_some_and(|known| known.as_ref() == Some(name)) {
            return Ok(());
        }
        self.write_rows().await?;
        self.write_seen().await?;
        let sql = "UPDATE contacts SET name = $3, updated_at = $4 \
                   WHERE workspace_id = $1 AND id = $2 AND (name IS NULL OR name <> $3 AND NOT EXISTS (\
                     SELECT 1 FROM contact_identities i WHERE i.workspace_id = $1 AND i.contact_id = $2 AND i.last_seen_at > $5))";
        let values = [
            self.origin.workspace_id.0.into(),
            contact.0.into(),
            name.clone().into(),
            self.installation.clock.now().0.into(),
            at.0.into(),
        ];
        let renamed = self.transaction.execute_raw(self.installation.database.statement(sql, values)).await?;
        if renamed.rows_affected() > 0 {
            self.known.names.insert(contact, Some(name.clone()));
        }
        Ok(())
    }
}
