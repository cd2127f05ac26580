//! One way to a provider and back: what it is for, and what binds its end to its beginning.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portaria_entity::id::{IdentityProviderId, SessionId, SingleSignOnId, WorkspaceId};
use portaria_entity::time::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::{Error, Refusal, Result};
use crate::identity_provider::{self, ProviderRow};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::sealing::KeyRing;
use crate::token::{Token, TokenHash};
use crate::viewer::Viewer;

/// How long a person may take at the provider.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
const SEALED_FOR: &[u8] = b"single sign-on";
const SECRET: &str = "ptr_ssos";
const SECRET_CHARS: usize = SECRET.len() + 1 + 43;
const PATH_CHARS: usize = 500;
/// Where the front end is entered again, unless it says otherwise.
const PATH: &str = "/single-sign-on";

/// What it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in; perhaps for the first time, with the token from a letter of invitation, which is kept hashed.
    SignIn { invitation: Option<Vec<u8>> },
    /// To link the identity to the member in this session.
    Link { session: SessionId },
    /// To prove anew who is in this session.
    StepUp { session: SessionId },
}

/// What somebody wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want<'a> {
    SignIn {
        /// From the letter, for who accepts an invitation.
        invitation: Option<&'a str>,
    },
    Link,
    StepUp,
}

/// A way to a provider that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    pub id: SingleSignOnId,
    pub workspace_id: WorkspaceId,
    pub provider_id: IdentityProviderId,
    pub purpose: Purpose,
    /// Comes back in the token: it was made for this and nothing else.
    pub nonce: String,
    /// Of PKCE: who redeems the provider's code is who asked for it.
    pub code_verifier: String,
    secret_hash: Vec<u8>,
    /// Whether the secret is a cookie, that comes back with the browser.
    pub by_cookie: bool,
    pub path: String,
    pub began_at: Timestamp,
}

/// How it begins.
pub struct Beginning<'a> {
    /// The workspace's id or short name.
    pub workspace: &'a str,
    pub provider_id: IdentityProviderId,
    pub want: Want<'a>,
    /// Where in the front end it ends.
    pub path: Option<&'a str>,
    /// The browser's secret of an earlier time, when the secret is a cookie.
    pub cookie: Option<&'a str>,
    pub by_cookie: bool,
}

/// What has begun.
pub struct Begun {
    pub flow: Flow,
    pub provider: ProviderRow,
    /// What goes to the provider and comes back.
    pub state: String,
    /// Stays with who began it.
    pub secret: Zeroizing<String>,
}

/// Begins. Nothing is written.
pub async fn begin(
    installation: &Installation,
    viewer: Option<&Viewer>,
    beginning: Beginning<'_>,
) -> Result<Begun> {
    let reader = installation.database.reader();
    let workspace = super::workspace(reader, beginning.workspace).await?;
    let provider = identity_provider::find(reader, (workspace.id, beginning.provider_id)).await?;
    let secret = match beginning.cookie.filter(|cookie| is_secret(cookie)) {
        Some(known) => Zeroizing::new(known.to_owned()),
        None => Zeroizing::new(Token::generate(SECRET)?.reveal().to_owned()),
    };
    let flow = Flow {
        id: installation.clock.new_id(),
        workspace_id: workspace.id,
        provider_id: provider.provider.id,
        purpose: purpose(installation, viewer, workspace.id, beginning.want)?,
        nonce: random()?,
        code_verifier: random()?,
        secret_hash: TokenHash::of(&secret).to_vec(),
        by_cookie: beginning.by_cookie,
        path: path(beginning.path)?,
        began_at: installation.clock.now(),
    };
    Ok(Begun { state: flow.seal(&installation.keys)?, flow, provider, secret })
}

fn purpose(
    installation: &Installation,
    viewer: Option<&Viewer>,
    workspace: WorkspaceId,
    want: Want<'_>,
) -> Result<Purpose> {
    let own_session = || {
        let viewer = viewer.ok_or(Error::PersonRequired)?;
        let session = viewer.session()?;
        if viewer.workspace_id == workspace { Ok((viewer, session.session_id)) } else { Err(Error::NotFound) }
    };
    match want {
        Want::SignIn { invitation } => {
            Ok(Purpose::SignIn { invitation: invitation.map(|token| TokenHash::of(token).to_vec()) })
        }
        Want::StepUp => Ok(Purpose::StepUp { session: own_session()?.1 }),
        Want::Link => {
            let (viewer, session) = own_session()?;
            // A session that was left open is not enough to let another in for good.
            if !viewer.is_stepped_up(installation.clock.now()) {
                return Err(viewer.step_up_required(PermissionSet::EMPTY));
            }
            Ok(Purpose::Link { session })
        }
    }
}

impl Flow {
    /// Whether the provider is to ask the person anew, whatever it remembers.
    pub fn wants_fresh(&self) -> bool {
        match self.purpose {
            Purpose::SignIn { .. } => false,
            Purpose::Link { .. } | Purpose::StepUp { .. } => true,
        }
    }

    fn seal(&self, keys: &KeyRing) -> Result<String> {
        let sealed = keys.seal(&serde_json::to_vec(self).map_err(Error::internal)?, SEALED_FOR)?;
        Ok(format!("{}.{}", sealed.key, URL_SAFE_NO_PAD.encode(sealed.bytes)))
    }

    /// The flow behind a state that this installation made of late.
    pub(super) fn open(state: &str, keys: &KeyRing, now: Timestamp) -> Result<Self> {
        let malformed = || Error::from(Refusal::InvalidToken);
        let (key, text) = state.rsplit_once('.').ok_or_else(malformed)?;
        let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let opened = keys.open(&sealed, key, SEALED_FOR).map_err(|_| malformed())?;
        let flow: Self = serde_json::from_slice(&opened).map_err(|_| malformed())?;
        if now.since(flow.began_at) > LIFETIME {
            return Err(malformed());
        }
        Ok(flow)
    }

    /// Whether this is the secret of who began.
    pub(super) fn is_of(&self, secret: &str) -> bool {
        TokenHash::of(secret).0.as_slice().ct_eq(self.secret_hash.as_slice()).into()
    }

    /// Until when the provider's answer is waited for.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.began_at + LIFETIME
    }
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS
        && text.starts_with(SECRET)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A path within the front end: nothing that leads to another host.
fn path(wanted: Option<&str>) -> Result<String> {
    let path = wanted.unwrap_or(PATH);
    let fits = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= PATH_CHARS
        && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\#\"<>".contains(&byte));
    if fits { Ok(path.to_owned()) } else { Err(Error::BadInput("not a path: /as/this?or=that".to_owned())) }
}

/// 256 random bits, as PKCE wants them written.
fn random() -> Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leads_to_another_host() {
        for good in ["/", "/inbox", "/a/b?c=d&e=%20"] {
            assert_eq!(path(Some(good)).unwrap(), good);
        }
        for bad in [
            "",
            "inbox",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "@evil.example",
            "/a#b",
            "/a b",
            "/a\n",
            "/é",
        ] {
            assert!(path(Some(bad)).is_err(), "{bad}");
        }
    }
}
