//! For who is locked out, from the machine itself: a new password, or no second factor any more. Nobody in one workspace
//! may do that to a person who is also in another.

use portaria_entity::id::UserId;
use portaria_entity::user;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::activity::{Actor, Deed, record};
use crate::authentication::normalize_email;
use crate::error::{Error, Refusal, Result};
use crate::installation::Installation;
use crate::second_factor::{forget, reset};
use crate::session;

/// The person behind an e-mail address.
pub async fn find_user(connection: &impl ConnectionTrait, email: &str) -> Result<Option<user::Model>> {
    let email = normalize_email(email);
    Ok(user::Entity::find().filter(user::Column::EmailNormalized.eq(email)).one(connection).await?)
}

/// Sets a person's password and ends all their sessions, recorded in each of their workspaces.
pub async fn reset_password(installation: &Installation, email: &str, password: &str) -> Result<()> {
    let password_hash = installation.passwords.hash(password).await?;
    let transaction = installation.database.begin().await?;
    let user = find_user(&transaction, email).await?.ok_or(Error::NotFound)?;
    let change = user::ActiveModel {
        id: Set(user.id),
        password_hash: Set(Some(password_hash)),
        ..user::ActiveModel::default()
    };
    user::Entity::update(change).exec(&transaction).await?;
    end_with(installation, transaction, user.id, "member.password_reset").await
}

/// Takes a person's second factors away and ends all their sessions, recorded in each of their workspaces.
pub async fn remove_second_factor(installation: &Installation, email: &str) -> Result<()> {
    let transaction = installation.database.begin().await?;
    let user = find_user(&transaction, email).await?.ok_or(Error::NotFound)?;
    if !forget(&transaction, user.id).await? {
        return Err(Refusal::NoSecondFactor.into());
    }
    for member in crate::second_factor::memberships(&transaction, user.id).await? {
        reset::note(&transaction, &installation.clock, (member.workspace_id, member.id), None).await?;
    }
    end_with(installation, transaction, user.id, "member.second_factor_removed").await
}

/// Ends all sessions of a person whose way in has changed, and commits.
async fn end_with(
    installation: &Installation,
    transaction: DatabaseTransaction,
    user: UserId,
    action: &str,
) -> Result<()> {
    let members = session::end_all(&transaction, installation, user, None).await?;
    for member in &members {
        let deed = Deed {
            workspace_id: member.workspace_id,
            actor: Actor::Installation,
            action,
            subject: member.id.to_string(),
            before: None,
            after: None,
            address: None,
        };
        record(&transaction, &installation.clock, deed).await?;
    }
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    Ok(())
}
