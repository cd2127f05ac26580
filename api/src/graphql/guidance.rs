//! Where quick replies and guidelines are offered.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::access::Scope;
use portaria_domain::conversation;
use portaria_domain::guidance::Place;
use portaria_domain::quick_reply::Value;
use portaria_entity::id::{ChannelId, MemberId, TeamId};

use super::grant::ScopeKind;
use super::id::parse;
use super::member::Member;
use crate::error::{Problem, Result};
use crate::request::Request;

/// In whose conversations something is offered.
#[derive(InputObject)]
pub struct GuidanceScopeInput {
    /// In all of the workspace, in those of one phone number, or in those of one team.
    kind: ScopeKind,
    /// Which phone number (`chan_...`) or team (`team_...`); none for the whole workspace.
    id: Option<ID>,
}

impl GuidanceScopeInput {
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

/// A value for a placeholder.
#[derive(InputObject)]
pub struct QuickReplyValueInput {
    /// Name of the placeholder.
    name: String,
    /// What is to stand there.
    value: String,
}

impl From<QuickReplyValueInput> for Value {
    fn from(input: QuickReplyValueInput) -> Self {
        Self { name: input.name, value: input.value }
    }
}

/// The kind of a scope and its id, as they are stored.
pub fn scope((channel, team): (Option<ChannelId>, Option<TeamId>)) -> (ScopeKind, Option<ID>) {
    match (channel, team) {
        (Some(channel), _) => (ScopeKind::Channel, Some(channel.into())),
        (None, Some(team)) => (ScopeKind::Team, Some(team.into())),
        (None, None) => (ScopeKind::Workspace, None),
    }
}

/// The place of a conversation, if one is named: one that the viewer may not know of is not found.
pub async fn place(request: &Request, conversation: Option<&ID>) -> Result<Option<Place>> {
    let Some(id) = conversation else { return Ok(None) };
    let (reader, viewer) = (request.installation.database.reader(), request.viewer()?);
    let row = conversation::find(reader, viewer, parse(id)?).await?;
    Ok(Some(Place::of(viewer, &row)?))
}

/// Who wrote something; none where a program did.
pub async fn author(ctx: &Context<'_>, member: Option<MemberId>) -> Result<Option<Member>> {
    match member {
        Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
        None => Ok(None),
    }
}
