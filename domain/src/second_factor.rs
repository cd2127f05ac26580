//! Second factors: what a person has beside their password. An authenticator app, passkeys, and recovery codes for the day
//! on which these are lost.

mod authenticator_app;
pub(crate) mod guessing;
pub(crate) mod letter;
pub mod reset;
pub(crate) mod vouched;

use std::time::Duration;

use portaria_entity::id::{UserId, WorkspaceId};
use portaria_entity::member::{self, MemberStatus};
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{passkey, recovery_code, second_factor, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use crate::activity::{Deed, record};
use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::security_policy;
use crate::session::{Renewed, lock, renew};
use crate::single_sign_on::require_own_account;
use crate::throttle::{Guess, network};
use crate::viewer::Viewer;

pub use authenticator_app::{Confirmed, Enrolment, confirm, enroll, of_user, remove_app, set_up};

/// How long an app may wait for its first code.
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// By what a person can prove who they are beside a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    pub authenticator_app: bool,
    pub passkey: bool,
    /// Whether there are recovery codes left.
    pub recovery_code: bool,
}

impl Factors {
    /// What a person has. Codes for recovery alone are no factor.
    pub async fn of(connection: &impl ConnectionTrait, user: UserId) -> Result<Self> {
        let passkey = passkey::Entity::find().filter(passkey::Column::UserId.eq(user));
        let code = recovery_code::Entity::find()
            .filter(recovery_code::Column::UserId.eq(user))
            .filter(recovery_code::Column::UsedAt.is_null());
        Ok(Self {
            authenticator_app: of_user(connection, user).await?.is_some(),
            passkey: passkey.one(connection).await?.is_some(),
            recovery_code: code.one(connection).await?.is_some(),
        })
    }

    pub fn is_enrolled(self) -> bool {
        self.authenticator_app || self.passkey
    }
}

/// What it takes to use what was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepUp {
    pub factors: Factors,
    /// The workspace demands a second factor, and the session has not shown one: nothing else can be used before.
    pub demanded: bool,
}

/// What came of asking for a code.
pub(crate) enum Asked {
    /// The person has no second factor.
    NothingToGive,
    Given,
    Refused(SignInOutcome, Refusal),
}

/// Refuses who may not change what proves that it is them: who has a second factor must have used it within the hour, who
/// has none must have signed in within the hour. A session that was left open is not enough to lock its owner out.
pub(crate) async fn may_change_factors(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
    has: Factors,
) -> Result<()> {
    require_own_account(transaction, &installation.database, viewer).await?;
    vouched::note(transaction, installation, viewer.session()?).await?;
    let now = installation.clock.now();
    if !has.is_enrolled() {
        let fresh = viewer.session()?.is_fresh(now);
        return if fresh { Ok(()) } else { Err(Refusal::AuthenticationTooOld.into()) };
    }
    if viewer.is_stepped_up(now) { Ok(()) } else { Err(viewer.step_up_required(PermissionSet::EMPTY)) }
}

/// Refuses to take the only factor of somebody of whom a workspace demands one.
pub(crate) async fn may_remove(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    remaining: Factors,
) -> Result<()> {
    let now = installation.clock.now();
    let demanded = security_policy::is_demanded(transaction, &installation.database, user, now);
    if !remaining.is_enrolled() && demanded.await? {
        return Err(Refusal::LastFactor.into());
    }
    Ok(())
}

/// Proves anew who the viewer is, by a code: what is sensitive can be used for an hour. The session goes on under a new
/// token.
pub async fn step_up(
    installation: &Installation,
    viewer: &Viewer,
    code: &str,
    origin: &Origin,
) -> Result<Renewed> {
    let transaction = installation.database.begin().await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    let asked = ask(&transaction, installation, viewer.session()?.user_id, (Some(code), origin)).await?;
    let outcome = match asked {
        Asked::NothingToGive => return Err(Refusal::NoSecondFactor.into()),
        Asked::Given => Ok(answered(&transaction, installation, viewer, origin).await?),
        Asked::Refused(outcome, refusal) => {
            refused(&transaction, installation, viewer, (outcome, origin)).await?;
            Err(refusal.into())
        }
    };
    transaction.commit().await?;
    // A wrong code changes nothing: who sends many must not cost the workspace its cached viewers.
    if outcome.is_ok() {
        installation.viewers.access_changed(viewer.workspace_id);
    }
    outcome
}

/// Takes note that the viewer has proved anew who they are.
pub(crate) async fn answered(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
    origin: &Origin,
) -> Result<Renewed> {
    let renewed = stepped_up(transaction, installation, viewer).await?;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "session.stepped_up",
        subject: renewed.session.session_id.to_string(),
        before: None,
        after: None,
        address: Some(origin.address.clone()),
    };
    record(transaction, &installation.clock, deed).await?;
    Ok(renewed)
}

/// Takes note that the viewer has tried to prove it, and has not.
pub(crate) async fn refused(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
    (outcome, origin): (SignInOutcome, &Origin),
) -> Result<()> {
    let user = viewer.session()?.user_id;
    if outcome == SignInOutcome::Throttled {
        // A session that goes on and on fills no table.
        installation.tally.note(Some(user), &origin.address, installation.clock.now());
        return Ok(());
    }
    let owner = user::Entity::find_by_id(user).one(transaction).await?.ok_or(Error::NotFound)?;
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(installation.clock.now()),
        user_id: Set(Some(owner.id)),
        workspace_id: Set(Some(viewer.workspace_id)),
        email: Set(owner.email_normalized.clone()),
        outcome: Set(outcome),
        address: Set(origin.address.clone()),
        network: Set(network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(transaction).await?;
    if outcome == SignInOutcome::WrongCode {
        guessing::warn(transaction, installation, &owner, origin).await?;
    }
    Ok(())
}

/// Writes down that the viewer's session has just given a second factor.
pub(crate) async fn stepped_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
) -> Result<Renewed> {
    renew(transaction, installation, viewer, Some(installation.clock.now())).await
}

/// Asks a person for a code of their second factor, if they have one, and uses the code up: of the authenticator app, or
/// for recovery. The caller records a refusal, and commits it.
pub(crate) async fn ask(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    (code, origin): (Option<&str>, &Origin),
) -> Result<Asked> {
    if !Factors::of(transaction, user).await?.is_enrolled() {
        return Ok(Asked::NothingToGive);
    }
    let Some(code) = code else {
        return Ok(Asked::Refused(SignInOutcome::SecondFactorMissing, Refusal::SecondFactorRequired));
    };
    // Of many who try at once, each waits for the one before to be done.
    lock(transaction, user).await?;
    // Not held up by wrong codes: nobody guesses these, and who keeps the app's busy shall not shut its owner out.
    if crate::recovery_code::use_up(transaction, installation, user, code).await? {
        return Ok(Asked::Given);
    }
    let Some(guess) = Guess::admit(transaction, installation, user, origin).await? else {
        return Ok(Asked::Refused(SignInOutcome::Throttled, Refusal::TooManyAttempts));
    };
    match authenticator_app::use_up(transaction, installation, user, code).await? {
        true => {
            guess.forgive(transaction, installation).await?;
            Ok(Asked::Given)
        }
        false => {
            guess.count(transaction, installation).await?;
            Ok(Asked::Refused(SignInOutcome::WrongCode, Refusal::WrongCode))
        }
    }
}

/// Takes away all by which a person could prove who they are beside their password. Whether there was anything.
pub(crate) async fn forget(transaction: &impl ConnectionTrait, user: UserId) -> Result<bool> {
    let had = Factors::of(transaction, user).await?.is_enrolled();
    second_factor::Entity::delete_many()
        .filter(second_factor::Column::UserId.eq(user))
        .exec(transaction)
        .await?;
    passkey::Entity::delete_many().filter(passkey::Column::UserId.eq(user)).exec(transaction).await?;
    crate::recovery_code::forget(transaction, user).await?;
    Ok(had)
}

/// The memberships of a person that have not ended, the first one first.
pub(crate) async fn memberships(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<Vec<member::Model>> {
    let find = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .order_by_asc(member::Column::CreatedAt)
        .order_by_asc(member::Column::Id);
    Ok(find.all(connection).await?)
}

/// Makes what is cached of a person stale wherever they are a member. After the commit, the access of each has changed.
pub(crate) async fn bump_epochs(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<Vec<WorkspaceId>> {
    let members = memberships(transaction, user).await?;
    let mut workspaces: Vec<WorkspaceId> = members.into_iter().map(|member| member.workspace_id).collect();
    // In the order in which everybody takes them.
    workspaces.sort_unstable();
    for workspace in &workspaces {
        crate::workspace::bump_access_epoch(transaction, installation, *workspace).await?;
    }
    Ok(workspaces)
}
