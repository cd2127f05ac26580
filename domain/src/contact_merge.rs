//! Contacts that turn out to be one person become one, with all that hangs on them; an administrator can take that back.
//!
//! A contact belongs to the whole workspace, and two conversations that become one show each's history to who reads the
//! other. So merging needs, for the whole workspace, what it takes to read all of them and to give them to whom one likes;
//! whether it is refused does not depend on conversations that one may not know of.

mod amending;
mod holding;
mod joining;
mod ledger;
mod merging;
mod parting;
mod standing;
mod state;
mod undoing;
mod whose;

use portaria_entity::contact;
use portaria_entity::contact_merge::{self, Column};
use portaria_entity::id::{ContactId, ContactMergeId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::contact::ContactRow;
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};
use crate::trouble::Trouble;
use crate::viewer::Viewer;

pub use merging::{NewMerge, merge};
pub use undoing::undo;

/// So often it is begun again when somebody else was in the way.
const ATTEMPTS: usize = 5;

/// Refuses who may not merge contacts. Answers what it takes, which is used once it is done. Touches no database.
pub fn may_merge(viewer: &Viewer, now: Timestamp) -> Result<PermissionSet> {
    let mut taken = PermissionSet::EMPTY;
    for permission in
        [Permission::ContactUpdate, Permission::ConversationReadAll, Permission::ConversationAssign]
    {
        taken = taken.union(viewer.ask_everywhere(permission, now)?);
    }
    Ok(taken)
}

/// Refuses who may not take a merge back: it is for administrators, which are those who give roles in the whole workspace.
pub fn may_undo(viewer: &Viewer, now: Timestamp) -> Result<PermissionSet> {
    let taken = may_merge(viewer, now)?;
    let any_of = PermissionSet::of(&[Permission::RoleAssign]);
    match viewer.access.everywhere().contains(Permission::RoleAssign) {
        true => Ok(taken.union(any_of)),
        false => Err(Error::Forbidden { any_of }),
    }
}

/// What was merged into a contact, or into one that was merged into it, newest first.
pub async fn page(
    connection: &impl ConnectionTrait,
    contact: &ContactRow,
    after: Option<ContactMergeId>,
    limit: u64,
) -> Result<Vec<contact_merge::Model>> {
    let workspace = contact.row.workspace_id;
    let merged: Vec<ContactId> = contact::Entity::find()
        .select_only()
        .column(contact::Column::Id)
        .filter(contact::Column::WorkspaceId.eq(workspace))
        .filter(contact::Column::MergedIntoId.eq(contact.row.id))
        .into_tuple()
        .all(connection)
        .await?;
    let into = Condition::any().add(Column::IntoId.eq(contact.row.id)).add(Column::IntoId.is_in(merged));
    let mut find = contact_merge::Entity::find().filter(Column::WorkspaceId.eq(workspace)).filter(into);
    if let Some(after) = after {
        find = find.filter(Column::Id.lt(after));
    }
    Ok(find.order_by_desc(Column::Id).limit(limit).all(connection).await?)
}

/// Whether the same may succeed when it is begun again at once.
fn is_passing<T>(outcome: &Result<T>) -> bool {
    match outcome {
        Err(Error::Busy) => true,
        Err(Error::Database(error)) => Trouble::of(error) == Trouble::Contention,
        Ok(_) | Err(_) => false,
    }
}
