//! Begins a conversation with a customer who has not written: with a template, by who may.

use portaria_entity::contact_identity::{self, IdentityKind};
use portaria_entity::conversation::{self, ConversationStatus};
use portaria_entity::event::AssignmentCause;
use portaria_entity::id::{ChannelId, ContactId, ContactIdentityId, ConversationId, EpisodeId, MessageId};
use portaria_entity::template::TemplateStatus;
use portaria_entity::{channel, contact, episode};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::content::NewContent;
use super::submit::{Asking, idempotency_key, put_in_line, repeated};
use super::template::{self, NewTemplate};
use crate::access::Reading;
use crate::activity::{Deed, record};
use crate::conversation::{ConversationRow, assignee, change_of};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::turn;
use crate::viewer::Viewer;

/// What who begins a conversation has to be able to read afterwards.
const READING: PermissionSet =
    PermissionSet::of(&[Permission::ConversationReadAssigned, Permission::ConversationReadAll]);

/// Whom to write to.
#[derive(Clone, Debug)]
pub enum Whom {
    /// A customer whom one may know of.
    Contact(ContactId),
    /// Whoever has this phone number, and what to call them if they are not known.
    Phone { number: String, name: Option<String> },
}

/// A conversation to be begun.
#[derive(Clone, Debug)]
pub struct NewConversation {
    pub channel_id: ChannelId,
    pub whom: Whom,
    pub idempotency_key: String,
    /// What to begin with: WhatsApp takes nothing else from who was not written to.
    pub template: NewTemplate,
}

/// Puts the first message in line, in a conversation of the one who writes. Where there is one already that they may not
/// read whole, nothing is begun, and nothing told of it.
pub async fn start(installation: &Installation, viewer: &Viewer, new: NewConversation) -> Result<MessageId> {
    let key = idempotency_key(&new.idempotency_key)?.to_owned();
    let transaction = installation.database.begin().await?;
    let number = channel::Entity::find_by_id((viewer.workspace_id, new.channel_id)).one(&transaction).await?;
    let number = number.ok_or(Error::NotFound)?;
    let held = viewer.access.in_conversation(number.id, number.team_id);
    let now = installation.clock.now();
    viewer.require(held, PermissionSet::of(&[Permission::MessageInitiate]), now)?;
    viewer.require(held, PermissionSet::of(&[Permission::MessageSendTemplate]), now)?;
    viewer.require(held, READING, now)?;
    let whom = format!("start {:?} {:?}", new.channel_id, new.whom);
    let content = NewContent::Template(new.template);
    let hash = Sha256::digest(format!("{whom}\n{}", content.fingerprint())).to_vec();
    if let Some(known) = repeated(&transaction, viewer, &key, &hash).await? {
        return Ok(known);
    }
    // What is not there to be sent is told before anybody is looked for.
    usable(&transaction, &number, &content).await?;
    let contact = match &new.whom {
        Whom::Contact(id) => known(&transaction, viewer, *id).await?,
        Whom::Phone { number, name } => {
            let digits = digits(number)?;
            turn::take(installation, &transaction, viewer.workspace_id, [digits.as_str()]).await?;
            by_phone(installation, viewer, &transaction, (&digits, name.as_deref())).await?
        }
    };
    let row = match conversation_of(&transaction, viewer, number.id, contact).await? {
        Some(row) => row,
        None => begin(installation, viewer, &transaction, (&number, contact)).await?,
    };
    let conversation =
        ConversationRow::of(viewer, row.clone()).filter(|found| found.reading == Reading::Whole);
    let Some(conversation) = conversation else {
        drop(transaction);
        note_refusal(installation, viewer, &row).await?;
        return Err(Refusal::CannotBeStarted.into());
    };
    let change = change_of(installation, viewer, transaction, conversation);
    put_in_line(change, Asking { key, hash, reply_to: None, content }).await
}

async fn usable(
    transaction: &DatabaseTransaction,
    number: &channel::Model,
    content: &NewContent,
) -> Result<()> {
    let NewContent::Template(new) = content else { return Ok(()) };
    let place = (number.workspace_id, number.id);
    let facts = template::facts(transaction, place, new.template_id).await?.ok_or(Error::NotFound)?;
    match facts.status {
        Some(TemplateStatus::Approved | TemplateStatus::Flagged) => Ok(()),
        Some(_) | None => Err(Refusal::TemplateNotApproved.into()),
    }
}

/// Who tries to write to customers of others learns that there are some: it is put down.
async fn note_refusal(installation: &Installation, viewer: &Viewer, row: &conversation::Model) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "conversation.start_refused",
        subject: row.id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    Ok(transaction.commit().await?)
}

/// Digits of a number in international form.
fn digits(number: &str) -> Result<String> {
    let plain = number.chars().all(|one| one.is_ascii_digit() || "+-() .".contains(one));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if !plain || !number.trim_start().starts_with('+') || !(8..=15).contains(&digits.len()) {
        return Err(Refusal::InvalidPhone.into());
    }
    Ok(digits)
}

/// A customer whom the viewer may know of, as they are now.
async fn known(transaction: &DatabaseTransaction, viewer: &Viewer, id: ContactId) -> Result<ContactId> {
    crate::contact::hold(transaction, viewer.workspace_id, id).await?;
    let found = crate::contact::by_ids(transaction, viewer, &[id]).await?;
    let contact = found.get(&id).ok_or(Error::NotFound)?;
    match contact.held.contains(Permission::ContactRead) {
        true => {
            viewer.note_use(PermissionSet::of(&[Permission::ContactRead]));
            Ok(contact.row.id)
        }
        false => Err(Error::NotFound),
    }
}

/// Who has this number, or somebody new.
async fn by_phone(
    installation: &Installation,
    viewer: &Viewer,
    transaction: &DatabaseTransaction,
    (digits, name): (&str, Option<&str>),
) -> Result<ContactId> {
    let found = contact_identity::Entity::find()
        .filter(contact_identity::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(contact_identity::Column::Kind.eq(IdentityKind::Phone))
        .filter(contact_identity::Column::Portfolio.eq(""))
        .filter(contact_identity::Column::Value.eq(digits))
        .one(transaction)
        .await?;
    if let Some(identity) = found {
        return Ok(identity.contact_id);
    }
    let (id, now): (ContactId, _) = (installation.clock.new_id(), installation.clock.now());
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > 200 || name.contains('\0')) {
        return Err(Error::BadInput("a name has at most 200 characters".to_owned()));
    }
    let row = contact::Model {
        workspace_id: viewer.workspace_id,
        id,
        name: name.map(str::to_owned),
        language: None,
        email: None,
        created_at: now,
        updated_at: now,
        merged_into_id: None,
    };
    contact::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    let identity = contact_identity::ActiveModel {
        workspace_id: Set(viewer.workspace_id),
        id: Set(installation.clock.new_id::<ContactIdentityId>()),
        contact_id: Set(id),
        kind: Set(IdentityKind::Phone),
        portfolio: Set(String::new()),
        value: Set(digits.to_owned()),
        created_at: Set(now),
        last_seen_at: Set(now),
    };
    contact_identity::Entity::insert(identity).exec_without_returning(transaction).await?;
    Ok(id)
}

async fn conversation_of(
    transaction: &DatabaseTransaction,
    viewer: &Viewer,
    channel: ChannelId,
    contact: ContactId,
) -> Result<Option<conversation::Model>> {
    let find = conversation::Entity::find()
        .filter(conversation::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(conversation::Column::ContactId.eq(contact))
        .filter(conversation::Column::ChannelId.eq(channel))
        .filter(conversation::Column::MergedIntoId.is_null());
    Ok(find.lock_exclusive().one(transaction).await?)
}

/// A new conversation in a stretch of its own, which is whoever's begins it.
async fn begin(
    installation: &Installation,
    viewer: &Viewer,
    transaction: &DatabaseTransaction,
    (number, contact): (&channel::Model, ContactId),
) -> Result<conversation::Model> {
    let (id, episode_id): (ConversationId, EpisodeId) =
        (installation.clock.new_id(), installation.clock.new_id());
    let now = installation.clock.now();
    let row = conversation::Model {
        workspace_id: viewer.workspace_id,
        id,
        contact_id: contact,
        channel_id: number.id,
        team_id: number.team_id,
        status: ConversationStatus::Open,
        assignee_id: None,
        episode_id: Some(episode_id),
        last_message_id: None,
        last_activity_at: now,
        last_inbound_at: None,
        waiting_since: None,
        unread_count: 0,
        last_assignee_id: None,
        snoozed_until: None,
        escalated_at: None,
        created_at: now,
        merged_into_id: None,
        bot_id: None,
    };
    conversation::Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await?;
    let stretch = episode::ActiveModel {
        workspace_id: Set(viewer.workspace_id),
        id: Set(episode_id),
        conversation_id: Set(id),
        opened_at: Set(now),
        first_assigned_at: Set(viewer.member_id().map(|_| now)),
        ..Default::default()
    };
    episode::Entity::insert(stretch).exec_without_returning(transaction).await?;
    if let Some(member) = viewer.member_id() {
        let to = (assignee::Holder::Anybody, Some(member));
        assignee::write(transaction, &installation.database, (viewer.workspace_id, id), to).await?;
        let told = (Some(member), AssignmentCause::Claimed, viewer.into());
        assignee::tell(transaction, installation, &row, told).await?;
    }
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "conversation.started",
        subject: id.to_string(),
        before: None,
        after: Some(json!({ "channel": number.id })),
        address: viewer.stated_address(),
    };
    record(transaction, &installation.clock, deed).await?;
    let assignee_id = viewer.member_id();
    Ok(conversation::Model { assignee_id, last_assignee_id: assignee_id, ..row })
}
