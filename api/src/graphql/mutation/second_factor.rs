//! Setting up an authenticator app, recovery codes, and proving anew who one is.

use async_graphql::{Context, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::recovery_code::RecoveryCodes;
use portaria_domain::second_factor::Enrolment;
use portaria_domain::viewer::Viewer;
use portaria_domain::{passkey, recovery_code, second_factor};
use portaria_guard::guarded;

use super::session::{SessionToken, hand_renewed};
use crate::error::{Problem, Result};
use crate::graphql::passkey::PasskeyAnswerInput;
use crate::graphql::payload::payload;
use crate::graphql::viewer::{Session, Viewer as ViewerObject};
use crate::guard::Subject;
use crate::qr_code;
use crate::request::Request;

#[derive(Default)]
pub struct SecondFactorMutation;

impl Subject for SecondFactorMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A code of the authenticator app.
#[derive(InputObject)]
pub struct ConfirmSecondFactorInput {
    /// Six digits, as the app shows them; spaces do not matter. Each code passes once.
    code: String,
}

/// Exactly one of them.
#[derive(InputObject)]
pub struct StepUpInput {
    /// Six digits, as the app shows them, or a recovery code; spaces do not matter. Each code passes once.
    code: Option<String>,
    /// What a passkey signed, begun with `beginPasskeyStepUp`.
    passkey: Option<PasskeyAnswerInput>,
}

pub struct SecondFactorEnrollment(Enrolment);

impl From<Enrolment> for SecondFactorEnrollment {
    fn from(enrolment: Enrolment) -> Self {
        Self(enrolment)
    }
}

/// What an authenticator app needs to make codes: time-based, SHA-1, 6 digits, 30 seconds (RFC 6238). Shown this once.
#[guarded]
impl SecondFactorEnrollment {
    /// The shared secret in base 32, for who types it.
    #[authenticated(enrolling)]
    fn secret(&self) -> &str {
        &self.0.secret
    }

    /// `otpauth://totp/...`, for a link on the device that has the app.
    #[authenticated(enrolling)]
    fn uri(&self) -> &str {
        &self.0.uri
    }

    /// The same as a QR code: an SVG picture, black on white, that scales to any size. Give it a text alternative.
    #[authenticated(enrolling)]
    fn qr_code(&self) -> Result<String> {
        qr_code::svg(&self.0.uri)
    }
}

payload! {
    /// What came of beginning to set up an authenticator app.
    EnrollSecondFactorPayload [authenticated(enrolling)] {
        /// What the app needs; null when it was refused.
        enrollment: SecondFactorEnrollment
    }
    EnrollSecondFactorUserError, EnrollSecondFactorErrorCode {
        /// The sign-in is more than an hour ago: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
    }
}

payload! {
    /// What came of confirming an authenticator app.
    ConfirmSecondFactorPayload [authenticated(enrolling)] {
        /// The viewer's session, which counts as two-factor now; null when it was refused.
        session: Session,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken,
        /// With the first factor: ten recovery codes, each good for one use. Shown this once: have them kept. Null otherwise.
        recovery_codes: Vec<String>
    }
    ConfirmSecondFactorUserError, ConfirmSecondFactorErrorCode {
        /// Another request has given this session a new token meanwhile: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced,
        /// The code is wrong or old. Is the telephone's clock right?
        WrongCode = WrongCode at "code",
        /// Nothing was begun within the last 15 minutes: use `enrollSecondFactor`.
        NoSecondFactor = NoSecondFactor,
        /// The session has ended meanwhile: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
    }
}

payload! {
    /// What came of proving anew who one is.
    StepUpPayload [authenticated(enrolling)] {
        /// The viewer's session, which may use what is sensitive for an hour; null when it was refused.
        session: Session,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken
    }
    StepUpUserError, StepUpErrorCode {
        /// Another request has given this session a new token meanwhile: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced,
        /// The code is wrong, old, or was used before.
        WrongCode = WrongCode at "code",
        /// Five wrong codes within 15 minutes: further ones are not looked at until then.
        TooManyAttempts = TooManyAttempts at "code",
        /// No second factor is set up: use `enrollSecondFactor` or `beginPasskeyRegistration`.
        NoSecondFactor = NoSecondFactor,
        /// The session has ended meanwhile: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
        /// The challenge is not this session's, was used, or is older than five minutes: begin again.
        ChallengeExpired = ChallengeExpired at "passkey",
        /// The passkey is not one of the viewer's, or did not prove what was asked.
        WrongPasskey = WrongPasskey at "passkey",
    }
}

payload! {
    /// What came of making new recovery codes.
    RegenerateRecoveryCodesPayload [authenticated] {
        /// Ten codes, each good for one use, in place of the earlier ones. Shown this once. Null when it was refused.
        recovery_codes: Vec<String>
    }
    RegenerateRecoveryCodesUserError, RegenerateRecoveryCodesErrorCode {
        /// This session counts in this workspace alone, and the account belongs to others too: sign in with its password.
        SharedAccount = SharedAccount,
        /// There is no second factor that they could stand in for.
        NoSecondFactor = NoSecondFactor,
    }
}

payload! {
    /// What came of taking the authenticator app out of use.
    RemoveAuthenticatorAppPayload [authenticated] {
        /// Who asks, without it; null when it was refused.
        viewer: ViewerObject,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken
    }
    RemoveAuthenticatorAppUserError, RemoveAuthenticatorAppErrorCode {
        /// Another request has given this session a new token meanwhile, or it has ended: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced or AuthenticationTooOld,
        /// This session counts in this workspace alone, and the account belongs to others too: sign in with its password.
        SharedAccount = SharedAccount,
        /// There is none.
        NoSecondFactor = NoSecondFactor,
        /// A workspace demands a second factor of the viewer, and this is the only one: add a passkey first.
        LastFactor = LastFactor,
    }
}

pub(super) fn shown(codes: &RecoveryCodes) -> Vec<String> {
    codes.reveal().map(str::to_owned).collect()
}

#[guarded]
impl SecondFactorMutation {
    /// Begins to set up an authenticator app, in place of one that is there. It counts once `confirmSecondFactor` was given
    /// a code of it, within 15 minutes. Who has one already must have used it within the hour (STEP_UP_REQUIRED otherwise);
    /// who has none must have signed in within the hour.
    #[authenticated(enrolling)]
    async fn enroll_second_factor(&self, ctx: &Context<'_>) -> Result<Option<EnrollSecondFactorPayload>> {
        let request = Request::of(ctx);
        let begun = second_factor::enroll(&request.installation, request.viewer()?).await;
        Ok(Some(EnrollSecondFactorPayload::new(begun.map(Some))?))
    }

    /// Puts the new authenticator app into use. The viewer's other sessions end, in every workspace; this one goes on under a
    /// new token. Who had no second factor is given recovery codes.
    #[authenticated(enrolling)]
    async fn confirm_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its first code.")] input: ConfirmSecondFactorInput,
    ) -> Result<Option<ConfirmSecondFactorPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let confirmed = second_factor::confirm(&request.installation, viewer, &input.code).await;
        let recovery_codes = confirmed.as_ref().ok().and_then(|new| new.recovery_codes.as_ref()).map(shown);
        let (session, session_token) = hand_renewed(ctx, viewer, confirmed.map(|new| new.renewed));
        let payload = ConfirmSecondFactorPayload::new(session)?;
        Ok(Some(ConfirmSecondFactorPayload { session_token, recovery_codes, ..payload }))
    }

    /// Makes new recovery codes; the earlier ones are worth nothing from then on. Needs a session that gave a second factor
    /// within the hour.
    #[authenticated]
    async fn regenerate_recovery_codes(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<RegenerateRecoveryCodesPayload>> {
        let request = Request::of(ctx);
        let made = recovery_code::regenerate(&request.installation, request.viewer()?).await;
        Ok(Some(RegenerateRecoveryCodesPayload::new(made.map(|codes| Some(shown(&codes))))?))
    }

    /// Takes the authenticator app out of use. Needs a session that gave a second factor within the hour, which goes on under
    /// a new token.
    #[authenticated]
    async fn remove_authenticator_app(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Option<RemoveAuthenticatorAppPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let removed = second_factor::remove_app(&request.installation, viewer).await;
        let (removed, session_token) = hand_renewed(ctx, viewer, removed);
        let viewer = removed.map(|_| Some(ViewerObject(viewer.clone())));
        Ok(Some(RemoveAuthenticatorAppPayload {
            session_token,
            ..RemoveAuthenticatorAppPayload::new(viewer)?
        }))
    }

    /// Proves anew who the viewer is. What needs a fresh two-factor authentication (STEP_UP_REQUIRED) can then be used in
    /// this session for an hour, under a new token. What is wrong is recorded.
    #[authenticated(enrolling)]
    async fn step_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A code, or a passkey's answer.")] input: StepUpInput,
    ) -> Result<Option<StepUpPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let (installation, origin) = (&request.installation, &request.origin);
        let outcome = match (&input.code, &input.passkey) {
            (Some(code), None) => second_factor::step_up(installation, viewer, code, origin).await,
            (None, Some(answer)) => passkey::step_up(installation, viewer, answer.read()?, origin).await,
            (None, None) | (Some(_), Some(_)) => {
                return Err(Problem::BadUserInput("Give either `code` or `passkey`.".to_owned()));
            }
        };
        let (session, session_token) = hand_renewed(ctx, viewer, outcome);
        Ok(Some(StepUpPayload { session_token, ..StepUpPayload::new(session)? }))
    }
}
