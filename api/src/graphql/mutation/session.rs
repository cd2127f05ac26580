//! Signing in and out, and the first administrator.

use async_graphql::{Context, ID, InputObject};
use axum::http::{HeaderValue, header};
use portaria_domain::authentication::{Attempt, OpenedSession, sign_in, sign_out};
use portaria_domain::permission::PermissionSet;
use portaria_domain::session::Renewed;
use portaria_domain::token::Token;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace::{FirstAdministrator, NewWorkspace, create_first_administrator};
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;

use crate::cookie;
use crate::error::{Problem, Result};
use crate::graphql::id::parse_optional;
use crate::graphql::payload::payload;
use crate::graphql::session::SessionTransport;
use crate::graphql::time::DateTime;
use crate::graphql::viewer::Session;
use crate::guard::Subject;
use crate::identity::Carrier;
use crate::request::Request;

#[derive(Default)]
pub struct SessionMutation;

impl Subject for SessionMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// Who signs in.
#[derive(InputObject)]
pub struct SignInInput {
    /// E-mail address, in any case.
    email: String,
    /// Password.
    password: String,
    /// For who has a second factor: six digits of the authenticator app, or a recovery code.
    code: Option<String>,
    /// The workspace (`ws_...`), for who is in several. Without it, the one they joined first.
    workspace_id: Option<ID>,
    /// How the client keeps the session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

/// The first administrator of a new installation, and their workspace.
#[derive(InputObject)]
pub struct CreateFirstAdministratorInput {
    /// The one-time token that Portaria printed at its first start.
    setup_token: String,
    /// The administrator's name.
    name: String,
    /// The address with which they will sign in.
    email: String,
    /// From 8 to 128 characters of any kind.
    password: String,
    /// What the workspace is called, usually the company's name.
    workspace_name: String,
    /// IANA name of its time zone.
    #[graphql(default_with = "\"America/Sao_Paulo\".to_owned()")]
    time_zone: String,
    /// BCP 47 tag of its language: `pt-BR`, `en` or `es`.
    #[graphql(default_with = "\"pt-BR\".to_owned()")]
    locale: String,
    /// How the client keeps the session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

/// What a client is told of them; nothing of what is in a cookie.
pub struct SessionToken {
    token: Option<Token>,
    device: Option<Token>,
    expires_at: Timestamp,
}

impl From<OpenedSession> for SessionToken {
    fn from(opened: OpenedSession) -> Self {
        let OpenedSession { token, session, device } = opened;
        Self { token: Some(token), device, expires_at: session.expires_at }
    }
}

/// Refuses a cookie to a page that could not use it: what opens a session must not be made by a foreign one.
pub(super) async fn require_browser(request: &Request, transport: SessionTransport) -> Result<()> {
    match transport {
        SessionTransport::Bearer => Ok(()),
        SessionTransport::Cookie => {
            match request.provenance.may_use_cookie(&request.installation, None).await? {
                true => Ok(()),
                false => Err(Problem::ForeignPage),
            }
        }
    }
}

/// Hands a new session to the client the way it asked for. A session whose place in the cookie it takes ends.
pub(super) async fn hand_over(
    ctx: &Context<'_>,
    opened: portaria_domain::Result<OpenedSession>,
    transport: SessionTransport,
) -> portaria_domain::Result<Option<SessionToken>> {
    let opened = opened?;
    if transport == SessionTransport::Bearer {
        return Ok(Some(opened.into()));
    }
    let request = Request::of(ctx);
    if let (Carrier::Cookie, Some(viewer)) = (request.carrier, &request.viewer) {
        sign_out(&request.installation, viewer).await?;
    }
    let expires_at = opened.session.expires_at;
    put(ctx, cookie::set(cookie::SESSION, opened.token.reveal(), expires_at.since(request.now)));
    if let Some(device) = &opened.device {
        put(ctx, cookie::set(cookie::DEVICE, device.reveal(), cookie::DEVICE_AGE));
    }
    Ok(Some(SessionToken { token: None, device: None, expires_at }))
}

/// Hands the new token of the viewer's session to the client the way it gave the old one.
pub(super) fn hand_renewed(
    ctx: &Context<'_>,
    viewer: &Viewer,
    renewed: portaria_domain::Result<Renewed>,
) -> (portaria_domain::Result<Option<Session>>, Option<SessionToken>) {
    let Renewed { session, token } = match renewed {
        Ok(renewed) => renewed,
        Err(failure) => return (Err(failure), None),
    };
    let (request, expires_at) = (Request::of(ctx), viewer.expires_at);
    let token = match request.carrier {
        Carrier::Cookie => {
            put(ctx, cookie::set(cookie::SESSION, token.reveal(), expires_at.since(request.now)));
            None
        }
        Carrier::Bearer | Carrier::Nothing => Some(token),
    };
    (Ok(Some((session, expires_at).into())), Some(SessionToken { token, device: None, expires_at }))
}

/// Takes the cookie of a session away that has ended, if it was kept in one.
pub(super) fn forget_cookie(ctx: &Context<'_>) {
    if Request::of(ctx).carrier == Carrier::Cookie {
        put(ctx, cookie::clear(cookie::SESSION));
    }
}

fn put(ctx: &Context<'_>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        ctx.append_http_header(header::SET_COOKIE, cookie);
    }
}

/// A session that has just been opened, or has just been given a new token.
#[guarded]
impl SessionToken {
    /// Goes into the header `Authorization: Bearer ...`, in place of the one that there was. Shown this once. Null when the
    /// session is in a cookie: then the answer has set that.
    #[public]
    fn token(&self) -> Option<&str> {
        self.token.as_ref().map(Token::reveal)
    }

    /// By which this device is recognised the next time: an app keeps it, also when it signs out, and sends it in the header
    /// `Portaria-Device` whenever it signs in, so that its user is not told of a new device. Null when the device has shown
    /// one, when it is in a cookie, or when nobody has signed in just now.
    #[public]
    fn device_token(&self) -> Option<&str> {
        self.device.as_ref().map(Token::reveal)
    }

    /// When the session ends, whatever happens.
    #[public]
    fn expires_at(&self) -> DateTime {
        self.expires_at.into()
    }
}

/// That the viewer is signed out.
pub struct SignedOut;

/// That the viewer is signed out.
#[guarded]
impl SignedOut {
    /// The session that has ended (`sess_...`).
    #[public]
    fn session_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        Ok(Some(Request::of(ctx).viewer()?.session()?.session_id.into()))
    }
}

payload! {
    /// What came of signing in.
    SignInPayload [public] {
        /// The new session; null when it was refused.
        session: SessionToken
    }
    SignInUserError, SignInErrorCode {
        /// E-mail or password is wrong, or there is no membership to sign in to. Which it is, is not told.
        InvalidCredentials = InvalidCredentials,
        /// The password is right, and a second factor is needed too: ask for a code of the authenticator app or a recovery code,
        /// and sign in again with both. Or sign in with a passkey: `beginPasskeySignIn`.
        SecondFactorRequired = SecondFactorRequired at "code",
        /// The password is right; the code is wrong, old, or was used before.
        WrongCode = WrongCode at "code",
        /// Too many wrong guesses for this account or from this network, or five wrong codes within 15 minutes: further
        /// ones are not looked at for a while, right or wrong. `retryAfter` tells for how long, where that is known.
        TooManyAttempts = TooManyAttempts at "code" or Throttled,
    }
    waits public
}

payload! {
    /// What came of creating the first administrator.
    CreateFirstAdministratorPayload [public] {
        /// The administrator's session; null when it was refused.
        session: SessionToken
    }
    CreateFirstAdministratorUserError, CreateFirstAdministratorErrorCode {
        /// The setup token is wrong, used or expired.
        InvalidToken = InvalidToken at "setupToken",
        /// The password has fewer than 8 or more than 128 characters.
        PasswordLength = PasswordLength at "password",
        /// Too many people choose that password, or one like it.
        PasswordCommon = PasswordCommon at "password",
        /// The password is made of the person's name or address, or of what the workspace or the product is called.
        PasswordPersonal = PasswordPersonal at "password",
    }
}

#[guarded]
impl SessionMutation {
    /// Opens a session with e-mail and password, and a code for who has a second factor. Every attempt is recorded.
    #[public]
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SignInInput,
    ) -> async_graphql::Result<SignInPayload> {
        let request = Request::of(ctx);
        require_browser(request, input.transport).await?;
        let workspace_id = parse_optional(input.workspace_id.as_ref())?;
        let origin = request.origin.clone();
        let attempt = Attempt {
            email: &input.email,
            password: &input.password,
            code: input.code.as_deref(),
            workspace_id,
            origin,
        };
        let opened = sign_in(&request.installation, attempt).await;
        Ok(SignInPayload::new(hand_over(ctx, opened, input.transport).await)?)
    }

    /// Ends the viewer's session, in force at once.
    #[authenticated(enrolling)]
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<Option<SignedOut>> {
        let request = Request::of(ctx);
        sign_out(&request.installation, request.viewer()?).await?;
        forget_cookie(ctx);
        Ok(Some(SignedOut))
    }

    /// Creates the first administrator and the first workspace of a new installation, and signs them in.
    #[public]
    async fn create_first_administrator(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who becomes the administrator, of what.")] input: CreateFirstAdministratorInput,
    ) -> async_graphql::Result<CreateFirstAdministratorPayload> {
        let request = Request::of(ctx);
        require_browser(request, input.transport).await?;
        let workspace =
            NewWorkspace { name: &input.workspace_name, time_zone: &input.time_zone, locale: &input.locale };
        let first = FirstAdministrator {
            setup_token: &input.setup_token,
            name: &input.name,
            email: &input.email,
            password: &input.password,
            workspace,
            origin: request.origin.clone(),
        };
        let created = create_first_administrator(&request.installation, first).await;
        Ok(CreateFirstAdministratorPayload::new(hand_over(ctx, created, input.transport).await)?)
    }
}
