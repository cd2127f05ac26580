//! Links in letters: to the workspace's own front end where it has one, else to the pages that Portaria itself serves.

use portaria_entity::workspace;

use crate::installation::Installation;
use crate::token::Token;

/// Where a link leads. A front end of a workspace serves the same paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    SetUp,
    SignIn,
    SecondFactor,
    AcceptInvitation,
    ForgotPassword,
    ResetPassword,
    SingleSignOn,
}

impl Page {
    pub fn path(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::SignIn => "sign-in",
            Self::SecondFactor => "second-factor",
            Self::AcceptInvitation => "accept-invitation",
            Self::ForgotPassword => "forgot-password",
            Self::ResetPassword => "reset-password",
            Self::SingleSignOn => "single-sign-on",
        }
    }
}

/// The address of a workspace's page with a token, which stands behind the `#`: browsers keep that out of requests, and so
/// out of logs.
pub fn with_token(
    installation: &Installation,
    workspace: &workspace::Model,
    page: Page,
    token: &Token,
) -> String {
    let base = workspace.front_end_url.as_deref().unwrap_or(&installation.public_url);
    address(base, page, token)
}

/// The same for what concerns a person's account. Of who is in several workspaces it is Portaria's own page: no workspace's
/// front end shall see what opens the others.
pub fn to_account(
    installation: &Installation,
    workspaces: &[workspace::Model],
    page: Page,
    token: &Token,
) -> String {
    match workspaces {
        [only] => with_token(installation, only, page, token),
        _ => address(&installation.public_url, page, token),
    }
}

/// The address of the page that creates the first administrator. There is no workspace yet whose front end could do it.
pub fn to_set_up(public_url: &str, token: &Token) -> String {
    address(public_url, Page::SetUp, token)
}

fn address(base: &str, page: Page, token: &Token) -> String {
    format!("{}/{}#token={}", base.trim_end_matches('/'), page.path(), token.reveal())
}
