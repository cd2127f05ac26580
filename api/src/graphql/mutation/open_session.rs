//! Ending sessions, and going to another workspace.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::session;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::SessionId;
use portaria_guard::guarded;

use super::begin;
use super::member::member_now;
use super::session::{SessionToken, forget_cookie, hand_over, require_browser};
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::member::Member;
use crate::graphql::payload::payload;
use crate::graphql::session::SessionTransport;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct OpenSessionMutation;

impl Subject for OpenSessionMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Which session.
#[derive(InputObject)]
pub struct EndSessionInput {
    /// One of the viewer's own (`sess_...`), of `viewer.sessions`.
    session_id: ID,
}

/// A session that has ended.
pub struct EndedSession(SessionId);

impl From<SessionId> for EndedSession {
    fn from(id: SessionId) -> Self {
        Self(id)
    }
}

/// A session that has ended.
#[guarded]
impl EndedSession {
    /// Which one it was (`sess_...`).
    #[authenticated]
    fn session_id(&self) -> ID {
        self.0.into()
    }
}

payload! {
    /// What came of ending a session.
    EndSessionPayload [authenticated] {
        /// The session that has ended; null when it was refused.
        ended: EndedSession
    }
    EndSessionUserError, EndSessionErrorCode {
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "sessionId",
        /// The viewer proved more than an hour ago who they are: `stepUp`, or sign in again.
        AuthenticationTooOld = AuthenticationTooOld,
    }
}

/// Sessions that have ended.
pub struct EndedSessions(usize);

impl From<usize> for EndedSessions {
    fn from(count: usize) -> Self {
        Self(count)
    }
}

/// Sessions that have ended.
#[guarded]
impl EndedSessions {
    /// How many they were.
    #[authenticated]
    fn count(&self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }
}

payload! {
    /// What came of ending one's other sessions.
    EndOtherSessionsPayload [authenticated] {
        /// Those that have ended; null when it was refused.
        ended: EndedSessions
    }
    EndOtherSessionsUserError, EndOtherSessionsErrorCode {
        /// The viewer proved more than an hour ago who they are: `stepUp`, or sign in again.
        AuthenticationTooOld = AuthenticationTooOld,
    }
}

/// Whose sessions.
#[derive(InputObject)]
pub struct EndMemberSessionsInput {
    /// Whose (`mem_...`).
    member_id: ID,
}

payload! {
    /// What came of ending a member's sessions.
    EndMemberSessionsPayload [authenticated] {
        /// The member; null when it was refused.
        member: Member
    }
    EndMemberSessionsUserError, EndMemberSessionsErrorCode {
        /// These are the viewer's own: use `endOtherSessions`.
        OwnAccess = OwnAccess at "memberId",
        /// The member holds what the viewer does not.
        HoldsMore = HoldsMore at "memberId",
    }
}

/// Where to go.
#[derive(InputObject)]
pub struct SwitchWorkspaceInput {
    /// Which workspace (`ws_...`), of `viewer.workspaces`.
    workspace_id: ID,
    /// How the client keeps the new session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

payload! {
    /// What came of going to another workspace.
    SwitchWorkspacePayload [authenticated] {
        /// The session there; null when it was refused.
        session: SessionToken
    }
    SwitchWorkspaceUserError, SwitchWorkspaceErrorCode {
        /// The viewer's session is in that workspace.
        AlreadyActive = AlreadyActive at "workspaceId",
        /// An identity provider of this workspace, or a passkey on its own pages, opened this session, which counts nowhere
        /// else: sign in to the other one.
        Confined = Confined,
    }
}

#[guarded]
impl OpenSessionMutation {
    /// Ends one of the viewer's own sessions, in force at once. Another than the one they use only within an hour of a
    /// sign-in or `stepUp`.
    #[authenticated]
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: EndSessionInput,
    ) -> Result<Option<EndSessionPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let id = parse(&input.session_id)?;
        let ended = session::end_own(&request.installation, viewer, id).await;
        if ended.is_ok() && viewer.session()?.session_id == id {
            forget_cookie(ctx);
        }
        EndSessionPayload::new(ended.map(Some)).map(Some)
    }

    /// Ends all sessions of the viewer but this one, in every workspace, in force at once. Only within an hour of a sign-in
    /// or `stepUp`.
    #[authenticated]
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<Option<EndOtherSessionsPayload>> {
        let request = Request::of(ctx);
        let ended = session::end_others(&request.installation, request.viewer()?).await;
        EndOtherSessionsPayload::new(ended.map(Some)).map(Some)
    }

    /// Ends all sessions of a member in this workspace, in force at once. They can sign in again: to shut them out, suspend
    /// them.
    #[requires(SessionRevoke)]
    async fn end_member_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose sessions.")] input: EndMemberSessionsInput,
    ) -> Result<EndMemberSessionsPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.member_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::SessionRevoke).await?;
            session::end_of_member(&mut change, id).await?;
            change.finish().await?;
            member_now(request, id).await
        };
        EndMemberSessionsPayload::new(outcome.await)
    }

    /// Opens a session in another workspace of the viewer's. What they proved here carries over, and so does the session's
    /// end. This session stays; but one that is kept in a cookie ends when the new one takes its place there.
    #[authenticated]
    async fn switch_workspace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to go.")] input: SwitchWorkspaceInput,
    ) -> Result<Option<SwitchWorkspacePayload>> {
        let request = Request::of(ctx);
        let to = parse(&input.workspace_id)?;
        require_browser(request, input.transport).await?;
        let switched =
            session::switch(&request.installation, request.viewer()?, to, request.origin.clone()).await;
        let handed = hand_over(ctx, switched, input.transport).await;
        SwitchWorkspacePayload::new(handed).map(Some)
    }
}
