//! Ending the sessions of a person, wherever they are signed in, and what none may be opened beside.

use portaria_entity::id::{SessionId, UserId};
use portaria_entity::member::MemberStatus;
use portaria_entity::{member, user};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::error::Result;
use crate::installation::Installation;

/// Ends a person's sessions in every workspace, except perhaps the one that they act in. Answers their memberships:
/// after the commit, the access of each has changed.
pub(crate) async fn end_all(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
    except: Option<SessionId>,
) -> Result<Vec<member::Model>> {
    let members = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .order_by_asc(member::Column::WorkspaceId)
        .all(transaction)
        .await?;
    // Workspaces first and in order, as every change of access takes them, so that no two wait for each other.
    for member in &members {
        crate::workspace::bump_access_epoch(transaction, installation, member.workspace_id).await?;
    }
    let statement = installation.database.statement(
        "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND ($3 IS NULL OR id <> $3)",
        [user.0.into(), installation.clock.now().0.into(), except.map(|session| session.0).into()],
    );
    transaction.execute_raw(statement).await?;
    Ok(members)
}

/// Whether this is a person's password hash still. Nobody changes how they sign in until the transaction has ended.
pub(crate) async fn still_has(
    transaction: &DatabaseTransaction,
    user: UserId,
    password_hash: Option<&str>,
) -> Result<bool> {
    let found = lock(transaction, user).await?;
    Ok(found.is_some_and(|found| found.password_hash.as_deref() == password_hash))
}

/// Waits until nobody else changes how a person signs in.
pub(crate) async fn lock(transaction: &DatabaseTransaction, user: UserId) -> Result<Option<user::Model>> {
    // As an update of the row would lock it: what only refers to the person need not wait.
    Ok(user::Entity::find_by_id(user).lock(LockType::NoKeyUpdate).one(transaction).await?)
}
