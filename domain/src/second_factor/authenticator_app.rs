//! Authenticator apps: codes from a shared secret (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). The code of the time step
//! before or after passes too, for clocks that drift; each code passes once.

use portaria_entity::id::{SecondFactorId, UserId};
use portaria_entity::{second_factor, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::letter::{News, tell};
use super::{Factors, PAUSE, bump_epochs, may_change_factors, may_remove, stepped_up};
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::recovery_code::{self, RecoveryCodes};
use crate::session::{Renewed, end_all, lock, renew};
use crate::single_sign_on::require_own_account;
use crate::viewer::{MemberSession, Viewer};

/// As RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// What an authenticator app needs to make codes. Shown once.
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: Zeroizing<String>,
    /// `otpauth://totp/...`, to be shown as a QR code.
    pub uri: Zeroizing<String>,
}

/// A factor that has come into use.
pub struct Confirmed {
    pub renewed: Renewed,
    /// Made with the first factor of a person. Shown once.
    pub recovery_codes: Option<RecoveryCodes>,
}

/// The authenticator app that a person has set up.
pub async fn of_user(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<Option<second_factor::Model>> {
    let find = second_factor::Entity::find()
        .filter(second_factor::Column::UserId.eq(user))
        .filter(second_factor::Column::ConfirmedAt.is_not_null());
    Ok(find.one(connection).await?)
}

/// Begins to set up an authenticator app, in place of one that is there; it counts once a code of it is confirmed.
pub async fn enroll(installation: &Installation, viewer: &Viewer) -> Result<Enrolment> {
    let transaction = installation.database.begin().await?;
    let user = viewer.session()?.user_id;
    lock(&transaction, user).await?;
    may_change_factors(&transaction, installation, viewer, Factors::of(&transaction, user).await?).await?;
    let (_, enrolment) = prepare(&transaction, installation, user).await?;
    transaction.commit().await?;
    Ok(enrolment)
}

/// Makes a secret that waits for its first code, in place of one that waited already.
async fn prepare(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<(SecondFactorId, Enrolment)> {
    let mut secret = Zeroizing::new(vec![0u8; SECRET_BYTES]);
    getrandom::fill(&mut secret).map_err(Error::internal)?;
    let id: SecondFactorId = installation.clock.new_id();
    let sealed = installation.keys.seal(&secret, id.0.as_bytes())?;
    let owner = user::Entity::find_by_id(user).one(transaction).await?.ok_or(Error::NotFound)?;
    second_factor::Entity::delete_many()
        .filter(second_factor::Column::UserId.eq(user))
        .filter(second_factor::Column::ConfirmedAt.is_null())
        .exec(transaction)
        .await?;
    let row = second_factor::ActiveModel {
        id: Set(id),
        user_id: Set(user),
        sealed_secret: Set(sealed.bytes),
        sealing_key: Set(sealed.key),
        created_at: Set(installation.clock.now()),
        confirmed_at: Set(None),
        last_step: Set(None),
    };
    second_factor::Entity::insert(row).exec_without_returning(transaction).await?;
    let enrolment = Enrolment {
        secret: Zeroizing::new(Secret::from(secret.as_slice()).to_base32()),
        uri: Zeroizing::new(codes(&secret, &owner.email)?.to_url().map_err(Error::internal)?),
    };
    Ok((id, enrolment))
}

/// Puts a new authenticator app into use by its first code. The session counts as two-factor from now on, under a new token;
/// every other session of the person ends, in all workspaces.
pub async fn confirm(installation: &Installation, viewer: &Viewer, code: &str) -> Result<Confirmed> {
    let now = installation.clock.now();
    let MemberSession { user_id, member_id, session_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, user_id).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    let pending = second_factor::Entity::find()
        .filter(second_factor::Column::UserId.eq(user_id))
        .filter(second_factor::Column::ConfirmedAt.is_null())
        .one(&transaction)
        .await?
        .ok_or(Refusal::NoSecondFactor)?;
    // The way it was begun is not the way it must go on: a session may be an hour old by now, or another one.
    let had = Factors::of(&transaction, user_id).await?;
    may_change_factors(&transaction, installation, viewer, had).await?;
    if now.since(pending.created_at) > PAUSE {
        return Err(Refusal::NoSecondFactor.into());
    }
    let step = step_of(installation, &pending, code)?.ok_or(Refusal::WrongCode)?;
    put_into_use(&transaction, installation, &pending, Some(step)).await?;
    let recovery_codes = recovery_code::first(&transaction, installation, user_id, had).await?;
    let members = end_all(&transaction, installation, user_id, Some(session_id)).await?;
    let renewed = stepped_up(&transaction, installation, viewer).await?;
    let replaced = had.authenticator_app;
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: if replaced { "second_factor.replaced" } else { "second_factor.set_up" },
        subject: member_id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    tell(&transaction, installation, user_id, &News::AppSetUp).await?;
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    installation.events.wake();
    Ok(Confirmed { renewed, recovery_codes })
}

async fn put_into_use(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    factor: &second_factor::Model,
    step: Option<i64>,
) -> Result<()> {
    second_factor::Entity::delete_many()
        .filter(second_factor::Column::UserId.eq(factor.user_id))
        .filter(second_factor::Column::Id.ne(factor.id))
        .exec(transaction)
        .await?;
    let confirmed = second_factor::ActiveModel {
        id: Set(factor.id),
        confirmed_at: Set(Some(installation.clock.now())),
        last_step: Set(step),
        ..second_factor::ActiveModel::default()
    };
    second_factor::Entity::update(confirmed).exec(transaction).await?;
    Ok(())
}

/// Sets up a second factor for somebody on the authority of the installation, which hands the secret over itself.
pub async fn set_up(installation: &Installation, user: UserId) -> Result<Enrolment> {
    let transaction = installation.database.begin().await?;
    let (id, enrolment) = prepare(&transaction, installation, user).await?;
    let factor = second_factor::Entity::find_by_id(id).one(&transaction).await?.ok_or(Error::NotFound)?;
    put_into_use(&transaction, installation, &factor, None).await?;
    let workspaces = bump_epochs(&transaction, installation, user).await?;
    transaction.commit().await?;
    for workspace in workspaces {
        installation.viewers.access_changed(workspace);
    }
    Ok(enrolment)
}

/// Takes the authenticator app out of use. Of who has no passkey, nothing is left then; not where one is demanded. The
/// session goes on under a new token.
pub async fn remove_app(installation: &Installation, viewer: &Viewer) -> Result<Renewed> {
    let MemberSession { user_id, member_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, user_id).await?;
    let has = Factors::of(&transaction, user_id).await?;
    if !has.authenticator_app {
        return Err(Refusal::NoSecondFactor.into());
    }
    may_change_factors(&transaction, installation, viewer, has).await?;
    let remaining = Factors { authenticator_app: false, ..has };
    may_remove(&transaction, installation, user_id, remaining).await?;
    second_factor::Entity::delete_many()
        .filter(second_factor::Column::UserId.eq(user_id))
        .exec(&transaction)
        .await?;
    if !remaining.is_enrolled() {
        recovery_code::forget(&transaction, user_id).await?;
    }
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: "second_factor.removed",
        subject: member_id.to_string(),
        before: None,
        after: None,
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    tell(&transaction, installation, user_id, &News::AppRemoved).await?;
    let workspaces = bump_epochs(&transaction, installation, user_id).await?;
    let renewed = renew(&transaction, installation, viewer, None).await?;
    transaction.commit().await?;
    for workspace in workspaces {
        installation.viewers.access_changed(workspace);
    }
    Ok(renewed)
}

/// Uses a code of somebody's app up, if it is a current one that was not used before.
pub(super) async fn use_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    code: &str,
) -> Result<bool> {
    let Some(factor) = of_user(transaction, user).await? else { return Ok(false) };
    let Some(step) = step_of(installation, &factor, code)? else { return Ok(false) };
    let sql =
        "UPDATE second_factors SET last_step = $2 WHERE id = $1 AND (last_step IS NULL OR last_step < $2)";
    let statement = installation.database.statement(sql, [factor.id.0.into(), step.into()]);
    Ok(transaction.execute_raw(statement).await?.rows_affected() == 1)
}

/// The time step that a code belongs to, when it is one of this factor's current ones.
fn step_of(installation: &Installation, factor: &second_factor::Model, code: &str) -> Result<Option<i64>> {
    let secret =
        installation.keys.open(&factor.sealed_secret, &factor.sealing_key, factor.id.0.as_bytes())?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    let now = u64::try_from(installation.clock.now().as_secs()).map_err(Error::internal)?;
    codes(&secret, "")?.check(&code, now).map(i64::try_from).transpose().map_err(Error::internal)
}

fn codes(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::from(secret))
        // The separator of issuer and account.
        .with_account_name(account.replace(':', ""))
        .with_issuer(Some("Portaria"))
        .build()
        .map_err(Error::internal)
}
