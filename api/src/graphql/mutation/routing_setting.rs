//! How a workspace and its teams route, and when somebody is there.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::business_hours::{self, Place};
use portaria_domain::channel;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::routing::setting::{self, TeamRouting as OfTeam, WorkspaceRouting as OfWorkspace};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::business_hours::BusinessHoursInput;
use crate::graphql::channel::Channel;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::routing_setting::{RoutingRule, WorkspaceRouting};
use crate::graphql::team::Team;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct RoutingSettingMutation;

impl Subject for RoutingSettingMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// How the workspace is to route. All of it is set; minutes are from 1 to 43200 (30 days).
#[derive(InputObject)]
pub struct UpdateRoutingInput {
    /// Who is not there for so long is OFFLINE; null or left out: nobody is taken for away.
    absent_after_minutes: Option<i32>,
    /// Who is OFFLINE for so long gives back whom they owe an answer; 0: at once.
    give_back_after_minutes: i32,
    /// Where no team is responsible: it is an alert when nobody is found for so long; null or left out: never.
    waiting_alert_minutes: Option<i32>,
    /// For so long a conversation waits for somebody with the skills it asks for; 0: not at all.
    skill_wait_minutes: i32,
}

payload! {
    /// What came of setting how the workspace routes.
    UpdateRoutingPayload [authenticated] {
        /// How it routes now; null when it was refused.
        routing: WorkspaceRouting
    }
    UpdateRoutingUserError, UpdateRoutingErrorCode {
        /// A number of minutes is out of its bounds.
        InvalidPeriod = InvalidPeriod,
    }
}

/// How a team's conversations are to be routed. All of it is set; minutes are from 1 to 43200 (30 days).
#[derive(InputObject)]
pub struct UpdateTeamRoutingInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// Whose turn it is.
    rule: RoutingRule,
    /// Whether customers stay with who had them before.
    sticky: bool,
    /// It is an alert when nobody is found for so many minutes of its hours; null or left out: never.
    waiting_alert_minutes: Option<i32>,
    /// Within so many minutes of its hours a customer should have a first answer; null or left out: no target.
    first_response_minutes: Option<i32>,
    /// Within so many minutes of its hours a conversation should be resolved; null or left out: no target.
    resolution_minutes: Option<i32>,
    /// When so much of the time is used up, it is an alert: from 1 to 100.
    #[graphql(default = 80)]
    at_risk_percent: i32,
}

payload! {
    /// What came of setting how a team's conversations are routed.
    UpdateTeamRoutingPayload [authenticated] {
        /// The team; null when it was refused.
        team: Team
    }
    UpdateTeamRoutingUserError, UpdateTeamRoutingErrorCode {
        /// A number is out of its bounds.
        InvalidPeriod = InvalidPeriod,
    }
}

/// Whose hours, and which.
#[derive(InputObject)]
pub struct SetTeamHoursInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// When somebody of it is there; null or left out: it goes by the hours of its numbers.
    hours: Option<BusinessHoursInput>,
}

payload! {
    /// What came of setting a team's hours.
    SetTeamHoursPayload [authenticated] {
        /// The team; null when it was refused.
        team: Team
    }
    SetTeamHoursUserError, SetTeamHoursErrorCode {
        /// There is no such time zone or date, or hours end before they begin or overlap.
        InvalidPeriod = InvalidPeriod at "hours",
    }
}

/// Whose hours, and which.
#[derive(InputObject)]
pub struct SetChannelHoursInput {
    /// Which phone number (`chan_...`).
    channel_id: ID,
    /// When somebody answers it; null or left out: always.
    hours: Option<BusinessHoursInput>,
}

payload! {
    /// What came of setting a phone number's hours.
    SetChannelHoursPayload [authenticated] {
        /// The phone number; null when it was refused.
        channel: Channel
    }
    SetChannelHoursUserError, SetChannelHoursErrorCode {
        /// There is no such time zone or date, or hours end before they begin or overlap.
        InvalidPeriod = InvalidPeriod at "hours",
    }
}

#[guarded]
impl RoutingSettingMutation {
    /// Sets how the workspace routes.
    #[requires(WorkspaceUpdate)]
    async fn update_routing(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How it is to route.")] input: UpdateRoutingInput,
    ) -> Result<UpdateRoutingPayload> {
        let setting = OfWorkspace {
            absent_after_minutes: input.absent_after_minutes,
            give_back_after_minutes: input.give_back_after_minutes,
            waiting_alert_minutes: input.waiting_alert_minutes,
            skill_wait_minutes: input.skill_wait_minutes,
        };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::WorkspaceUpdate).await?;
            let setting = setting::update_workspace(&mut change, setting).await?;
            change.finish().await?;
            Ok(Some(setting))
        };
        UpdateRoutingPayload::new(outcome.await)
    }

    /// Sets how a team's conversations are routed, and its targets, which hold for what begins from now on.
    #[requires(TeamManage)]
    async fn update_team_routing(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team, and how.")] input: UpdateTeamRoutingInput,
    ) -> Result<UpdateTeamRoutingPayload> {
        let id = parse(&input.team_id)?;
        let setting = OfTeam {
            rule: input.rule.into(),
            sticky: input.sticky,
            waiting_alert_minutes: input.waiting_alert_minutes,
            first_response_minutes: input.first_response_minutes,
            resolution_minutes: input.resolution_minutes,
            at_risk_percent: input.at_risk_percent,
        };
        let outcome = async {
            let mut change = begin(Request::of(ctx), Permission::TeamManage).await?;
            let row = setting::update_team(&mut change, id, setting).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        UpdateTeamRoutingPayload::new(outcome.await)
    }

    /// Says when somebody of a team is there. Outside of it nobody is given its conversations, and its targets do not run.
    #[requires(TeamManage)]
    async fn set_team_hours(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team, and its hours.")] input: SetTeamHoursInput,
    ) -> Result<SetTeamHoursPayload> {
        let id = parse(&input.team_id)?;
        let hours = input.hours.map(TryInto::try_into).transpose()?;
        let request = Request::of(ctx);
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            business_hours::set(&mut change, Place::Team(id), hours.as_ref()).await?;
            change.finish().await?;
            let workspace = request.viewer()?.workspace_id;
            let all = portaria_domain::team::all(request.installation.database.reader(), workspace).await?;
            Ok(all.into_iter().find(|row| row.id == id).map(|row| Team(row.into())))
        };
        SetTeamHoursPayload::new(outcome.await)
    }

    /// Says when somebody answers a phone number. It holds for conversations of no team, and of teams without hours of their
    /// own.
    #[requires(ChannelManage)]
    async fn set_channel_hours(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which phone number, and its hours.")] input: SetChannelHoursInput,
    ) -> Result<SetChannelHoursPayload> {
        let id = parse(&input.channel_id)?;
        let hours = input.hours.map(TryInto::try_into).transpose()?;
        let request = Request::of(ctx);
        let outcome = async {
            let mut change = begin(request, Permission::ChannelManage).await?;
            business_hours::set(&mut change, Place::Channel(id), hours.as_ref()).await?;
            change.finish().await?;
            let workspace = request.viewer()?.workspace_id;
            let all = channel::all(request.installation.database.reader(), workspace).await?;
            Ok(all.into_iter().find(|row| row.id == id).map(|row| Channel(row.into())))
        };
        SetChannelHoursPayload::new(outcome.await)
    }
}
