//! A colleague's lost second factor is taken away, so that they set up another. Only of who is in no other workspace: how
//! somebody signs in elsewhere is not this workspace's to change.

use portaria_entity::id::{MemberId, SecondFactorResetId, UserId, WorkspaceId};
use portaria_entity::member::MemberStatus;
use portaria_entity::second_factor_reset;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use super::letter::{News, send};
use super::{forget, memberships};
use crate::clock::Clock;
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, stated};
use crate::member;
use crate::permission::Permission;
use crate::session::end_all;

/// Takes away all by which a member proves who they are beside their password, and ends their sessions. They and who could
/// have done it are told at once.
pub async fn reset(change: &mut Change<'_>, member: MemberId, reason: &str) -> Result<()> {
    if change.touch(member)?.status == MemberStatus::Removed {
        return Err(Refusal::NotActive.into());
    }
    let reason = stated(reason, Refusal::ReasonMissing)?;
    let user = user_of(change, member).await?;
    keep_out_of_others(change, user).await?;
    let elsewhere = |row: &portaria_entity::member::Model| row.workspace_id != change.workspace_id;
    if memberships(&change.transaction, user).await?.iter().any(elsewhere) {
        return Err(Refusal::InAnotherWorkspace.into());
    }
    if !forget(&change.transaction, user).await? {
        return Err(Refusal::NoSecondFactor.into());
    }
    end_all(&change.transaction, change.installation, user, None).await?;
    let by = change.author();
    let clock = &change.installation.clock;
    note(&change.transaction, clock, (change.workspace_id, member), by).await?;
    let told = Some(json!({ "reason": reason }));
    change.record("member.second_factor_reset", member, (None, told)).await?;
    tell(change, member, by).await
}

/// Whoever makes the person a member elsewhere waits for this; or has begun, and then this does not wait: it holds the
/// workspace's turn, which the other may need.
pub(crate) async fn keep_out_of_others(change: &Change<'_>, user: UserId) -> Result<()> {
    let database = &change.installation.database;
    if database.is_sqlite() {
        return Ok(());
    }
    let sql = "SELECT id FROM users WHERE id = $1 FOR UPDATE NOWAIT";
    match change.transaction.query_one_raw(database.statement(sql, [user.0.into()])).await {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().contains("could not obtain lock") => Err(Error::Busy),
        Err(error) => Err(error.into()),
    }
}

async fn user_of(change: &Change<'_>, member: MemberId) -> Result<UserId> {
    let find = portaria_entity::member::Entity::find_by_id((change.workspace_id, member));
    Ok(find.one(&change.transaction).await?.ok_or(Error::NotFound)?.user_id)
}

/// Puts down that a second factor was taken away, for the auditor.
pub(crate) async fn note(
    transaction: &impl ConnectionTrait,
    clock: &Clock,
    (workspace_id, member_id): (WorkspaceId, MemberId),
    reset_by: Option<MemberId>,
) -> Result<()> {
    let row = second_factor_reset::ActiveModel {
        workspace_id: Set(workspace_id),
        id: Set(clock.new_id::<SecondFactorResetId>()),
        member_id: Set(member_id),
        reset_by: Set(reset_by),
        reset_at: Set(clock.now()),
    };
    second_factor_reset::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Tells the person, and everybody who administers members; who did it too, for it may have been somebody else in their
/// session.
async fn tell(change: &Change<'_>, member: MemberId, by: Option<MemberId>) -> Result<()> {
    let (transaction, installation) = (&change.transaction, change.installation);
    let administers = |standing: &&crate::granting::Standing| {
        standing.is_active()
            && standing.member_id != member
            && standing.access(change.now).everywhere().contains(Permission::MemberManage)
    };
    let colleagues = change.ledger.members.values().filter(administers).map(|standing| standing.member_id);
    let mut ids: Vec<MemberId> = colleagues.collect();
    ids.sort_unstable();
    let wanted: Vec<MemberId> = ids.iter().copied().chain([member]).chain(by).collect();
    let people = member::by_ids(transaction, change.workspace_id, &wanted).await?;
    let workspace = crate::workspace::find(transaction, change.workspace_id).await?.name;
    let name = |id: MemberId| people.get(&id).map(|row| row.user.name.clone()).unwrap_or_default();
    let about = News::ResetOfColleague {
        workspace: workspace.clone(),
        colleague: name(member),
        by: by.map(name).unwrap_or_default(),
    };
    for row in ids.iter().filter_map(|id| people.get(id)) {
        send(transaction, installation, (change.workspace_id, &row.user), &about).await?;
    }
    if let Some(row) = people.get(&member) {
        let news = News::Reset { workspace };
        send(transaction, installation, (change.workspace_id, &row.user), &news).await?;
    }
    Ok(())
}
