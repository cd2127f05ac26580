//! Sessions: opening them, giving them new tokens, listing those that are open, and ending them.

mod ending;
mod list;
mod renewal;
mod switching;
pub(crate) mod usage;

use portaria_entity::id::{UserId, WorkspaceId};
use portaria_entity::time::Timestamp;
use portaria_entity::{session, user};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QuerySelect};

use crate::activity::{Actor, Deed, record};
use crate::authentication::{Holder, OpenedSession, Origin, Proof};
use crate::error::Result;
use crate::installation::Installation;
use crate::presence;
use crate::throttle::network;
use crate::token::Token;

pub use ending::{end, end_of_member, end_others, end_own};
pub(crate) use ending::{end_all, end_in_workspace};
pub use list::{OpenSession, of_members, of_viewer};
pub use renewal::Renewed;
pub(crate) use renewal::renew;
pub use switching::{Membership, memberships, switch};

/// What every session's token begins with.
const PREFIX: &str = "ptr_sess";

/// A session that is about to be opened.
pub(crate) struct Opening {
    pub holder: Holder,
    pub proof: Proof,
    /// When the person proved who they are.
    pub authenticated_at: Timestamp,
    pub expires_at: Timestamp,
    /// Out of a session in another workspace.
    pub carried_over: bool,
    pub origin: Origin,
}

/// Opens a session under a new token, with its activity.
pub(crate) async fn open(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    opening: Opening,
) -> Result<OpenedSession> {
    let Opening { holder, proof, authenticated_at, expires_at, carried_over, origin } = opening;
    let now = installation.clock.now();
    let token = Token::generate(PREFIX)?;
    let session = session::Model {
        workspace_id: holder.workspace_id,
        id: installation.clock.new_id(),
        user_id: holder.user_id,
        member_id: holder.member_id,
        token_hash: token.hash().to_vec(),
        authentication_method: proof.method,
        second_factor: proof.second_factor,
        authenticated_at,
        network: network(&origin.address),
        address: origin.address.clone(),
        user_agent: origin.user_agent,
        created_at: now,
        last_used_at: now,
        expires_at,
        ended_at: None,
        confined: proof.confined,
        carried_over,
    };
    session::Entity::insert(session::ActiveModel::from(session.clone()))
        .exec_without_returning(transaction)
        .await?;
    presence::back(installation, transaction, (holder.workspace_id, holder.member_id)).await?;
    let deed = Deed {
        workspace_id: holder.workspace_id,
        actor: Actor::Member { member_id: holder.member_id, session_id: session.id },
        action: "session.opened",
        subject: session.id.to_string(),
        before: None,
        after: None,
        address: Some(origin.address),
    };
    record(transaction, &installation.clock, deed).await?;
    Ok(OpenedSession { token, session, device: None })
}

/// A condition on a column of workspaces: none, or being this one.
fn within(column: impl ColumnTrait, reach: Option<WorkspaceId>) -> Condition {
    match reach {
        Some(only) => Condition::all().add(column.eq(only)),
        None => Condition::all(),
    }
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
