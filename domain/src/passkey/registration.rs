//! Registering a passkey: by who has just proved who they are.

use portaria_entity::id::PasskeyId;
use portaria_entity::passkey_challenge::ChallengePurpose;
use portaria_entity::{passkey, user};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use serde_json::json;
use webauthn_rs::prelude::{CredentialID, PasskeyRegistration, RegisterPublicKeyCredential};

use super::challenge::{self, Asked, Asking, use_up};
use super::relying_party::RelyingParty;
use super::{Answer, note, of_user, stated_name};
use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::recovery_code::{self, RecoveryCodes};
use crate::second_factor::letter::{News, tell};
use crate::second_factor::{Factors, may_change_factors, stepped_up};
use crate::session::{Renewed, end_all, lock};
use crate::viewer::{MemberSession, Viewer};

/// A passkey to be kept.
pub struct NewPasskey<'a> {
    pub answer: Answer<'a>,
    /// What the person calls it.
    pub name: &'a str,
}

/// A passkey that has come into use.
pub struct Registered {
    pub passkey: passkey::Model,
    pub renewed: Renewed,
    /// Made with the first factor of a person. Shown once.
    pub recovery_codes: Option<RecoveryCodes>,
}

/// Begins to register a passkey. Who has a second factor must have used it within the hour, who has none must have signed
/// in within the hour.
pub async fn begin_registration(
    installation: &Installation,
    viewer: &Viewer,
    page: Option<&str>,
    origin: &Origin,
) -> Result<Asked> {
    let MemberSession { user_id, session_id, .. } = *viewer.session()?;
    let transaction = installation.database.begin().await?;
    may_change_factors(&transaction, installation, viewer, Factors::of(&transaction, user_id).await?).await?;
    let party = RelyingParty::named(&transaction, installation, page, Some(viewer.workspace_id)).await?;
    let owner = user::Entity::find_by_id(user_id).one(&transaction).await?.ok_or(Error::NotFound)?;
    let known = of_user(&transaction, user_id).await?;
    let known: Vec<CredentialID> = known.into_iter().map(|row| row.credential_id).collect();
    let (asked, state) = party
        .webauthn()?
        .start_passkey_registration(user_id.0, &owner.email, &owner.name, Some(known))
        .map_err(Error::internal)?;
    let mut options = serde_json::to_value(&asked.public_key).map_err(Error::internal)?;
    // So that it can be found by a device without being named: signing in begins without telling who one is.
    options["authenticatorSelection"]["residentKey"] = json!("required");
    options["authenticatorSelection"]["requireResidentKey"] = json!(true);
    let asking = Asking {
        purpose: ChallengePurpose::Registration,
        session_id: Some(session_id),
        party: &party,
        address: &origin.address,
    };
    let asked = challenge::ask(&transaction, installation, asking, (options, &state)).await?;
    transaction.commit().await?;
    Ok(asked)
}

/// Keeps a passkey. The session counts as two-factor from now on, under a new token; every other session of the person ends,
/// in all workspaces.
pub async fn finish_registration(
    installation: &Installation,
    viewer: &Viewer,
    new: NewPasskey<'_>,
) -> Result<Registered> {
    let MemberSession { user_id, session_id, .. } = *viewer.session()?;
    let name = stated_name(new.name)?;
    let given: RegisterPublicKeyCredential = serde_json::from_str(new.answer.credential)
        .map_err(|_| Error::BadInput("`credential` is what PublicKeyCredential.toJSON() gives".to_owned()))?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, user_id).await?;
    let had = Factors::of(&transaction, user_id).await?;
    may_change_factors(&transaction, installation, viewer, had).await?;
    let wanted = (new.answer.challenge_id, ChallengePurpose::Registration, Some(session_id));
    let challenge = use_up(&transaction, installation, wanted).await?;
    let party = RelyingParty::of(&challenge.origin)?;
    let state: PasskeyRegistration = challenge.state()?;
    let Ok(key) = party.webauthn()?.finish_passkey_registration(&given, &state) else {
        // The challenge is used up all the same.
        transaction.commit().await?;
        return Err(Refusal::WrongPasskey.into());
    };
    let row = passkey::Model {
        id: installation.clock.new_id::<PasskeyId>(),
        user_id,
        credential_id: key.cred_id().clone(),
        credential: serde_json::to_string(&key).map_err(Error::internal)?,
        rp_id: party.id().to_owned(),
        name: name.to_owned(),
        created_at: installation.clock.now(),
        last_used_at: None,
    };
    keep(&transaction, &row).await?;
    let recovery_codes = recovery_code::first(&transaction, installation, user_id, had).await?;
    let members = end_all(&transaction, installation, user_id, Some(session_id)).await?;
    let renewed = stepped_up(&transaction, installation, viewer).await?;
    let told = (None, Some(json!({ "name": row.name, "rp_id": row.rp_id })));
    note(&transaction, installation, viewer, ("passkey.registered", row.id), told).await?;
    tell(&transaction, installation, user_id, &News::PasskeyAdded { name: row.name.clone() }).await?;
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    installation.events.wake();
    Ok(Registered { passkey: row, renewed, recovery_codes })
}

/// Writes it down, unless somebody has it: a device names its keys at random, so that would be no accident.
async fn keep(transaction: &sea_orm::DatabaseTransaction, row: &passkey::Model) -> Result<()> {
    let active = passkey::ActiveModel {
        id: Set(row.id),
        user_id: Set(row.user_id),
        credential_id: Set(row.credential_id.clone()),
        credential: Set(row.credential.clone()),
        rp_id: Set(row.rp_id.clone()),
        name: Set(row.name.clone()),
        created_at: Set(row.created_at),
        last_used_at: Set(None),
    };
    match passkey::Entity::insert(active).exec_without_returning(transaction).await {
        Ok(_) => Ok(()),
        Err(error) => match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Err(Refusal::AlreadyRegistered.into()),
            Some(_) | None => Err(error.into()),
        },
    }
}
