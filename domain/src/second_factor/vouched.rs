//! Second factors that somebody set up while only a workspace's identity provider or own pages vouched for them. As long as
//! they are in that workspace alone, these are theirs to choose. When they become a member elsewhere too, such factors go:
//! or whoever runs the one workspace's provider would have a way into the other.

use portaria_entity::id::UserId;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::letter::{News, tell};
use crate::error::Result;
use crate::installation::Installation;
use crate::viewer::MemberSession;

/// Takes note that factors are changed in such a session.
pub(super) async fn note(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    session: &MemberSession,
) -> Result<()> {
    if !session.confined {
        return Ok(());
    }
    let sql = "INSERT INTO vouched_factors (user_id, since) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING";
    let values = [session.user_id.0.into(), installation.clock.now().0.into()];
    transaction.execute_raw(installation.database.statement(sql, values)).await?;
    Ok(())
}

/// Takes away what was set up since then, of a person who becomes a member elsewhere; they are told.
pub(crate) async fn forget(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    user: UserId,
) -> Result<()> {
    let database = &installation.database;
    // After the workspace for once: who changes factors at this very moment may have to try again.
    crate::session::lock(transaction, user).await?;
    let statement =
        database.statement("SELECT since FROM vouched_factors WHERE user_id = $1", [user.0.into()]);
    let Some(row) = transaction.query_one_raw(statement).await? else { return Ok(()) };
    let since: i64 = row.try_get_by_index(0)?;
    let mut gone = 0;
    for sql in [
        "DELETE FROM passkeys WHERE user_id = $1 AND created_at >= $2",
        "DELETE FROM second_factors WHERE user_id = $1 AND COALESCE(confirmed_at, created_at) >= $2",
        "DELETE FROM recovery_codes WHERE user_id = $1 AND created_at >= $2",
    ] {
        let values = [user.0.into(), since.into()];
        gone += transaction.execute_raw(database.statement(sql, values)).await?.rows_affected();
    }
    let sql = "DELETE FROM vouched_factors WHERE user_id = $1";
    transaction.execute_raw(database.statement(sql, [user.0.into()])).await?;
    if gone > 0 {
        tell(transaction, installation, user, &News::VouchedForgotten).await?;
    }
    Ok(())
}
