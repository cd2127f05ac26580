//! Roles.

use async_graphql::{Enum, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::role::RoleRow;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::ability::RoleAbilities;
use super::permission::PermissionKey;
use crate::guard::Subject;

/// The five roles that every workspace has and that cannot be changed.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::role::BuiltInRole")]
pub enum BuiltInRole {
    /// Everything, in the whole workspace.
    Administrator,
    /// Answers customers and sees their phone numbers.
    Agent,
    /// Connects systems: API keys, webhooks, chatbots. Reads no conversations.
    Developer,
    /// Figures and reports, without customers or text.
    Analyst,
    /// Answers within guidelines: approved replies and templates, phone numbers masked.
    Support,
}

pub struct Role {
    pub row: RoleRow,
    /// Whether it is a role that the viewer holds.
    pub own: bool,
}

impl Subject for Role {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, _viewer: &Viewer) -> bool {
        self.own
    }
}

/// A named set of permissions. Who holds it, and where, is told by grants.
#[guarded]
impl Role {
    /// Starts with `role_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.row.role.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> RoleAbilities {
        RoleAbilities(self.row.role.id)
    }

    /// What it is called.
    #[requires(RoleRead, or_self)]
    fn name(&self) -> &str {
        &self.row.role.name
    }

    /// What it is for.
    #[requires(RoleRead, or_self)]
    fn description(&self) -> &str {
        &self.row.role.description
    }

    /// Which of the five built-in roles it is; null for a custom one.
    #[requires(RoleRead, or_self)]
    fn built_in(&self) -> Option<BuiltInRole> {
        self.row.role.built_in.map(Into::into)
    }

    /// What it allows, where it is granted for the whole workspace. A narrower grant confers those that exist there.
    #[requires(RoleRead, or_self)]
    fn permissions(&self) -> Vec<PermissionKey> {
        self.row.permissions.iter().map(Into::into).collect()
    }
}
