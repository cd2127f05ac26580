//! Signing in by an identity provider: beginning it, and what is done with what came of it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject};
use portaria_domain::error::Refusal;
use portaria_domain::identity_provider;
use portaria_domain::permission::PermissionSet;
use portaria_domain::single_sign_on::{self, Beginning, Fetching, Want};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::session::{SessionToken, hand_over, hand_renewed, require_browser};
use crate::error::Result;
use crate::graphql::id::parse;
use crate::graphql::identity_provider::ExternalIdentity;
use crate::graphql::payload::payload;
use crate::graphql::session::SessionTransport;
use crate::graphql::viewer::Session;
use crate::guard::Subject;
use crate::request::Request;
use crate::single_sign_on::{Providers, authorization_url, warn};

#[derive(Default)]
pub struct SingleSignOnMutation;

impl Subject for SingleSignOnMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// What somebody goes to an identity provider for.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum SingleSignOnPurpose {
    /// To sign in: `finishSingleSignOn` ends it.
    SignIn,
    /// To link the identity to the viewer, whose session must be a fresh two-factor one: `linkIdentity` ends it.
    Link,
    /// To prove anew who the viewer is, in a session that the provider has opened: `stepUpBySingleSignOn` ends it.
    StepUp,
}

/// Who wants to go to which provider, and where they shall come back to.
#[derive(InputObject)]
pub struct BeginSingleSignOnInput {
    /// The workspace: its id (`ws_...`) or short name.
    workspace: String,
    /// Which provider (`idp_...`).
    identity_provider_id: ID,
    /// What for.
    #[graphql(default_with = "SingleSignOnPurpose::SignIn")]
    purpose: SingleSignOnPurpose,
    /// The token from a letter of invitation, for who accepts it by signing in.
    invitation_token: Option<String>,
    /// Where in the front end the browser shall end, with `#code=...` or `#error=...` behind it; `/single-sign-on` if not said.
    path: Option<String>,
}

/// What a provider's answer is fetched by.
#[derive(InputObject)]
pub struct FinishSingleSignOnInput {
    /// From behind the `#`. It is good for a minute, once.
    code: String,
    /// From `beginSingleSignOn`. Not for a browser that went by `startPath`: its cookie says it.
    secret: Option<String>,
    /// How the client keeps the session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

/// What a provider's answer is fetched by.
#[derive(InputObject)]
pub struct LinkIdentityInput {
    /// From behind the `#`. It is good for a minute, once.
    code: String,
    /// From `beginSingleSignOn`.
    secret: Option<String>,
}

/// What a provider's answer is fetched by.
#[derive(InputObject)]
pub struct StepUpBySingleSignOnInput {
    /// From behind the `#`. It is good for a minute, once.
    code: String,
    /// From `beginSingleSignOn`.
    secret: Option<String>,
}

/// Which link.
#[derive(InputObject)]
pub struct UnlinkIdentityInput {
    /// Which identity (`xid_...`).
    external_identity_id: ID,
}

pub struct SingleSignOnStart {
    authorization_url: String,
    secret: String,
}

/// A way to a provider that has begun. It must be back within 10 minutes.
#[guarded]
impl SingleSignOnStart {
    /// Where to send the browser.
    #[public]
    fn authorization_url(&self) -> &str {
        &self.authorization_url
    }

    /// To be kept where the way began (`sessionStorage`), and given with the code at its end: a code that was got by another
    /// way is worth nothing without it. Shown this once.
    #[public]
    fn secret(&self) -> &str {
        &self.secret
    }
}

pub struct UnlinkedIdentity(ID);

/// That an identity is linked no more.
#[guarded]
impl UnlinkedIdentity {
    /// Which it was (`xid_...`).
    #[authenticated]
    fn id(&self) -> &ID {
        &self.0
    }
}

payload! {
    /// What came of beginning.
    BeginSingleSignOnPayload [public] {
        /// Where to go; null when it was refused.
        start: SingleSignOnStart
    }
    BeginSingleSignOnUserError, BeginSingleSignOnErrorCode {
        /// The provider does not answer as it should: again in a moment, or tell an administrator.
        ProviderUnreachable = ProviderUnreachable,
    }
}

payload! {
    /// What came of signing in by a provider.
    FinishSingleSignOnPayload [public] {
        /// The new session; null when it was refused.
        session: SessionToken
    }
    FinishSingleSignOnUserError, FinishSingleSignOnErrorCode {
        /// The code is wrong, used or older than a minute, or began elsewhere; or the invitation can no longer be accepted.
        InvalidToken = InvalidToken,
        /// An account with this e-mail address is there already: sign in to it as before and link the identity there (or accept
        /// the invitation with its password).
        LinkRequired = LinkRequired,
        /// The provider knows the person, and the workspace does not: they need an invitation, or a role that is mapped for them.
        NotLinked = NotLinked,
        /// The member is suspended or removed.
        NotActive = NotActive,
        /// Who sent the invitation may no longer grant what it promises.
        InvitationVoid = InvitationVoid,
        /// The workspace would be left without an administrator for good.
        LastAdministrator = LastAdministrator,
    }
}

payload! {
    /// What came of linking an identity.
    LinkIdentityPayload [authenticated] {
        /// The identity; null when it was refused.
        identity: ExternalIdentity
    }
    LinkIdentityUserError, LinkIdentityErrorCode {
        /// The code is wrong, used or older than a minute, or began elsewhere.
        InvalidToken = InvalidToken at "code",
        /// The identity belongs to another member.
        IdentityTaken = IdentityTaken,
        /// The viewer has an identity of this provider already: unlink that first.
        AlreadyLinked = AlreadyLinked,
    }
}

payload! {
    /// What came of unlinking an identity.
    UnlinkIdentityPayload [authenticated] {
        /// The identity that is linked no more; null when it was refused.
        unlinked: UnlinkedIdentity
    }
    UnlinkIdentityUserError, UnlinkIdentityErrorCode {
        /// The viewer proved who they are more than an hour ago: `stepUp`, or sign in again.
        AuthenticationTooOld = AuthenticationTooOld,
        /// The viewer has no password and no other identity: they could not sign in any more.
        LastWayIn = LastWayIn at "externalIdentityId",
        /// The member holds what the viewer does not.
        HoldsMore = HoldsMore at "externalIdentityId",
    }
}

payload! {
    /// What came of proving anew who one is.
    StepUpBySingleSignOnPayload [authenticated] {
        /// The viewer's session, which may use what is sensitive for an hour; null when it was refused.
        session: Session,
        /// The session's new token. The old one is worth nothing from now on; open subscriptions end. Null when it was refused.
        session_token: SessionToken
    }
    StepUpBySingleSignOnUserError, StepUpBySingleSignOnErrorCode {
        /// Another request has given this session a new token meanwhile, or it has ended: go on with that one, or sign in again.
        TokenReplaced = TokenReplaced or AuthenticationTooOld,
        /// The code is wrong, used or older than a minute, or began elsewhere.
        InvalidToken = InvalidToken at "code",
        /// It is another identity than the one that opened the session, or a password opened it.
        NotLinked = NotLinked,
        /// The provider did not say, in a way that is configured to mean it, that a second factor was given just now.
        NoSecondFactorGiven = NoSecondFactorGiven,
    }
}

#[guarded]
impl SingleSignOnMutation {
    /// Begins to sign in by an identity provider: send the browser to `authorizationUrl`, and keep `secret`.
    #[public]
    async fn begin_single_sign_on(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To which provider, and what for.")] input: BeginSingleSignOnInput,
    ) -> async_graphql::Result<BeginSingleSignOnPayload> {
        let request = Request::of(ctx);
        let want = match input.purpose {
            SingleSignOnPurpose::SignIn => Want::SignIn { invitation: input.invitation_token.as_deref() },
            SingleSignOnPurpose::Link => Want::Link,
            SingleSignOnPurpose::StepUp => Want::StepUp,
        };
        if !matches!(want, Want::SignIn { .. }) {
            request.viewer()?;
        }
        let beginning = Beginning {
            workspace: &input.workspace,
            provider_id: parse(&input.identity_provider_id)?,
            want,
            path: input.path.as_deref(),
            cookie: None,
            by_cookie: false,
        };
        Ok(BeginSingleSignOnPayload::new(start(ctx, beginning).await.map(Some))?)
    }

    /// Ends a sign-in by an identity provider with a session, for 12 hours at the most. It opens the workspace that the
    /// provider belongs to, and no other of the same person.
    #[public]
    async fn finish_single_sign_on(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the answer is fetched by.")] input: FinishSingleSignOnInput,
    ) -> async_graphql::Result<FinishSingleSignOnPayload> {
        let request = Request::of(ctx);
        require_browser(request, input.transport).await?;
        let fetching = fetching(request, &input.code, input.secret.as_deref());
        let opened = single_sign_on::finish(&request.installation, fetching, request.origin.clone()).await;
        Ok(FinishSingleSignOnPayload::new(hand_over(ctx, opened, input.transport).await)?)
    }

    /// Links the identity to the viewer, who can sign in to this workspace by it from now on, and is mailed. Needs a session
    /// that gave a second factor within the hour.
    #[authenticated]
    async fn link_identity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the answer is fetched by.")] input: LinkIdentityInput,
    ) -> Result<Option<LinkIdentityPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let fetching = fetching(request, &input.code, input.secret.as_deref());
        let outcome = async {
            let row = single_sign_on::link(&request.installation, viewer, fetching).await?;
            let reader = request.installation.database.reader();
            let provider = identity_provider::find(reader, (row.workspace_id, row.provider_id)).await?;
            Ok(Some(ExternalIdentity { row, provider_name: provider.provider.name }))
        };
        Ok(Some(LinkIdentityPayload::new(outcome.await)?))
    }

    /// Takes a link away; the sessions that it opened end, and its member is mailed. One's own, or, by who may manage the
    /// security policy, another's. Needs a session that proved within the hour who it is: with a second factor of who has one.
    #[authenticated]
    async fn unlink_identity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] input: UnlinkIdentityInput,
    ) -> Result<Option<UnlinkIdentityPayload>> {
        let request = Request::of(ctx);
        let id = parse(&input.external_identity_id)?;
        let unlinked = single_sign_on::unlink(&request.installation, request.viewer()?, id).await;
        Ok(Some(UnlinkIdentityPayload::new(unlinked.map(|id| Some(UnlinkedIdentity(id.into()))))?))
    }

    /// Proves anew who the viewer is, by the provider that opened the session: what is sensitive can be used for an hour, under
    /// a new token.
    #[authenticated]
    async fn step_up_by_single_sign_on(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the answer is fetched by.")] input: StepUpBySingleSignOnInput,
    ) -> Result<Option<StepUpBySingleSignOnPayload>> {
        let request = Request::of(ctx);
        let viewer = request.viewer()?;
        let fetching = fetching(request, &input.code, input.secret.as_deref());
        let outcome = single_sign_on::step_up(&request.installation, viewer, fetching, &request.origin).await;
        let (session, session_token) = hand_renewed(ctx, viewer, outcome);
        Ok(Some(StepUpBySingleSignOnPayload { session_token, ..StepUpBySingleSignOnPayload::new(session)? }))
    }
}

fn fetching<'a>(request: &'a Request, code: &'a str, secret: Option<&'a str>) -> Fetching<'a> {
    Fetching { code, secret: secret.or(request.browser_secret.as_deref()).unwrap_or_default() }
}

async fn start(ctx: &Context<'_>, beginning: Beginning<'_>) -> portaria_domain::Result<SingleSignOnStart> {
    let request = Request::of(ctx);
    let begun = single_sign_on::begin(&request.installation, request.viewer.as_deref(), beginning).await?;
    let providers = ctx.data_opt::<Arc<Providers>>().ok_or(Refusal::ProviderUnreachable)?;
    let parts = (&request.installation, providers.as_ref());
    match authorization_url(parts, &begun.provider.provider, &begun.flow, &begun.state).await {
        Ok(authorization_url) => {
            Ok(SingleSignOnStart { authorization_url, secret: begun.secret.to_string() })
        }
        Err(worthless) => {
            warn(&begun.flow.provider_id, &worthless);
            Err(Refusal::ProviderUnreachable.into())
        }
    }
}
