//! Messages, reached only through conversations that the viewer may read whole.

pub mod content;
pub mod detail;

use std::borrow::Cow;
use std::collections::HashMap;

use portaria_entity::id::{ApiKeyId, ConversationId, MemberId, MessageId, WorkspaceId};
use portaria_entity::message::{self, DeliveryStatus, Direction, MessageSource};
use portaria_entity::outgoing_message::SendState;
use portaria_entity::time::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use crate::access::Reading;
use crate::contact::mask_digits;
use crate::conversation::ConversationRow;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};

/// A message as people see it: all but the bytes that Meta sent.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MessageRow {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub direction: Direction,
    pub whatsapp_id: String,
    pub kind: String,
    pub body: Option<String>,
    pub author_id: Option<MemberId>,
    pub sent_at: Timestamp,
    pub received_at: Timestamp,
    pub status: DeliveryStatus,
    pub edited_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub source: MessageSource,
    pub author_key_id: Option<ApiKeyId>,
    pub sending: Option<SendState>,
}

/// Kinds whose words may name numbers that the customer did not write as words: what WhatsApp itself says, and cards of people.
const MASKED: [&str; 3] = ["system", "contacts", "handover"];

/// Kinds that act on another message: they show in that one, not as messages of their own.
pub(crate) const ACTS: [&str; 3] = ["edit", "revoke", "reaction"];

impl MessageRow {
    /// What a person reads, as who holds these permissions may. What customers write stays as they wrote it; where
    /// WhatsApp tells of a customer's numbers, they are masked for who may not see the phone. What was taken back is withheld
    /// from everybody.
    pub fn body_for(&self, held: PermissionSet) -> Option<Cow<'_, str>> {
        // What was taken back is nobody's to read, in an edit of it neither.
        let body = self.body.as_deref().filter(|_| self.revoked_at.is_none() && self.kind != "edit")?;
        Some(match MASKED.contains(&self.kind.as_str()) && !held.contains(Permission::ContactReadPhone) {
            true => Cow::Owned(mask_digits(body)),
            false => Cow::Borrowed(body),
        })
    }
}

fn rows() -> Select<message::Entity> {
    use message::Column::{
        AuthorId, AuthorKeyId, Body, ConversationId, Direction, EditedAt, Id, Kind, ReceivedAt, RevokedAt,
        Sending, SentAt, Source, Status, WhatsappId,
    };
    let columns = [
        Id,
        ConversationId,
        Direction,
        WhatsappId,
        Kind,
        Body,
        AuthorId,
        SentAt,
        ReceivedAt,
        Status,
        EditedAt,
        RevokedAt,
        Source,
        AuthorKeyId,
        Sending,
    ];
    message::Entity::find().select_only().columns(columns)
}

/// Where a page of messages goes on: before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCursor {
    pub sent_at: Timestamp,
    pub id: MessageId,
}

/// Messages of a conversation, newest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    conversation: &ConversationRow,
    after: Option<MessageCursor>,
    limit: u64,
) -> Result<Vec<MessageRow>> {
    match conversation.reading {
        Reading::Whole => {}
        Reading::QueueEntry => return Err(Error::NotFound),
    }
    let mut find = rows()
        .filter(message::Column::WorkspaceId.eq(conversation.row.workspace_id))
        .filter(message::Column::ConversationId.eq(conversation.row.id))
        .filter(message::Column::Kind.is_not_in(ACTS));
    if let Some(cursor) = after {
        let older = Condition::any().add(message::Column::SentAt.lt(cursor.sent_at)).add(
            Condition::all()
                .add(message::Column::SentAt.eq(cursor.sent_at))
                .add(message::Column::Id.lt(cursor.id)),
        );
        find = find.filter(older);
    }
    let messages = find
        .order_by_desc(message::Column::SentAt)
        .order_by_desc(message::Column::Id)
        .limit(limit)
        .into_model()
        .all(connection)
        .await?;
    Ok(messages)
}

/// Messages by id. The caller has them from conversations that its viewer reads whole.
pub async fn by_ids(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, MessageRow>> {
    let rows = rows()
        .filter(message::Column::WorkspaceId.eq(workspace))
        .filter(message::Column::Id.is_in(ids.iter().copied()))
        .into_model::<MessageRow>()
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
