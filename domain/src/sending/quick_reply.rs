//! Quick replies as they go out: as a text, for whoever may send what was approved beforehand, and remembered as what they are.

use portaria_entity::id::{MessageId, QuickReplyId, WorkspaceId};
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::content::Prepared;
use super::gate::Kind;
use crate::conversation::ConversationRow;
use crate::error::Result;
use crate::quick_reply::{Filled, Filling, fill, of_messages};
use crate::viewer::Viewer;

/// A quick reply that somebody wants to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuickReply {
    pub id: QuickReplyId,
    pub filling: Filling,
}

/// Fills it for a conversation. Its words are nobody's own.
pub(super) async fn prepare(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    conversation: &ConversationRow,
    new: &NewQuickReply,
) -> Result<(Prepared, Filled)> {
    let filled = fill(connection, viewer, conversation, (new.id, &new.filling)).await?;
    let part = json!({ "body": filled.text, "preview_url": false });
    let body = Some(filled.text.clone());
    let prepared = Prepared { has_free_text: false, ..Prepared::free(Kind::QuickReply, "text", body, part) };
    Ok((prepared, filled))
}

/// Whether a stored message was a quick reply.
pub(super) async fn is_one(
    connection: &impl ConnectionTrait,
    (workspace, message): (WorkspaceId, MessageId),
) -> Result<bool> {
    Ok(of_messages(connection, workspace, &[message]).await?.contains_key(&message))
}
