//! Changing one's own password.

use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_entity::user;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};

use super::{About, News, replace_hash, tell, void_links, workspaces_of};
use crate::activity::{Actor, Deed, record};
use crate::authentication::Origin;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::permission::PermissionSet;
use crate::second_factor::Factors;
use crate::session::{Renewed, end_all, lock, renew};
use crate::single_sign_on::require_own_account;
use crate::throttle::{self, Door};
use crate::viewer::Viewer;

/// What a person changes their password from, and to.
pub struct Change<'a> {
    pub current: &'a str,
    pub new: &'a str,
    pub origin: &'a Origin,
}

/// Changes the viewer's password. Their other sessions end, in all workspaces; this one goes on under a new token. Who has a second factor must have used it
/// within the hour.
pub async fn change(installation: &Installation, viewer: &Viewer, change: Change<'_>) -> Result<Renewed> {
    let session = *viewer.session()?;
    let reader = installation.database.reader();
    require_own_account(reader, &installation.database, viewer).await?;
    require_second_factor(installation, reader, viewer).await?;
    let owner = user::Entity::find_by_id(session.user_id).one(reader).await?.ok_or(Error::NotFound)?;
    let door = Door::OwnPassword { user: owner.id, origin: change.origin };
    let turn = throttle::take(installation, &door).await?;
    let verdict = installation
        .passwords
        .verify(change.current, owner.password_hash.clone(), &change.origin.address)
        .await;
    if matches!(verdict, Ok(verdict) if !verdict.correct) {
        refuse(installation, viewer, &owner, change.origin).await?;
        return Err(Refusal::InvalidCredentials.into());
    }
    turn.give_back(installation.database.writer(), installation).await?;
    verdict?;
    let workspaces = workspaces_of(reader, owner.id).await?;
    let names: Vec<&str> = workspaces.iter().map(|workspace| workspace.name.as_str()).collect();
    let about = About { name: &owner.name, email: &owner.email, workspaces: &names };
    let hash = installation.passwords.hash(change.new, &about).await?;
    let transaction = installation.database.begin().await?;
    lock(&transaction, owner.id).await?;
    require_own_account(&transaction, &installation.database, viewer).await?;
    require_second_factor(installation, &transaction, viewer).await?;
    let of = (owner.password_hash.as_deref(), hash);
    if !replace_hash(&transaction, &installation.database, owner.id, of).await? {
        return Err(Refusal::InvalidCredentials.into());
    }
    finish(installation, transaction, viewer, (&owner, change.origin)).await
}

async fn require_second_factor(
    installation: &Installation,
    connection: &impl ConnectionTrait,
    viewer: &Viewer,
) -> Result<()> {
    if viewer.is_stepped_up(installation.clock.now())
        || !Factors::of(connection, viewer.session()?.user_id).await?.is_enrolled()
    {
        return Ok(());
    }
    Err(viewer.step_up_required(PermissionSet::EMPTY))
}

/// What follows from a new password: sessions and links end, and it is recorded and told.
async fn finish(
    installation: &Installation,
    transaction: DatabaseTransaction,
    viewer: &Viewer,
    (owner, origin): (&user::Model, &Origin),
) -> Result<Renewed> {
    let now = installation.clock.now();
    let own = viewer.session()?.session_id;
    void_links(&transaction, &installation.database, owner.id, now).await?;
    let members = end_all(&transaction, installation, owner.id, Some(own)).await?;
    let renewed = renew(&transaction, installation, viewer, None).await?;
    for member in &members {
        let here = member.workspace_id == viewer.workspace_id;
        let deed = Deed {
            workspace_id: member.workspace_id,
            actor: if here { viewer.into() } else { Actor::Installation },
            action: "member.password_changed",
            subject: member.id.to_string(),
            before: None,
            after: None,
            address: here.then(|| origin.address.clone()),
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    tell(&transaction, installation, owner, (News::Changed, &origin.address)).await?;
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    installation.events.wake();
    Ok(renewed)
}

/// Records that a wrong password was given in an open session.
async fn refuse(
    installation: &Installation,
    viewer: &Viewer,
    owner: &user::Model,
    origin: &Origin,
) -> Result<()> {
    let event = sign_in_event::ActiveModel {
        id: Set(installation.clock.new_id()),
        at: Set(installation.clock.now()),
        user_id: Set(Some(owner.id)),
        workspace_id: Set(Some(viewer.workspace_id)),
        email: Set(owner.email_normalized.clone()),
        outcome: Set(SignInOutcome::WrongPassword),
        address: Set(origin.address.clone()),
        network: Set(throttle::network(&origin.address)),
        user_agent: Set(origin.user_agent.clone()),
    };
    sign_in_event::Entity::insert(event).exec_without_returning(installation.database.writer()).await?;
    Ok(())
}
