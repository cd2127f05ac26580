//! What the viewer may do with a template.

use std::sync::Arc;

use async_graphql::Context;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::template::approval::may_approve;
use portaria_domain::template::authority::TemplateRow;
use portaria_domain::template::version::authors;
use portaria_entity::template_version::{Model, TemplateVersionState as State};
use portaria_guard::guarded;

use super::Ability;
use crate::error::Result;
use crate::request::Request;

pub struct TemplateAbilities(pub Arc<TemplateRow>);

impl TemplateAbilities {
    fn held(&self, ctx: &Context<'_>, permission: Permission) -> Result<Ability> {
        let request = Request::of(ctx);
        let any_of = PermissionSet::of(&[permission]);
        Ok(request.viewer()?.ask(self.0.held, any_of, request.now).into())
    }

    async fn latest(&self, ctx: &Context<'_>) -> Result<Option<Arc<Model>>> {
        Request::of(ctx).loaders()?.templates.latest(self.0.row.id).await
    }

    /// With the permission, while the last version is in one of these states.
    async fn while_in(&self, ctx: &Context<'_>, permission: Permission, states: &[State]) -> Result<Ability> {
        match self.held(ctx, permission)? {
            Ability::No => Ok(Ability::No),
            ability => {
                let fits = self.latest(ctx).await?.is_some_and(|last| states.contains(&last.state));
                Ok(if fits { ability } else { Ability::No })
            }
        }
    }
}

/// What the viewer may do with a template now.
#[guarded]
impl TemplateAbilities {
    /// Write another version: `updateTemplate`.
    #[authenticated]
    async fn update(&self, ctx: &Context<'_>) -> Result<Ability> {
        let busy =
            self.while_in(ctx, Permission::TemplateWrite, &[State::Requested, State::Approved]).await?;
        match busy {
            Ability::No => self.held(ctx, Permission::TemplateWrite),
            Ability::Yes | Ability::AfterStepUp => Ok(Ability::No),
        }
    }

    /// Ask to have the last version approved: `requestTemplateApproval`.
    #[authenticated]
    async fn request_approval(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.while_in(ctx, Permission::TemplateWrite, &[State::Draft]).await
    }

    /// Take the last version back: `withdrawTemplate`.
    #[authenticated]
    async fn withdraw(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.while_in(ctx, Permission::TemplateWrite, &[State::Requested, State::Approved]).await
    }

    /// Approve the last version: `approveTemplate`. An author may only where nobody else may.
    #[authenticated]
    async fn approve(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let Some(approver) = viewer.member_id() else { return Ok(Ability::No) };
        if self.held(ctx, Permission::TemplateApprove)? == Ability::No {
            return Ok(Ability::No);
        }
        let requested = self.latest(ctx).await?.filter(|last| last.state == State::Requested);
        let Some(last) = requested else { return Ok(Ability::No) };
        let authors = authors(request.installation.database.reader(), &last).await?;
        let ledger = request.loaders()?.people.ledger().await?;
        let may = may_approve(&ledger, (&authors, &self.0.channels), (viewer, approver), request.now);
        Ok(may.map(drop).into())
    }

    /// Decline the last version: `declineTemplate`.
    #[authenticated]
    async fn decline(&self, ctx: &Context<'_>) -> Result<Ability> {
        if Request::of(ctx).viewer()?.member_id().is_none() {
            return Ok(Ability::No);
        }
        self.while_in(ctx, Permission::TemplateApprove, &[State::Requested]).await
    }

    /// Name what stands in for it, and from which numbers it may be sent: `setTemplateAlternative`, `setTemplateChannels`.
    #[authenticated]
    fn configure(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.held(ctx, Permission::TemplateWrite)
    }

    /// Delete it: `deleteTemplate`.
    #[authenticated]
    fn delete(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.held(ctx, Permission::TemplateDelete)
    }
}
