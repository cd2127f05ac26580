//! Keeps everybody else from two contacts while they are merged or parted: webhooks that speak of them, agents who act on
//! their conversations, and others who merge.

use portaria_entity::id::{ContactId, WorkspaceId};
use portaria_entity::{contact, contact_identity, conversation};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::turn;

/// Two contacts with the conversations that they have, locked.
pub(super) struct Held {
    pub contacts: Vec<contact::Model>,
    /// With those that have become part of others.
    pub conversations: Vec<conversation::Model>,
}

/// Locks them in the order in which webhooks do: their names, their identities, themselves, their conversations.
pub(super) async fn hold(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    workspace: WorkspaceId,
    ids: [ContactId; 2],
) -> Result<Held> {
    let identities = || {
        contact_identity::Entity::find()
            .filter(contact_identity::Column::WorkspaceId.eq(workspace))
            .filter(contact_identity::Column::ContactId.is_in(ids))
            .order_by_asc(contact_identity::Column::Id)
    };
    let known = identities().all(transaction).await?;
    turn::take(installation, transaction, workspace, known.iter().map(|row| row.value.as_str())).await?;
    let identities = identities().lock_exclusive().all(transaction).await?;
    if identities.iter().any(|row| !known.iter().any(|one| one.id == row.id)) {
        // Another was learnt meanwhile, whose turn is not taken: begin again.
        return Err(Error::Busy);
    }
    let contacts = contact::Entity::find()
        .filter(contact::Column::WorkspaceId.eq(workspace))
        .filter(contact::Column::Id.is_in(ids))
        .order_by_asc(contact::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(transaction)
        .await?;
    let conversations = conversation::Entity::find()
        .filter(conversation::Column::WorkspaceId.eq(workspace))
        .filter(conversation::Column::ContactId.is_in(ids))
        .order_by_asc(conversation::Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    Ok(Held { contacts, conversations })
}
