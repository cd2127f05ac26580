//! Groups in which customers write.

use std::sync::Arc;

use async_graphql::{Context, Enum};
use portaria_domain::contact_group::participants;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::contact_group::Model;
use portaria_entity::group_participant;
use portaria_guard::guarded;

use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

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

pub struct ContactGroup {
    pub row: Arc<Model>,
    /// What the viewer holds towards it.
    pub held: PermissionSet,
}

impl Subject for ContactGroup {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What makes a contact a group of people rather than a customer. Its subject is the contact's name.
#[guarded]
impl ContactGroup {
    /// Whether it can be written to.
    #[authenticated]
    fn status(&self) -> ContactGroupStatus {
        match self.row.status.as_deref() {
            Some("suspended") => ContactGroupStatus::Suspended,
            Some("deleted") => ContactGroupStatus::Deleted,
            Some(_) | None => ContactGroupStatus::Active,
        }
    }

    /// Who is in it, was, or asks to be, as far as WhatsApp has told; who changed last first. That they were shown is recorded, once
    /// a day for each who sees them.
    #[requires(ContactReadPhone)]
    async fn participants(&self, ctx: &Context<'_>) -> Result<Vec<GroupParticipant>> {
        let request = Request::of(ctx);
        let reader = request.installation.database.reader();
        let rows = participants(reader, (self.row.workspace_id, self.row.contact_id)).await?;
        if !rows.is_empty() {
            request.loaders()?.reveal(self.row.contact_id).await?;
        }
        Ok(rows.into_iter().map(GroupParticipant).collect())
    }
}

/// How somebody stands to a group.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "group_participant::ParticipantStatus")]
pub enum GroupParticipantStatus {
    /// They ask to be let in.
    Asked,
    /// They asked, and ask no more.
    Withdrew,
    /// They are in it.
    Joined,
    /// They have left it, or were taken out.
    Left,
}

pub struct GroupParticipant(group_participant::Model);

/// Somebody who is in a group, was, or asks to be. Shown to who may read people's numbers alone.
#[guarded]
impl GroupParticipant {
    /// Their number in E.164; null where only Meta's id of them is known.
    #[authenticated]
    fn phone(&self) -> Option<String> {
        self.0.phone.as_ref().map(|digits| format!("+{digits}"))
    }

    /// Meta's business-scoped id of them; null where it is not known.
    #[authenticated]
    fn user_id(&self) -> Option<&str> {
        self.0.user_id.as_deref()
    }

    /// How they stand to the group.
    #[authenticated]
    fn status(&self) -> GroupParticipantStatus {
        self.0.status.into()
    }

    /// Since when.
    #[authenticated]
    fn since(&self) -> DateTime {
        self.0.status_at.into()
    }

    /// When they came, last; null where it is not known.
    #[authenticated]
    fn joined_at(&self) -> Option<DateTime> {
        self.0.joined_at.map(Into::into)
    }

    /// When they left, last; null when they never did.
    #[authenticated]
    fn left_at(&self) -> Option<DateTime> {
        self.0.left_at.map(Into::into)
    }
}
