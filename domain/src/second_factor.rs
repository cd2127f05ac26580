//! Second factors: codes from an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds). The code of the time
//! step before or after passes too, for clocks that drift; each code passes once.

use std::time::Duration;

use portaria_entity::id::{SecondFactorId, UserId};
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::time::Timestamp;
use portaria_entity::{second_factor, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::activity::{Deed, record};
use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::session::{end_all, lock};
use crate::single_sign_on::require_own_account;
use crate::viewer::{MemberSession, Viewer};

/// As RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// So many wrong codes within [`PAUSE`], and the next ones are not looked at.
const WRONG_CODES: i64 = 5;
const PAUSE: Duration = Duration::from_secs(15 * 60);

/// What an authenticator app needs to make codes. Shown once.
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: Zeroizing<String>,
    /// `otpauth://totp/...`, to be shown as a QR code.
    pub uri: Zeroizing<String>,
}

/// What came of asking for a code.
pub(crate) enum Asked {
    /// The person has no second factor.
    NothingToGive,
    Given,
    Refused(SignInOutcome, Refusal),
}

/// The second factor that a person has set up.
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
/// Who has one must have used it within the hour, who has none must have signed in within the hour: a session that was
/// left open is not enough to lock its owner out.
pub async fn enroll(installation: &Installation, viewer: &Viewer) -> Result<Enrolment> {
    let now = installation.clock.now();
    let transaction = installation.database.begin().await?;
    let user = viewer.session()?.user_id;
    lock(&transaction, user).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    require_owner(&transaction, viewer, now).await?;
    let (_, enrolment) = prepare(&transaction, installation, user).await?;
    transaction.commit().await?;
    Ok(enrolment)
}

/// Refuses a session that was only left open, to begin and to end setting one up. Answers whether one is in use.
async fn require_owner(transaction: &DatabaseTransaction, viewer: &Viewer, now: Timestamp) -> Result<bool> {
    let session = viewer.session()?;
    let in_use = of_user(transaction, session.user_id).await?.is_some();
    if in_use && !viewer.is_stepped_up(now) {
        return Err(Error::StepUpRequired { any_of: PermissionSet::EMPTY });
    }
    if !in_use && !session.is_fresh(now) {
        return Err(Refusal::AuthenticationTooOld.into());
    }
    Ok(in_use)
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

/// Puts a new authenticator app into use by its first code. The session counts as two-factor from now on; every other
/// session of the person ends, in all workspaces.
pub async fn confirm(installation: &Installation, viewer: &Viewer, code: &str) -> Result<MemberSession> {
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
    let replaced = require_owner(&transaction, viewer, now).await?;
    if now.since(pending.created_at) > PAUSE {
        return Err(Refusal::NoSecondFactor.into());
    }
    let step = step_of(installation, &pending, code)?.ok_or(Refusal::WrongCode)?;
    put_into_use(&transaction, installation, &pending, Some(step)).await?;
    let members = end_all(&transaction, installation, user_id, Some(session_id)).await?;
    let confirmed = stepped_up(&transaction, installation, viewer).await?;
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
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    installation.events.wake();
    Ok(confirmed)
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
    transaction.commit().await?;
    Ok(enrolment)
}

/// Proves anew who the viewer is, by a code: what is sensitive can be used for an hour.
pub async fn step_up(
    installation: &Installation,
    viewer: &Viewer,
    code: &str,
    origin: &Origin,
) -> Result<MemberSession> {
    let MemberSession { user_id, session_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    let asked = ask(&transaction, installation, user_id, Some(code)).await?;
    let outcome = match asked {
        Asked::NothingToGive => return Err(Refusal::NoSecondFactor.into()),
        Asked::Given => {
            let session = stepped_up(&transaction, installation, viewer).await?;
            let deed = Deed {
                workspace_id: viewer.workspace_id,
                actor: viewer.into(),
                action: "session.stepped_up",
                subject: session_id.to_string(),
                before: None,
                after: None,
                address: Some(origin.address.clone()),
            };
            record(&transaction, &installation.clock, deed).await?;
            Ok(session)
        }
        Asked::Refused(outcome, refusal) => {
            let owner = user::Entity::find_by_id(user_id).one(&transaction).await?.ok_or(Error::NotFound)?;
            let event = sign_in_event::ActiveModel {
                id: Set(installation.clock.new_id()),
                at: Set(installation.clock.now()),
                user_id: Set(Some(owner.id)),
                workspace_id: Set(Some(viewer.workspace_id)),
                email: Set(owner.email_normalized),
                outcome: Set(outcome),
                address: Set(origin.address.clone()),
                user_agent: Set(origin.user_agent.clone()),
            };
            sign_in_event::Entity::insert(event).exec_without_returning(&transaction).await?;
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

/// Writes down that the viewer's session has just given a second factor.
async fn stepped_up(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
) -> Result<MemberSession> {
    let now = installation.clock.now();
    let session = *viewer.session()?;
    crate::workspace::bump_access_epoch(transaction, installation, viewer.workspace_id).await?;
    let statement = installation.database.statement(
        "UPDATE sessions SET second_factor = TRUE, authenticated_at = $3 \
         WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL",
        [viewer.workspace_id.0.into(), session.session_id.0.into(), now.0.into()],
    );
    if transaction.execute_raw(statement).await?.rows_affected() != 1 {
        return Err(Refusal::AuthenticationTooOld.into());
    }
    Ok(MemberSession { second_factor: true, authenticated_at: now, ..session })
}

/// Asks a person for a code of their second factor, if they have one, and uses the code up. The caller records a refusal.
pub(crate) async fn ask(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    code: Option<&str>,
) -> Result<Asked> {
    let Some(factor) = of_user(transaction, user).await? else { return Ok(Asked::NothingToGive) };
    let Some(code) = code else {
        return Ok(Asked::Refused(SignInOutcome::SecondFactorMissing, Refusal::SecondFactorRequired));
    };
    let database = &installation.database;
    // Of many guesses at once, each waits for the one before it to be counted.
    if !database.is_sqlite() {
        let lock = "SELECT id FROM second_factors WHERE id = $1 FOR UPDATE";
        transaction.query_one_raw(database.statement(lock, [factor.id.0.into()])).await?;
    }
    if wrong_codes(transaction, installation, user).await? >= WRONG_CODES {
        return Ok(Asked::Refused(SignInOutcome::Throttled, Refusal::TooManyAttempts));
    }
    let Some(step) = step_of(installation, &factor, code)? else {
        return Ok(Asked::Refused(SignInOutcome::WrongCode, Refusal::WrongCode));
    };
    let sql =
        "UPDATE second_factors SET last_step = $2 WHERE id = $1 AND (last_step IS NULL OR last_step < $2)";
    let used = transaction.execute_raw(database.statement(sql, [factor.id.0.into(), step.into()])).await?;
    match used.rows_affected() {
        1 => Ok(Asked::Given),
        _ => Ok(Asked::Refused(SignInOutcome::WrongCode, Refusal::WrongCode)),
    }
}

/// How many wrong codes there were of late.
async fn wrong_codes(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<i64> {
    let statement = installation.database.statement(
        "SELECT COUNT(*) FROM sign_in_events WHERE user_id = $1 AND \"at\" > $2 AND outcome = 'wrong_code'",
        [user.0.into(), (installation.clock.now() - PAUSE).0.into()],
    );
    let row = transaction.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
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
