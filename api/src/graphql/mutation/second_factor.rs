//! Setting up an authenticator app, and proving anew who one is with it.

use async_graphql::{Context, InputObject};
use portaria_domain::permission::PermissionSet;
use portaria_domain::second_factor::{self, Enrolment};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::payload::payload;
use crate::graphql::viewer::Session;
use crate::guard::Subject;
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

/// A code of the authenticator app.
#[derive(InputObject)]
pub struct StepUpInput {
    /// Six digits, as the app shows them; spaces do not matter. Each code passes once.
    code: String,
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
    #[authenticated]
    fn secret(&self) -> &str {
        &self.0.secret
    }

    /// `otpauth://totp/...`, to be shown as a QR code.
    #[authenticated]
    fn uri(&self) -> &str {
        &self.0.uri
    }
}

payload! {
    /// What came of beginning to set up an authenticator app.
    EnrollSecondFactorPayload [authenticated] {
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
    ConfirmSecondFactorPayload [authenticated] {
        /// The viewer's session, which counts as two-factor now; null when it was refused.
        session: Session
    }
    ConfirmSecondFactorUserError, ConfirmSecondFactorErrorCode {
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
    StepUpPayload [authenticated] {
        /// The viewer's session, which may use what is sensitive for an hour; null when it was refused.
        session: Session
    }
    StepUpUserError, StepUpErrorCode {
        /// The code is wrong, old, or was used before.
        WrongCode = WrongCode at "code",
        /// Five wrong codes within 15 minutes: further ones are not looked at until then.
        TooManyAttempts = TooManyAttempts at "code",
        /// No authenticator app is set up: use `enrollSecondFactor`.
        NoSecondFactor = NoSecondFactor,
        /// The session has ended meanwhile: sign in again first.
        AuthenticationTooOld = AuthenticationTooOld,
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
    }
}

#[guarded]
impl SecondFactorMutation {
    /// Begins to set up an authenticator app, in place of one that is there. It counts once `confirmSecondFactor` was given
    /// a code of it, within 15 minutes. Who has one already must have used it within the hour (STEP_UP_REQUIRED otherwise);
    /// who has none must have signed in within the hour.
    #[authenticated]
    async fn enroll_second_factor(&self, ctx: &Context<'_>) -> Result<Option<EnrollSecondFactorPayload>> {
        let request = Request::of(ctx);
        let begun = second_factor::enroll(&request.installation, request.viewer()?).await;
        Ok(Some(EnrollSecondFactorPayload::new(begun.map(Some))?))
    }

    /// Puts the new authenticator app into use. The viewer's other sessions end, in every workspace.
    #[authenticated]
    async fn confirm_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its first code.")] input: ConfirmSecondFactorInput,
    ) -> Result<Option<ConfirmSecondFactorPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let confirmed = second_factor::confirm(&request.installation, viewer, &input.code).await;
        Ok(Some(ConfirmSecondFactorPayload::new(
            confirmed.map(|session| Some((session, viewer.expires_at))),
        )?))
    }

    /// Proves anew who the viewer is. What needs a fresh two-factor authentication (STEP_UP_REQUIRED) can then be used in
    /// this session for an hour. Wrong codes are recorded.
    #[authenticated]
    async fn step_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A code.")] input: StepUpInput,
    ) -> Result<Option<StepUpPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let outcome =
            second_factor::step_up(&request.installation, viewer, &input.code, &request.origin).await;
        Ok(Some(StepUpPayload::new(outcome.map(|session| Some((session, viewer.expires_at))))?))
    }
}
