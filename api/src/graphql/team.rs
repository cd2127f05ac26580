//! Teams.

use std::sync::Arc;

use async_graphql::{Context, ID};
use futures_util::future::try_join_all;
use portaria_domain::business_hours::{self, Place};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::team::Model;
use portaria_guard::guarded;

use super::ability::TeamAbilities;
use super::business_hours::BusinessHours;
use super::channel::Channel;
use super::member::Member;
use super::routing_setting::TeamRouting;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct Team(pub Arc<Model>);

impl Subject for Team {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// Members who serve some phone numbers together.
#[guarded]
impl Team {
    /// Starts with `team_`.
    #[authenticated]
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What the viewer may do with it now.
    #[authenticated]
    fn viewer_can(&self) -> TeamAbilities {
        TeamAbilities(self.0.id)
    }

    /// What it is called.
    #[requires(TeamRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// How its conversations are routed, and what it means to achieve.
    #[requires(TeamRead)]
    async fn routing(&self, ctx: &Context<'_>) -> Result<TeamRouting> {
        Ok(Request::of(ctx).loaders()?.routing.of_team(self.0.id).await?.into())
    }

    /// When somebody of it is there; null: it goes by the hours of its numbers.
    #[requires(TeamRead)]
    async fn business_hours(&self, ctx: &Context<'_>) -> Result<Option<BusinessHours>> {
        let reader = Request::of(ctx).installation.database.reader();
        let place = Place::Team(self.0.id);
        Ok(business_hours::of(reader, self.0.workspace_id, place).await?.map(BusinessHours))
    }

    /// Who belongs to it.
    #[requires(TeamRead)]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<Member>> {
        let loaders = Request::of(ctx).loaders()?;
        let mut members = Vec::new();
        let ids = loaders.people.team_members(self.0.id).await?;
        for found in try_join_all(ids.iter().map(|id| loaders.member(*id))).await? {
            members.extend(found.map(Member));
        }
        Ok(members)
    }

    /// The phone numbers that it serves.
    #[requires(TeamRead)]
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<Channel>> {
        let loaders = Request::of(ctx).loaders()?;
        let mut channels = Vec::new();
        let ids = loaders.people.team_channels(self.0.id).await?;
        for found in try_join_all(ids.iter().map(|id| loaders.channel(*id))).await? {
            channels.extend(found.map(Channel));
        }
        Ok(channels)
    }
}
