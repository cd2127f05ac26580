//! Giving, taking back and changing grants, by the rules of `granting`.

use portaria_entity::id::{GrantId, MemberId, RoleId};
use portaria_entity::member::MemberStatus;
use portaria_entity::time::Timestamp;
use portaria_entity::{channel, grant, team};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::{NewGrant, close, insert_from};
use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Conferral, Holder, stated};

/// A role to be given.
#[derive(Clone, Copy, Debug)]
pub struct Giving<'a> {
    pub member_id: MemberId,
    pub role_id: RoleId,
    pub scope: Scope,
    /// None: from now on.
    pub valid_from: Option<Timestamp>,
    /// None: until it is taken back.
    pub valid_until: Option<Timestamp>,
    pub reason: &'a str,
}

/// What shall hold of a grant instead.
#[derive(Clone, Copy, Debug)]
pub struct Amendment<'a> {
    pub scope: Scope,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub reason: &'a str,
}

/// Refuses a scope that is not there.
pub async fn require_scope(change: &Change<'_>, scope: Scope) -> Result<()> {
    let (workspace, transaction) = (change.workspace_id, &change.transaction);
    let there = match scope {
        Scope::Workspace => true,
        Scope::Channel(id) => channel::Entity::find_by_id((workspace, id)).one(transaction).await?.is_some(),
        Scope::Team(id) => {
            let find = team::Entity::find_by_id((workspace, id)).filter(team::Column::DeletedAt.is_null());
            find.one(transaction).await?.is_some()
        }
    };
    if there { Ok(()) } else { Err(Error::NotFound) }
}

/// Gives a member a role.
pub async fn give(change: &mut Change<'_>, giving: Giving<'_>) -> Result<grant::Model> {
    let row = write(change, giving).await?;
    change.record("grant.made", row.id, (None, Some(told(&row)))).await?;
    change.reload().await?;
    Ok(row)
}

/// Checks everything and writes the grant.
async fn write(change: &mut Change<'_>, giving: Giving<'_>) -> Result<grant::Model> {
    let role = change.ledger.role(giving.role_id)?;
    require_scope(change, giving.scope).await?;
    if change.touch(giving.member_id)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    if giving.scope.narrow(role.permissions).is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    let from = giving.valid_from.unwrap_or(change.now).max(change.now);
    if giving.valid_until.is_some_and(|until| until <= from) {
        return Err(Refusal::InvalidPeriod.into());
    }
    let reason = stated(giving.reason, Refusal::ReasonMissing)?;
    let what = Conferral { scope: giving.scope, permissions: role.permissions, until: giving.valid_until };
    change.confer_to(Holder::Member(giving.member_id), what)?;
    let new = NewGrant {
        workspace_id: change.workspace_id,
        member_id: giving.member_id,
        role_id: giving.role_id,
        scope: giving.scope,
        valid_until: giving.valid_until,
        reason,
        granted_by: change.author(),
    };
    let id = insert_from(&change.transaction, &change.installation.clock, new, from).await?;
    find(change, id).await
}

/// Takes a grant back. It stays on record.
pub async fn revoke(change: &mut Change<'_>, id: GrantId, reason: &str) -> Result<grant::Model> {
    let row = end(change, id).await?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    change.record("grant.revoked", id, (Some(told(&row)), Some(json!({ "reason": reason })))).await?;
    change.reload().await?;
    find(change, id).await
}

/// Replaces a grant by one of the same role to the same member with another scope or period.
pub async fn change(change: &mut Change<'_>, id: GrantId, amendment: Amendment<'_>) -> Result<grant::Model> {
    let before = end(change, id).await?;
    let giving = Giving {
        member_id: before.member_id,
        role_id: before.role_id,
        scope: amendment.scope,
        valid_from: amendment.valid_from,
        valid_until: amendment.valid_until,
        reason: amendment.reason,
    };
    let after = write(change, giving).await?;
    hand_on(change, id, after.id).await?;
    change.record("grant.changed", after.id, (Some(told(&before)), Some(told(&after)))).await?;
    change.reload().await?;
    Ok(after)
}

/// Why somebody has another role than the one that was given them.
pub(crate) const ROLE_DELETED: &str = "Replaces a role that was deleted";

/// Puts a grant of another role in the place of one whose role is deleted, there and for as long. That it may be given has
/// been looked at.
pub(crate) async fn give_instead(change: &Change<'_>, id: GrantId, role_id: RoleId) -> Result<()> {
    let (before, by) = (find(change, id).await?, (change.now, change.author()));
    close(&change.transaction, &change.installation.database, (change.workspace_id, id), by).await?;
    let new = NewGrant {
        workspace_id: change.workspace_id,
        member_id: before.member_id,
        role_id,
        scope: Scope::of_grant(before.channel_id, before.team_id),
        valid_until: before.valid_until,
        reason: ROLE_DELETED,
        granted_by: by.1,
    };
    let from = before.valid_from.max(change.now);
    let after = insert_from(&change.transaction, &change.installation.clock, new, from).await?;
    hand_on(change, id, after).await?;
    let after = find(change, after).await?;
    change.record("grant.made", after.id, (Some(told(&before)), Some(told(&after)))).await
}

/// Records that what the one grant gave goes on as the other: what was decided about the one is about the other. What a
/// directory or an identity provider gave by the one, it gave by the other: it neither gives the one again, nor leaves the
/// other when it takes back.
pub(crate) async fn hand_on(change: &Change<'_>, before: GrantId, after: GrantId) -> Result<()> {
    let sql = "UPDATE grants SET successor_id = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [before.0.into(), after.0.into()]).await?;
    crate::identity_provider::hand_on(change, before, after).await?;
    crate::directory::mapping::grant_replaced(change, before, after).await
}

/// Closes a grant that has not ended yet.
async fn end(change: &mut Change<'_>, id: GrantId) -> Result<grant::Model> {
    let row = find(change, id).await?;
    change.touch(row.member_id)?;
    let database = &change.installation.database;
    let by = (change.now, change.author());
    if row.valid_until.is_some_and(|until| until <= change.now)
        || !close(&change.transaction, database, (change.workspace_id, id), by).await?
    {
        return Err(Refusal::AlreadyEnded.into());
    }
    Ok(row)
}

async fn find(change: &Change<'_>, id: GrantId) -> Result<grant::Model> {
    let found = grant::Entity::find_by_id((change.workspace_id, id)).one(&change.transaction).await?;
    found.ok_or(Error::NotFound)
}

/// A grant as the activity log tells it.
fn told(row: &grant::Model) -> Value {
    json!({
        "grant": row.id,
        "member": row.member_id,
        "role": row.role_id,
        "channel": row.channel_id,
        "team": row.team_id,
        "validFrom": row.valid_from.0,
        "validUntil": row.valid_until.map(|until| until.0),
        "reason": row.reason,
        "grantedBy": row.granted_by,
    })
}
