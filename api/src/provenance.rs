//! Which page a browser says that a request comes from. A cookie is sent with whatever a browser sends, so it counts only
//! for Portaria's own pages and for the front end of the session's workspace.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use portaria_domain::Installation;
use portaria_domain::front_end::origin_of;
use portaria_entity::id::WorkspaceId;

use crate::error::Result;
use crate::front_end::{FrontEnds, normal};

/// What a browser adds to a request, and no page can change.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// `Origin`: scheme, host and port of the page.
    origin: Option<String>,
    /// `Sec-Fetch-Site`.
    site: Option<String>,
    front_ends: Arc<FrontEnds>,
}

impl Provenance {
    pub fn of(headers: &HeaderMap, front_ends: &Arc<FrontEnds>) -> Self {
        // Something that cannot be read is not the same as nothing.
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
        let (origin, site) = (text(header::ORIGIN.as_str()), text("sec-fetch-site"));
        Self { origin, site, front_ends: front_ends.clone() }
    }

    /// Whether it is a page of Portaria itself. Who says nothing is no browser, or an old one: no.
    pub fn is_own(&self, installation: &Installation) -> bool {
        match (self.site.as_deref(), &self.origin) {
            (Some("same-origin"), _) => true,
            (None | Some("same-site"), Some(origin)) => origin_of(&installation.public_url) == normal(origin),
            (_, _) => false,
        }
    }

    /// Whether it may use a session of that workspace by cookie: its front end on the same site may too. Without a
    /// workspace: whether it may be handed a cookie of any.
    pub async fn may_use_cookie(
        &self,
        installation: &Installation,
        workspace: Option<WorkspaceId>,
    ) -> Result<bool> {
        if self.is_own(installation) {
            return Ok(true);
        }
        let (None | Some("same-site"), Some(origin)) = (self.site.as_deref(), &self.origin) else {
            return Ok(false);
        };
        self.front_ends.include(installation, origin, workspace).await
    }
}
