//! Registering passkeys, signing in with them, and putting them in order.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::passkey::{self, NewPasskey, SigningIn};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::second_factor::shown;
use super::session::{SessionToken, hand_over, hand_renewed, require_browser};
use crate::error::Result;
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::passkey::{Passkey, PasskeyChallenge, answer};
use crate::graphql::payload::payload;
use crate::graphql::session::SessionTransport;
use crate::graphql::viewer::Viewer as ViewerObject;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct PasskeyMutation;

impl Subject for PasskeyMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// On which page.
#[derive(InputObject)]
pub struct BeginPasskeyRegistrationInput {
    /// `window.location.origin`: the workspace's front end, or Portaria's own address, which it is if not said. A passkey is
    /// for the pages of one host.
    origin: Option<String>,
}

payload! {
    /// What came of beginning to register a passkey.
    BeginPasskeyRegistrationPayload [authenticated(enrolling)] {
        /// What the device is asked; null when it was refused.
        challenge: PasskeyChallenge
    }
    BeginPasskeyRegistrationUserError, BeginPasskeyRegistrationErrorCode {
        /// The sign-in is more than an hour ago: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
        /// That is neither Portaria's own address nor the workspace's front end; or it has no name, as `http://127.0.0.1`.
        UnknownOrigin = UnknownOrigin at "origin",
    }
}

/// A passkey that a device has made.
#[derive(InputObject)]
pub struct FinishPasskeyRegistrationInput {
    /// The challenge that it answers (`challenge_...`).
    challenge_id: ID,
    /// `JSON.stringify(credential.toJSON())` of the credential that `navigator.credentials.create` gave.
    credential: String,
    /// What its owner calls it, in at most 100 characters: the device, usually.
    name: String,
}

payload! {
    /// What came of registering a passkey.
    FinishPasskeyRegistrationPayload [authenticated(enrolling)] {
        /// The passkey; null when it was refused.
        passkey: Passkey,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken,
        /// With the first factor: ten recovery codes, each good for one use. Shown this once: have them kept. Null otherwise.
        recovery_codes: Vec<String>
    }
    FinishPasskeyRegistrationUserError, FinishPasskeyRegistrationErrorCode {
        /// Another request has given this session a new token meanwhile: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced,
        /// The challenge is not this session's, was used, or is older than five minutes: begin again.
        ChallengeExpired = ChallengeExpired at "challengeId",
        /// The device did not do what was asked: another page, another challenge, or its owner not verified.
        WrongPasskey = WrongPasskey at "credential",
        /// It is registered already.
        AlreadyRegistered = AlreadyRegistered at "credential",
        /// A name is needed.
        NameMissing = NameMissing at "name",
        /// The sign-in is more than an hour ago, or the session has ended: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
    }
}

/// On which page.
#[derive(InputObject)]
pub struct BeginPasskeySignInInput {
    /// `window.location.origin`: a workspace's front end, or Portaria's own address, which it is if not said.
    origin: Option<String>,
}

payload! {
    /// What came of beginning to sign in with a passkey.
    BeginPasskeySignInPayload [public] {
        /// What the device is asked; null when it was refused.
        challenge: PasskeyChallenge
    }
    BeginPasskeySignInUserError, BeginPasskeySignInErrorCode {
        /// That is neither Portaria's own address nor a workspace's front end; or it has no name, as `http://127.0.0.1`.
        UnknownOrigin = UnknownOrigin at "origin",
    }
}

/// What a device has answered, and where to sign in.
#[derive(InputObject)]
pub struct FinishPasskeySignInInput {
    /// The challenge that it answers (`challenge_...`).
    challenge_id: ID,
    /// `JSON.stringify(credential.toJSON())` of the credential that `navigator.credentials.get` gave.
    credential: String,
    /// The workspace (`ws_...`), for who is in several. Without it, the one they joined first. On the pages of a workspace's
    /// front end, that workspace alone.
    workspace_id: Option<ID>,
    /// How the client keeps the session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

payload! {
    /// What came of signing in with a passkey.
    FinishPasskeySignInPayload [public] {
        /// The new session, which counts as two-factor; null when it was refused.
        session: SessionToken
    }
    FinishPasskeySignInUserError, FinishPasskeySignInErrorCode {
        /// The challenge was used, or is older than five minutes: begin again.
        ChallengeExpired = ChallengeExpired at "challengeId",
        /// The passkey opens nothing here. Why, is not told.
        InvalidCredentials = InvalidCredentials,
    }
}

/// On which page.
#[derive(InputObject)]
pub struct BeginPasskeyStepUpInput {
    /// `window.location.origin`: the workspace's front end, or Portaria's own address, which it is if not said.
    origin: Option<String>,
}

payload! {
    /// What came of beginning to step up with a passkey.
    BeginPasskeyStepUpPayload [authenticated(enrolling)] {
        /// What the device is asked; null when it was refused. The answer goes into `stepUp`.
        challenge: PasskeyChallenge
    }
    BeginPasskeyStepUpUserError, BeginPasskeyStepUpErrorCode {
        /// The viewer has no passkey for these pages.
        NoSecondFactor = NoSecondFactor,
        /// That is neither Portaria's own address nor the workspace's front end; or it has no name, as `http://127.0.0.1`.
        UnknownOrigin = UnknownOrigin at "origin",
    }
}

/// Which passkey, and its new name.
#[derive(InputObject)]
pub struct RenamePasskeyInput {
    /// Which (`passkey_...`).
    passkey_id: ID,
    /// What to call it, in at most 100 characters.
    name: String,
}

payload! {
    /// What came of renaming a passkey.
    RenamePasskeyPayload [authenticated] {
        /// The passkey; null when it was refused.
        passkey: Passkey
    }
    RenamePasskeyUserError, RenamePasskeyErrorCode {
        /// This session counts in this workspace alone, and the account belongs to others too: sign in with its password.
        SharedAccount = SharedAccount,
        /// A name is needed.
        NameMissing = NameMissing at "name",
    }
}

/// Which passkey.
#[derive(InputObject)]
pub struct RemovePasskeyInput {
    /// Which (`passkey_...`).
    passkey_id: ID,
}

payload! {
    /// What came of taking a passkey out of use.
    RemovePasskeyPayload [authenticated] {
        /// Who asks, without it; null when it was refused.
        viewer: ViewerObject,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken
    }
    RemovePasskeyUserError, RemovePasskeyErrorCode {
        /// Another request has given this session a new token meanwhile, or it has ended: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced or AuthenticationTooOld,
        /// This session counts in this workspace alone, and the account belongs to others too: sign in with its password.
        SharedAccount = SharedAccount,
        /// A workspace demands a second factor of the viewer, and this is the only one: set up another first.
        LastFactor = LastFactor at "passkeyId",
    }
}

#[guarded]
impl PasskeyMutation {
    /// Begins to register a passkey. Who has a second factor already must have used it within the hour (STEP_UP_REQUIRED
    /// otherwise); who has none must have signed in within the hour.
    #[authenticated(enrolling)]
    async fn begin_passkey_registration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "On which page.")] input: BeginPasskeyRegistrationInput,
    ) -> Result<Option<BeginPasskeyRegistrationPayload>> {
        let request = Request::of(ctx);
        let (installation, viewer) = (&request.installation, request.viewer()?);
        let page = input.origin.as_deref();
        let asked = passkey::begin_registration(installation, viewer, page, &request.origin).await;
        Ok(Some(BeginPasskeyRegistrationPayload::new(asked.map(Some))?))
    }

    /// Puts a new passkey into use. This session counts as two-factor from then on, under a new token; the viewer's other
    /// sessions end, in every workspace. Who had no second factor is given recovery codes.
    #[authenticated(enrolling)]
    async fn finish_passkey_registration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the device made.")] input: FinishPasskeyRegistrationInput,
    ) -> Result<Option<FinishPasskeyRegistrationPayload>> {
        let request = Request::of(ctx);
        let answer = answer(&input.challenge_id, &input.credential)?;
        let new = NewPasskey { answer, name: &input.name };
        let viewer = request.viewer()?;
        let done = passkey::finish_registration(&request.installation, viewer, new).await;
        let recovery_codes = done.as_ref().ok().and_then(|new| new.recovery_codes.as_ref()).map(shown);
        let passkey = done.as_ref().ok().map(|new| new.passkey.clone());
        let (done, session_token) = hand_renewed(ctx, viewer, done.map(|new| new.renewed));
        let payload = FinishPasskeyRegistrationPayload::new(done.map(|_| passkey))?;
        Ok(Some(FinishPasskeyRegistrationPayload { session_token, recovery_codes, ..payload }))
    }

    /// Begins to sign in with a passkey. No account is named: the device knows which it has.
    #[public]
    async fn begin_passkey_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "On which page.")] input: BeginPasskeySignInInput,
    ) -> async_graphql::Result<BeginPasskeySignInPayload> {
        let request = Request::of(ctx);
        let page = input.origin.as_deref();
        let asked = passkey::begin_sign_in(&request.installation, page, &request.origin).await;
        Ok(BeginPasskeySignInPayload::new(asked.map(Some))?)
    }

    /// Opens a session with a passkey, which is two factors at once. Every attempt is recorded.
    #[public]
    async fn finish_passkey_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the device answered.")] input: FinishPasskeySignInInput,
    ) -> async_graphql::Result<FinishPasskeySignInPayload> {
        let request = Request::of(ctx);
        require_browser(request, input.transport).await?;
        let signing_in = SigningIn {
            answer: answer(&input.challenge_id, &input.credential)?,
            workspace_id: parse_optional(input.workspace_id.as_ref())?,
            origin: request.origin.clone(),
        };
        let opened = passkey::finish_sign_in(&request.installation, signing_in).await;
        Ok(FinishPasskeySignInPayload::new(hand_over(ctx, opened, input.transport).await)?)
    }

    /// Begins to prove anew who the viewer is, with one of their passkeys. `stepUp` takes the answer.
    #[authenticated(enrolling)]
    async fn begin_passkey_step_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "On which page.")] input: BeginPasskeyStepUpInput,
    ) -> Result<Option<BeginPasskeyStepUpPayload>> {
        let request = Request::of(ctx);
        let (installation, viewer) = (&request.installation, request.viewer()?);
        let page = input.origin.as_deref();
        let asked = passkey::begin_step_up(installation, viewer, page, &request.origin).await;
        Ok(Some(BeginPasskeyStepUpPayload::new(asked.map(Some))?))
    }

    /// Calls a passkey something else.
    #[authenticated]
    async fn rename_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which, and what to call it.")] input: RenamePasskeyInput,
    ) -> Result<Option<RenamePasskeyPayload>> {
        let request = Request::of(ctx);
        let id = parse(&input.passkey_id)?;
        let row = passkey::rename(&request.installation, request.viewer()?, id, &input.name).await;
        Ok(Some(RenamePasskeyPayload::new(row.map(Some))?))
    }

    /// Takes a passkey out of use. Needs a session that gave a second factor within the hour, which goes on under a new token.
    #[authenticated]
    async fn remove_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] input: RemovePasskeyInput,
    ) -> Result<Option<RemovePasskeyPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let removed = passkey::remove(&request.installation, viewer, parse(&input.passkey_id)?).await;
        let (removed, session_token) = hand_renewed(ctx, viewer, removed);
        let payload = RemovePasskeyPayload::new(removed.map(|_| Some(ViewerObject(viewer.clone()))))?;
        Ok(Some(RemovePasskeyPayload { session_token, ..payload }))
    }
}
