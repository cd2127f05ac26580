//! Grants: who holds which role, where, and until when.

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::access::Scope;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::grant::Model;
use portaria_guard::guarded;

use super::ability::GrantAbilities;
use super::id::parse;
use super::member::Member;
use super::role::Role;
use super::time::DateTime;
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::request::Request;

/// Where a grant holds.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// In the whole workspace.
    Workspace,
    /// On one phone number.
    Channel,
    /// For one team's conversations.
    Team,
}

/// Where a role shall hold.
#[derive(InputObject)]
pub struct GrantScopeInput {
    /// In the whole workspace, on one phone number, or for one team's conversations.
    kind: ScopeKind,
    /// Which phone number (`chan_...`) or team (`team_...`); none for the whole workspace.
    id: Option<ID>,
}

impl GrantScopeInput {
    pub fn parse(&self) -> Result<Scope> {
        match (self.kind, &self.id) {
            (ScopeKind::Workspace, None) => Ok(Scope::Workspace),
            (ScopeKind::Channel, Some(id)) => Ok(Scope::Channel(parse(id)?)),
            (ScopeKind::Team, Some(id)) => Ok(Scope::Team(parse(id)?)),
            (ScopeKind::Workspace, Some(_)) => {
                Err(Problem::BadUserInput("The whole workspace has no `id` here.".to_owned()))
            }
            (ScopeKind::Channel | ScopeKind::Team, None) => {
                Err(Problem::BadUserInput("`id` says which phone number or team.".to_owned()))
            }
        }
    }
}

pub struct Grant {
    pub row: Model,
    pub role: Role,
}

impl Subject for Grant {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        viewer.is_member(self.row.member_id)
    }
}

/// A role held by a member, somewhere, for some time, for a reason.
#[guarded]
impl Grant {
    /// Starts with `grant_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> GrantAbilities {
        GrantAbilities(self.row.clone())
    }

    /// The role.
    #[requires(RoleRead, or_self)]
    fn role(&self) -> &Role {
        &self.role
    }

    /// Where it holds.
    #[requires(RoleRead, or_self)]
    fn scope_kind(&self) -> ScopeKind {
        match (self.row.channel_id, self.row.team_id) {
            (Some(_), _) => ScopeKind::Channel,
            (None, Some(_)) => ScopeKind::Team,
            (None, None) => ScopeKind::Workspace,
        }
    }

    /// Id of the channel or team it holds for; null for the whole workspace.
    #[requires(RoleRead, or_self)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }

    /// When it began.
    #[requires(RoleRead, or_self)]
    fn valid_from(&self) -> DateTime {
        self.row.valid_from.into()
    }

    /// When it ends by itself; null when it does not.
    #[requires(RoleRead, or_self)]
    fn valid_until(&self) -> Option<DateTime> {
        self.row.valid_until.map(Into::into)
    }

    /// Why it was given.
    #[requires(RoleRead, or_self)]
    fn reason(&self) -> &str {
        &self.row.reason
    }

    /// Who holds it.
    #[requires(RoleRead, or_self)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.row.member_id).await?.map(Member))
    }

    /// Who gave it; null when the installation itself did.
    #[requires(RoleRead, or_self)]
    async fn granted_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.row.granted_by {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When it was given.
    #[requires(RoleRead, or_self)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }
}
