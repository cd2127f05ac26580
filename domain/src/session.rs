//! Ending the sessions of a person, wherever they are signed in.

use portaria_entity::id::{SessionId, UserId};
use portaria_entity::member;
use portaria_entity::member::MemberStatus;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

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
    let statement = installation.database.statement(
        "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND ($3 IS NULL OR id <> $3)",
        [user.0.into(), installation.clock.now().0.into(), except.map(|session| session.0).into()],
    );
    transaction.execute_raw(statement).await?;
    let members = member::Entity::find()
        .filter(member::Column::UserId.eq(user))
        .filter(member::Column::Status.ne(MemberStatus::Removed))
        .all(transaction)
        .await?;
    for member in &members {
        crate::workspace::bump_access_epoch(transaction, installation, member.workspace_id).await?;
    }
    Ok(members)
}
