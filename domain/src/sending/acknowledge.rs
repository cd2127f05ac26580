//! Shows a customer that their messages are read, and that somebody types.

use std::time::Duration;

use portaria_entity::id::ConversationId;
use portaria_entity::message::{self, Column, Direction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::facts::of_viewer;
use super::receipt::{NewReceipt, queue};
use crate::access::Reading;
use crate::conversation::{ConversationRow, changing, in_charge_by};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::routing::ANSWERING;
use crate::viewer::Viewer;

/// WhatsApp takes that a message was read for so long.
const READ_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Shows it to the customer soon, for all that they wrote until now. Where there is nothing to be read, nothing is shown.
pub async fn acknowledge(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    typing: bool,
) -> Result<ConversationRow> {
    let change = changing(installation, viewer, id).await?;
    let conversation = change.conversation.clone();
    if conversation.reading != Reading::Whole {
        return Err(Error::NotFound);
    }
    viewer.require(conversation.held, ANSWERING, change.now)?;
    viewer.note_use(in_charge_by(viewer, &conversation).ok_or(Refusal::NotAssignee)?);
    let facts =
        of_viewer((&change.transaction, &installation.database), viewer, &conversation, change.now).await?;
    if !facts.number.has_token {
        return Err(Refusal::NumberNotConnected.into());
    }
    if facts.number.stopped.is_some() {
        return Err(Refusal::NumberStopped.into());
    }
    let last = message::Entity::find()
        .filter(Column::WorkspaceId.eq(conversation.row.workspace_id))
        .filter(Column::ConversationId.eq(conversation.row.id))
        .filter(Column::Direction.eq(Direction::Inbound))
        .filter(Column::WhatsappId.starts_with("wamid."))
        .filter(Column::SentAt.gt(change.now - READ_WITHIN))
        .order_by_desc(Column::SentAt)
        .order_by_desc(Column::Id)
        .one(&change.transaction)
        .await?;
    let Some(last) = last else { return Ok(conversation) };
    let new = NewReceipt {
        workspace_id: conversation.row.workspace_id,
        channel_id: conversation.row.channel_id,
        conversation_id: conversation.row.id,
        whatsapp_id: &last.whatsapp_id,
        typing,
    };
    queue(&change.transaction, installation, new).await?;
    change.transaction.commit().await?;
    installation.signals.queued();
    Ok(conversation)
}
