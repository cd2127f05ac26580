//! Messages that are to be sent, as the API writes them.

use portaria_domain::clock::Clock;
use portaria_domain::database::Database;
use portaria_entity::id::{ConversationId, MessageId};
use portaria_entity::message::{DeliveryStatus, Direction, MessageSource};
use portaria_entity::outgoing_message::{MessageCategory, SendState};
use portaria_entity::{conversation, member, message, outgoing_message};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde_json::Value;

/// Puts a message of the workspace's first member into the queue: its kind, and its payload as it goes to Meta.
pub async fn queue_message(
    database: &Database,
    clock: &Clock,
    id: ConversationId,
    (kind, payload): (&str, &Value),
) -> MessageId {
    let transaction = database.begin().await.expect("a transaction");
    let find = conversation::Entity::find().filter(conversation::Column::Id.eq(id));
    let conversation = find.one(&transaction).await.expect("an answer").expect("a conversation");
    let first = member::Entity::find()
        .filter(member::Column::WorkspaceId.eq(conversation.workspace_id))
        .order_by_asc(member::Column::Id);
    let author = first.one(&transaction).await.expect("an answer").expect("somebody to write").id;
    let (message_id, now): (MessageId, _) = (clock.new_id(), clock.now());
    let message = message::Model {
        workspace_id: conversation.workspace_id,
        id: message_id,
        conversation_id: id,
        channel_id: conversation.channel_id,
        direction: Direction::Outbound,
        whatsapp_id: message_id.to_string(),
        kind: kind.to_owned(),
        body: payload.pointer("/text/body").and_then(Value::as_str).map(str::to_owned),
        payload: payload.to_string(),
        reply_to_whatsapp_id: None,
        author_id: Some(author),
        sent_at: now,
        received_at: now,
        status: DeliveryStatus::None,
        status_at: None,
        edited_at: None,
        revoked_at: None,
        source: MessageSource::Live,
        delivery_id: None,
        author_key_id: None,
        sending: Some(SendState::Queued),
    };
    let row = outgoing_message::Model {
        workspace_id: conversation.workspace_id,
        message_id,
        conversation_id: id,
        channel_id: conversation.channel_id,
        sender_id: author.0,
        idempotency_key: message_id.to_string(),
        content_hash: Vec::new(),
        category: MessageCategory::Service,
        template_id: None,
        state: SendState::Queued,
        attempts: 0,
        next_attempt_at: now,
        leased_until: None,
        begun_at: None,
        settled_at: None,
        failure: None,
        failure_code: None,
        failure_details: None,
        created_at: now,
    };
    message::Entity::insert(message.into_active_model())
        .exec_without_returning(&transaction)
        .await
        .expect("a message");
    outgoing_message::Entity::insert(row.into_active_model())
        .exec_without_returning(&transaction)
        .await
        .expect("in the queue");
    transaction.commit().await.expect("committed");
    message_id
}
