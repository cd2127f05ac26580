//! Groups in which customers write.

use std::sync::Arc;

use async_graphql::Enum;
use portaria_entity::contact_group::Model;
use portaria_guard::guarded;

/// Whether a group can be written to.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ContactGroupStatus {
    /// It can, as far as WhatsApp has said.
    Active,
    /// WhatsApp has closed it.
    Suspended,
    /// It is gone.
    Deleted,
}

pub struct ContactGroup(pub Arc<Model>);

/// What makes a contact a group of people rather than a customer. Its subject is the contact's name.
#[guarded]
impl ContactGroup {
    /// Whether it can be written to.
    #[authenticated]
    fn status(&self) -> ContactGroupStatus {
        match self.0.status.as_deref() {
            Some("suspended") => ContactGroupStatus::Suspended,
            Some("deleted") => ContactGroupStatus::Deleted,
            Some(_) | None => ContactGroupStatus::Active,
        }
    }
}
