//! Calls back a message that waits to be sent.

use portaria_entity::event::EventKind;
use portaria_entity::id::MessageId;
use portaria_entity::outgoing_message::{self, SendState};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait};

use super::facts::sender;
use crate::conversation::is_in_charge;
use crate::error::{Error, Refusal, Result};
use crate::event::{Happening, append};
use crate::installation::Installation;
use crate::viewer::Viewer;

/// Whoever wrote it may, and whose the conversation is. What is on its way is not called back.
pub async fn cancel(installation: &Installation, viewer: &Viewer, id: MessageId) -> Result<()> {
    let key = (viewer.workspace_id, id);
    let find = outgoing_message::Entity::find_by_id(key).one(installation.database.reader()).await?;
    let row = find.ok_or(Error::NotFound)?;
    let change = crate::conversation::changing(installation, viewer, row.conversation_id).await?;
    if change.conversation.reading != crate::access::Reading::Whole {
        return Err(Error::NotFound);
    }
    if row.sender_id != sender(viewer) && !is_in_charge(viewer, &change.conversation) {
        return Err(Refusal::NotAssignee.into());
    }
    let database = &installation.database;
    let (queued, cancelled) = (SendState::Queued.to_value(), SendState::Cancelled.to_value());
    let values = [key.0.0.into(), id.0.into(), cancelled.into(), change.now.0.into(), queued.into()];
    let sql = "UPDATE outgoing_messages SET state = $3, settled_at = $4 \
               WHERE workspace_id = $1 AND message_id = $2 AND state = $5";
    if change.transaction.execute_raw(database.statement(sql, values)).await?.rows_affected() == 0 {
        return Err(Refusal::NotWaiting.into());
    }
    let values = [key.0.0.into(), id.0.into(), SendState::Cancelled.to_value().into()];
    let sql = "UPDATE messages SET sending = $3 WHERE workspace_id = $1 AND id = $2";
    change.transaction.execute_raw(database.statement(sql, values)).await?;
    let happening = Happening {
        workspace_id: key.0,
        kind: EventKind::MessageUpdated,
        conversation_id: Some(change.conversation.row.id),
        message_id: Some(id),
        before: None,
    };
    append(&change.transaction, &installation.clock, happening).await?;
    change.transaction.commit().await?;
    installation.events.wake();
    // What stood behind it may go.
    installation.signals.queued();
    Ok(())
}
