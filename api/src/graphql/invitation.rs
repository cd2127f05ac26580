//! Invitations that may still be accepted: for who manages members, and for who has the letter.

use std::sync::Arc;

use async_graphql::{Context, ID};
use portaria_domain::invitation::Preview;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::invitation::Model;
use portaria_guard::guarded;

use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct Invitation(pub Model);

impl From<Model> for Invitation {
    fn from(row: Model) -> Self {
        Self(row)
    }
}

impl Subject for Invitation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Somebody who has been asked by e-mail to become a member.
#[guarded]
impl Invitation {
    /// Starts with `inv_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What the invited person is called.
    #[requires(MemberReadPrivate)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Where the invitation was sent.
    #[requires(MemberReadPrivate)]
    fn email(&self) -> &str {
        &self.0.email
    }

    /// Who sent it; if the directory did, who let it in.
    #[requires(MemberReadPrivate)]
    async fn invited_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        let found: Option<Arc<_>> = Request::of(ctx).loaders()?.member(self.0.invited_by).await?;
        Ok(found.map(Member))
    }

    /// Whether the directory asked them. It gives what its groups stand for when they accept.
    #[requires(MemberReadPrivate)]
    fn by_directory(&self) -> bool {
        self.0.directory_user_id.is_some()
    }

    /// Until when it may be accepted.
    #[requires(MemberReadPrivate)]
    fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }
}

pub struct InvitationPreview(pub Preview);

/// An invitation as its letter's owner sees it, before they accept.
#[guarded]
impl InvitationPreview {
    /// The workspace that they are invited to (`ws_...`), for `signInProviders` and `beginSingleSignOn`.
    #[public]
    fn workspace_id(&self) -> ID {
        self.0.workspace.id.into()
    }

    /// What it is called.
    #[public]
    fn workspace_name(&self) -> &str {
        &self.0.workspace.name
    }

    /// What they are called in it.
    #[public]
    fn name(&self) -> &str {
        &self.0.invitation.name
    }

    /// Where it was sent, and with what they will sign in.
    #[public]
    fn email(&self) -> &str {
        &self.0.invitation.email
    }

    /// Whether that address has an account already: `acceptInvitation` takes its password then, and no new one.
    #[public]
    fn has_account(&self) -> bool {
        self.0.has_account
    }

    /// Until when it may be accepted.
    #[public]
    fn expires_at(&self) -> DateTime {
        self.0.invitation.expires_at.into()
    }
}
