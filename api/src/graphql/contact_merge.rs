//! That customers were found to be one person.

use async_graphql::{Context, ID};
use portaria_domain::contact_merge::may_undo;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::contact_merge::Model;
use portaria_entity::id::ContactMergeId;
use portaria_guard::guarded;
use uuid::Uuid;

use super::ability::Ability;
use super::connection::{decode_cursor, encode_cursor};
use super::contact::Contact;
use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct ContactMerge {
    pub row: Model,
    /// What the viewer holds towards the customer who stayed.
    pub held: PermissionSet,
}

impl ContactMerge {
    pub fn cursor(&self) -> String {
        encode_cursor(&[self.row.id.0.as_bytes()])
    }
}

pub fn merge_cursor(cursor: &str) -> Result<ContactMergeId> {
    let bytes: [u8; 16] = decode_cursor(cursor)?;
    Ok(ContactMergeId(Uuid::from_bytes(bytes)))
}

impl Subject for ContactMerge {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// That one contact became part of another. Its id, and those of its conversations, stand for the other from then on.
#[guarded]
impl ContactMerge {
    /// Starts with `merge_`.
    #[requires(ContactUpdate)]
    async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Who was merged (`contact_...`). Until it is undone, `node(id:)` answers this id with the one who stayed.
    #[requires(ContactUpdate)]
    fn merged_contact_id(&self) -> ID {
        self.row.contact_id.into()
    }

    /// Who stayed, as they are now.
    #[requires(ContactRead)]
    async fn into(&self, ctx: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Request::of(ctx).loaders()?.contact(self.row.into_id).await?.map(Contact))
    }

    /// Why, as who merged them said; null when they said nothing.
    #[requires(ContactUpdate)]
    fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }

    /// Who merged them; null when an API key did.
    #[requires(MemberRead)]
    async fn merged_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.merged_by {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When they were merged.
    #[requires(ContactUpdate)]
    fn merged_at(&self) -> DateTime {
        self.row.merged_at.into()
    }

    /// Who took it back; null while it stands.
    #[requires(MemberRead)]
    async fn undone_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.undone_by {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When it was taken back; null while it stands.
    #[requires(ContactUpdate)]
    fn undone_at(&self) -> Option<DateTime> {
        self.row.undone_at.map(Into::into)
    }

    /// Whether the viewer may take it back: `undoContactMerge`. A later merge that builds on it is to be undone first.
    #[requires(ContactUpdate)]
    fn viewer_can_undo(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        if self.row.undone_at.is_some() {
            return Ok(Ability::No);
        }
        Ok(may_undo(request.viewer()?, request.now).into())
    }
}
