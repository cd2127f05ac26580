//! What became of a message, from the bytes that told of it to the events that brought it to people's screens.

use std::collections::BTreeSet;

use portaria_entity::event::EventKind;
use portaria_entity::id::{ChannelId, ConversationId, MessageId, WebhookDeliveryId, WorkspaceId};
use portaria_entity::message::MessageSource;
use portaria_entity::time::Timestamp;
use portaria_entity::{event, message, message_status, routing_decision};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use sha2::{Digest, Sha256};

use super::{DeliveryRow, find};
use crate::conversation;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// So much of each kind is told.
const MOST: u64 = 200;

/// What a message is recognised by where it is told of again, without its id, which holds a phone number.
pub type Fingerprint = [u8; 32];

pub fn fingerprint(workspace: WorkspaceId, whatsapp_id: &str) -> Fingerprint {
    Sha256::new_with_prefix(workspace.0.as_bytes()).chain_update(whatsapp_id).finalize().into()
}

/// Notes that a delivery told again what had been told.
pub async fn note_sightings(
    transaction: &DatabaseTransaction,
    database: &Database,
    (workspace, delivery, at): (WorkspaceId, WebhookDeliveryId, Timestamp),
    seen: &BTreeSet<Fingerprint>,
) -> Result<()> {
    let sql = "INSERT INTO webhook_sightings (workspace_id, fingerprint, delivery_id, seen_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (workspace_id, fingerprint, delivery_id) DO NOTHING";
    for one in seen {
        let values = [workspace.0.into(), one.to_vec().into(), delivery.0.into(), at.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
    }
    Ok(())
}

/// A delivery that told of it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// Gone when it was removed by age.
    pub delivery: Option<DeliveryRow>,
    pub delivery_id: WebhookDeliveryId,
    /// A status that it told of the message; nothing for the message itself, or what was told again.
    pub status: Option<String>,
    /// It told nothing that was not known.
    pub again: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct TracedEvent {
    pub kind: EventKind,
    /// Its place in the one order; none as long as it has not been given out.
    pub sequence: Option<i64>,
    pub at: Timestamp,
}

/// All that is known of the way of a message.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What the viewer holds where it is.
    pub held: PermissionSet,
    pub sightings: Vec<Sighting>,
    pub message: Option<(MessageId, MessageSource)>,
    pub conversation_id: Option<ConversationId>,
    pub decisions: Vec<routing_decision::Model>,
    pub events: Vec<TracedEvent>,
}

/// Follows a message by WhatsApp's id, for who may see deliveries and phone numbers where it is.
pub async fn trace(database: &Database, viewer: &Viewer, whatsapp_id: &str) -> Result<Option<Trace>> {
    let connection = database.reader();
    let found = message::Entity::find()
        .filter(message::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(message::Column::WhatsappId.eq(whatsapp_id))
        .one(connection)
        .await?;
    let statuses = message_status::Entity::find()
        .filter(message_status::Column::WorkspaceId.eq(viewer.workspace_id))
        .filter(message_status::Column::WhatsappId.eq(whatsapp_id))
        .order_by_asc(message_status::Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    let channel = found.as_ref().map(|row| row.channel_id).or(statuses.first().map(|row| row.channel_id));
    let sees_deliveries = |channel| viewer.access.in_channel(channel).contains(Permission::WebhookEventRead);
    if channel.is_some_and(|channel| !sees_deliveries(channel)) {
        return Ok(None);
    }
    let held = held_there(connection, viewer, found.as_ref(), channel).await?;
    if !held.contains(Permission::ContactReadPhone) {
        return Ok(None);
    }
    viewer.note_use(PermissionSet::of(&[Permission::WebhookEventRead, Permission::ContactReadPhone]));
    let sightings = sightings(database, viewer, (whatsapp_id, found.as_ref(), &statuses)).await?;
    if found.is_none() && sightings.is_empty() {
        return Ok(None);
    }
    let mut trace = Trace {
        held,
        sightings,
        message: None,
        conversation_id: None,
        decisions: Vec::new(),
        events: Vec::new(),
    };
    if let Some(row) = found {
        trace.message = Some((row.id, row.source));
        trace.conversation_id = Some(row.conversation_id);
        trace.decisions = decisions(connection, &row).await?;
        trace.events = events(connection, &row).await?;
    }
    Ok(Some(trace))
}

/// What the viewer holds towards the conversation, if they see it; where there is none, on the number.
async fn held_there(
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
    found: Option<&message::Model>,
    channel: Option<ChannelId>,
) -> Result<PermissionSet> {
    Ok(match (found, channel) {
        (Some(row), _) => match conversation::find(connection, viewer, row.conversation_id).await {
            Ok(conversation) => conversation.held,
            Err(Error::NotFound) => PermissionSet::default(),
            Err(error) => return Err(error),
        },
        (None, Some(channel)) => viewer.access.in_channel(channel),
        (None, None) => viewer.access.everywhere(),
    })
}

async fn sightings(
    database: &Database,
    viewer: &Viewer,
    (whatsapp_id, found, statuses): (&str, Option<&message::Model>, &[message_status::Model]),
) -> Result<Vec<Sighting>> {
    let mut told: Vec<(WebhookDeliveryId, Option<String>, bool)> = Vec::new();
    told.extend(found.and_then(|row| row.delivery_id).map(|id| (id, None, false)));
    told.extend(statuses.iter().filter_map(|row| Some((row.delivery_id?, Some(row.status.clone()), false))));
    let again = "SELECT delivery_id FROM webhook_sightings WHERE workspace_id = $1 AND fingerprint = $2 \
                 ORDER BY delivery_id LIMIT 200";
    let print = fingerprint(viewer.workspace_id, whatsapp_id).to_vec();
    let values = [viewer.workspace_id.0.into(), print.into()];
    for row in database.reader().query_all_raw(database.statement(again, values)).await? {
        told.push((row.try_get_by_index(0)?, None, true));
    }
    told.sort_by_key(|(id, ..)| *id);
    let mut sightings = Vec::new();
    for (delivery_id, status, again) in told {
        let delivery = find(database.reader(), viewer, delivery_id).await?;
        sightings.push(Sighting { delivery, delivery_id, status, again });
    }
    Ok(sightings)
}

/// Who was found for it: what was decided of its conversation from when it was stored until the next was.
async fn decisions(
    connection: &impl ConnectionTrait,
    row: &message::Model,
) -> Result<Vec<routing_decision::Model>> {
    use routing_decision::Column;
    Ok(routing_decision::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Column::ConversationId.eq(row.conversation_id))
        .filter(Column::At.gte(row.received_at))
        .order_by_asc(Column::Id)
        .limit(MOST)
        .all(connection)
        .await?)
}

async fn events(connection: &impl ConnectionTrait, row: &message::Model) -> Result<Vec<TracedEvent>> {
    use event::Column;
    let rows = event::Entity::find()
        .filter(Column::WorkspaceId.eq(row.workspace_id))
        .filter(Condition::all().add(Column::MessageId.eq(row.id)))
        .order_by_asc(Column::Id)
        .limit(MOST)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| TracedEvent { kind: row.kind, sequence: row.seq, at: row.at }).collect())
}
