//! What surrounds messages, each read for a whole page at once: what they carry, what they answer, how people reacted, what
//! became of them, how they read before. The caller has the messages from conversations that its viewer reads whole.

use std::collections::{BTreeMap, HashMap};

use portaria_entity::id::{ContactId, MessageId, WorkspaceId};
use portaria_entity::message::{self, DeliveryStatus, Direction};
use portaria_entity::outgoing_message;
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;

use super::content::{Carried, Fault, faults};
use crate::database::Database;
use crate::error::Result;

/// A reaction that stands: the latest of its author's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    pub direction: Direction,
    pub at: Timestamp,
}

/// What Meta charges for a message, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pricing {
    pub billable: Option<bool>,
    pub model: Option<String>,
    pub kind: Option<String>,
    pub category: Option<String>,
}

/// What statuses told of a message beside how far it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub faults: Vec<Fault>,
    pub pricing: Option<Pricing>,
}

/// How far a message to a group came to one who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The group, as a contact.
    pub group: ContactId,
    /// Meta's business-scoped id of them, else their number.
    pub participant: String,
    pub status: DeliveryStatus,
    pub at: Timestamp,
}

/// The words of a message before its writer changed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub body: Option<String>,
    pub at: Timestamp,
}

/// What messages carry.
pub async fn carried(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Carried>> {
    type Row = (MessageId, String, String, Timestamp);
    let rows: Vec<Row> = message::Entity::find()
        .select_only()
        .columns([
            message::Column::Id,
            message::Column::Kind,
            message::Column::Payload,
            message::Column::SentAt,
        ])
        .filter(message::Column::WorkspaceId.eq(workspace))
        .filter(message::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, kind, payload, at)| (id, Carried::read(&kind, &payload, at))).collect())
}

/// A statement over these messages, which it calls `m`; the workspace is `$1`.
fn over(
    database: &Database,
    workspace: WorkspaceId,
    ids: &[MessageId],
    (select, order): (&str, &str),
) -> sea_orm::Statement {
    let places: Vec<_> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
    let sql =
        format!("{select} WHERE m.workspace_id = $1 AND m.id IN ({}) ORDER BY {order}", places.join(", "));
    let values = std::iter::once(workspace.0.into()).chain(ids.iter().map(|id| id.0.into()));
    database.statement(&sql, values)
}

/// Which message each of these answers, where it is in the same conversation.
pub async fn answered(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, MessageId>> {
    let select = "SELECT m.id, o.id FROM messages m JOIN messages o ON o.channel_id = m.channel_id \
                  AND o.whatsapp_id = m.reply_to_whatsapp_id AND o.conversation_id = m.conversation_id";
    let rows = connection.query_all_raw(over(database, workspace, ids, (select, "m.id"))).await?;
    let pair = |row: &sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.iter().map(pair).collect()
}

/// The reactions that stand. An older one never replaces a newer, and none takes one back.
pub async fn reactions(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Reaction>>> {
    let select = "SELECT m.id, r.body, r.direction, r.payload, r.sent_at FROM messages m \
                  JOIN messages r ON r.channel_id = m.channel_id AND r.reply_to_whatsapp_id = m.whatsapp_id \
                  AND r.kind = 'reaction' AND r.conversation_id = m.conversation_id \
                  AND (r.sending IS NULL OR r.sending NOT IN ('refused', 'cancelled'))";
    let order = (select, "r.sent_at, r.whatsapp_id");
    let rows = connection.query_all_raw(over(database, workspace, ids, order)).await?;
    let mut latest: BTreeMap<(MessageId, String), Option<Reaction>> = BTreeMap::new();
    for row in rows {
        let direction: Direction = row.try_get_by_index(2)?;
        let payload: String = row.try_get_by_index(3)?;
        let emoji: Option<String> = row.try_get_by_index(1)?;
        let at: Timestamp = row.try_get_by_index(4)?;
        let author = (row.try_get_by_index(0)?, author(direction, &payload));
        latest.insert(author, emoji.map(|emoji| Reaction { emoji, direction, at }));
    }
    let mut found: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    for ((id, _), reaction) in latest {
        found.entry(id).or_default().extend(reaction);
    }
    for all in found.values_mut() {
        all.sort_by_key(|reaction| reaction.at);
    }
    Ok(found)
}

/// Who reacted: the company is one, and in a private conversation so is the customer, however they are named.
fn author(direction: Direction, payload: &str) -> String {
    let item: Value = serde_json::from_str(payload).unwrap_or_default();
    let named = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
    match direction {
        Direction::Outbound => "company".to_owned(),
        Direction::Inbound if item.get("group_id").is_none() => "customer".to_owned(),
        Direction::Inbound => named("from_user_id").or_else(|| named("from")).unwrap_or_default(),
    }
}

/// What those of groups call themselves who wrote messages.
pub async fn senders(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, String>> {
    let select = "SELECT m.id, c.name FROM messages m JOIN message_senders s \
                  ON s.workspace_id = m.workspace_id AND s.message_id = m.id \
                  JOIN contacts c ON c.workspace_id = s.workspace_id AND c.id = s.contact_id AND c.name IS NOT NULL";
    let rows = connection.query_all_raw(over(database, workspace, ids, (select, "m.id"))).await?;
    let pair = |row: &sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    rows.iter().map(pair).collect()
}

/// What statuses told of messages: why they failed, and what they cost.
pub async fn outcomes(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Outcome>> {
    let select = "SELECT m.id, s.payload FROM messages m JOIN message_statuses s \
                  ON s.channel_id = m.channel_id AND s.whatsapp_id = m.whatsapp_id";
    let rows = connection.query_all_raw(over(database, workspace, ids, (select, "s.at, s.status"))).await?;
    let mut found: HashMap<MessageId, Outcome> = HashMap::new();
    for row in rows {
        let payload: String = row.try_get_by_index(1)?;
        let status: Value = serde_json::from_str(&payload).unwrap_or_default();
        let outcome = found.entry(row.try_get_by_index(0)?).or_default();
        for fault in faults(&status) {
            if !outcome.faults.contains(&fault) {
                outcome.faults.push(fault);
            }
        }
        outcome.pricing = pricing(&status).or(outcome.pricing.take());
    }
    Ok(found)
}

/// How messages that Portaria itself sent stand, by its own account.
pub async fn outgoing(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, outgoing_message::Model>> {
    let rows = outgoing_message::Entity::find()
        .filter(outgoing_message::Column::WorkspaceId.eq(workspace))
        .filter(outgoing_message::Column::MessageId.is_in(ids.iter().copied()))
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.message_id, row)).collect())
}

/// How far messages to groups came to each participant of whom it was told: the furthest, and when that was first.
pub async fn receipts(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Receipt>>> {
    let select = "SELECT m.id, c.contact_id, s.participant, s.status, s.\"at\" FROM messages m \
                  JOIN conversations c ON c.workspace_id = m.workspace_id AND c.id = m.conversation_id \
                  JOIN message_statuses s ON s.channel_id = m.channel_id AND s.whatsapp_id = m.whatsapp_id \
                  AND s.participant <> ''";
    let order = (select, "s.participant, s.\"at\"");
    let mut found: HashMap<MessageId, Vec<Receipt>> = HashMap::new();
    for row in connection.query_all_raw(over(database, workspace, ids, order)).await? {
        // What is no step on a message's way is not told.
        let Ok(status) = DeliveryStatus::try_from_value(&row.try_get_by_index(3)?) else { continue };
        let (group, participant) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let next = Receipt { group, participant, status, at: row.try_get_by_index(4)? };
        let receipts = found.entry(row.try_get_by_index(0)?).or_default();
        match receipts.last_mut().filter(|last| last.participant == next.participant) {
            Some(last) if status.is_further_than(last.status) => *last = next,
            Some(_) => {}
            None => receipts.push(next),
        }
    }
    Ok(found)
}

/// In groups the pricing lies within the conversation.
fn pricing(status: &Value) -> Option<Pricing> {
    let within = || status.get("conversation")?.get("pricing");
    let of = status.get("pricing").or_else(within).filter(|pricing| pricing.is_object())?;
    let text = |name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Pricing {
        billable: of.get("billable").and_then(Value::as_bool),
        model: text("pricing_model"),
        kind: text("type"),
        category: text("category"),
    })
}

/// How messages that were edited read before, the first words first.
pub async fn versions(
    (connection, database): (&impl ConnectionTrait, &Database),
    workspace: WorkspaceId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Version>>> {
    let select = "SELECT m.id, m.kind, m.payload, m.sent_at, e.body, e.sent_at FROM messages m \
                  JOIN messages e ON e.channel_id = m.channel_id AND e.reply_to_whatsapp_id = m.whatsapp_id \
                  AND e.kind = 'edit' AND e.conversation_id = m.conversation_id AND m.edited_at IS NOT NULL";
    let order = (select, "e.sent_at, e.whatsapp_id");
    let rows = connection.query_all_raw(over(database, workspace, ids, order)).await?;
    let mut found: HashMap<MessageId, Vec<Version>> = HashMap::new();
    for row in rows {
        let versions = found.entry(row.try_get_by_index(0)?).or_default();
        if versions.is_empty() {
            let (kind, payload): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            let at: Timestamp = row.try_get_by_index(3)?;
            versions.push(Version { body: Carried::read(&kind, &payload, at).words, at });
        }
        versions.push(Version { body: row.try_get_by_index(4)?, at: row.try_get_by_index(5)? });
    }
    // The last of them is how it reads now.
    for versions in found.values_mut() {
        versions.pop();
    }
    Ok(found)
}
