//! Teams: who is in them, and which phone numbers they serve.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::team;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::payload::payload;
use crate::graphql::team::Team;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct TeamMutation;

impl Subject for TeamMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What the team is called.
#[derive(InputObject)]
pub struct CreateTeamInput {
    /// A name that no other team has.
    name: String,
}

payload! {
    /// What came of creating a team.
    CreateTeamPayload [authenticated] {
        /// The new team; null when it was refused.
        team: Team
    }
    CreateTeamUserError, CreateTeamErrorCode {
        /// That name is taken.
        NameTaken = NameTaken at "name",
    }
}

/// Which team, and its new name.
#[derive(InputObject)]
pub struct RenameTeamInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// A name that no other team has.
    name: String,
}

payload! {
    /// What came of renaming a team.
    RenameTeamPayload [authenticated] {
        /// The team as it is now; null when it was refused.
        team: Team
    }
    RenameTeamUserError, RenameTeamErrorCode {
        /// That name is taken.
        NameTaken = NameTaken at "name",
    }
}

/// Which team.
#[derive(InputObject)]
pub struct DeleteTeamInput {
    /// Which team (`team_...`).
    team_id: ID,
}

payload! {
    /// What came of deleting a team.
    DeleteTeamPayload [authenticated] {
        /// The id of what was deleted; null when it was refused.
        team_id: ID
    }
    DeleteTeamUserError, DeleteTeamErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "teamId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "teamId",
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
    }
}

/// Which team and which member.
#[derive(InputObject)]
pub struct AddTeamMemberInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// Which member (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of changing a team's members.
    AddTeamMemberPayload [authenticated] {
        /// The team as it is now; null when it was refused.
        team: Team
    }
    AddTeamMemberUserError, AddTeamMemberErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "memberId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter,
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
        /// The member is not active.
        NotActive = NotActive at "memberId",
    }
}

/// Which team and which member.
#[derive(InputObject)]
pub struct RemoveTeamMemberInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// Which member (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of changing a team's members.
    RemoveTeamMemberPayload [authenticated] {
        /// The team as it is now; null when it was refused.
        team: Team
    }
    RemoveTeamMemberUserError, RemoveTeamMemberErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "memberId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
    }
}

/// Which team and which phone number.
#[derive(InputObject)]
pub struct AddTeamChannelInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// Which phone number (`chan_...`).
    channel_id: ID,
}

payload! {
    /// What came of changing a team's phone numbers.
    AddTeamChannelPayload [authenticated] {
        /// The team as it is now; null when it was refused.
        team: Team
    }
    AddTeamChannelUserError, AddTeamChannelErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "channelId",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter,
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "channelId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "channelId",
    }
}

/// Which team and which phone number.
#[derive(InputObject)]
pub struct RemoveTeamChannelInput {
    /// Which team (`team_...`).
    team_id: ID,
    /// Which phone number (`chan_...`).
    channel_id: ID,
}

payload! {
    /// What came of changing a team's phone numbers.
    RemoveTeamChannelPayload [authenticated] {
        /// The team as it is now; null when it was refused.
        team: Team
    }
    RemoveTeamChannelUserError, RemoveTeamChannelErrorCode {
        /// Nobody changes their own access.
        OwnAccess = OwnAccess at "channelId",
        /// Somebody whose access this changes holds what the viewer does not.
        HoldsMore = HoldsMore at "channelId",
    }
}

#[guarded]
impl TeamMutation {
    /// Creates a team of nobody.
    #[requires(TeamManage)]
    async fn create_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the team is called.")] input: CreateTeamInput,
    ) -> Result<CreateTeamPayload> {
        let request = Request::of(ctx);
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::found(&mut change, &input.name).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        CreateTeamPayload::new(outcome.await)
    }

    /// Gives a team another name.
    #[requires(TeamManage)]
    async fn rename_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team, and its new name.")] input: RenameTeamInput,
    ) -> Result<RenameTeamPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::rename(&mut change, id, &input.name).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        RenameTeamPayload::new(outcome.await)
    }

    /// Deletes a team. What was held for its conversations ends, and they are no team's any more.
    #[requires(TeamManage)]
    async fn delete_team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team.")] input: DeleteTeamInput,
    ) -> Result<DeleteTeamPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            team::delete(&mut change, id).await?;
            change.finish().await?;
            Ok(Some(id))
        };
        DeleteTeamPayload::new(outcome.await)
    }

    /// Lets a member into a team. That lets them read its conversations where they hold `conversation:read_team`.
    #[requires(TeamManage)]
    async fn add_team_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team and which member.")] input: AddTeamMemberInput,
    ) -> Result<AddTeamMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let member = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::admit(&mut change, id, member).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        AddTeamMemberPayload::new(outcome.await)
    }

    /// Takes a member out of a team.
    #[requires(TeamManage)]
    async fn remove_team_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team and which member.")] input: RemoveTeamMemberInput,
    ) -> Result<RemoveTeamMemberPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let member = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::dismiss(&mut change, id, member).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        RemoveTeamMemberPayload::new(outcome.await)
    }

    /// Makes a team serve a phone number. Whoever is in the team, or holds a role for it, gains by that.
    #[requires(TeamManage)]
    async fn add_team_channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team and which phone number.")] input: AddTeamChannelInput,
    ) -> Result<AddTeamChannelPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let channel = parse(&input.channel_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::serve(&mut change, id, channel).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        AddTeamChannelPayload::new(outcome.await)
    }

    /// Makes a team no longer serve a phone number.
    #[requires(TeamManage)]
    async fn remove_team_channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which team and which phone number.")] input: RemoveTeamChannelInput,
    ) -> Result<RemoveTeamChannelPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.team_id)?;
        let channel = parse(&input.channel_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::TeamManage).await?;
            let row = team::stop_serving(&mut change, id, channel).await?;
            change.finish().await?;
            Ok(Some(Team(row.into())))
        };
        RemoveTeamChannelPayload::new(outcome.await)
    }
}
