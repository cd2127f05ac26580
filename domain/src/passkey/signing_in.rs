//! Signing in with a passkey alone. It begins without saying who one is, and every refusal is the same.

use portaria_entity::id::WorkspaceId;
use portaria_entity::member::{self, MemberStatus};
use portaria_entity::passkey_challenge::ChallengePurpose;
use portaria_entity::session::AuthenticationMethod;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::{passkey, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};
use webauthn_rs::prelude::PublicKeyCredential;

use super::challenge::{self, Asked, Asking, Challenge, use_up};
use super::relying_party::{RelyingParty, opens};
use super::{Answer, Failure, named, read_credential, verify, warn_of_copy};
use crate::authentication::{Holder, OpenedSession, Origin, Proof, open_session};
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::second_factor::memberships;
use crate::session::lock;
use crate::throttle::network;

/// Who signs in, and where.
pub struct SigningIn<'a> {
    pub answer: Answer<'a>,
    /// Which workspace, for who is in several. Without it: the one they joined first.
    pub workspace_id: Option<WorkspaceId>,
    pub origin: Origin,
}

/// Begins to sign in. Looks at no account.
pub async fn begin_sign_in(
    installation: &Installation,
    page: Option<&str>,
    origin: &Origin,
) -> Result<Asked> {
    let transaction = installation.database.begin().await?;
    let party = RelyingParty::named(&transaction, installation, page, None).await?;
    let (options, state) = party.ask(&[])?;
    let asking = Asking {
        purpose: ChallengePurpose::SignIn,
        session_id: None,
        party: &party,
        address: &origin.address,
    };
    let asked = challenge::ask(&transaction, installation, asking, (options, &state)).await?;
    transaction.commit().await?;
    Ok(asked)
}

/// Signs in by what a device has signed, or refuses with the same answer whatever was wrong with it.
pub async fn finish_sign_in(installation: &Installation, signing_in: SigningIn<'_>) -> Result<OpenedSession> {
    let given = read_credential(signing_in.answer.credential)?;
    let transaction = installation.database.begin().await?;
    let wanted = (signing_in.answer.challenge_id, ChallengePurpose::SignIn, None);
    let challenge = use_up(&transaction, installation, wanted).await?;
    let row = owned(&transaction, &given).await?;
    let verified = match &row {
        None => Err(SignInOutcome::UnknownPasskey),
        Some(row) => prove(&transaction, installation, row, (&challenge, &given)).await?,
    };
    let member = match (&row, verified) {
        (Some(row), Ok(())) => {
            let wanted = signing_in.workspace_id;
            membership(&transaction, installation, (row, &challenge), wanted).await?
        }
        (_, Err(outcome)) => Err(outcome),
        (None, Ok(())) => Err(SignInOutcome::UnknownPasskey),
    };
    let outcome = member.as_ref().err().copied().unwrap_or(SignInOutcome::Succeeded);
    let workspace = member.as_ref().ok().map(|member| member.workspace_id);
    put_down(&transaction, installation, (row.as_ref(), workspace, outcome), &signing_in.origin).await?;
    let opened = match member {
        Err(_) => Err(Refusal::InvalidCredentials.into()),
        Ok(member) => {
            let holder =
                Holder { workspace_id: member.workspace_id, user_id: member.user_id, member_id: member.id };
            let confined = opens(&transaction, installation, &challenge.origin).await?.is_some();
            let proof = Proof { method: AuthenticationMethod::Passkey, second_factor: true, confined };
            Ok(open_session(installation, &transaction, holder, proof, signing_in.origin).await?)
        }
    };
    transaction.commit().await?;
    opened
}

/// The passkey that was used, if it is that of the person whom the device names.
async fn owned(
    transaction: &DatabaseTransaction,
    given: &PublicKeyCredential,
) -> Result<Option<passkey::Model>> {
    let row = named(transaction, given).await?;
    Ok(row.filter(|row| given.get_user_unique_id() == Some(row.user_id.0.as_bytes())))
}

async fn prove(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    row: &passkey::Model,
    signed: (&Challenge, &PublicKeyCredential),
) -> Result<std::result::Result<(), SignInOutcome>> {
    lock(transaction, row.user_id).await?;
    // As it is now that it is this one's turn: its counter may have gone on.
    let Some(row) = passkey::Entity::find_by_id(row.id).one(transaction).await? else {
        return Ok(Err(SignInOutcome::UnknownPasskey));
    };
    let verified = verify(transaction, &row, signed, installation.clock.now()).await?;
    warn_of_copy(transaction, installation, &row, verified).await?;
    Ok(verified.map_err(Failure::outcome))
}

/// The membership that is signed in to, of those that a signature on these pages opens.
async fn membership(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (row, challenge): (&passkey::Model, &Challenge),
    wanted: Option<WorkspaceId>,
) -> Result<std::result::Result<member::Model, SignInOutcome>> {
    let opened = opens(transaction, installation, &challenge.origin).await?;
    let found = memberships(transaction, row.user_id).await?.into_iter().find(|member| {
        member.status == MemberStatus::Active
            && wanted.is_none_or(|wanted| wanted == member.workspace_id)
            && opened.as_ref().is_none_or(|opened| opened.contains(&member.workspace_id))
    });
    Ok(found.ok_or(SignInOutcome::NotAMember))
}

async fn put_down(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    (row, workspace_id, outcome): (Option<&passkey::Model>, Option<WorkspaceId>, SignInOutcome),
    origin: &Origin,
) -> Result<()> {
    let owner = match row {
        None => None,
        Some(row) => {
            let found = user::Entity::find_by_id(row.user_id).one(transaction).await?;
            Some(found.ok_or(Error::NotFound)?)
        }
    };
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(installation.clock.now()),
        user_id: Set(owner.as_ref().map(|owner| owner.id)),
        workspace_id: Set(workspace_id),
        email: Set(owner.map(|owner| owner.email_normalized).unwrap_or_default()),
        outcome: Set(outcome),
        address: Set(origin.address.clone()),
        network: Set(network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(transaction).await?;
    Ok(())
}
