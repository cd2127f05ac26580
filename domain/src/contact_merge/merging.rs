//! Merging: one contact becomes part of another, in one transaction.

use std::collections::BTreeMap;

use portaria_entity::alert::AlertKind;
use portaria_entity::consent::{self, ConsentChoice};
use portaria_entity::contact_merge_part::MergePart;
use portaria_entity::id::{ConsentId, ContactId};
use portaria_entity::routing_decision::RoutingCause;
use portaria_entity::{alert as alert_entity, contact, contact_merge, conversation};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::json;

use super::holding::{Held, hold};
use super::ledger::{OF_CONTACT, Work};
use super::{ATTEMPTS, is_passing, may_merge};
use crate::contact::by_ids;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;
use crate::{alert, consent as consents, contact_group};

/// A longer reason is a story.
const LONGEST_REASON: usize = 500;

/// Which contact is to become part of which.
#[derive(Clone, Copy, Debug)]
pub struct NewMerge<'a> {
    /// Who stays.
    pub into_id: ContactId,
    /// Who becomes part of them.
    pub contact_id: ContactId,
    pub reason: Option<&'a str>,
}

/// Merges two contacts. Whatever knew or belonged to the one belongs to the other from then on; of two conversations over
/// one number comes one. A refusal of either to be sent marketing stays.
pub async fn merge(
    installation: &Installation,
    viewer: &Viewer,
    new: NewMerge<'_>,
) -> Result<contact_merge::Model> {
    viewer.note_use(may_merge(viewer, installation.clock.now())?);
    if new.into_id == new.contact_id {
        return Err(Refusal::SameContact.into());
    }
    let reason = new.reason.map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Refusal::TextTooLong.into());
    }
    let new = NewMerge { reason, ..new };
    for _ in 1..ATTEMPTS {
        let outcome = attempt(installation, viewer, new).await;
        if !is_passing(&outcome) {
            return outcome;
        }
    }
    attempt(installation, viewer, new).await
}

async fn attempt(
    installation: &Installation,
    viewer: &Viewer,
    new: NewMerge<'_>,
) -> Result<contact_merge::Model> {
    let work = Work {
        installation,
        viewer,
        transaction: installation.database.begin().await?,
        workspace_id: viewer.workspace_id,
        merge_id: installation.clock.new_id(),
        now: installation.clock.now(),
    };
    let pair = [new.into_id, new.contact_id];
    let held = hold(installation, &work.transaction, work.workspace_id, pair).await?;
    let [into, merged] = two(&work, &held, pair).await?;
    let row = contact_merge::Model {
        workspace_id: work.workspace_id,
        id: work.merge_id,
        into_id: into.id,
        contact_id: merged.id,
        reason: new.reason.map(str::to_owned),
        merged_by: viewer.member_id(),
        merged_at: work.now,
        undone_by: None,
        undone_at: None,
    };
    contact_merge::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(&work.transaction)
        .await?;
    let wishes = consents::of_contacts(&work.transaction, work.workspace_id, &pair).await?;
    for what in OF_CONTACT {
        work.shift(what, merged.id.0, into.id.0).await?;
    }
    work.keep_refusal(into.id, wishes.into_values().collect()).await?;
    work.complete_profile(&into, &merged).await?;
    let (joined, unassigned) = work.conversations(pair, held.conversations).await?;
    work.forget_reveals(pair).await?;
    work.settle_conflicts(into.id).await?;
    let told = json!({ "merge": work.merge_id, "contact": merged.id, "conversations": joined });
    work.record("contact.merged", into.id, (None, Some(told))).await?;
    work.route(&unassigned, RoutingCause::AccessLost).await?;
    work.transaction.commit().await?;
    installation.events.wake();
    Ok(row)
}

/// Both contacts, if they may be merged.
async fn two(work: &Work<'_>, held: &Held, pair: [ContactId; 2]) -> Result<[contact::Model; 2]> {
    let found = by_ids(&work.transaction, work.viewer, &pair).await?;
    let mut rows = Vec::new();
    for (id, refusal) in pair.into_iter().zip([Refusal::SurvivorMerged, Refusal::ContactMerged]) {
        let known = found.get(&id).ok_or(Error::NotFound)?;
        work.viewer.require(known.held, PermissionSet::of(&[Permission::ContactRead]), work.now)?;
        let row = held.contacts.iter().find(|row| row.id == id).ok_or(Error::NotFound)?;
        if row.merged_into_id.is_some() {
            return Err(refusal.into());
        }
        rows.push(row.clone());
    }
    if !contact_group::of_contacts(&work.transaction, work.workspace_id, &pair).await?.is_empty() {
        return Err(Refusal::GroupContact.into());
    }
    rows.try_into().map_err(|_| Error::NotFound)
}

impl Work<'_> {
    /// Who refused marketing under either name is sent none under the one that stays.
    async fn keep_refusal(&self, into: ContactId, before: Vec<consent::Model>) -> Result<()> {
        // What was refused in WhatsApp only they can take back: of two refusals it is the stronger.
        let strength = |row: &consent::Model| consents::is_in_whatsapp(row);
        let refusals = before.into_iter().filter(|row| row.choice == ConsentChoice::Withdrawn);
        let Some(refused) = refusals.max_by_key(strength) else { return Ok(()) };
        let now = consents::of_contacts(&self.transaction, self.workspace_id, &[into]).await?;
        let stands = |row: &consent::Model| {
            row.choice == ConsentChoice::Withdrawn && strength(row) >= strength(&refused)
        };
        if now.get(&into).is_some_and(stands) {
            return Ok(());
        }
        let id = self.copy_refusal(refused, into).await?;
        self.note(MergePart::AddedConsent, (id.0, into.0), None).await
    }

    /// Puts a refusal down anew, so that it is the latest that was said.
    pub(super) async fn copy_refusal(&self, refused: consent::Model, to: ContactId) -> Result<ConsentId> {
        let id: ConsentId = self.installation.clock.new_id();
        let stated_at = self.now.max(refused.stated_at);
        let row =
            consent::Model { id, contact_id: to, stated_at, created_at: self.now, note: None, ..refused };
        consent::Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await?;
        Ok(id)
    }

    /// What is not known of who stays is taken from the other.
    async fn complete_profile(&self, into: &contact::Model, merged: &contact::Model) -> Result<()> {
        let before = json!({ "name": into.name, "language": into.language, "email": into.email });
        self.note(MergePart::Profile, (into.id.0, merged.id.0), Some(before.to_string())).await?;
        let stays = contact::ActiveModel {
            workspace_id: Set(into.workspace_id),
            id: Set(into.id),
            name: Set(into.name.clone().or_else(|| merged.name.clone())),
            language: Set(into.language.clone().or_else(|| merged.language.clone())),
            email: Set(into.email.clone().or_else(|| merged.email.clone())),
            updated_at: Set(self.now),
            ..Default::default()
        };
        let goes = contact::ActiveModel {
            workspace_id: Set(merged.workspace_id),
            id: Set(merged.id),
            merged_into_id: Set(Some(into.id)),
            updated_at: Set(self.now),
            ..Default::default()
        };
        for row in [stays, goes] {
            contact::Entity::update(row).exec(&self.transaction).await?;
        }
        Ok(())
    }

    /// Lets the conversations of one go over to the other: whole, or joined with what is there over the same number.
    /// Answers which were joined with which, and what nobody has now.
    async fn conversations(
        &self,
        [into, merged]: [ContactId; 2],
        all: Vec<conversation::Model>,
    ) -> Result<(BTreeMap<String, String>, Vec<conversation::Model>)> {
        let (mut joined, mut unassigned) = (BTreeMap::new(), Vec::new());
        let whole = all.into_iter().filter(|row| row.merged_into_id.is_none());
        let (moving, staying): (Vec<_>, Vec<_>) = whole.partition(|row| row.contact_id == merged);
        for row in moving {
            match staying.iter().find(|one| one.channel_id == row.channel_id) {
                Some(other) => {
                    joined.insert(row.id.to_string(), other.id.to_string());
                    unassigned.extend(self.join(other, &row).await?);
                }
                None => self.move_whole(&row, into).await?,
            }
        }
        Ok((joined, unassigned))
    }

    async fn move_whole(&self, row: &conversation::Model, into: ContactId) -> Result<()> {
        self.note(MergePart::Conversation, (row.id.0, row.contact_id.0), None).await?;
        let sql = "UPDATE conversations SET contact_id = $2 WHERE workspace_id = $1 AND id = $3";
        self.execute(sql, [into.0.into(), row.id.0.into()]).await?;
        self.announce(row.id, Some(crate::conversation::placement(row).into())).await
    }

    /// That contacts seemed to be one person needs nobody any more where they are one.
    async fn settle_conflicts(&self, into: ContactId) -> Result<()> {
        let one: Vec<ContactId> = contact::Entity::find()
            .select_only()
            .column(contact::Column::Id)
            .filter(contact::Column::WorkspaceId.eq(self.workspace_id))
            .filter(contact::Column::MergedIntoId.eq(into))
            .into_tuple()
            .all(&self.transaction)
            .await?;
        let is_one = |id: &ContactId| *id == into || one.contains(id);
        let open = alert_entity::Entity::find()
            .filter(alert_entity::Column::WorkspaceId.eq(self.workspace_id))
            .filter(alert_entity::Column::Kind.eq(AlertKind::ContactsConflict))
            .filter(alert_entity::Column::ResolvedAt.is_null())
            .all(&self.transaction)
            .await?;
        let place = (&self.installation.database, &self.installation.clock);
        for row in open.iter().filter(|row| alert::contacts_of(row).iter().all(is_one)) {
            alert::settle(&self.transaction, place, (self.workspace_id, row.kind, &row.cause)).await?;
        }
        Ok(())
    }
}
