//! Links in letters: to the workspace's own front end where it has one, else to the pages that Portaria itself serves.

use portaria_entity::workspace;

use crate::installation::Installation;
use crate::token::Token;

/// Where a link leads. A front end of a workspace serves the same paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    AcceptInvitation,
    ResetPassword,
}

impl Page {
    pub fn path(self) -> &'static str {
        match self {
            Self::AcceptInvitation => "accept-invitation",
            Self::ResetPassword => "reset-password",
        }
    }
}

/// The address of a page with a token, which stands behind the `#`: browsers keep that out of requests, and so out of logs.
pub fn with_token(
    installation: &Installation,
    workspace: &workspace::Model,
    page: Page,
    token: &Token,
) -> String {
    let base = workspace.front_end_url.as_deref().unwrap_or(&installation.public_url);
    format!("{}/{}#token={}", base.trim_end_matches('/'), page.path(), token.reveal())
}
