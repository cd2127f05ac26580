//! Emergency access: who was authorised beforehand takes on a role for some hours, with a reason, and every administrator
//! is told at once. Being eligible is granted by the rules of every grant; taking the role on is not granting to oneself.

mod letter;

use std::time::Duration;

use portaria_entity::id::{EmergencyEligibilityId, MemberId, RoleId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::role::BuiltInRole;
use portaria_entity::{emergency_activation, emergency_eligibility, grant};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::access::Scope;
use crate::error::{Error, Refusal, Result};
use crate::grant::{NewGrant, insert, require_scope};
use crate::granting::{Change, Conferral, Holder, Standing, Title, stated};
use crate::installation::Installation;
use crate::mail::{Addressee, queue};
use crate::member;
use crate::permission::PermissionSet;
use crate::viewer::Viewer;
use crate::workspace;

/// The longest that an emergency may last.
pub const MAX_HOURS: i32 = 72;

/// Somebody to be made eligible.
#[derive(Clone, Copy, Debug)]
pub struct NewEligibility<'a> {
    pub member_id: MemberId,
    pub role_id: RoleId,
    pub scope: Scope,
    /// The longest that one activation may last.
    pub max_hours: i32,
    pub reason: &'a str,
}

/// Authorises a member to take on a role in an emergency.
pub async fn allow(change: &mut Change<'_>, new: NewEligibility<'_>) -> Result<emergency_eligibility::Model> {
    let role = change.ledger.role(new.role_id)?;
    require_scope(change, new.scope).await?;
    if change.touch(new.member_id)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    if new.scope.narrow(role.permissions).is_empty() {
        return Err(Refusal::NothingConferred.into());
    }
    if !(1..=MAX_HOURS).contains(&new.max_hours) {
        return Err(Refusal::TooLong.into());
    }
    let reason = stated(new.reason, Refusal::ReasonMissing)?;
    let what = Conferral { scope: new.scope, permissions: role.permissions, until: None };
    change.confer_to(Holder::Member(new.member_id), what)?;
    let (channel_id, team_id) = new.scope.columns();
    let row = emergency_eligibility::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        member_id: new.member_id,
        role_id: new.role_id,
        channel_id,
        team_id,
        max_hours: new.max_hours,
        reason: reason.to_owned(),
        granted_by: change.author(),
        created_at: change.now,
        closed_at: None,
        closed_by: None,
    };
    emergency_eligibility::Entity::insert(emergency_eligibility::ActiveModel::from(row.clone()))
        .exec_without_returning(&change.transaction)
        .await?;
    change.record("emergency.allowed", row.id, (None, Some(told(&row)))).await?;
    change.reload().await?;
    Ok(row)
}

/// Takes the authorisation back. What was taken on already is a grant, and is revoked as one.
pub async fn disallow(
    change: &mut Change<'_>,
    id: EmergencyEligibilityId,
) -> Result<emergency_eligibility::Model> {
    let mut row = find(change, id).await?;
    change.touch(row.member_id)?;
    if row.closed_at.is_some() {
        return Err(Refusal::AlreadyEnded.into());
    }
    (row.closed_at, row.closed_by) = (Some(change.now), change.author());
    let sql = "UPDATE emergency_eligibilities SET closed_at = $3, closed_by = $4 \
               WHERE workspace_id = $1 AND id = $2";
    let by = row.closed_by.map(|member| member.0);
    change.execute(sql, [id.0.into(), change.now.0.into(), by.into()]).await?;
    change.record("emergency.disallowed", id, (Some(told(&row)), None)).await?;
    change.reload().await?;
    Ok(row)
}

/// An emergency.
#[derive(Clone, Copy, Debug)]
pub struct Emergency<'a> {
    pub eligibility_id: EmergencyEligibilityId,
    pub hours: i32,
    pub reason: &'a str,
}

/// Takes on the role, for so many hours. Needs a stepped-up session where the role allows what is sensitive.
pub async fn activate(
    installation: &Installation,
    viewer: &Viewer,
    emergency: Emergency<'_>,
) -> Result<grant::Model> {
    let member_id = viewer.session()?.member_id;
    let mut change = Change::by(installation, viewer, &[]).await?;
    let row = find(&change, emergency.eligibility_id).await?;
    if row.member_id != member_id || row.closed_at.is_some() {
        return Err(Error::NotFound);
    }
    if !change.ledger.member(member_id)?.is_active() {
        return Err(Refusal::NotActive.into());
    }
    let scope = Scope::of_grant(row.channel_id, row.team_id);
    let role = change.ledger.role(row.role_id)?;
    let sensitive = scope.narrow(role.permissions).intersection(PermissionSet::SENSITIVE);
    if !sensitive.is_empty() && !viewer.is_stepped_up(change.now) {
        return Err(viewer.step_up_required(sensitive));
    }
    let hours = u64::try_from(emergency.hours).unwrap_or(0);
    if hours == 0 || emergency.hours > row.max_hours {
        return Err(Refusal::TooLong.into());
    }
    let reason = stated(emergency.reason, Refusal::ReasonMissing)?;
    refuse_active(&change, &row).await?;
    let until = change.now + Duration::from_secs(hours * 60 * 60);
    let new = NewGrant {
        workspace_id: change.workspace_id,
        member_id,
        role_id: row.role_id,
        scope,
        valid_until: Some(until),
        reason,
        granted_by: row.granted_by,
    };
    let id = insert(&change.transaction, &installation.clock, new).await?;
    let activation = emergency_activation::ActiveModel {
        workspace_id: Set(change.workspace_id),
        id: Set(installation.clock.new_id()),
        eligibility_id: Set(row.id),
        grant_id: Set(id),
        reason: Set(reason.to_owned()),
        activated_at: Set(change.now),
        ends_at: Set(until),
    };
    emergency_activation::Entity::insert(activation).exec_without_returning(&change.transaction).await?;
    let after = json!({ "grant": id, "validUntil": until.0, "reason": reason });
    change.record("emergency.activated", row.id, (Some(told(&row)), Some(after))).await?;
    let find = grant::Entity::find_by_id((change.workspace_id, id));
    let given = find.one(&change.transaction).await?.ok_or(Error::NotFound)?;
    tell_administrators(&change, &given).await?;
    change.affects(member_id);
    change.finish().await?;
    Ok(given)
}

/// Refuses a second activation beside one that has not ended.
async fn refuse_active(change: &Change<'_>, row: &emergency_eligibility::Model) -> Result<()> {
    let open = emergency_activation::Entity::find()
        .filter(emergency_activation::Column::WorkspaceId.eq(change.workspace_id))
        .filter(emergency_activation::Column::EligibilityId.eq(row.id))
        .filter(emergency_activation::Column::EndsAt.gt(change.now))
        .all(&change.transaction)
        .await?;
    let held = &change.ledger.member(row.member_id)?.holdings;
    let still = |activation: &emergency_activation::Model| {
        held.iter().any(|holding| holding.title == Title::Grant(activation.grant_id))
    };
    if open.iter().any(still) { Err(Refusal::AlreadyActive.into()) } else { Ok(()) }
}

/// Whether somebody administers the workspace now.
fn administers(standing: &Standing, now: portaria_entity::time::Timestamp) -> bool {
    standing.is_active()
        && standing.holdings.iter().any(|holding| {
            matches!(holding.title, Title::Grant(_))
                && holding.built_in == Some(BuiltInRole::Administrator)
                && holding.scope == Scope::Workspace
                && holding.valid_from <= now
        })
}

/// Writes to every administrator, as the ledger had them before.
async fn tell_administrators(change: &Change<'_>, given: &grant::Model) -> Result<()> {
    let (transaction, workspace_id) = (&change.transaction, change.workspace_id);
    let administrators = change.ledger.members.values().filter(|one| administers(one, change.now));
    let mut ids: Vec<MemberId> = administrators.map(|standing| standing.member_id).collect();
    ids.push(given.member_id);
    let people = member::by_ids(transaction, workspace_id, &ids).await?;
    let name_of = |id: MemberId| people.get(&id).map(|row| row.user.name.clone()).unwrap_or_default();
    let roles = crate::role::all(transaction, workspace_id).await?;
    let role = roles.into_iter().find(|row| row.role.id == given.role_id).ok_or(Error::NotFound)?;
    let workspace = workspace::find(transaction, workspace_id).await?;
    let news = letter::News {
        workspace: &workspace,
        member: &name_of(given.member_id),
        role: &role.role.name,
        grant: given,
    };
    ids.pop();
    for id in ids {
        let Some(row) = people.get(&id) else { continue };
        let to = Addressee {
            workspace_id,
            name: &row.user.name,
            address: &row.user.email,
            dedup_key: format!("emergency:{}:{id}", given.id),
        };
        let letter = letter::activated(&news, &row.user.locale);
        queue(transaction, &change.installation.clock, to, &letter).await?;
    }
    Ok(())
}

async fn find(change: &Change<'_>, id: EmergencyEligibilityId) -> Result<emergency_eligibility::Model> {
    let find = emergency_eligibility::Entity::find_by_id((change.workspace_id, id));
    find.one(&change.transaction).await?.ok_or(Error::NotFound)
}

/// What some members may take on in an emergency.
pub async fn eligibilities_of(
    connection: &impl ConnectionTrait,
    workspace: WorkspaceId,
    members: &[MemberId],
) -> Result<Vec<emergency_eligibility::Model>> {
    let find = emergency_eligibility::Entity::find()
        .filter(emergency_eligibility::Column::WorkspaceId.eq(workspace))
        .filter(emergency_eligibility::Column::MemberId.is_in(members.iter().copied()))
        .filter(emergency_eligibility::Column::ClosedAt.is_null())
        .order_by_asc(emergency_eligibility::Column::Id);
    Ok(find.all(connection).await?)
}

fn told(row: &emergency_eligibility::Model) -> serde_json::Value {
    json!({
        "member": row.member_id,
        "role": row.role_id,
        "channel": row.channel_id,
        "team": row.team_id,
        "maxHours": row.max_hours,
        "reason": row.reason,
    })
}
