//! Sessions as lists show them, how long they may last, and where else a person can go.

use async_graphql::{Context, Enum, ID};
use portaria_domain::permission::PermissionSet;
use portaria_domain::session::{Membership, OpenSession as Row};
use portaria_domain::session_policy::SessionPolicy as Policy;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// How a client keeps a session.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum SessionTransport {
    /// The token is in the answer, and goes into the header `Authorization: Bearer ...`. For apps, and for front ends on
    /// another site than Portaria.
    Bearer,
    /// A cookie that no script can read; the answer has no token. For pages of Portaria itself and front ends on the same
    /// site (as `portaria.example.com` and `chat.example.com` are).
    Cookie,
}

pub struct OpenSession(pub Row);

impl Subject for OpenSession {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        // What an administrator holds here says nothing of a session elsewhere.
        match viewer.workspace_id == self.0.session.workspace_id {
            true => viewer.access.everywhere(),
            false => PermissionSet::EMPTY,
        }
    }

    fn is_self(&self, viewer: &Viewer) -> bool {
        viewer.session().is_ok_and(|session| session.user_id == self.0.session.user_id)
    }
}

/// A session that is open: somebody who signed in somewhere and can go on there.
#[guarded]
impl OpenSession {
    /// Starts with `sess_`.
    #[requires(SessionRevoke, or_self)]
    fn id(&self) -> ID {
        self.0.session.id.into()
    }

    /// Whether it is the one that asks.
    #[requires(SessionRevoke, or_self)]
    fn current(&self, ctx: &Context<'_>) -> Result<bool> {
        let own = Request::of(ctx).viewer()?.session().ok().map(|session| session.session_id);
        Ok(own == Some(self.0.session.id))
    }

    /// What the workspace that it is in is called.
    #[requires(SessionRevoke, or_self)]
    fn workspace_name(&self) -> &str {
        &self.0.workspace
    }

    /// The program, as far as it said what it is: `Chrome`, `Safari`, `curl`... Null when it is none that is known.
    #[requires(SessionRevoke, or_self)]
    fn program(&self) -> Option<&str> {
        self.0.device().program
    }

    /// What the program runs on, as far as it said: `Windows`, `iPhone`, `Android`... Null when it is none that is known.
    #[requires(SessionRevoke, or_self)]
    fn system(&self) -> Option<&str> {
        self.0.device().system
    }

    /// The address that it was opened from; empty when it was opened on the machine itself.
    #[requires(SessionRevoke, or_self)]
    fn address(&self) -> &str {
        &self.0.session.address
    }

    /// In which country that address is, by its two letters (ISO 3166-1 alpha-2): `BR`. Browsers have its name:
    /// `new Intl.DisplayNames("pt-BR", { type: "region" }).of(country)`. Null when it is not known, as always without
    /// `geo.database`. A VPN can make it another.
    #[requires(SessionRevoke, or_self)]
    fn country(&self, ctx: &Context<'_>) -> Option<String> {
        let country = Request::of(ctx).installation.countries.of(&self.0.session.address);
        country.map(|country| country.code().to_owned())
    }

    /// Whether a second factor was given when its holder last proved who they are.
    #[requires(SessionRevoke, or_self)]
    fn second_factor(&self) -> bool {
        self.0.session.second_factor
    }

    /// When it was opened.
    #[requires(SessionRevoke, or_self)]
    fn created_at(&self) -> DateTime {
        self.0.session.created_at.into()
    }

    /// When it was last used, to the minute.
    #[requires(SessionRevoke, or_self)]
    fn last_used_at(&self) -> DateTime {
        self.0.session.last_used_at.into()
    }

    /// When it ends, whatever happens.
    #[requires(SessionRevoke, or_self)]
    fn expires_at(&self) -> DateTime {
        self.0.expires_at.into()
    }

    /// When it ends unless it is used.
    #[requires(SessionRevoke, or_self)]
    fn idle_at(&self) -> DateTime {
        self.0.idle_at.into()
    }
}

pub struct ViewerWorkspace(pub Membership);

/// A workspace that the viewer can go to: `switchWorkspace`.
#[guarded]
impl ViewerWorkspace {
    /// Starts with `ws_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.workspace_id.into()
    }

    /// What it is called.
    #[authenticated]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is the one that the viewer is in.
    #[authenticated]
    fn current(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(Request::of(ctx).viewer()?.workspace_id == self.0.workspace_id)
    }
}

pub struct SessionPolicy(Policy);

impl From<Policy> for SessionPolicy {
    fn from(policy: Policy) -> Self {
        Self(policy)
    }
}

impl Subject for SessionPolicy {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// How long sessions in the workspace may last.
#[guarded]
impl SessionPolicy {
    /// A session that is not used for so many minutes ends.
    #[requires(WorkspaceRead)]
    fn idle_minutes(&self) -> i32 {
        self.0.idle_minutes
    }

    /// After so many minutes a session ends whatever happens.
    #[requires(WorkspaceRead)]
    fn lifetime_minutes(&self) -> i32 {
        self.0.lifetime_minutes
    }
}
