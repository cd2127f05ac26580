//! A new password for who is locked out, from the machine itself: nobody in one workspace may do that to a person who
//! is also in another.

use portaria_entity::member::MemberStatus;
use portaria_entity::{member, session, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::activity::{Actor, Deed, record};
use crate::authentication::normalize_email;
use crate::error::{Error, Result};
use crate::installation::Installation;

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
    session::Entity::update_many()
        .set(session::ActiveModel {
            ended_at: Set(Some(installation.clock.now())),
            ..session::ActiveModel::default()
        })
        .filter(session::Column::UserId.eq(user.id))
        .filter(session::Column::EndedAt.is_null())
        .exec(&transaction)
        .await?;
    let members = member::Entity::find()
        .filter(member::Column::UserId.eq(user.id))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .all(&transaction)
        .await?;
    for member in &members {
        let deed = Deed {
            workspace_id: member.workspace_id,
            actor: Actor::Installation,
            action: "member.password_reset",
            subject: member.id.to_string(),
            before: None,
            after: None,
            address: None,
        };
        record(&transaction, &installation.clock, deed).await?;
        crate::workspace::bump_access_epoch(&transaction, installation, member.workspace_id).await?;
    }
    transaction.commit().await?;
    for member in members {
        installation.viewers.access_changed(member.workspace_id);
    }
    Ok(())
}
