//! Who asks.

use std::sync::Arc;

use async_graphql::{Context, ID};
use portaria_domain::access::Region;
use portaria_domain::event::EventCursor;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::second_factor::Factors;
use portaria_domain::viewer::{MemberSession, Viewer as DomainViewer};
use portaria_domain::{api_key, passkey, recovery_code, session, workspace};
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;

use super::api_key::ApiKey;
use super::member::Member;
use super::passkey::Passkey;
use super::permission::PermissionKey;
use super::session::{OpenSession, ViewerWorkspace};
use super::time::DateTime;
use super::workspace::Workspace;
use crate::error::Result;
use crate::request::Request;

pub struct Viewer(pub Arc<DomainViewer>);

/// Who asks: a person in the workspace of their session, or an API key.
#[guarded]
impl Viewer {
    /// Who they are in the workspace; `member.grants` tells their roles. Null for an API key.
    #[authenticated]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.member_id() {
            Some(member) => Ok(Request::of(ctx).loaders()?.member(member).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// The API key that asks. Null for a person.
    #[authenticated]
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<ApiKey>> {
        let Some(id) = self.0.api_key_id() else { return Ok(None) };
        let request = Request::of(ctx);
        let rows = api_key::all(request.installation.database.reader(), self.0.workspace_id).await?;
        let own = rows.into_iter().filter(|row| row.id == id).collect();
        Ok(ApiKey::all_of(request, own).await?.pop())
    }

    /// The workspace that they are signed in to.
    #[authenticated]
    async fn workspace(&self, ctx: &Context<'_>) -> Result<Option<Workspace>> {
        let reader = Request::of(ctx).installation.database.reader();
        Ok(Some(Workspace(workspace::find(reader, self.0.workspace_id).await?)))
    }

    /// How far events have come: give it as `after` to a subscription, and nothing is missed that happened after what else this
    /// query answers. Null in the first moment after a start: ask again.
    #[authenticated]
    fn event_cursor(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let request = Request::of(ctx);
        let Some(seen) = request.events_seen else { return Ok(None) };
        Ok(Some(EventCursor::new(&self.0, seen).to_text(&request.installation.keys)?))
    }

    /// What they may do, and where. A permission that is not listed is not held anywhere. Empty while a second factor is
    /// demanded first.
    #[authenticated(enrolling)]
    fn permissions(&self) -> Vec<HeldPermission> {
        let held = |permission| HeldPermission { permission, region: self.0.access.region(permission) };
        self.0.access.anywhere().iter().map(held).collect()
    }

    /// Whether they have an authenticator app or a passkey. Without one, nothing that is sensitive can be used.
    #[authenticated(enrolling)]
    async fn second_factor_enrolled(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        let reader = Request::of(ctx).installation.database.reader();
        Ok(Some(Factors::of(reader, self.0.session()?.user_id).await?.is_enrolled()))
    }

    /// Whether the workspace demands a second factor of them. Until this session has shown one (`session.secondFactor`),
    /// nothing else can be used. Null for an API key.
    #[authenticated(enrolling)]
    fn second_factor_required(&self) -> Option<bool> {
        self.0.session().ok().map(|session| session.second_factor_demanded)
    }

    /// Whether an authenticator app is set up. Null for an API key.
    #[authenticated(enrolling)]
    async fn authenticator_app(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        let Ok(session) = self.0.session() else { return Ok(None) };
        let reader = Request::of(ctx).installation.database.reader();
        Ok(Some(Factors::of(reader, session.user_id).await?.authenticator_app))
    }

    /// Their passkeys, the oldest first. Null for an API key.
    #[authenticated(enrolling)]
    async fn passkeys(&self, ctx: &Context<'_>) -> Result<Option<Vec<Passkey>>> {
        let Ok(session) = self.0.session() else { return Ok(None) };
        let reader = Request::of(ctx).installation.database.reader();
        let rows = passkey::of_user(reader, session.user_id).await?;
        Ok(Some(rows.into_iter().map(Passkey::from).collect()))
    }

    /// How many of their recovery codes have not been used. Null for an API key.
    #[authenticated(enrolling)]
    async fn recovery_codes_left(&self, ctx: &Context<'_>) -> Result<Option<u64>> {
        let Ok(session) = self.0.session() else { return Ok(None) };
        let reader = Request::of(ctx).installation.database.reader();
        Ok(Some(recovery_code::left(reader, session.user_id).await?))
    }

    /// Their open sessions in every workspace, last used first. None for an API key.
    #[authenticated]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<OpenSession>> {
        let request = Request::of(ctx);
        if self.0.session().is_err() {
            return Ok(Vec::new());
        }
        let rows = session::of_viewer(request.installation.database.reader(), &self.0, request.now).await?;
        Ok(rows.into_iter().map(OpenSession).collect())
    }

    /// The workspaces that they can be in, in the order in which they joined: `switchWorkspace` goes there. None for an API
    /// key.
    #[authenticated]
    async fn workspaces(&self, ctx: &Context<'_>) -> Result<Vec<ViewerWorkspace>> {
        if self.0.session().is_err() {
            return Ok(Vec::new());
        }
        let all = session::memberships(Request::of(ctx).installation.database.reader(), &self.0).await?;
        Ok(all.into_iter().map(ViewerWorkspace).collect())
    }

    /// The session that they use. Null for an API key.
    #[authenticated(enrolling)]
    fn session(&self) -> Option<Session> {
        self.0.session().ok().map(|session| Session { session: *session, expires_at: self.0.expires_at })
    }
}

/// A permission that the viewer holds somewhere.
pub struct HeldPermission {
    permission: Permission,
    region: Region,
}

/// A permission that the viewer holds, and where.
#[guarded]
impl HeldPermission {
    /// The permission.
    #[authenticated]
    fn permission(&self) -> PermissionKey {
        self.permission.into()
    }

    /// Whether it is held in the whole workspace.
    #[authenticated]
    fn everywhere(&self) -> bool {
        self.region == Region::Everywhere
    }

    /// Otherwise, the phone numbers on which it is held.
    #[authenticated]
    fn channel_ids(&self) -> Vec<ID> {
        match &self.region {
            Region::Everywhere => Vec::new(),
            Region::Parts { channels, .. } => channels.iter().map(|id| (*id).into()).collect(),
        }
    }

    /// Otherwise, the teams for whose conversations it is held.
    #[authenticated]
    fn team_ids(&self) -> Vec<ID> {
        match &self.region {
            Region::Everywhere => Vec::new(),
            Region::Parts { teams, .. } => teams.iter().map(|id| (*id).into()).collect(),
        }
    }

    /// Whether this session may use it now: what is sensitive needs a fresh two-factor authentication.
    #[authenticated]
    fn usable(&self, ctx: &Context<'_>) -> Result<bool> {
        let request = Request::of(ctx);
        let sensitive = PermissionSet::SENSITIVE.contains(self.permission);
        Ok(!sensitive || request.viewer()?.is_stepped_up(request.now))
    }
}

pub struct Session {
    session: MemberSession,
    expires_at: Timestamp,
}

impl From<(MemberSession, Timestamp)> for Session {
    fn from((session, expires_at): (MemberSession, Timestamp)) -> Self {
        Self { session, expires_at }
    }
}

/// The session that the viewer uses.
#[guarded]
impl Session {
    /// Starts with `sess_`.
    #[authenticated(enrolling)]
    fn id(&self) -> ID {
        self.session.session_id.into()
    }

    /// When the viewer last proved who they are.
    #[authenticated(enrolling)]
    fn authenticated_at(&self) -> DateTime {
        self.session.authenticated_at.into()
    }

    /// Whether a second factor was given then.
    #[authenticated(enrolling)]
    fn second_factor(&self) -> bool {
        self.session.second_factor
    }

    /// Until when it may use what is sensitive; null when no second factor was given. `stepUp` makes it an hour again.
    #[authenticated(enrolling)]
    fn stepped_up_until(&self) -> Option<DateTime> {
        self.session.stepped_up_until().map(Into::into)
    }

    /// When it ends, whatever happens.
    #[authenticated(enrolling)]
    fn expires_at(&self) -> DateTime {
        self.expires_at.into()
    }

    /// After so many minutes without use it ends too. An open subscription alone is no use.
    #[authenticated]
    fn idle_minutes(&self) -> i32 {
        i32::try_from(self.session.idle.as_secs() / 60).unwrap_or(i32::MAX)
    }
}
