//! How a workspace and its teams route.

use async_graphql::Enum;
use portaria_domain::routing::setting::{TeamRouting as OfTeam, WorkspaceRouting as OfWorkspace};
use portaria_guard::guarded;

/// Who of those who may have a conversation gets it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::team_routing::RoutingRule")]
pub enum RoutingRule {
    /// Who has fewest open conversations; of these, who waited longest for the last one.
    LeastLoaded,
    /// Who waited longest for the last one, however many they have.
    RoundRobin,
}

pub struct WorkspaceRouting(OfWorkspace);

impl From<OfWorkspace> for WorkspaceRouting {
    fn from(setting: OfWorkspace) -> Self {
        Self(setting)
    }
}

/// How the workspace routes.
#[guarded]
impl WorkspaceRouting {
    /// Who is not there for so many minutes, or has ended their last session, is OFFLINE until they are back. Null: nobody
    /// is taken for away.
    #[authenticated]
    fn absent_after_minutes(&self) -> Option<i32> {
        self.0.absent_after_minutes
    }

    /// Who is OFFLINE for so many minutes gives back the conversations in which a customer waits for an answer.
    #[authenticated]
    fn give_back_after_minutes(&self) -> i32 {
        self.0.give_back_after_minutes
    }

    /// Where no team is responsible: after so many minutes in which nobody is found it is an alert. Null: never.
    #[authenticated]
    fn waiting_alert_minutes(&self) -> Option<i32> {
        self.0.waiting_alert_minutes
    }

    /// For so many minutes a conversation waits for somebody with the skills that its labels ask for.
    #[authenticated]
    fn skill_wait_minutes(&self) -> i32 {
        self.0.skill_wait_minutes
    }
}

pub struct TeamRouting(OfTeam);

impl From<OfTeam> for TeamRouting {
    fn from(setting: OfTeam) -> Self {
        Self(setting)
    }
}

/// How a team's conversations are routed, and what it means to achieve.
#[guarded]
impl TeamRouting {
    /// Whose turn it is.
    #[authenticated]
    fn rule(&self) -> RoutingRule {
        self.0.rule.into()
    }

    /// Whether customers stay with who had them before.
    #[authenticated]
    fn sticky(&self) -> bool {
        self.0.sticky
    }

    /// After so many minutes of its hours in which nobody is found it is an alert. Null: never.
    #[authenticated]
    fn waiting_alert_minutes(&self) -> Option<i32> {
        self.0.waiting_alert_minutes
    }

    /// Within so many minutes of its hours a customer should have a first answer. Null: no target.
    #[authenticated]
    fn first_response_minutes(&self) -> Option<i32> {
        self.0.first_response_minutes
    }

    /// Within so many minutes of its hours a conversation should be resolved. Null: no target.
    #[authenticated]
    fn resolution_minutes(&self) -> Option<i32> {
        self.0.resolution_minutes
    }

    /// When so much of the time is used up, it is an alert.
    #[authenticated]
    fn at_risk_percent(&self) -> i32 {
        self.0.at_risk_percent
    }
}
