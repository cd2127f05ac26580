//! What belongs to one GraphQL request: who asks, when, from where, and the loaders that batch its reads.

use std::sync::Arc;

use async_graphql::Context;
use portaria_domain::Installation;
use portaria_domain::authentication::Origin;
use portaria_domain::token::TokenHash;
use portaria_domain::viewer::Viewer;
use portaria_entity::time::Timestamp;

use crate::error::{Problem, Result};
use crate::guard::Refusals;
use crate::identity::Carrier;
use crate::loader::Loaders;
use crate::provenance::Provenance;

/// A token and the viewer behind it; none for who has not signed in.
pub type Identity = Option<(TokenHash, Arc<Viewer>)>;

pub struct Request {
    pub installation: Installation,
    pub viewer: Option<Arc<Viewer>>,
    /// The token behind the viewer, by which an open subscription looks again whether it is still good.
    pub token: Option<TokenHash>,
    pub origin: Origin,
    /// By which the browser is known again that went to an identity provider.
    pub browser_secret: Option<String>,
    pub now: Timestamp,
    /// The last event that this process had seen when the request came.
    pub events_seen: Option<i64>,
    pub refusals: Refusals,
    pub loaders: Option<Loaders>,
    /// What the viewer is known by.
    pub carrier: Carrier,
    /// Which page a browser says that it comes from.
    pub provenance: Provenance,
}

impl Request {
    pub fn new(
        installation: Installation,
        identity: Option<(TokenHash, Arc<Viewer>)>,
        origin: Origin,
    ) -> Self {
        let (token, viewer) = identity.unzip();
        let viewer = viewer.map(|viewer| Arc::new(viewer.asking_from(&origin.address)));
        let loaders = viewer.as_ref().map(|viewer| Loaders::new(&installation, viewer));
        let (now, events_seen) = (installation.clock.now(), installation.events.seen());
        Self {
            installation,
            viewer,
            token,
            origin,
            browser_secret: None,
            now,
            events_seen,
            refusals: Refusals::default(),
            loaders,
            carrier: Carrier::default(),
            provenance: Provenance::default(),
        }
    }

    /// The same, that came over HTTP this way.
    pub fn carried(self, carrier: Carrier, provenance: Provenance) -> Self {
        Self { carrier, provenance, ..self }
    }

    /// The request that a resolver works for.
    pub fn of<'a>(ctx: &Context<'a>) -> &'a Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    pub fn viewer(&self) -> Result<&Arc<Viewer>> {
        self.viewer.as_ref().ok_or(Problem::Unauthenticated)
    }

    pub fn loaders(&self) -> Result<&Loaders> {
        self.loaders.as_ref().ok_or(Problem::Unauthenticated)
    }
}
