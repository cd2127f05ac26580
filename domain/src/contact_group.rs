//! Groups in which customers write: each is a contact of its own.

use std::collections::HashMap;

use portaria_entity::contact_group::{self, Column};
use portaria_entity::id::{ContactId, WorkspaceId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

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
