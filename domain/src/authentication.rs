//! Signing in and out with e-mail and password.

use std::sync::Arc;

use portaria_entity::id::{MemberId, UserId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::session as session_entity;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{member, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::api_key;
use crate::device;
use crate::error::{Refusal, Result};
use crate::installation::Installation;
use crate::password;
use crate::second_factor::{Asked, ask, guessing};
use crate::session::{self, Opening, still_has};
use crate::session_policy;
use crate::throttle::{self, Door};
use crate::token::{Token, TokenHash};
use crate::viewer::{Use, Viewer};

/// Where a request comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub address: String,
    pub user_agent: String,
    /// The token by which a device is recognised that has been signed in from before.
    pub device: Option<String>,
}

/// An attempt to sign in.
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a str,
    /// From the authenticator app, for who has set one up.
    pub code: Option<&'a str>,
    /// Which workspace, for who is in several. Without it: the one they joined first.
    pub workspace_id: Option<WorkspaceId>,
    pub origin: Origin,
}

/// A session that has just been opened. The token is shown this once.
pub struct OpenedSession {
    pub token: Token,
    pub session: session_entity::Model,
    /// By which the device will be recognised, when it has no such token yet.
    pub device: Option<Token>,
}

pub fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase().chars().take(254).collect()
}

/// Signs in, or refuses with the same answer and in the same time whatever was wrong.
pub async fn sign_in(installation: &Installation, attempt: Attempt<'_>) -> Result<OpenedSession> {
    let email = normalize_email(attempt.email);
    let user = user::Entity::find()
        .filter(user::Column::EmailNormalized.eq(&email))
        .one(installation.database.reader())
        .await?;
    let user_id = user.as_ref().map(|user| user.id);
    let door = Door::Password { email: &email, user: user_id, origin: &attempt.origin };
    let turn = throttle::take(installation, &door).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let has_password = hash.is_some();
    let verdict =
        match installation.passwords.verify(attempt.password, hash.clone(), &attempt.origin.address).await {
            Ok(verdict) => verdict,
            Err(failure) => {
                turn.give_back(installation.database.writer(), installation).await?;
                return Err(failure);
            }
        };
    let at = installation.clock.now();
    let transaction = installation.database.begin().await?;
    // A password that was replaced while this one waited to be looked at ends what the old one would open.
    let correct = match &user {
        Some(user) if verdict.correct => still_has(&transaction, user.id, hash.as_deref()).await?,
        Some(_) | None => false,
    };
    let (outcome, member) = match &user {
        None => (SignInOutcome::UnknownEmail, None),
        Some(_) if !has_password => (SignInOutcome::NoPassword, None),
        Some(_) if !correct => (SignInOutcome::WrongPassword, None),
        Some(user) => match membership(&transaction, user.id, attempt.workspace_id).await? {
            Some(member) => (SignInOutcome::Succeeded, Some(member)),
            None => (SignInOutcome::NotAMember, None),
        },
    };
    let asked = match &member {
        Some(member) => {
            ask(&transaction, installation, member.user_id, (attempt.code, &attempt.origin)).await?
        }
        None => Asked::NothingToGive,
    };
    let outcome = match asked {
        Asked::Refused(outcome, _) => outcome,
        Asked::NothingToGive | Asked::Given => outcome,
    };
    if outcome == SignInOutcome::Succeeded {
        turn.forgive(&transaction, installation).await?;
    } else if outcome == SignInOutcome::SecondFactorMissing {
        turn.give_back(&transaction, installation).await?;
    }
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(at),
        user_id: Set(user_id),
        workspace_id: Set(member.as_ref().map(|member| member.workspace_id)),
        email: Set(email),
        outcome: Set(outcome),
        address: Set(attempt.origin.address.clone()),
        network: Set(throttle::network(&attempt.origin.address)),
        user_agent: Set(attempt.origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await?;
    if let (SignInOutcome::WrongCode, Some(owner)) = (outcome, &user) {
        guessing::warn(&transaction, installation, owner, &attempt.origin).await?;
    }
    let opened = match (member, asked) {
        (Some(_), Asked::Refused(_, refusal)) => Err(refusal.into()),
        (Some(member), asked) => {
            let proof = Proof {
                method: AuthenticationMethod::Password,
                second_factor: matches!(asked, Asked::Given),
                confined: false,
            };
            let holder =
                Holder { workspace_id: member.workspace_id, user_id: member.user_id, member_id: member.id };
            Ok(open_session(installation, &transaction, holder, proof, attempt.origin).await?)
        }
        (None, _) => Err(Refusal::InvalidCredentials.into()),
    };
    transaction.commit().await?;
    if let (Ok(_), true, Some(user), Some(hash)) = (&opened, verdict.outdated, user_id, hash) {
        password::renew_hash(installation, user, (attempt.password, &hash)).await;
    }
    opened
}

/// The membership to sign in to. Who is about to be shut out is not let in beside it.
async fn membership(
    transaction: &DatabaseTransaction,
    user: UserId,
    workspace: Option<WorkspaceId>,
) -> Result<Option<member::Model>> {
    let mut find = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.eq(MemberStatus::Active));
    if let Some(workspace) = workspace {
        find = find.filter(member::Column::WorkspaceId.eq(workspace));
    }
    let member = find
        .order_by_asc(member::Column::CreatedAt)
        .order_by_asc(member::Column::Id)
        .lock_shared()
        .one(transaction)
        .await?;
    Ok(member)
}

/// Whose session it is.
#[derive(Clone, Copy)]
pub struct Holder {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub member_id: MemberId,
}

/// How somebody has proved who they are.
#[derive(Clone, Copy)]
pub struct Proof {
    pub method: AuthenticationMethod,
    pub second_factor: bool,
    /// Whether it counts in this workspace alone.
    pub confined: bool,
}

/// Opens a session of somebody who has just proved who they are, with its activity. Tells them by mail when it is from a
/// device that they have not used before.
pub async fn open_session(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    holder: Holder,
    proof: Proof,
    origin: Origin,
) -> Result<OpenedSession> {
    let now = installation.clock.now();
    let policy = session_policy::of(transaction, holder.workspace_id).await?;
    let opening = Opening {
        holder,
        proof,
        authenticated_at: now,
        expires_at: now + policy.lifetime(),
        carried_over: false,
        origin: origin.clone(),
    };
    let opened = session::open(installation, transaction, opening).await?;
    let device = device::recognise(installation, transaction, &opened.session, &origin).await?;
    Ok(OpenedSession { device, ..opened })
}

/// Ends the viewer's own session, in force at once.
pub async fn sign_out(installation: &Installation, viewer: &Viewer) -> Result<()> {
    session::end(installation, viewer).await.map(drop)
}

/// The viewer behind a bearer token, wherever it is used from. A key that is tied to addresses opens nothing this way.
pub async fn authenticate(installation: &Installation, bearer: &str) -> Result<Option<Arc<Viewer>>> {
    authenticate_from(installation, bearer, &Origin::default()).await
}

/// The viewer behind a bearer token that is used from there.
pub async fn authenticate_from(
    installation: &Installation,
    bearer: &str,
    origin: &Origin,
) -> Result<Option<Arc<Viewer>>> {
    if bearer.starts_with(api_key::PREFIX) && !Token::has_checksum(bearer) {
        return Ok(None);
    }
    installation.viewers.resolve_from(TokenHash::of(bearer), origin, Use::Counts).await
}
