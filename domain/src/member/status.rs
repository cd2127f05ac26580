//! Suspending, reinstating and removing members, and what else is set about them.

use portaria_entity::id::MemberId;
use portaria_entity::member::{Availability, MemberStatus};
use serde_json::{Value, json};

use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Conferral, Holder};
use crate::presence::stated;
use crate::session::end_in_workspace;

/// The most conversations that routing may be told to give somebody at once.
const CAPACITY: std::ops::RangeInclusive<i32> = 0..=1_000;

/// Shuts somebody out for now: sessions end, open conversations go back to the queue, grants wait.
pub async fn suspend(change: &mut Change<'_>, member: MemberId) -> Result<()> {
    if !change.touch(member)?.is_active() {
        return Err(Refusal::NotActive.into());
    }
    // Before their sessions end: who is signing in beside it has a session by then, or gets none.
    let told = set_status(change, member, MemberStatus::Suspended).await?;
    end_in_workspace(change, member).await?;
    change.record("member.suspended", member, told).await?;
    change.reload().await
}

/// Lets somebody in again, with the grants that have not ended meanwhile; so these are given anew.
pub async fn reinstate(change: &mut Change<'_>, member: MemberId) -> Result<()> {
    let standing = change.touch(member)?.clone();
    if standing.status != MemberStatus::Suspended {
        return Err(Refusal::NotSuspended.into());
    }
    for holding in &standing.holdings {
        let until = holding.until();
        let what = Conferral { scope: holding.scope, permissions: holding.permissions, until };
        change.confer_to(Holder::Member(member), what)?;
    }
    for team in &standing.member_of {
        change.admit(member, *team)?;
    }
    let told = set_status(change, member, MemberStatus::Active).await?;
    change.record("member.reinstated", member, told).await?;
    change.reload().await
}

/// Ends a membership: as suspending, and grants, eligibility for emergencies and teams end too. What they did stays theirs.
pub async fn remove(change: &mut Change<'_>, member: MemberId) -> Result<()> {
    if change.touch(member)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    let told = set_status(change, member, MemberStatus::Removed).await?;
    end_in_workspace(change, member).await?;
    let (at, by) = (change.now.0, change.author().map(|author| author.0));
    for table in ["grants", "emergency_eligibilities"] {
        let sql = format!(
            "UPDATE {table} SET closed_at = $3, closed_by = $4 \
             WHERE workspace_id = $1 AND member_id = $2 AND closed_at IS NULL"
        );
        change.execute(&sql, [member.0.into(), at.into(), by.into()]).await?;
    }
    let sql = "DELETE FROM team_members WHERE workspace_id = $1 AND member_id = $2";
    change.execute(sql, [member.0.into()]).await?;
    change.record("member.removed", member, told).await?;
    change.reload().await
}

/// Answers how the member stood and how they stand, as the activity log tells it.
async fn set_status(
    change: &Change<'_>,
    member: MemberId,
    status: MemberStatus,
) -> Result<(Option<Value>, Option<Value>)> {
    let standing = change.ledger.member(member)?;
    let (was, is): (&str, &str) = (standing.status.into(), status.into());
    let sql = "UPDATE members SET status = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [member.0.into(), is.into()]).await?;
    let before = json!({ "status": was, "grants": standing.grant_ids(), "teams": standing.member_of });
    Ok((Some(before), Some(json!({ "status": is }))))
}

/// Says whether somebody takes conversations at the moment.
pub async fn set_availability(
    change: &mut Change<'_>,
    member: MemberId,
    availability: Availability,
) -> Result<()> {
    if !change.ledger.member(member)?.is_active() {
        return Err(Refusal::NotActive.into());
    }
    let said: &str = availability.into();
    let sql = "UPDATE members SET availability = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [member.0.into(), said.into()]).await?;
    let away_since = (availability == Availability::Offline).then_some(change.now);
    let who = (change.workspace_id, member);
    stated(&change.transaction, &change.installation.database, who, away_since).await?;
    let after = json!({ "availability": said });
    change.record("member.availability_set", member, (None, Some(after))).await
}

/// Says how many open conversations routing may give somebody at once.
pub async fn set_capacity(change: &mut Change<'_>, member: MemberId, capacity: i32) -> Result<()> {
    if !CAPACITY.contains(&capacity) {
        return Err(Error::BadInput(format!("a capacity is from 0 to {}", CAPACITY.end())));
    }
    if change.ledger.member(member)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    let sql = "UPDATE members SET capacity = $3 WHERE workspace_id = $1 AND id = $2";
    change.execute(sql, [member.0.into(), capacity.into()]).await?;
    let after = json!({ "capacity": capacity });
    change.record("member.capacity_set", member, (None, Some(after))).await
}
