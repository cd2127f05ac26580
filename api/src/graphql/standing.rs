//! On whose behalf an open subscription is answered: a session, and what it could do when it was last looked at.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use portaria_domain::Installation;
use portaria_domain::access::Access;
use portaria_domain::authentication::Origin;
use portaria_domain::permission::PermissionSet;
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::{Use, Viewer};
use tokio::time::Instant;

use crate::error::{Problem, Result};
use crate::live::Live;
use crate::request::Request;
use crate::sdl::{Declared, declared};

/// How often an idle subscription looks whether its session is still good.
pub const RECHECK: Duration = Duration::from_millis(500);

pub struct Standing {
    pub installation: Installation,
    token: TokenHash,
    origin: Origin,
    /// What the subscription needs, any of these.
    any_of: PermissionSet,
    /// What the viewer could do when this last looked.
    access: Access,
    looked_at: Instant,
}

impl Standing {
    /// As it is when the subscription is asked for, with its viewer.
    pub fn new<'a>(ctx: &Context<'a>) -> Result<(Self, &'a Arc<Viewer>)> {
        let request = Request::of(ctx);
        let any_of = match declared("Subscription", ctx.field().name()).map(|field| field.access) {
            Some(Declared::Requires { any_of, .. }) => any_of,
            Some(Declared::Authenticated | Declared::Public) | None => return Err(Problem::Internal),
        };
        let viewer = request.viewer()?;
        let standing = Self {
            any_of,
            access: viewer.access.clone(),
            installation: request.installation.clone(),
            token: request.token.ok_or(Problem::Unauthenticated)?,
            origin: request.origin.clone(),
            looked_at: Instant::now(),
        };
        Ok((standing, viewer))
    }

    /// The viewer as they are now. Fails once the session has ended, its member may no longer use the workspace, or
    /// something was taken from them: of what has gone out of their sight by that no event tells.
    pub async fn viewer(&mut self) -> Result<Arc<Viewer>> {
        let viewers = &self.installation.viewers;
        let found = viewers.resolve_from(self.token, &self.origin, Use::DoesNotCount).await?;
        let viewer = found.ok_or(Problem::Unauthenticated)?;
        viewer.ask(viewer.access.anywhere(), self.any_of, self.installation.clock.now())?;
        if !viewer.access.contains(&self.access) || !viewer.access.is_in_teams_of(&self.access) {
            return Err(Problem::CursorExpired);
        }
        self.access = viewer.access.clone();
        self.looked_at = Instant::now();
        Ok(viewer)
    }

    /// Looks at the viewer when that was not done for a while.
    pub async fn recheck(&mut self) -> Result<()> {
        if self.looked_at.elapsed() > RECHECK {
            self.viewer().await?;
        }
        Ok(())
    }

    /// An event, to be answered as a request of its own.
    pub fn live<T>(&self, viewer: Arc<Viewer>, event: T) -> Live<T> {
        let identity = Some((self.token, viewer));
        Live::new(event, Request::new(self.installation.clone(), identity, self.origin.clone()))
    }
}
