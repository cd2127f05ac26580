//! Consents: whether a customer wants marketing messages. All that was said is kept; what was said last counts, and what
//! they chose in WhatsApp only they can take back, there.

use std::collections::HashMap;

use portaria_entity::consent::{self, Column, ConsentChoice, ConsentSource, ConsentTopic};
use portaria_entity::id::{ConsentId, ContactId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::activity::{Deed, record as record_deed};
use crate::clock::Clock;
use crate::contact;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// A note is at most so long.
const LONGEST_NOTE: usize = 500;

/// What was said of a consent.
#[derive(Clone, Copy, Debug)]
pub struct Stated {
    pub choice: ConsentChoice,
    pub source: ConsentSource,
    pub at: Timestamp,
}

/// Puts down what a customer wants, as WhatsApp tells it. What is known already is not written twice.
pub async fn note(
    connection: &impl ConnectionTrait,
    clock: &Clock,
    (workspace, contact): (WorkspaceId, ContactId),
    stated: Stated,
) -> Result<()> {
    let same = consent::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ContactId.eq(contact))
        .filter(Column::Topic.eq(ConsentTopic::Marketing))
        .filter(Column::Choice.eq(stated.choice))
        .filter(Column::Source.eq(stated.source))
        .filter(Column::StatedAt.eq(stated.at));
    if same.one(connection).await?.is_some() {
        return Ok(());
    }
    let row = row(clock, (workspace, contact), stated);
    consent::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

fn row(
    clock: &Clock,
    (workspace, contact): (WorkspaceId, ContactId),
    stated: Stated,
) -> consent::ActiveModel {
    consent::ActiveModel {
        workspace_id: Set(workspace),
        id: Set(clock.new_id::<ConsentId>()),
        contact_id: Set(contact),
        topic: Set(ConsentTopic::Marketing),
        choice: Set(stated.choice),
        source: Set(stated.source),
        note: Set(None),
        recorded_by: Set(None),
        stated_at: Set(stated.at),
        created_at: Set(clock.now()),
    }
}

/// What customers want of marketing messages: what decides now of each of whom anything is known.
pub async fn of_contacts(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, consent::Model>> {
    let rows = consent::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ContactId.is_in(contacts.iter().copied()))
        .filter(Column::Topic.eq(ConsentTopic::Marketing))
        .all(connection)
        .await?;
    let mut said: HashMap<ContactId, Vec<consent::Model>> = HashMap::new();
    for row in rows {
        said.entry(row.contact_id).or_default().push(row);
    }
    Ok(said.into_iter().filter_map(|(contact, rows)| Some((contact, decisive(rows)?))).collect())
}

/// Where a page of what was said goes on: before this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentCursor {
    pub stated_at: Timestamp,
    pub id: ConsentId,
}

/// All that was said of marketing messages to a customer, what was said last first. The caller may know of the customer.
pub async fn page(
    connection: &impl ConnectionTrait,
    (workspace, contact): (WorkspaceId, ContactId),
    after: Option<ConsentCursor>,
    limit: u64,
) -> Result<Vec<consent::Model>> {
    let mut find = consent::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ContactId.eq(contact))
        .filter(Column::Topic.eq(ConsentTopic::Marketing));
    if let Some(cursor) = after {
        let same = Condition::all().add(Column::StatedAt.eq(cursor.stated_at)).add(Column::Id.lt(cursor.id));
        find = find.filter(Condition::any().add(Column::StatedAt.lt(cursor.stated_at)).add(same));
    }
    Ok(find.order_by_desc(Column::StatedAt).order_by_desc(Column::Id).limit(limit).all(connection).await?)
}

/// Whether marketing may be sent to a customer: the one place that says so. Who has said nothing has not refused.
pub async fn allows_marketing(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<bool> {
    let known = of_contacts(connection, workspace, &[contact]).await?;
    Ok(known.get(&contact).is_none_or(|row| row.choice != ConsentChoice::Withdrawn))
}

/// What counts among all that was said: the latest of all, unless the latest in WhatsApp was a refusal.
pub(crate) fn decisive(rows: Vec<consent::Model>) -> Option<consent::Model> {
    let order = |row: &consent::Model| (row.stated_at, row.choice, row.id);
    let in_whatsapp = rows.iter().filter(|row| is_in_whatsapp(row)).max_by_key(|row| order(row)).cloned();
    match in_whatsapp {
        Some(refusal) if refusal.choice == ConsentChoice::Withdrawn => Some(refusal),
        _ => rows.into_iter().max_by_key(order),
    }
}

pub(crate) fn is_in_whatsapp(row: &consent::Model) -> bool {
    match row.source {
        ConsentSource::Whatsapp | ConsentSource::Undelivered => true,
        ConsentSource::Recorded => false,
    }
}

/// What somebody puts down for a customer.
pub struct NewConsent {
    pub contact_id: ContactId,
    pub choice: ConsentChoice,
    /// Where or how they said it; needed where they agree.
    pub note: Option<String>,
}

/// Puts down what a customer said elsewhere: at the counter, by telephone, in a form.
pub async fn record(installation: &Installation, viewer: &Viewer, new: NewConsent) -> Result<consent::Model> {
    let transaction = installation.database.begin().await?;
    contact::hold(&transaction, viewer.workspace_id, new.contact_id).await?;
    let found = contact::by_ids(&transaction, viewer, &[new.contact_id]).await?;
    let contact = found.get(&new.contact_id).ok_or(Error::NotFound)?;
    let now = installation.clock.now();
    viewer.require(contact.held, PermissionSet::of(&[Permission::ConsentManage]), now)?;
    let note = new.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    match (&note, new.choice) {
        (None, ConsentChoice::Granted) => return Err(Refusal::ReasonMissing.into()),
        (Some(note), _) if note.chars().count() > LONGEST_NOTE => {
            return Err(Error::BadInput(format!("a note has at most {LONGEST_NOTE} characters")));
        }
        _ => {}
    }
    let key = (viewer.workspace_id, contact.row.id);
    let before = of_contacts(&transaction, key.0, &[key.1]).await?.remove(&key.1);
    let refused =
        before.as_ref().is_some_and(|row| is_in_whatsapp(row) && row.choice == ConsentChoice::Withdrawn);
    if refused && new.choice == ConsentChoice::Granted {
        return Err(Refusal::RefusedByCustomer.into());
    }
    let stated = Stated { choice: new.choice, source: ConsentSource::Recorded, at: now };
    let mut row = row(&installation.clock, key, stated);
    row.note = Set(note);
    row.recorded_by = Set(viewer.member_id());
    let row = consent::Entity::insert(row).exec_with_returning(&transaction).await?;
    let told = |row: &consent::Model| {
        let (choice, source): (&'static str, &'static str) = (row.choice.into(), row.source.into());
        serde_json::json!({ "marketing": choice, "source": source })
    };
    let deed = Deed {
        workspace_id: key.0,
        actor: viewer.into(),
        action: "consent.recorded",
        subject: key.1.to_string(),
        before: before.as_ref().map(told),
        after: Some(told(&row)),
        address: viewer.stated_address(),
    };
    record_deed(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    Ok(row)
}
