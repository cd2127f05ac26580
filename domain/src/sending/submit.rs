//! Takes a message to be sent: stored with its author, each once however often it is asked for, before anybody is told so.

use portaria_entity::conversation;
use portaria_entity::event::EventKind;
use portaria_entity::id::{ConversationId, MessageId};
use portaria_entity::message::{self, DeliveryStatus, Direction, MessageSource};
use portaria_entity::outgoing_message::{self, Column, SendState};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};
use sha2::{Digest, Sha256};

use super::content::{NewContent, Prepared};
use super::facts::{of_viewer, sender};
use super::file;
use super::gate::{Asked, Facts, Obstacle, ask};
use super::{quick_reply, template};
use crate::access::Reading;
use crate::conversation::{Change, ConversationRow, in_charge_by, placement};
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append_all};
use crate::installation::Installation;
use crate::media;
use crate::message as message_domain;
use crate::quick_reply::remember;
use crate::viewer::Viewer;

/// An idempotency key is at most so long.
const LONGEST_KEY: usize = 128;

/// A message that somebody wants to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub conversation_id: ConversationId,
    /// Made by the client; the same call with the same key sends once.
    pub idempotency_key: String,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    pub content: NewContent,
}

/// Puts a message in line, or says that it is there already.
pub async fn send(installation: &Installation, viewer: &Viewer, new: NewMessage) -> Result<MessageId> {
    let key = idempotency_key(&new.idempotency_key)?.to_owned();
    let change = crate::conversation::changing(installation, viewer, new.conversation_id).await?;
    if change.conversation.reading != Reading::Whole {
        return Err(Error::NotFound);
    }
    let hash = fingerprint(change.conversation.row.id, &new);
    if let Some(known) = repeated(&change.transaction, viewer, &key, &hash).await? {
        return Ok(known);
    }
    put_in_line(change, Asking { key, hash, reply_to: new.reply_to, content: new.content }).await
}

/// What is to be sent in a conversation, and by what it is told from other messages.
pub(super) struct Asking {
    pub key: String,
    pub hash: Vec<u8>,
    pub reply_to: Option<MessageId>,
    pub content: NewContent,
}

/// Asks the gate, and stores the message. Commits.
pub(super) async fn put_in_line(change: Change<'_>, new: Asking) -> Result<MessageId> {
    let Change { installation, viewer, ref conversation, .. } = change;
    let facts =
        of_viewer((&change.transaction, &installation.database), viewer, conversation, change.now).await?;
    // Who may not send such a thing at all is told that before what is wrong with it.
    check(viewer, &facts, &Asked::of(new.content.kind()), Before::Content)?;
    let (mut prepared, filled) = match new.content {
        NewContent::QuickReply(reply) => {
            let of = quick_reply::prepare(&change.transaction, viewer, conversation, &reply).await?;
            (of.0, Some(of.1))
        }
        NewContent::Template(new) => {
            (template::prepare(&change.transaction, &conversation.row, new).await?, None)
        }
        other => (other.prepare()?, None),
    };
    let asked = prepared.asked();
    check(viewer, &facts, &asked, Before::Sending)?;
    let charge = in_charge_by(viewer, conversation).unwrap_or_default();
    viewer.note_use(asked.permissions(&facts).union(charge));
    let reply_to = whatsapp_id(&change.transaction, conversation, new.reply_to).await?;
    let acts_on = whatsapp_id(&change.transaction, conversation, prepared.acts_on).await?;
    if let Some(target) = &acts_on {
        prepared.part["message_id"] = target.as_str().into();
    }
    let file = match prepared.file {
        Some((id, kind)) => {
            let found =
                media::for_sending(&change.transaction, viewer, id, kind).await.map_err(no_such_file)?;
            file::complete(&mut prepared, &found, kind)?;
            Some(found)
        }
        None => None,
    };
    let stored = Stored { prepared, context: reply_to, acts_on, key: new.key, hash: new.hash };
    let id = store(installation, viewer, &change.transaction, conversation, stored).await?;
    if let Some(file) = &file {
        media::attach(&change.transaction, installation, file, id).await.map_err(no_such_file)?;
    }
    if let Some(filled) = &filled {
        remember(&change.transaction, (viewer.workspace_id, id), filled).await?;
    }
    change.transaction.commit().await?;
    installation.events.wake();
    installation.signals.queued();
    Ok(id)
}

/// A file that is not there, or not theirs, is a value that cannot be.
fn no_such_file(error: Error) -> Error {
    match error {
        Error::NotFound => Refusal::NoSuchFile.into(),
        other => other,
    }
}

/// A key that can be kept and compared.
pub(super) fn idempotency_key(key: &str) -> Result<&str> {
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|one| one.is_ascii_graphic());
    if fits { Ok(key) } else { Err(Refusal::InvalidIdempotencyKey.into()) }
}

fn fingerprint(conversation: ConversationId, new: &NewMessage) -> Vec<u8> {
    let whole = format!("{conversation}\n{:?}\n{}", new.reply_to, new.content.fingerprint());
    Sha256::digest(whole).to_vec()
}

/// The message that was asked for by this key before.
pub(super) async fn repeated(
    transaction: &impl ConnectionTrait,
    viewer: &Viewer,
    key: &str,
    hash: &[u8],
) -> Result<Option<MessageId>> {
    let known = outgoing_message::Entity::find()
        .filter(Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(Column::SenderId.eq(sender(viewer)))
        .filter(Column::IdempotencyKey.eq(key))
        .one(transaction)
        .await?;
    match known {
        Some(known) if known.content_hash == hash => Ok(Some(known.message_id)),
        Some(_) => Err(Refusal::IdempotencyKeyReused.into()),
        None => Ok(None),
    }
}

/// How far it is looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Permission and whose it is only.
    Content,
    Sending,
}

/// Asks the gate. A missing permission is told as everywhere else.
fn check(viewer: &Viewer, facts: &Facts, asked: &Asked, before: Before) -> Result<()> {
    let Err(obstacle) = ask(facts, asked) else { return Ok(()) };
    match obstacle {
        Obstacle::NotPermitted => {
            for permission in asked.permissions(facts).iter() {
                let one = crate::permission::PermissionSet::of(&[permission]);
                viewer.ask(facts.held, one, facts.now)?;
            }
            Err(Error::internal("a permission was missing and is not"))
        }
        Obstacle::NotAssignee => Err(Refusal::NotAssignee.into()),
        // A template's own questions are asked once it is known.
        _ if before == Before::Content => Ok(()),
        other => match other.refusal() {
            Some(refusal) => Err(refusal.into()),
            None => Err(Error::internal("an obstacle that is no refusal")),
        },
    }
}

/// What a message of this conversation is called at WhatsApp's. What WhatsApp has not taken yet, or has lost, cannot be
/// spoken of.
async fn whatsapp_id(
    transaction: &impl ConnectionTrait,
    conversation: &ConversationRow,
    id: Option<MessageId>,
) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let find = message::Entity::find_by_id((conversation.row.workspace_id, id));
    let found = find.one(transaction).await?.filter(|row| row.conversation_id == conversation.row.id);
    let row = found.ok_or(Refusal::NoSuchMessage)?;
    let is_known =
        matches!(row.sending, None | Some(SendState::Accepted)) && row.whatsapp_id.starts_with("wamid.");
    if !is_known || row.revoked_at.is_some() || message_domain::ACTS.contains(&row.kind.as_str()) {
        return Err(Refusal::NoSuchMessage.into());
    }
    Ok(Some(row.whatsapp_id))
}

struct Stored {
    prepared: Prepared,
    context: Option<String>,
    acts_on: Option<String>,
    key: String,
    hash: Vec<u8>,
}

async fn store(
    installation: &Installation,
    viewer: &Viewer,
    transaction: &impl ConnectionTrait,
    conversation: &ConversationRow,
    stored: Stored,
) -> Result<MessageId> {
    let row = &conversation.row;
    let clock = &installation.clock;
    let (id, now): (MessageId, _) = (clock.new_id(), clock.now());
    let Stored { prepared, context, acts_on, key, hash } = stored;
    // Shown after everything that is there, also where WhatsApp's clock is ahead of ours.
    let sent_at = now.max(row.last_activity_at);
    let message = message::Model {
        workspace_id: row.workspace_id,
        id,
        conversation_id: row.id,
        channel_id: row.channel_id,
        direction: Direction::Outbound,
        whatsapp_id: id.to_string(),
        kind: prepared.name.to_owned(),
        body: prepared.body.clone(),
        payload: prepared.payload(context.as_deref()).to_string(),
        reply_to_whatsapp_id: acts_on.or(context),
        author_id: viewer.member_id(),
        sent_at,
        received_at: now,
        status: DeliveryStatus::None,
        status_at: None,
        edited_at: None,
        revoked_at: None,
        source: MessageSource::Live,
        delivery_id: None,
        author_key_id: viewer.api_key_id(),
        sending: Some(SendState::Queued),
    };
    message::Entity::insert(message.into_active_model()).exec_without_returning(transaction).await?;
    let outgoing = outgoing_message::ActiveModel {
        workspace_id: Set(row.workspace_id),
        message_id: Set(id),
        conversation_id: Set(row.id),
        channel_id: Set(row.channel_id),
        sender_id: Set(sender(viewer)),
        idempotency_key: Set(key),
        content_hash: Set(hash),
        category: Set(prepared.category()),
        template_id: Set(prepared.template.map(|(id, _)| id)),
        state: Set(SendState::Queued),
        attempts: Set(0),
        next_attempt_at: Set(now),
        leased_until: Set(None),
        begun_at: Set(None),
        settled_at: Set(None),
        failure: Set(None),
        failure_code: Set(None),
        failure_details: Set(None),
        created_at: Set(now),
    };
    outgoing_message::Entity::insert(outgoing).exec_without_returning(transaction).await?;
    if prepared.acts_on.is_none() {
        show_last(installation, transaction, row, id, sent_at).await?;
    }
    let happening = |kind, message_id, before| Happening {
        workspace_id: row.workspace_id,
        kind,
        conversation_id: Some(row.id),
        message_id,
        before,
    };
    let changed = happening(EventKind::ConversationChanged, None, Some(placement(row).into()));
    let received = happening(EventKind::MessageReceived, Some(id), None);
    // A reaction shows in the message that it acts on.
    let happenings = match prepared.acts_on {
        Some(target) => vec![happening(EventKind::MessageUpdated, Some(target), None)],
        None => vec![received, changed],
    };
    append_all(transaction, clock, &happenings).await?;
    Ok(id)
}

/// It is the last that was said, and moves the conversation up.
async fn show_last(
    installation: &Installation,
    transaction: &impl ConnectionTrait,
    row: &conversation::Model,
    id: MessageId,
    at: portaria_entity::time::Timestamp,
) -> Result<()> {
    let sql = "UPDATE conversations SET last_message_id = $3, last_activity_at = $4 WHERE workspace_id = $1 AND id = $2";
    let values = [row.workspace_id.0.into(), row.id.0.into(), id.0.into(), at.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}
