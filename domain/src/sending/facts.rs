//! Reads how things stand, for the gate.

use portaria_entity::consent::ConsentChoice;
use portaria_entity::contact_identity::IdentityKind;
use portaria_entity::conversation;
use portaria_entity::time::Timestamp;
use sea_orm::{ActiveEnum, ConnectionTrait};
use uuid::Uuid;

use super::gate::{Addresses, FREE_ENTRY, Facts, MarketingChoice, NumberState};
use crate::consent;
use crate::conversation::{ConversationRow, is_in_charge};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::permission::PermissionSet;
use crate::viewer::{Principal, Viewer};

const FACTS: &str = "
SELECT c.sealed_access_token IS NOT NULL, s.stop_reason,
       (SELECT MAX(f.answered_at) FROM free_entry_points f WHERE f.workspace_id = $1 AND f.conversation_id = $3),
       EXISTS (SELECT 1 FROM contact_identities i WHERE i.workspace_id = $1 AND i.contact_id = $4 AND i.kind = $5),
       EXISTS (SELECT 1 FROM contact_identities i WHERE i.workspace_id = $1 AND i.contact_id = $4 AND i.kind = $6),
       EXISTS (SELECT 1 FROM contact_groups g WHERE g.workspace_id = $1 AND g.contact_id = $4),
       (SELECT COUNT(*) FROM outgoing_messages o WHERE o.sender_id = $7 AND o.state = 'queued')
FROM channels c LEFT JOIN channel_sending s ON s.workspace_id = c.workspace_id AND s.channel_id = c.id
WHERE c.workspace_id = $1 AND c.id = $2";

/// Who sends: each principal's messages are counted, and each has idempotency keys of its own.
pub fn sender(viewer: &Viewer) -> Uuid {
    match viewer.principal {
        Principal::Member(session) => session.member_id.0,
        Principal::ApiKey(key) => key.0,
    }
}

/// How things stand for a viewer in a conversation that they see.
pub async fn of_viewer(
    (connection, database): (&impl ConnectionTrait, &Database),
    viewer: &Viewer,
    conversation: &ConversationRow,
    now: Timestamp,
) -> Result<Facts> {
    let who = (sender(viewer), conversation.held, is_in_charge(viewer, conversation));
    of_sender((connection, database), who, &conversation.row, now).await
}

/// The same for who is known by what they hold there, and whether it is theirs.
pub async fn of_sender(
    (connection, database): (&impl ConnectionTrait, &Database),
    (sender, held, is_in_charge): (Uuid, PermissionSet, bool),
    row: &conversation::Model,
    now: Timestamp,
) -> Result<Facts> {
    let values = [
        row.workspace_id.0.into(),
        row.channel_id.0.into(),
        row.id.0.into(),
        row.contact_id.0.into(),
        IdentityKind::Phone.to_value().into(),
        IdentityKind::BusinessScopedId.to_value().into(),
        sender.into(),
    ];
    let read = connection.query_one_raw(database.statement(FACTS, values)).await?;
    let read = read.ok_or_else(|| Error::internal("a conversation without its number"))?;
    let stopped: Option<String> = read.try_get_by_index(1)?;
    let stopped = stopped.map(|reason| ActiveEnum::try_from_value(&reason)).transpose()?;
    let answered: Option<Timestamp> = read.try_get_by_index(2)?;
    let waiting: i64 = read.try_get_by_index(6)?;
    let said = consent::of_contacts(connection, row.workspace_id, &[row.contact_id]).await?;
    Ok(Facts {
        now,
        held,
        is_in_charge,
        last_inbound_at: row.last_inbound_at,
        has_written: row.last_inbound_at.is_some(),
        free_entry_until: answered.map(|at| at + FREE_ENTRY),
        address: Addresses { phone: read.try_get_by_index(3)?, user_id: read.try_get_by_index(4)? },
        is_group: read.try_get_by_index(5)?,
        marketing: said.get(&row.contact_id).map(|consent| match consent.choice {
            ConsentChoice::Granted => MarketingChoice::Wanted,
            ConsentChoice::Withdrawn => MarketingChoice::Refused,
        }),
        number: NumberState { has_token: read.try_get_by_index(0)?, stopped },
        waiting: u64::try_from(waiting).unwrap_or(0),
    })
}
