//! Inviting people, and accepting.

use async_graphql::{Context, ID, InputObject};
use portaria_domain::invitation::{self, Acceptance, Invite, Promise};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::begin;
use super::session::{SessionToken, hand_over, require_browser};
use crate::error::Result;
use crate::graphql::grant::GrantScopeInput;
use crate::graphql::id::parse;
use crate::graphql::invitation::Invitation;
use crate::graphql::payload::payload;
use crate::graphql::session::SessionTransport;
use crate::graphql::time::DateTime;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct InvitationMutation;

impl Subject for InvitationMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.anywhere()
    }
}

/// A role that the invited person gets when they accept.
#[derive(InputObject)]
pub struct InvitedGrantInput {
    /// Which role (`role_...`).
    role_id: ID,
    /// Where it holds.
    scope: GrantScopeInput,
    /// When it begins; with acceptance if not said.
    valid_from: Option<DateTime>,
    /// When it ends by itself; never if not said.
    valid_until: Option<DateTime>,
    /// Why.
    reason: String,
}

/// Who is invited, and which roles they get.
#[derive(InputObject)]
pub struct InviteMemberInput {
    /// What they are called.
    name: String,
    /// Where the invitation is sent, and with what they will sign in.
    email: String,
    /// BCP 47 tag of their language: `pt-BR`, `en` or `es`.
    #[graphql(default_with = "\"pt-BR\".to_owned()")]
    locale: String,
    /// The roles they get; this needs `role:assign` too.
    #[graphql(default)]
    grants: Vec<InvitedGrantInput>,
}

payload! {
    /// What came of inviting somebody.
    InviteMemberPayload [authenticated] {
        /// The invitation; null when it was refused.
        invitation: Invitation
    }
    InviteMemberUserError, InviteMemberErrorCode {
        /// The viewer does not hold there what this would give.
        NotHeld = NotHeld at "grants",
        /// The viewer does not hold for so long what this would give.
        OutlastsGranter = OutlastsGranter at "grants",
        /// The role allows nothing in that scope.
        NothingConferred = NothingConferred at "grants",
        /// It would end before it begins, or has ended already.
        InvalidPeriod = InvalidPeriod at "grants",
        /// A reason is needed.
        ReasonMissing = ReasonMissing at "grants",
        /// That person is a member already.
        AlreadyMember = AlreadyMember at "email",
    }
}

/// Which invitation.
#[derive(InputObject)]
pub struct RevokeInvitationInput {
    /// Which invitation (`inv_...`).
    invitation_id: ID,
}

payload! {
    /// What came of taking an invitation back.
    RevokeInvitationPayload [authenticated] {
        /// The invitation that is void; null when it was refused.
        invitation: Invitation
    }
    RevokeInvitationUserError, RevokeInvitationErrorCode {
        /// It has ended already.
        AlreadyEnded = AlreadyEnded at "invitationId",
    }
}

/// Who accepts.
#[derive(InputObject)]
pub struct AcceptInvitationInput {
    /// From the letter.
    token: String,
    /// What they want to be called; as invited if not said. Who has an account keeps their name.
    name: Option<String>,
    /// The one they choose, from 8 to 128 characters; of who has an account, the one they have.
    password: String,
    /// Six digits of the authenticator app, of who has an account with one.
    code: Option<String>,
    /// How the client keeps the session.
    #[graphql(default_with = "SessionTransport::Bearer")]
    transport: SessionTransport,
}

payload! {
    /// What came of accepting an invitation.
    AcceptInvitationPayload [public] {
        /// The new member's session; null when it was refused.
        session: SessionToken
    }
    AcceptInvitationUserError, AcceptInvitationErrorCode {
        /// The token is wrong, used or expired.
        InvalidToken = InvalidToken at "token",
        /// The password has fewer than 8 or more than 128 characters.
        PasswordLength = PasswordLength at "password",
        /// Too many people choose that password, or one like it.
        PasswordCommon = PasswordCommon at "password",
        /// The password is made of the person's name or address, or of what the workspace or the product is called.
        PasswordPersonal = PasswordPersonal at "password",
        /// The address belongs to an account with another password.
        InvalidCredentials = InvalidCredentials at "password",
        /// The password is right, and a code of the account's authenticator app is needed too.
        SecondFactorRequired = SecondFactorRequired at "code",
        /// The password is right; the code is wrong, old, or was used before.
        WrongCode = WrongCode at "code",
        /// Too many wrong guesses for this account or from this network, or five wrong codes within 15 minutes: further
        /// ones are not looked at for a while, right or wrong. `retryAfter` tells for how long, where that is known.
        TooManyAttempts = TooManyAttempts at "code" or Throttled,
        /// Who sent the invitation may no longer grant what it promises.
        InvitationVoid = InvitationVoid at "token",
        /// That person is a member already.
        AlreadyMember = AlreadyMember at "token",
    }
    waits public
}

#[guarded]
impl InvitationMutation {
    /// Invites somebody by e-mail, once and for 7 days. What the viewer may not grant now, or not any more when it is accepted,
    /// is not granted. An earlier invitation to the same address is void.
    #[requires(MemberManage)]
    async fn invite_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is invited, and which roles they get.")] input: InviteMemberInput,
    ) -> Result<InviteMemberPayload> {
        let request = Request::of(ctx);
        let mut grants = Vec::new();
        for promised in &input.grants {
            grants.push(Promise {
                role_id: parse(&promised.role_id)?,
                scope: promised.scope.parse()?,
                valid_from: promised.valid_from.as_ref().map(|at| at.0),
                valid_until: promised.valid_until.as_ref().map(|at| at.0),
                reason: &promised.reason,
            });
        }
        let invite = Invite { name: &input.name, email: &input.email, locale: &input.locale, grants };
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            let row = invitation::invite(&mut change, invite).await?;
            change.finish().await?;
            Ok(Some(row))
        };
        InviteMemberPayload::new(outcome.await)
    }

    /// Takes an invitation back before it is accepted.
    #[requires(MemberManage)]
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload> {
        let request = Request::of(ctx);
        let id = parse(&input.invitation_id)?;
        let outcome = async {
            let mut change = begin(request, Permission::MemberManage).await?;
            let row = invitation::revoke(&mut change, id).await?;
            change.finish().await?;
            Ok(Some(row))
        };
        RevokeInvitationPayload::new(outcome.await)
    }

    /// Accepts an invitation: the person becomes a member with the roles it promises, and is signed in. Every attempt with a
    /// wrong password is recorded.
    #[public]
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who accepts.")] input: AcceptInvitationInput,
    ) -> async_graphql::Result<AcceptInvitationPayload> {
        let request = Request::of(ctx);
        require_browser(request, input.transport).await?;
        let acceptance = Acceptance {
            token: &input.token,
            name: input.name.as_deref(),
            password: &input.password,
            code: input.code.as_deref(),
            origin: request.origin.clone(),
        };
        let opened = invitation::accept(&request.installation, acceptance).await;
        Ok(AcceptInvitationPayload::new(hand_over(ctx, opened, input.transport).await)?)
    }
}
