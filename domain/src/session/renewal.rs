//! A new token for a session whose holder has proved anew who they are, or has changed by what they do: whoever had the old
//! one has nothing from then on. It is the same session still, in the same row.

use portaria_entity::session;
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait};

use super::PREFIX;
use crate::error::{Refusal, Result};
use crate::installation::Installation;
use crate::token::Token;
use crate::viewer::{MemberSession, Viewer};
use crate::workspace::bump_access_epoch;

/// A session under its new token, which is shown this once.
pub struct Renewed {
    pub session: MemberSession,
    pub token: Token,
}

/// Only under the token that asks: of two requests at once, the second one finds that it is nobody's any more.
const RENEW: &str = "
UPDATE sessions SET token_hash = $4, last_used_at = $5,
       second_factor = CASE WHEN CAST($6 AS BIGINT) IS NULL THEN second_factor ELSE TRUE END,
       authenticated_at = COALESCE(CAST($6 AS BIGINT), authenticated_at)
WHERE workspace_id = $1 AND id = $2 AND token_hash = $3 AND ended_at IS NULL";

/// Gives the viewer's session a new token. When a second factor was given just now, `proved_at` says when. The caller has
/// locked the person, and takes note after the commit that access in the workspace has changed.
pub(crate) async fn renew(
    transaction: &DatabaseTransaction,
    installation: &Installation,
    viewer: &Viewer,
    proved_at: Option<Timestamp>,
) -> Result<Renewed> {
    let session = *viewer.session()?;
    bump_access_epoch(transaction, installation, viewer.workspace_id).await?;
    let token = Token::generate(PREFIX)?;
    let values = [
        viewer.workspace_id.0.into(),
        session.session_id.0.into(),
        session.token.to_vec().into(),
        token.hash().to_vec().into(),
        installation.clock.now().0.into(),
        proved_at.map(|at| at.0).into(),
    ];
    let done = transaction.execute_raw(installation.database.statement(RENEW, values)).await?;
    if done.rows_affected() != 1 {
        return Err(why_not(transaction, viewer).await?.into());
    }
    let session = MemberSession {
        token: token.hash(),
        second_factor: session.second_factor || proved_at.is_some(),
        authenticated_at: proved_at.unwrap_or(session.authenticated_at),
        ..session
    };
    Ok(Renewed { session, token })
}

async fn why_not(transaction: &DatabaseTransaction, viewer: &Viewer) -> Result<Refusal> {
    let key = (viewer.workspace_id, viewer.session()?.session_id);
    let found = session::Entity::find_by_id(key).one(transaction).await?;
    Ok(match found.is_some_and(|session| session.ended_at.is_none()) {
        true => Refusal::TokenReplaced,
        false => Refusal::AuthenticationTooOld,
    })
}
