//! Which of their permissions somebody used, and what would have sufficed.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::access::Scope;
use portaria_domain::least_privilege::{Advice, Lookback, ScopeAdvice, Verdict};
use portaria_domain::permission::PermissionSet;
use portaria_domain::permission_use::Whose;
use portaria_entity::id::RoleId;
use portaria_guard::guarded;

use super::grant::ScopeKind;
use super::member::Member;
use super::permission::PermissionKey;
use super::role::Role;
use super::time::DateTime;
use crate::error::Result;
use crate::request::Request;

/// What is to be said of somebody's access.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum LeastPrivilegeVerdict {
    /// They, or the record of uses, are too new for the days that were asked for: `tooEarlyUntil` says from when on.
    TooEarly,
    /// They have used nothing that not every member may do: whether they need access at all is the question.
    Unused,
    /// They change what others may do, and have to hold what those hold: nothing is proposed.
    Administers,
    /// No smaller role that is there would have sufficed.
    Fits,
    /// Less would have sufficed: `applyLeastPrivilege` moves them there.
    Excess,
}

pub struct LeastPrivilege(pub Arc<Advice>);

fn keys(permissions: PermissionSet) -> Vec<PermissionKey> {
    permissions.iter().map(Into::into).collect()
}

impl LeastPrivilege {
    /// For so many days, as a client asked for them.
    pub fn lookback(days: Option<i32>) -> Result<Lookback> {
        Ok(Lookback::new(days.map(i64::from))?)
    }
}

/// Which of their permissions a member or an API key used lately, and the smallest roles that would have sufficed. A use is known by
/// permission and not by where: what was used anywhere counts as needed wherever it is held, so that nothing that was done would have been
/// refused.
#[guarded]
impl LeastPrivilege {
    /// The member that it is about; null of an API key.
    #[authenticated]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.whose {
            Whose::Member(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            Whose::ApiKey(_) => Ok(None),
        }
    }

    /// How many days were looked at.
    #[authenticated]
    fn days(&self) -> u32 {
        self.0.lookback.days()
    }

    /// From when on uses counted.
    #[authenticated]
    fn since(&self) -> DateTime {
        self.0.since.into()
    }

    /// Since when uses are recorded in the workspace: what was used before is not known.
    #[authenticated]
    fn recorded_since(&self) -> DateTime {
        self.0.recorded_since.into()
    }

    /// What is to be said.
    #[authenticated]
    fn verdict(&self) -> LeastPrivilegeVerdict {
        match self.0.verdict {
            Verdict::TooEarly { .. } => LeastPrivilegeVerdict::TooEarly,
            Verdict::Unused => LeastPrivilegeVerdict::Unused,
            Verdict::Administers => LeastPrivilegeVerdict::Administers,
            Verdict::Fits => LeastPrivilegeVerdict::Fits,
            Verdict::Excess => LeastPrivilegeVerdict::Excess,
        }
    }

    /// From when on something can be said; null unless it is too early.
    #[authenticated]
    fn too_early_until(&self) -> Option<DateTime> {
        match self.0.verdict {
            Verdict::TooEarly { until } => Some(until.into()),
            Verdict::Unused | Verdict::Administers | Verdict::Fits | Verdict::Excess => None,
        }
    }

    /// Each scope in which they hold something, with what would have sufficed there; the whole workspace first.
    #[authenticated]
    fn scopes(&self) -> Vec<LeastPrivilegeScope> {
        let scope = |place| LeastPrivilegeScope { advice: self.0.clone(), place };
        (0..self.0.scopes.len()).map(scope).collect()
    }

    /// What they would hold nowhere any more; empty where nothing is proposed.
    #[authenticated]
    fn loses(&self) -> Vec<PermissionKey> {
        keys(self.0.loses())
    }

    /// For `applyLeastPrivilege`: what is proposed here and nothing else. Null where nothing is.
    #[authenticated]
    fn preview_token(&self) -> Option<String> {
        self.0.token()
    }
}

pub struct LeastPrivilegeScope {
    advice: Arc<Advice>,
    place: usize,
}

impl LeastPrivilegeScope {
    fn scope(&self) -> &ScopeAdvice {
        &self.advice.scopes[self.place]
    }
}

async fn role_of(ctx: &Context<'_>, id: Option<RoleId>) -> Result<Option<Role>> {
    let Some(id) = id else { return Ok(None) };
    let roles = Request::of(ctx).loaders()?.advice.roles().await?;
    let found = roles.iter().find(|row| row.role.id == id);
    Ok(found.map(|row| Role { row: row.clone(), own: false }))
}

/// What somebody holds in one scope, what of it they used, and what would have sufficed there.
#[guarded]
impl LeastPrivilegeScope {
    /// Whether it is the whole workspace, a phone number or a team's conversations.
    #[authenticated]
    fn scope_kind(&self) -> ScopeKind {
        match self.scope().scope {
            Scope::Workspace => ScopeKind::Workspace,
            Scope::Channel(_) => ScopeKind::Channel,
            Scope::Team(_) => ScopeKind::Team,
        }
    }

    /// Id of the channel or team; null for the whole workspace.
    #[authenticated]
    fn scope_id(&self) -> Option<ID> {
        let (channel, team) = self.scope().scope.columns();
        channel.map(ID::from).or(team.map(ID::from))
    }

    /// What they hold there, but for what every member may do.
    #[authenticated]
    fn held(&self) -> Vec<PermissionKey> {
        keys(self.scope().held)
    }

    /// What of it they used.
    #[authenticated]
    fn used(&self) -> Vec<PermissionKey> {
        keys(self.scope().used)
    }

    /// What of it they did not use.
    #[authenticated]
    fn unused(&self) -> Vec<PermissionKey> {
        keys(self.scope().held.without(self.scope().used))
    }

    /// Ids of the grants that make it up (`grant_...`).
    #[authenticated]
    fn grant_ids(&self) -> Vec<ID> {
        self.scope().grants.iter().map(|grant| grant.id.into()).collect()
    }

    /// Ids of those grants that stay whatever was used: they are younger than the days that are looked at, or a directory or an identity
    /// provider gives them.
    #[authenticated]
    fn kept_grant_ids(&self) -> Vec<ID> {
        let kept = self.scope().grants.iter().filter(|grant| grant.kept.is_some());
        kept.map(|grant| grant.id.into()).collect()
    }

    /// Ids of the grants that would be closed; empty where it fits.
    #[authenticated]
    fn closes_grant_ids(&self) -> Vec<ID> {
        let step = self.scope().step.as_ref();
        step.map(|step| step.closes.iter().copied().map(ID::from).collect()).unwrap_or_default()
    }

    /// The role that they would be given in their place; null where none is, or one of theirs does.
    #[authenticated]
    async fn gives_role(&self, ctx: &Context<'_>) -> Result<Option<Role>> {
        let gift = self.scope().step.as_ref().and_then(|step| step.gives);
        role_of(ctx, gift.map(|gift| gift.role_id)).await
    }

    /// What they would hold there then, but for what every member may do; what they hold now where it fits.
    #[authenticated]
    fn leaves(&self) -> Vec<PermissionKey> {
        keys(self.scope().step.as_ref().map_or(self.scope().held, |step| step.leaves))
    }

    /// Where no role that is there is small enough: the one that comes nearest; null elsewhere.
    #[authenticated]
    async fn nearest_role(&self, ctx: &Context<'_>) -> Result<Option<Role>> {
        role_of(ctx, self.scope().nearest.map(|(role, _)| role)).await
    }

    /// What they used and that role does not allow.
    #[authenticated]
    fn nearest_role_lacks(&self) -> Vec<PermissionKey> {
        keys(self.scope().nearest.map_or(PermissionSet::EMPTY, |(_, lacks)| lacks))
    }

    /// What a custom role would allow that is just enough; empty where a role that is there is.
    #[authenticated]
    fn custom_role_permissions(&self) -> Vec<PermissionKey> {
        keys(self.scope().custom.unwrap_or_default())
    }
}
