//! Keeps transactions that speak of the same customer or message from running at the same time.
//!
//! Unique keys alone would keep rows single, but not keep a status from missing the message that is being
//! written beside it, nor two customers' first messages, told in opposite order, from waiting for each other.

use portaria_domain::{Installation, Result, turn};
use portaria_entity::id::WorkspaceId;
use sea_orm::DatabaseTransaction;

use super::Told;
use crate::whatsapp::payload::{Item, Message, Target};

/// Waits for the turn of everything told at once, in one order for all. On SQLite there is but one writer anyway.
pub(super) async fn take(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    workspace: WorkspaceId,
    told: &[Told<'_>],
) -> Result<()> {
    turn::take(installation, transaction, workspace, told.iter().flat_map(|one| names(one.item))).await
}

/// Whom and what it speaks of.
fn names(item: &Item) -> Vec<&str> {
    match item {
        Item::Message(message) => names_of_message(message),
        Item::Status(status) => {
            std::iter::once(status.whatsapp_id.as_str()).chain(status.callback_data.as_deref()).collect()
        }
        Item::Other(_) => Vec::new(),
    }
}

fn names_of_message(message: &Message) -> Vec<&str> {
    let mut names = vec![message.whatsapp_id.as_str()];
    match &message.target {
        Some(
            Target::Edit { original: id }
            | Target::Revoke { original: id }
            | Target::Reaction { message: id, .. },
        ) => {
            names.push(id);
        }
        None => {}
    }
    let notice = message.system.as_ref();
    let parties = [Some(&message.customer), notice.map(|notice| &notice.now)];
    for party in parties.into_iter().flatten() {
        names.extend(
            [&party.phone, &party.user_id, &party.parent_user_id].into_iter().flatten().map(String::as_str),
        );
    }
    let before = notice.map(|notice| [&notice.previous_user_id, &notice.previous_parent_user_id]);
    names.extend(before.into_iter().flatten().flatten().map(String::as_str));
    names.extend(message.profile.username.as_deref());
    names
}
