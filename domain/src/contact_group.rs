//! Groups in which customers write: each is a contact of its own.

use std::collections::HashMap;

use portaria_entity::contact_group::{self, Column};
use portaria_entity::group_participant;
use portaria_entity::id::{ContactId, WorkspaceId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::error::Result;

/// Which of these contacts are groups, and what is known of them. The caller may know of the contacts.
pub async fn of_contacts(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, contact_group::Model>> {
    let find = contact_group::Entity::find()
        .filter(Column::WorkspaceId.eq(workspace))
        .filter(Column::ContactId.is_in(contacts.iter().copied()));
    Ok(find.all(connection).await?.into_iter().map(|row| (row.contact_id, row)).collect())
}

/// So many are told of one group: more than WhatsApp lets in.
const MOST_PARTICIPANTS: u64 = 1_100;

/// Who is in a group, was, or asks to be, who changed last first. The caller may know of it and of people's identities.
pub async fn participants(
    connection: &impl ConnectionTrait,
    (workspace, group): (WorkspaceId, ContactId),
) -> Result<Vec<group_participant::Model>> {
    let find = group_participant::Entity::find()
        .filter(group_participant::Column::WorkspaceId.eq(workspace))
        .filter(group_participant::Column::GroupContactId.eq(group))
        .order_by_desc(group_participant::Column::StatusAt)
        .order_by_asc(group_participant::Column::Name)
        .limit(MOST_PARTICIPANTS);
    Ok(find.all(connection).await?)
}
