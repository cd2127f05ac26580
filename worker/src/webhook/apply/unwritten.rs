//! New rows, written many at a time: before anything is looked up among them or changed in them, and at the end.

use std::collections::BTreeMap;

use portaria_domain::database::in_powers_of_two;
use portaria_domain::{Error, Result};
use portaria_entity::id::ConversationId;
use portaria_entity::{contact, contact_identity, conversation, episode, media_file, message, message_file};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait};

use super::Application;

#[derive(Default)]
pub(super) struct Unwritten {
    pub(super) contacts: Vec<contact::ActiveModel>,
    pub(super) identities: Vec<contact_identity::ActiveModel>,
    pub(super) conversations: BTreeMap<ConversationId, conversation::ActiveModel>,
    pub(super) episodes: Vec<episode::ActiveModel>,
    pub(super) messages: Vec<message::ActiveModel>,
    pub(super) files: Vec<(media_file::ActiveModel, message_file::ActiveModel)>,
}

impl Application<'_> {
    pub(super) async fn write_rows(&mut self) -> Result<()> {
        let Unwritten { contacts, identities, conversations, episodes, messages, files } =
            std::mem::take(&mut self.unwritten);
        let conversations: Vec<_> = conversations.into_values().collect();
        write(self.transaction, &contacts).await?;
        write(self.transaction, &identities).await?;
        write(self.transaction, &conversations).await?;
        write(self.transaction, &episodes).await?;
        write(self.transaction, &messages).await?;
        let (files, links): (Vec<_>, Vec<_>) = files.into_iter().unzip();
        write(self.transaction, &files).await?;
        write(self.transaction, &links).await
    }
}

/// Each was looked for before. One that is there after all was written meanwhile, by somebody who keeps no turns: begin
/// again, and find it.
async fn write<A: ActiveModelTrait + Clone>(transaction: &DatabaseTransaction, rows: &[A]) -> Result<()> {
    for rows in in_powers_of_two(rows) {
        let written = A::Entity::insert_many(rows.iter().cloned())
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        if usize::try_from(written).ok() != Some(rows.len()) {
            return Err(Error::Busy);
        }
    }
    Ok(())
}
