//! Signing in and out with e-mail and password.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use portaria_entity::id::{MemberId, UserId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::session as session_entity;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{member, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::Semaphore;

use crate::api_key;
use crate::device;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::second_factor::{Asked, ask};
use crate::session::{self, Opening, still_has};
use crate::session_policy;
use crate::token::{Token, TokenHash};
use crate::viewer::{Use, Viewer};

pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=128;
/// A hash takes 19 MiB and some 20 ms of processor; more at once would only slow each other down.
const PARALLEL_HASHES: usize = 2;
/// Requests that may wait for a hash. More are told to come back.
const WAITING_HASHES: usize = 64;

/// Hashes and verifies passwords, a bounded number at once.
#[derive(Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(PARALLEL_HASHES)),
            admitted: Arc::new(Semaphore::new(PARALLEL_HASHES + WAITING_HASHES)),
        }
    }
}

/// What is verified when there is no account, so that it takes as long as when there is one.
static DECOY: LazyLock<Option<String>> = LazyLock::new(|| {
    Argon2::default().hash_password(b"nobody has this password").map(|hash| hash.to_string()).ok()
});

impl Passwords {
    /// Argon2id in PHC form.
    pub async fn hash(&self, password: &str) -> Result<String> {
        if !PASSWORD_LENGTH.contains(&password.chars().count()) {
            return Err(Refusal::PasswordLength.into());
        }
        let password = password.to_owned();
        self.work(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(Error::internal)
    }

    /// Whether the password is the one behind the hash. Without a hash it takes as long and says no.
    pub(crate) async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        // Longer than any password can be: refused at the cost of the longest one.
        let password: String = password.chars().take(*PASSWORD_LENGTH.end() + 1).collect();
        self.work(move || {
            let known = hash.is_some();
            let Some(hash) = hash.or_else(|| DECOY.clone()) else { return false };
            let matches = PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            matches && known
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _admitted = self.admitted.try_acquire().map_err(|_| Error::Busy)?;
        let _running = self.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}

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
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let has_password = hash.is_some();
    let matches = installation.passwords.verify(attempt.password, hash.clone()).await?;
    let at = installation.clock.now();
    let transaction = installation.database.begin().await?;
    // A password that was replaced while this one waited to be looked at ends what the old one would open.
    let correct = match &user {
        Some(user) if matches => still_has(&transaction, user.id, hash.as_deref()).await?,
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
        Some(member) => ask(&transaction, installation, member.user_id, attempt.code).await?,
        None => Asked::NothingToGive,
    };
    let outcome = match asked {
        Asked::Refused(outcome, _) => outcome,
        Asked::NothingToGive | Asked::Given => outcome,
    };
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(at),
        user_id: Set(user.map(|user| user.id)),
        workspace_id: Set(member.as_ref().map(|member| member.workspace_id)),
        email: Set(email),
        outcome: Set(outcome),
        address: Set(attempt.origin.address.clone()),
        user_agent: Set(attempt.origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await?;
    let opened = match (member, asked) {
        (Some(_), Asked::Refused(_, refusal)) => Err(refusal.into()),
        (Some(member), asked) => {
            let proof = Proof {
                method: AuthenticationMethod::Password,
                second_factor: matches!(asked, Asked::Given),
            };
            let holder =
                Holder { workspace_id: member.workspace_id, user_id: member.user_id, member_id: member.id };
            Ok(open_session(installation, &transaction, holder, proof, attempt.origin).await?)
        }
        (None, _) => Err(Refusal::InvalidCredentials.into()),
    };
    transaction.commit().await?;
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
