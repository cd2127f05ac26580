//! Merging customers who are one person, and taking it back.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::contact_merge::{self, NewMerge};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::contact_merge::Model;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::contact::Contact;
use crate::graphql::contact_merge::ContactMerge;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct ContactMergeMutation;

impl Subject for ContactMergeMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which contacts are one person.
#[derive(InputObject)]
pub struct MergeContactsInput {
    /// Who stays (`contact_...`).
    into_id: ID,
    /// Who becomes part of them (`contact_...`).
    contact_id: ID,
    /// Why they are one, in at most 500 characters: for who looks at it later.
    reason: Option<String>,
}

/// Which merge is to be taken back.
#[derive(InputObject)]
pub struct UndoContactMergeInput {
    /// Id of the merge (`merge_...`): see `Contact.merges`.
    merge_id: ID,
}

payload! {
    /// What came of merging two contacts.
    MergeContactsPayload [authenticated] {
        /// What was done, with which it can be undone; null when it was refused.
        merge: ContactMerge,
        /// Who stayed, with all that belongs to both; null when it was refused.
        contact: Contact
    }
    MergeContactsUserError, MergeContactsErrorCode {
        /// Both are the same already.
        SameContact = SameContact at "contactId",
        /// It was merged into another already: look at it again.
        ContactMerged = ContactMerged at "contactId",
        /// Who is to stay was merged into another already: look at it again.
        SurvivorMerged = SurvivorMerged at "intoId",
        /// One of them is a group, which is no person.
        GroupContact = GroupContact,
        /// The reason is longer than 500 characters.
        ReasonTooLong = TextTooLong at "reason",
    }
}

payload! {
    /// What came of taking a merge back.
    UndoContactMergePayload [authenticated] {
        /// The merge as it is now; null when it was refused.
        merge: ContactMerge,
        /// Who had been merged and is there again; null when it was refused.
        contact: Contact
    }
    UndoContactMergeUserError, UndoContactMergeErrorCode {
        /// Who stayed was merged further, or somebody else into them, since: undo that first.
        LaterMerge = LaterMerge at "mergeId",
    }
}

/// What was done, with what the viewer holds towards who stayed.
async fn seen(request: &Request, row: Model) -> Result<Option<ContactMerge>> {
    let found = request.loaders()?.contact(row.into_id).await?;
    Ok(found.map(|contact| ContactMerge { held: contact.held, row }))
}

#[guarded]
impl ContactMergeMutation {
    /// Merges two contacts who are one person: identities, conversations, consents and all else of the one go over to the other,
    /// and of two conversations over one number comes one. Who refused marketing under either name is sent none. It needs
    /// `CONTACT_UPDATE`, `CONVERSATION_READ_ALL` and `CONVERSATION_ASSIGN` for the whole workspace, and can be undone.
    #[requires(ContactUpdate)]
    async fn merge_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who becomes part of whom.")] input: MergeContactsInput,
    ) -> Result<MergeContactsPayload> {
        let request = Request::of(ctx);
        let (into_id, contact_id) = (parse(&input.into_id)?, parse(&input.contact_id)?);
        let new = NewMerge { into_id, contact_id, reason: input.reason.as_deref() };
        let outcome = contact_merge::merge(&request.installation, request.viewer()?, new).await;
        let outcome = match outcome {
            Ok(row) => Ok(seen(request, row).await?),
            Err(error) => Err(error),
        };
        let mut payload = MergeContactsPayload::new(outcome)?;
        if payload.merge.is_some() {
            payload.contact = request.loaders()?.contact(into_id).await?.map(Contact);
        }
        Ok(payload)
    }

    /// Takes a merge back: both contacts are there again, each with what was theirs. What came meanwhile goes with whoever is
    /// named in it, or stays where it is. For administrators; a merge that was taken back already stays so.
    #[requires(ContactUpdate)]
    async fn undo_contact_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which merge.")] input: UndoContactMergeInput,
    ) -> Result<UndoContactMergePayload> {
        let request = Request::of(ctx);
        let outcome =
            contact_merge::undo(&request.installation, request.viewer()?, parse(&input.merge_id)?).await;
        let contact_id = outcome.as_ref().ok().map(|row| row.contact_id);
        let outcome = match outcome {
            Ok(row) => Ok(seen(request, row).await?),
            Err(error) => Err(error),
        };
        let mut payload = UndoContactMergePayload::new(outcome)?;
        if let Some(id) = contact_id {
            payload.contact = request.loaders()?.contact(id).await?.map(Contact);
        }
        Ok(payload)
    }
}
