//! Starting a campaign: what is held is written down, and each piece goes to a reviewer who may take it away.

use std::collections::HashMap;

use portaria_entity::access_review::{self, ReviewPolicy};
use portaria_entity::access_review_item::{self, ItemKind};
use portaria_entity::id::{AccessReviewScheduleId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use super::coverage::{Coverage, Names, Principal, covered};
use super::{
    NewReview, SHORTEST_TO_REVOKE, checked_name, letter, require_policy, require_reviewers, snapshot,
};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Ledger, may_touch, may_touch_key};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Rows written by one statement.
const BATCH: usize = 200;
/// Where so many run, nobody starts another: each writes down all that is held, for good, and asks people by mail. Schedules do.
const MOST_AT_A_TIME: u64 = 20;

/// Everything about a campaign that is to begin.
pub(super) struct Beginning<'a> {
    pub name: &'a str,
    pub coverage: Coverage,
    pub reviewers: &'a [MemberId],
    pub ends_at: Timestamp,
    pub policy: ReviewPolicy,
    /// Of which schedule, and the local day it was due on.
    pub schedule: Option<(AccessReviewScheduleId, String)>,
}

/// Starts a campaign now. Needs `access_review:decide`; one that takes away what nobody answers for, all that an administrator holds.
pub async fn start(
    installation: &Installation,
    viewer: &Viewer,
    new: NewReview<'_>,
) -> Result<access_review::Model> {
    let change = Change::by(installation, viewer, &[Permission::AccessReviewDecide]).await?;
    require_policy(&change, new.policy)?;
    require_reviewers(&change.ledger, new.reviewers, change.now)?;
    let earliest = match new.policy {
        ReviewPolicy::Revoke => change.now + SHORTEST_TO_REVOKE,
        ReviewPolicy::Tell => Timestamp(change.now.0 + 1),
    };
    if new.ends_at < earliest {
        return Err(Refusal::InvalidPeriod.into());
    }
    let running = access_review::Entity::find()
        .filter(access_review::Column::WorkspaceId.eq(change.workspace_id))
        .filter(access_review::Column::ClosedAt.is_null());
    if running.count(&change.transaction).await? >= MOST_AT_A_TIME {
        return Err(Refusal::TooMany.into());
    }
    let beginning = Beginning {
        name: checked_name(new.name)?,
        coverage: new.coverage,
        reviewers: new.reviewers,
        ends_at: new.ends_at,
        policy: new.policy,
        schedule: None,
    };
    let review = begin(&change, beginning).await?.ok_or_else(|| Error::internal("it had begun already"))?;
    change.transaction.commit().await?;
    Ok(review)
}

/// Writes a campaign with its items, and queues the letters to its reviewers. None: another process has done so.
pub(super) async fn begin(
    change: &Change<'_>,
    beginning: Beginning<'_>,
) -> Result<Option<access_review::Model>> {
    let names = Names::of(change).await?;
    let scope_name = names.of_coverage(beginning.coverage)?;
    let (role_id, channel_id) = beginning.coverage.columns();
    let (schedule_id, scheduled_for) = beginning.schedule.unzip();
    let review = access_review::Model {
        workspace_id: change.workspace_id,
        id: change.installation.clock.new_id(),
        name: beginning.name.to_owned(),
        scope: beginning.coverage.scope(),
        role_id,
        channel_id,
        scope_name,
        policy: beginning.policy,
        schedule_id,
        scheduled_for,
        started_by: change.author(),
        started_at: change.now,
        ends_at: beginning.ends_at,
        reminded_at: None,
        closing_at: None,
        closed_by: None,
        closed_at: None,
        digest: None,
        cancellation_reason: None,
    };
    let once = sea_orm::sea_query::OnConflict::columns([
        access_review::Column::WorkspaceId,
        access_review::Column::ScheduleId,
        access_review::Column::ScheduledFor,
    ])
    .do_nothing()
    .to_owned();
    let insert = access_review::Entity::insert(access_review::ActiveModel::from(review.clone()));
    if insert.on_conflict(once).exec_without_returning(&change.transaction).await? == 0 {
        return Ok(None);
    }
    for reviewer in beginning.reviewers {
        let sql = "INSERT INTO access_review_reviewers (workspace_id, review_id, member_id) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING";
        change.execute(sql, [review.id.0.into(), reviewer.0.into()]).await?;
    }
    let shares = write_items(change, &review, (beginning.coverage, beginning.reviewers), &names).await?;
    let told = json!({
        "name": review.name, "role": role_id, "channel": channel_id, "policy": <&str>::from(review.policy),
        "endsAt": review.ends_at.0, "reviewers": beginning.reviewers, "schedule": review.schedule_id,
        "items": shares.total(), "withoutReviewer": shares.nobody,
    });
    change.record("access_review.started", review.id, (None, Some(told))).await?;
    letter::started(change, &review, &shares).await?;
    Ok(Some(review))
}

/// How many items went to whom.
#[derive(Default)]
pub(super) struct Shares {
    pub reviewers: HashMap<MemberId, u64>,
    /// That nobody of the reviewers may decide.
    pub nobody: u64,
}

impl Shares {
    pub fn add(&mut self, reviewer: Option<MemberId>) {
        match reviewer {
            Some(reviewer) => *self.reviewers.entry(reviewer).or_default() += 1,
            None => self.nobody += 1,
        }
    }

    pub fn total(&self) -> u64 {
        self.nobody + self.reviewers.values().sum::<u64>()
    }
}

async fn write_items(
    change: &Change<'_>,
    review: &access_review::Model,
    (coverage, reviewers): (Coverage, &[MemberId]),
    names: &Names,
) -> Result<Shares> {
    let held = covered(change, coverage).await?;
    let mut items = snapshot::items(change, review.id, (&held, names)).await?;
    // That nobody holds it any more is an answer, too, where it was to be looked at again.
    if items.is_empty() && review.schedule_id.is_none() {
        return Err(Refusal::NothingToReview.into());
    }
    let mut shares = Shares::default();
    // What one person holds is looked at by one reviewer, as far as it can be.
    let mut decided: HashMap<(Principal, Permission), Option<MemberId>> = HashMap::new();
    for item in &mut items {
        let (who, needed) = (holder(item)?, permission(item.kind));
        let reviewer = match decided.get(&(who, needed)) {
            Some(known) => *known,
            None => {
                let chosen = choose(&change.ledger, (who, needed), (reviewers, &shares), change.now)?;
                decided.insert((who, needed), chosen);
                chosen
            }
        };
        item.reviewer_id = reviewer;
        shares.add(reviewer);
    }
    for batch in items.chunks(BATCH) {
        let rows = batch.iter().cloned().map(access_review_item::ActiveModel::from);
        access_review_item::Entity::insert_many(rows).exec_without_returning(&change.transaction).await?;
    }
    Ok(shares)
}

/// Of those who may take it away, the one with the least to do.
pub(super) fn choose(
    ledger: &Ledger,
    (who, needed): (Principal, Permission),
    (reviewers, shares): (&[MemberId], &Shares),
    now: Timestamp,
) -> Result<Option<MemberId>> {
    let mut able = Vec::new();
    for reviewer in reviewers {
        if may_take_away(ledger, *reviewer, (who, needed), now)?.is_ok() {
            able.push(*reviewer);
        }
    }
    let busy = |reviewer: &MemberId| shares.reviewers.get(reviewer).copied().unwrap_or_default();
    Ok(able.into_iter().min_by_key(busy))
}

/// Whose it is that an item is about.
pub(super) fn holder(item: &access_review_item::Model) -> Result<Principal> {
    match (item.member_id, item.api_key_id) {
        (Some(member), _) => Ok(Principal::Member(member)),
        (None, Some(key)) => Ok(Principal::ApiKey(key)),
        (None, None) => Err(Error::internal("an item about nobody")),
    }
}

/// Which permission taking it away by hand would need.
pub(super) fn permission(kind: ItemKind) -> Permission {
    match kind {
        ItemKind::Grant | ItemKind::EmergencyEligibility => Permission::RoleAssign,
        ItemKind::ApiKeyGrant => Permission::ApiKeyManage,
        ItemKind::TeamMembership => Permission::TeamManage,
    }
}

/// Whether somebody could take something away by hand: who could not has no say about it either.
pub(super) fn may_take_away(
    ledger: &Ledger,
    reviewer: MemberId,
    (who, needed): (Principal, Permission),
    now: Timestamp,
) -> Result<std::result::Result<(), Refusal>> {
    let own = ledger.member(reviewer)?;
    let touched = match who {
        Principal::Member(member) => may_touch(own, ledger.member(member)?, now),
        Principal::ApiKey(key) => {
            may_touch_key(own, ledger.keys.get(&key).map(Vec::as_slice).unwrap_or_default(), now)
        }
    };
    Ok(match touched {
        Ok(()) if own.access(now).everywhere().contains(needed) => Ok(()),
        Ok(()) => Err(Refusal::MayNotTakeAway),
        Err(refusal) => Err(refusal),
    })
}

/// Locks a review that decisions are taken in still; false: it is over.
pub(super) async fn hold_open(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    review: &access_review::Model,
) -> Result<bool> {
    let sql = "UPDATE access_reviews SET closing_at = NULL \
               WHERE workspace_id = $1 AND id = $2 AND closing_at IS NULL AND closed_at IS NULL AND ends_at > $3";
    let now = installation.clock.now();
    let values = [review.workspace_id.0.into(), review.id.0.into(), now.0.into()];
    Ok(connection.execute_raw(installation.database.statement(sql, values)).await?.rows_affected() == 1)
}
