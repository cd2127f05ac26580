//! What the viewer may do with a finding.

use std::sync::Arc;

use async_graphql::Context;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::finding::action::may_take;
use portaria_domain::audit::finding::deciding::{Step, may_decide};
use portaria_domain::permission::Permission;
use portaria_guard::guarded;

use super::{Ability, by_ledger};
use crate::error::Result;
use crate::graphql::finding::FindingAction;

/// Which finding.
pub struct FindingAbilities(pub Arc<OpenFinding>);

impl FindingAbilities {
    async fn ability(&self, ctx: &Context<'_>, step: Step) -> Result<Ability> {
        by_ledger(ctx, Permission::FindingResolve, |prospect| may_decide(prospect, &self.0, step).map(drop))
            .await
    }
}

/// What the viewer may do with a finding now.
#[guarded]
impl FindingAbilities {
    /// Say that somebody is at it: `acknowledgeFinding`.
    #[authenticated]
    async fn acknowledge(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Step::Acknowledge).await
    }

    /// Say that nothing is to be done for a while: `dismissFinding`.
    #[authenticated]
    async fn dismiss(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Step::Dismiss).await
    }

    /// Say that it is resolved: `resolveFinding`.
    #[authenticated]
    async fn resolve(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Step::Resolve).await
    }

    /// Take back what was said: `reopenFinding`.
    #[authenticated]
    async fn reopen(&self, ctx: &Context<'_>) -> Result<Ability> {
        self.ability(ctx, Step::Reopen).await
    }

    /// Do something about it: `takeFindingAction`. Until when grants shall last is looked at then.
    #[authenticated]
    async fn take_action(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What: one of `actions`.")] action: FindingAction,
    ) -> Result<Ability> {
        let action = action.into();
        by_ledger(ctx, Permission::FindingResolve, |prospect| may_take(prospect, &self.0, action)).await
    }
}
