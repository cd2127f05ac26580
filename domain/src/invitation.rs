//! Invitations: somebody is asked by e-mail to become a member, with roles that are granted when they accept.

mod acceptance;
mod letter;
mod preview;

use std::time::Duration;

use portaria_entity::id::{DirectoryUserId, InvitationId, MemberId, RoleId, WorkspaceId};
use portaria_entity::member as member_entity;
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{invitation, invitation_grant, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::access::Scope;
use crate::database::padded;
use crate::error::{Error, Refusal, Result};
use crate::grant::require_scope;
use crate::granting::{Change, Conferral, stated};
use crate::link::{self, Page};
use crate::mail::{Addressee, queue_with_token};
use crate::member;
use crate::permission::Permission;
use crate::token::Token;
use crate::workspace;

pub use acceptance::{Acceptance, accept};
pub(crate) use acceptance::{admit, authority_of};
pub use preview::{Preview, preview};

/// How long an invitation may be accepted.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Who is invited, and to what.
pub struct Invite<'a> {
    pub name: &'a str,
    pub email: &'a str,
    /// BCP 47 tag of the language of the letter.
    pub locale: &'a str,
    pub grants: Vec<Promise<'a>>,
}

/// A role that an invitation promises.
#[derive(Clone, Copy, Debug)]
pub struct Promise<'a> {
    pub role_id: RoleId,
    pub scope: Scope,
    /// None: from acceptance on.
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub reason: &'a str,
}

/// Invites somebody. An earlier invitation to the same address that was not accepted is void from now on.
///
/// Whoever invites must be permitted to grant what they promise, now and again when it is accepted.
pub async fn invite(change: &mut Change<'_>, invite: Invite<'_>) -> Result<invitation::Model> {
    let email = member::address(invite.email)?;
    if invite.name.trim().is_empty() {
        return Err(Error::BadInput("a member needs a name".to_owned()));
    }
    let invited_by = change.author().ok_or_else(|| Error::internal("somebody has to invite"))?;
    if !invite.grants.is_empty() {
        change.require(Permission::RoleAssign)?;
    }
    for promise in &invite.grants {
        check(change, promise).await?;
    }
    refuse_member(change, &email).await?;
    replace_earlier(change, &email).await?;
    let Invite { name, email, locale, .. } = invite;
    let row = issue(change, Issue { name, email, locale, invited_by, directory_user_id: None }).await?;
    promise_all(change, row.id, &invite.grants).await?;
    let grants: Vec<_> = invite.grants.iter().map(told).collect();
    change.record("invitation.sent", row.id, (None, Some(json!({ "grants": grants })))).await?;
    Ok(row)
}

/// Who some invitations were sent to, as they were named, and where.
pub(crate) async fn addressees(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    ids: &[InvitationId],
) -> Result<Vec<(InvitationId, String, String)>> {
    let find = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(workspace))
        .filter(invitation::Column::Id.is_in(padded(ids.to_vec())));
    Ok(find.all(connection).await?.into_iter().map(|row| (row.id, row.name, row.email)).collect())
}

/// An invitation that has been permitted.
pub(crate) struct Issue<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub locale: &'a str,
    pub invited_by: MemberId,
    /// Whom a directory asks.
    pub directory_user_id: Option<DirectoryUserId>,
}

/// Writes an invitation and its letter.
pub(crate) async fn issue(change: &Change<'_>, new: Issue<'_>) -> Result<invitation::Model> {
    let token = Token::generate("ptr_inv")?;
    let row = invitation::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: new.name.trim().to_owned(),
        email: new.email.trim().to_owned(),
        email_normalized: member::address(new.email)?,
        locale: new.locale.to_owned(),
        token_hash: token.hash().to_vec(),
        invited_by: new.invited_by,
        created_at: change.now,
        expires_at: change.now + LIFETIME,
        accepted_at: None,
        accepted_by: None,
        revoked_at: None,
        directory_user_id: new.directory_user_id,
    };
    invitation::Entity::insert(invitation::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    send(change, &row, &token).await?;
    Ok(row)
}

/// A promise as the activity log tells it.
fn told(promise: &Promise<'_>) -> serde_json::Value {
    let (channel, team) = promise.scope.columns();
    json!({
        "role": promise.role_id,
        "channel": channel,
        "team": team,
        "validFrom": promise.valid_from.map(|from| from.0),
        "validUntil": promise.valid_until.map(|until| until.0),
        "reason": promise.reason.trim(),
    })
}

/// Takes back the invitations that this address has, of which the latest alone counts.
async fn replace_earlier(change: &mut Change<'_>, email: &str) -> Result<()> {
    let earlier = pending(&change.transaction, change.workspace_id, change.now).await?;
    for row in earlier.iter().filter(|row| row.email_normalized == email) {
        revoke(change, row.id).await?;
    }
    Ok(())
}

/// Refuses a promise that its maker may not keep.
async fn check(change: &Change<'_>, promise: &Promise<'_>) -> Result<()> {
    let role = change.ledger.role(promise.role_id)?;
    require_scope(change, promise.scope).await?;
    if promise.scope.narrow(role.permissions).is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    let from = promise.valid_from.unwrap_or(change.now).max(change.now);
    if promise.valid_until.is_some_and(|until| until <= from) {
        return Err(Refusal::InvalidPeriod.into());
    }
    stated(promise.reason, Refusal::ReasonMissing)?;
    let what = Conferral { scope: promise.scope, permissions: role.permissions, until: promise.valid_until };
    change.confer(what)
}

/// Refuses to invite who is in the workspace. Whether the person is in others is not looked at, and not told.
async fn refuse_member(change: &Change<'_>, email: &str) -> Result<()> {
    let find = user::Entity::find().filter(user::Column::EmailNormalized.eq(email));
    let Some(user) = find.one(&change.transaction).await? else { return Ok(()) };
    let find = member_entity::Entity::find()
        .filter(member_entity::Column::WorkspaceId.eq(change.workspace_id))
        .filter(member_entity::Column::UserId.eq(user.id))
        .filter(member_entity::Column::Status.ne(MemberStatus::Removed));
    match find.one(&change.transaction).await? {
        Some(_) => Err(Refusal::AlreadyMember.into()),
        None => Ok(()),
    }
}

async fn promise_all(change: &Change<'_>, id: InvitationId, promises: &[Promise<'_>]) -> Result<()> {
    for (position, promise) in (0..).zip(promises) {
        let (channel_id, team_id) = promise.scope.columns();
        let row = invitation_grant::ActiveModel {
            workspace_id: Set(change.workspace_id),
            invitation_id: Set(id),
            position: Set(position),
            role_id: Set(promise.role_id),
            channel_id: Set(channel_id),
            team_id: Set(team_id),
            valid_from: Set(promise.valid_from),
            valid_until: Set(promise.valid_until),
            reason: Set(promise.reason.trim().to_owned()),
        };
        invitation_grant::Entity::insert(row).exec_without_returning(&change.transaction).await?;
    }
    Ok(())
}

async fn send(change: &Change<'_>, row: &invitation::Model, token: &Token) -> Result<()> {
    let workspace = workspace::find(&change.transaction, change.workspace_id).await?;
    let letter = letter::invitation(
        &workspace,
        row,
        &link::with_token(change.installation, &workspace, Page::AcceptInvitation, token),
    );
    let to = Addressee {
        workspace_id: change.workspace_id,
        name: &row.name,
        address: &row.email,
        dedup_key: format!("invitation:{}", row.id),
    };
    queue_with_token(&change.transaction, change.installation, to, (&letter, token)).await
}

/// Takes an invitation back.
pub async fn revoke(change: &mut Change<'_>, id: InvitationId) -> Result<invitation::Model> {
    let find = invitation::Entity::find_by_id((change.workspace_id, id));
    let mut row = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    if row.accepted_at.is_some() || row.revoked_at.is_some() || row.expires_at <= change.now {
        return Err(Refusal::AlreadyEnded.into());
    }
    let sql = "UPDATE invitations SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [id.0.into(), change.now.0.into()]).await?;
    row.revoked_at = Some(change.now);
    change.record("invitation.revoked", id, (None, None)).await?;
    Ok(row)
}

/// What an invitation promises.
pub(crate) async fn promises(
    connection: &impl ConnectionTrait,
    (workspace, id): (WorkspaceId, InvitationId),
) -> Result<Vec<invitation_grant::Model>> {
    let find = invitation_grant::Entity::find()
        .filter(invitation_grant::Column::WorkspaceId.eq(workspace))
        .filter(invitation_grant::Column::InvitationId.eq(id))
        .order_by_asc(invitation_grant::Column::Position);
    Ok(find.all(connection).await?)
}

/// The invitations of a workspace that may still be accepted, oldest first.
pub async fn pending(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<invitation::Model>> {
    let find = invitation::Entity::find()
        .filter(invitation::Column::WorkspaceId.eq(workspace))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(now))
        .order_by_asc(invitation::Column::Id);
    Ok(find.all(connection).await?)
}
