//! What the viewer may do with a quick reply and a guideline.

use async_graphql::Context;
use portaria_domain::guideline::{self, GuidelineRow};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::quick_reply::{self, QuickReplyRow, Status};
use portaria_guard::guarded;

use super::Ability;
use crate::error::Result;
use crate::request::Request;

pub struct QuickReplyAbilities(pub QuickReplyRow);

impl QuickReplyAbilities {
    fn ability(&self, ctx: &Context<'_>, status: Status) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(quick_reply::may_change(request.viewer()?, &self.0, status, request.now).into())
    }
}

/// What the viewer may do with a quick reply now.
#[guarded]
impl QuickReplyAbilities {
    /// Write it anew: `updateQuickReply`. Where it is to be offered, is looked at then.
    #[authenticated]
    fn update(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Status::InUse)
    }

    /// Have it offered no more: `archiveQuickReply`.
    #[authenticated]
    fn archive(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Status::InUse)
    }

    /// Have it offered again: `restoreQuickReply`.
    #[authenticated]
    fn restore(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Status::Archived)
    }
}

pub struct GuidelineAbilities(pub GuidelineRow);

impl GuidelineAbilities {
    fn ability(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        Ok(guideline::may_change(request.viewer()?, &self.0, request.now).into())
    }
}

/// What the viewer may do with a guideline now.
#[guarded]
impl GuidelineAbilities {
    /// Write it anew: `updateGuideline`. Where it is to hold, is looked at then.
    #[authenticated]
    fn update(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx)
    }

    /// Put it out of force: `archiveGuideline`.
    #[authenticated]
    fn archive(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx)
    }

    /// Say that they have read it: `acknowledgeGuideline`.
    #[authenticated]
    fn acknowledge(&self, ctx: &Context<'_>) -> Result<Ability> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let reads = PermissionSet::of(&[Permission::QuickReplyRead, Permission::QuickReplyManage]);
        let in_force = self.0.row.archived_at.is_none() && viewer.session().is_ok();
        Ok(if in_force { viewer.ask(self.0.held, reads, request.now).into() } else { Ability::No })
    }
}
