//! Passkeys (WebAuthn): keys kept by people's devices, which sign a challenge once the device has verified its owner. So a
//! passkey is two factors at once: it signs in without a password, and answers a step-up.

mod challenge;
mod registration;
mod relying_party;
mod signing_in;

use portaria_entity::id::{PasskeyChallengeId, PasskeyId, UserId};
use portaria_entity::passkey;
use portaria_entity::passkey_challenge::ChallengePurpose;
use portaria_entity::sign_in_event::SignInOutcome;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, WebauthnError};

use crate::activity::{Deed, record};
use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::second_factor::letter::{News, tell};
use crate::second_factor::{Factors, answered, bump_epochs, may_remove, refused};
use crate::session::{Renewed, lock, renew};
use crate::single_sign_on::require_own_account;
use crate::viewer::{MemberSession, Viewer};

use challenge::{Asking, Challenge, use_up};
use relying_party::{RelyingParty, opens};

pub use challenge::Asked;
pub use registration::{NewPasskey, Registered, begin_registration, finish_registration};
pub use signing_in::{SigningIn, begin_sign_in, finish_sign_in};

/// What a device has answered to a challenge.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub challenge_id: PasskeyChallengeId,
    /// What `PublicKeyCredential.toJSON()` gives, as text.
    pub credential: &'a str,
}

/// The passkeys of a person, the oldest first.
pub async fn of_user(connection: &impl ConnectionTrait, user: UserId) -> Result<Vec<passkey::Model>> {
    let find = passkey::Entity::find()
        .filter(passkey::Column::UserId.eq(user))
        .order_by_asc(passkey::Column::CreatedAt)
        .order_by_asc(passkey::Column::Id);
    Ok(find.all(connection).await?)
}

fn read_credential(text: &str) -> Result<PublicKeyCredential> {
    serde_json::from_str(text)
        .map_err(|_| Error::BadInput("`credential` is what PublicKeyCredential.toJSON() gives".to_owned()))
}

/// Why a device's answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Wrong,
    /// It counts backwards.
    Copied,
}

impl Failure {
    fn outcome(self) -> SignInOutcome {
        match self {
            Self::Wrong => SignInOutcome::WrongPasskey,
            Self::Copied => SignInOutcome::PasskeyCopied,
        }
    }
}

/// Whether the device has proved that it holds this passkey and has verified its owner, for this challenge on the page that
/// it was given to. Takes note of its counter.
async fn verify(
    transaction: &DatabaseTransaction,
    row: &passkey::Model,
    (challenge, given): (&Challenge, &PublicKeyCredential),
    now: Timestamp,
) -> Result<std::result::Result<(), Failure>> {
    let party = RelyingParty::of(&challenge.origin)?;
    let state: DiscoverableAuthentication = challenge.state()?;
    let mut known: Passkey = serde_json::from_str(&row.credential).map_err(Error::internal)?;
    let result = match party.webauthn()?.finish_discoverable_authentication_v2(given, state, &known) {
        Ok(result) if result.user_verified() => result,
        Ok(_) => return Ok(Err(Failure::Wrong)),
        Err(WebauthnError::CredentialPossibleCompromise) => return Ok(Err(Failure::Copied)),
        Err(_) => return Ok(Err(Failure::Wrong)),
    };
    known.update_credential(&result);
    let used = passkey::ActiveModel {
        id: Set(row.id),
        credential: Set(serde_json::to_string(&known).map_err(Error::internal)?),
        last_used_at: Set(Some(now)),
        ..passkey::ActiveModel::default()
    };
    passkey::Entity::update(used).exec(transaction).await?;
    Ok(Ok(()))
}

/// The passkey that a device says it has used.
async fn named(
    connection: &impl ConnectionTrait,
    given: &PublicKeyCredential,
) -> Result<Option<passkey::Model>> {
    let id = given.get_credential_id().to_vec();
    Ok(passkey::Entity::find().filter(passkey::Column::CredentialId.eq(id)).one(connection).await?)
}

/// Begins to prove anew who the viewer is, with one of their passkeys.
pub async fn begin_step_up(
    installation: &Installation,
    viewer: &Viewer,
    page: Option<&str>,
    origin: &Origin,
) -> Result<Asked> {
    let MemberSession { user_id, session_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    let party = RelyingParty::named(&transaction, installation, page, Some(viewer.workspace_id)).await?;
    let mut own = of_user(&transaction, user_id).await?;
    own.retain(|row| row.rp_id == party.id());
    if own.is_empty() {
        return Err(Refusal::NoSecondFactor.into());
    }
    let (options, state) = party.ask(&own)?;
    let asking = Asking {
        purpose: ChallengePurpose::StepUp,
        session_id: Some(session_id),
        party: &party,
        address: &origin.address,
    };
    let asked = challenge::ask(&transaction, installation, asking, (options, &state)).await?;
    transaction.commit().await?;
    Ok(asked)
}

/// Proves anew who the viewer is, by a passkey: what is sensitive can be used for an hour. The session goes on under a new
/// token.
pub async fn step_up(
    installation: &Installation,
    viewer: &Viewer,
    answer: Answer<'_>,
    origin: &Origin,
) -> Result<Renewed> {
    let MemberSession { user_id, session_id, .. } = *viewer.session()?;
    let given = read_credential(answer.credential)?;
    let transaction = installation.database.begin().await?;
    let wanted = (answer.challenge_id, ChallengePurpose::StepUp, Some(session_id));
    let challenge = use_up(&transaction, installation, wanted).await?;
    lock(&transaction, user_id).await?;
    let verified = match named(&transaction, &given).await?.filter(|row| row.user_id == user_id) {
        None => Err(Failure::Wrong),
        Some(row) => {
            let now = installation.clock.now();
            let verified = verify(&transaction, &row, (&challenge, &given), now).await?;
            warn_of_copy(&transaction, installation, &row, verified).await?;
            verified
        }
    };
    let outcome = match verified {
        Ok(()) => {
            let renewed = answered(&transaction, installation, viewer, origin).await?;
            Ok(confine(&transaction, installation, (viewer, renewed), &challenge).await?)
        }
        Err(failure) => {
            refused(&transaction, installation, viewer, (failure.outcome(), origin)).await?;
            Err(Refusal::WrongPasskey.into())
        }
    };
    transaction.commit().await?;
    if outcome.is_ok() {
        installation.viewers.access_changed(viewer.workspace_id);
    }
    outcome
}

/// What was signed on a workspace's own pages proves something to that workspace alone, in a session too that was open
/// already: from now on it counts nowhere else.
async fn confine(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (viewer, renewed): (&Viewer, Renewed),
    challenge: &Challenge,
) -> Result<Renewed> {
    let session = renewed.session;
    if session.confined || opens(transaction, installation, &challenge.origin).await?.is_none() {
        return Ok(renewed);
    }
    let sql = "UPDATE sessions SET confined = TRUE WHERE workspace_id = $1 AND id = $2";
    let values = [viewer.workspace_id.0.into(), session.session_id.0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(Renewed { session: MemberSession { confined: true, ..session }, token: renewed.token })
}

/// Tells the owner of a passkey that counted backwards.
async fn warn_of_copy(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    row: &passkey::Model,
    verified: std::result::Result<(), Failure>,
) -> Result<()> {
    match verified {
        Ok(()) | Err(Failure::Wrong) => Ok(()),
        Err(Failure::Copied) => {
            let news = News::PasskeyCopied { name: row.name.clone() };
            tell(transaction, installation, row.user_id, &news).await
        }
    }
}

/// A name for a passkey, as it is kept.
fn stated_name(name: &str) -> Result<&str> {
    let name = name.trim();
    if name.chars().count() > 100 {
        return Err(Error::BadInput("a name has at most 100 characters".to_owned()));
    }
    if name.is_empty() { Err(Refusal::NameMissing.into()) } else { Ok(name) }
}

/// One of the viewer's own passkeys.
async fn own(connection: &impl ConnectionTrait, viewer: &Viewer, id: PasskeyId) -> Result<passkey::Model> {
    let found = passkey::Entity::find_by_id(id).one(connection).await?;
    let user = viewer.session()?.user_id;
    found.filter(|row| row.user_id == user).ok_or(Error::NotFound)
}

/// Calls a passkey something else.
pub async fn rename(
    installation: &Installation,
    viewer: &Viewer,
    id: PasskeyId,
    name: &str,
) -> Result<passkey::Model> {
    let name = stated_name(name)?;
    let transaction = installation.database.begin().await?;
    let row = own(&transaction, viewer, id).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    let change =
        passkey::ActiveModel { id: Set(id), name: Set(name.to_owned()), ..passkey::ActiveModel::default() };
    passkey::Entity::update(change).exec(&transaction).await?;
    let told = (Some(json!({ "name": row.name })), Some(json!({ "name": name })));
    note(&transaction, installation, viewer, ("passkey.renamed", id), told).await?;
    transaction.commit().await?;
    Ok(passkey::Model { name: name.to_owned(), ..row })
}

/// Takes a passkey out of use. Of who has no other factor, nothing is left then; not where one is demanded. The session goes
/// on under a new token.
pub async fn remove(installation: &Installation, viewer: &Viewer, id: PasskeyId) -> Result<Renewed> {
    let transaction = installation.database.begin().await?;
    let row = own(&transaction, viewer, id).await?;
    lock(&transaction, row.user_id).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    if !viewer.is_stepped_up(installation.clock.now()) {
        return Err(viewer.step_up_required(PermissionSet::EMPTY));
    }
    let others = of_user(&transaction, row.user_id).await?.len() > 1;
    let remaining = Factors { passkey: others, ..Factors::of(&transaction, row.user_id).await? };
    may_remove(&transaction, installation, row.user_id, remaining).await?;
    passkey::Entity::delete_by_id(id).exec(&transaction).await?;
    if !remaining.is_enrolled() {
        crate::recovery_code::forget(&transaction, row.user_id).await?;
    }
    let told = (Some(json!({ "name": row.name })), None);
    note(&transaction, installation, viewer, ("passkey.removed", id), told).await?;
    tell(&transaction, installation, row.user_id, &News::PasskeyRemoved { name: row.name }).await?;
    let workspaces = bump_epochs(&transaction, installation, row.user_id).await?;
    let renewed = renew(&transaction, installation, viewer, None).await?;
    transaction.commit().await?;
    for workspace in workspaces {
        installation.viewers.access_changed(workspace);
    }
    Ok(renewed)
}

async fn note(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
    (action, id): (&str, PasskeyId),
    (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
) -> Result<()> {
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action,
        subject: id.to_string(),
        before,
        after,
        address: viewer.stated_address(),
    };
    record(transaction, &installation.clock, deed).await
}
