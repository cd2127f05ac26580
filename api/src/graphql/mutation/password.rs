//! Changing a password, and setting a new one when it is forgotten.

use async_graphql::{Context, InputObject};
use portaria_domain::password::{self, Change, Reset};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::session::{SessionToken, hand_renewed};
use crate::error::Result;
use crate::graphql::payload::payload;
use crate::graphql::viewer::Session;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct PasswordMutation;

impl Subject for PasswordMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// The viewer's password, and the one it is to be.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The one that they have.
    current_password: String,
    /// From 8 to 128 characters of any kind; none that many people choose, and none made of the person's name or address, or
    /// of what the workspace or the product is called.
    new_password: String,
}

payload! {
    /// What came of changing the viewer's password.
    ChangePasswordPayload [authenticated] {
        /// The viewer's session, which goes on; null when it was refused.
        session: Session,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken
    }
    ChangePasswordUserError, ChangePasswordErrorCode {
        /// Another request has given this session a new token meanwhile, or it has ended: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced or AuthenticationTooOld,
        /// The current password is another.
        InvalidCredentials = InvalidCredentials at "currentPassword",
        /// Too many wrong guesses at the current password: further ones are not looked at until `retryAfter` is over.
        TooManyAttempts = Throttled at "currentPassword",
        /// The new password has fewer than 8 or more than 128 characters.
        PasswordLength = PasswordLength at "newPassword",
        /// Too many people choose that password, or one like it.
        PasswordCommon = PasswordCommon at "newPassword",
        /// The password is made of the person's name or address, or of what the workspace or the product is called.
        PasswordPersonal = PasswordPersonal at "newPassword",
        /// Single sign-on opened this session, and the account belongs to other workspaces too: sign in with its password.
        SharedAccount = SharedAccount,
    }
    waits authenticated
}

/// Whose password is forgotten.
#[derive(InputObject)]
pub struct RequestPasswordResetInput {
    /// The address with which they sign in, in any case.
    email: String,
}

payload! {
    /// What came of asking for a new password. Nothing in it, and nothing about the time it takes, tells whether the address is
    /// anybody's.
    RequestPasswordResetPayload [public] {
        /// True when it was written down. If the address is that of an account, a letter with a link follows; nobody gets more
        /// than a few an hour.
        accepted: bool
    }
    RequestPasswordResetUserError, RequestPasswordResetErrorCode {
        /// Too much was asked from this network: again when `retryAfter` is over.
        TooManyAttempts = Throttled,
    }
    waits public
}

/// A new password, by the link in a letter.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// From the letter: behind `#token=`. Good for 30 minutes, once; a newer letter makes it worthless.
    token: String,
    /// From 8 to 128 characters of any kind; none that many people choose, and none made of the person's name or address, or
    /// of what the workspace or the product is called.
    new_password: String,
    /// Six digits of the authenticator app, of who has set one up: the letter does not stand in for it.
    code: Option<String>,
}

payload! {
    /// What came of setting a new password.
    ResetPasswordPayload [public] {
        /// The address to sign in with now; null when it was refused. Nobody is signed in by this.
        email: String
    }
    ResetPasswordUserError, ResetPasswordErrorCode {
        /// The token is wrong, used, replaced or expired: ask for another letter.
        InvalidToken = InvalidToken at "token",
        /// The password has fewer than 8 or more than 128 characters.
        PasswordLength = PasswordLength at "newPassword",
        /// Too many people choose that password, or one like it.
        PasswordCommon = PasswordCommon at "newPassword",
        /// The password is made of the person's name or address, or of what the workspace or the product is called.
        PasswordPersonal = PasswordPersonal at "newPassword",
        /// A code of the authenticator app is needed too. The token stays good.
        SecondFactorRequired = SecondFactorRequired at "code",
        /// The code is wrong, old, or was used before. The token stays good.
        WrongCode = WrongCode at "code",
        /// Five wrong codes within 15 minutes: further ones are not looked at until then.
        TooManyAttempts = TooManyAttempts at "code",
    }
}

#[guarded]
impl PasswordMutation {
    /// Changes the viewer's password. Their other sessions end, in all workspaces, this one goes on under a new token, and
    /// they get a letter. Who has a second
    /// factor must have used it within the hour, else this is STEP_UP_REQUIRED.
    #[authenticated]
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password that they have, and the new one.")] input: ChangePasswordInput,
    ) -> Result<Option<ChangePasswordPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let change =
            Change { current: &input.current_password, new: &input.new_password, origin: &request.origin };
        let changed = password::change(&request.installation, viewer, change).await;
        let (session, session_token) = hand_renewed(ctx, viewer, changed);
        Ok(Some(ChangePasswordPayload { session_token, ..ChangePasswordPayload::new(session)? }))
    }

    /// Asks for a letter with a link to set a new password, for whoever has this address. The answer is always the same.
    #[public]
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password is forgotten.")] input: RequestPasswordResetInput,
    ) -> async_graphql::Result<RequestPasswordResetPayload> {
        let request = Request::of(ctx);
        let asked = password::request_reset(&request.installation, &input.email, &request.origin).await;
        Ok(RequestPasswordResetPayload::new(asked.map(|()| Some(true)))?)
    }

    /// Sets a new password by the link in a letter. All sessions of the person end, in all workspaces, and they get a letter.
    #[public]
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token and the new password.")] input: ResetPasswordInput,
    ) -> async_graphql::Result<ResetPasswordPayload> {
        let request = Request::of(ctx);
        let wanted = Reset {
            token: &input.token,
            new: &input.new_password,
            code: input.code.as_deref(),
            origin: request.origin.clone(),
        };
        Ok(ResetPasswordPayload::new(password::reset(&request.installation, wanted).await.map(Some))?)
    }
}
