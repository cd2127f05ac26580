//! Eligibility for emergency roles.

use async_graphql::ID;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::emergency_eligibility::Model;
use portaria_guard::guarded;

use super::ability::EmergencyEligibilityAbilities;
use super::grant::ScopeKind;
use super::role::Role;
use crate::guard::Subject;

pub struct EmergencyEligibility {
    pub row: Model,
    pub role: Role,
}

impl Subject for EmergencyEligibility {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        viewer.is_member(self.row.member_id)
    }
}

/// A role that a member may take on in an emergency, for some hours, with a reason, while every administrator is told.
#[guarded]
impl EmergencyEligibility {
    /// Starts with `elig_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> EmergencyEligibilityAbilities {
        EmergencyEligibilityAbilities(self.row.clone())
    }

    /// The role.
    #[requires(RoleRead, or_self)]
    fn role(&self) -> &Role {
        &self.role
    }

    /// Where it would hold.
    #[requires(RoleRead, or_self)]
    fn scope_kind(&self) -> ScopeKind {
        match (self.row.channel_id, self.row.team_id) {
            (Some(_), _) => ScopeKind::Channel,
            (None, Some(_)) => ScopeKind::Team,
            (None, None) => ScopeKind::Workspace,
        }
    }

    /// Id of the channel or team it would hold for; null for the whole workspace.
    #[requires(RoleRead, or_self)]
    fn scope_id(&self) -> Option<ID> {
        self.row.channel_id.map(ID::from).or(self.row.team_id.map(ID::from))
    }

    /// The longest that one activation may last, in hours.
    #[requires(RoleRead, or_self)]
    fn max_hours(&self) -> i32 {
        self.row.max_hours
    }

    /// Why they may.
    #[requires(RoleRead, or_self)]
    fn reason(&self) -> &str {
        &self.row.reason
    }
}
