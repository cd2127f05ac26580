//! What the reviewer who was asked can answer for no more: it goes to another, and where there is none, silence means nothing.

use std::collections::HashMap;

use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::access_review_item::{self, Model, Outcome};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::beginning::{Shares, choose, hold_open, holder, may_take_away, permission};
use super::coverage::Principal;
use super::evidence::evidence_of;
use super::finder::{ItemFilter, items};
use super::standing::tenures;
use super::{SHORTEST_TO_REVOKE, letter, may_review};
use crate::activity::{Actor, Deed, record};
use crate::error::{Error, Result};
use crate::granting::Ledger;
use crate::installation::Installation;
use crate::permission::Permission;

const PAGE: u64 = 200;

/// What was asked of reviewers who may decide no more goes to those who may, as many as there are for each thing; what is for
/// nobody is asked of nobody. Answers how many letters that made.
pub(super) async fn hand_over(
    installation: &Installation,
    review: &Review,
    (gone, able): (&[MemberId], &[MemberId]),
) -> Result<u64> {
    let (database, now) = (&installation.database, installation.clock.now());
    // Where silence takes away, who is asked has a day to answer. What is handed over later than that stays as it is.
    if gone.is_empty() || review.policy == ReviewPolicy::Revoke && review.ends_at < now + SHORTEST_TO_REVOKE {
        return Ok(0);
    }
    if waiting(database.reader(), review, gone).await?.is_empty() {
        return Ok(0);
    }
    let transaction = database.begin().await?;
    if !hold_open(&transaction, installation, review).await? {
        return Ok(0);
    }
    let ledger = Ledger::read(&transaction, database, review.workspace_id, now).await?;
    let mut shares = Shares::default();
    let mut chosen: HashMap<(Principal, Permission), Option<MemberId>> = HashMap::new();
    loop {
        let page = waiting(&transaction, review, gone).await?;
        if page.is_empty() {
            break;
        }
        for item in page {
            let about = (holder(&item)?, permission(item.kind));
            let reviewer = match chosen.get(&about) {
                Some(known) => *known,
                None => choose(&ledger, about, (able, &shares), now)?,
            };
            chosen.insert(about, reviewer);
            shares.add(reviewer);
            ask(&transaction, &item, reviewer).await?;
        }
    }
    // Another process has done so.
    if shares.total() == 0 {
        return Ok(0);
    }
    let to: Vec<_> = shares.reviewers.iter().map(|(member, items)| json!([member, items])).collect();
    let deed = Deed {
        workspace_id: review.workspace_id,
        actor: Actor::Installation,
        action: "access_review.handed_over",
        subject: review.id.to_string(),
        before: Some(json!({ "reviewers": gone })),
        after: Some(json!({ "name": review.name, "reviewers": to, "withoutReviewer": shares.nobody })),
        address: None,
    };
    record(&transaction, &installation.clock, deed).await?;
    let letters = letter::handed_over(&transaction, installation, (review, &shares)).await?;
    transaction.commit().await?;
    Ok(letters)
}

/// Some of what nobody has decided and those were asked about.
async fn waiting(
    connection: &impl ConnectionTrait,
    review: &Review,
    gone: &[MemberId],
) -> Result<Vec<Model>> {
    use access_review_item::Column;
    let find = access_review_item::Entity::find()
        .filter(Column::WorkspaceId.eq(review.workspace_id))
        .filter(Column::ReviewId.eq(review.id))
        .filter(Column::ReviewerId.is_in(gone.iter().copied()))
        .filter(Column::Decision.is_null())
        .filter(Column::Outcome.is_null());
    Ok(find.order_by_asc(Column::Id).limit(PAGE).all(connection).await?)
}

async fn ask(connection: &impl ConnectionTrait, item: &Model, reviewer: Option<MemberId>) -> Result<()> {
    let row = access_review_item::ActiveModel {
        workspace_id: Set(item.workspace_id),
        review_id: Set(item.review_id),
        id: Set(item.id),
        reviewer_id: Set(reviewer),
        ..access_review_item::ActiveModel::default()
    };
    access_review_item::Entity::update(row).exec(connection).await?;
    Ok(())
}

/// Records of a review that closes that it stays what nobody has answered for, and who was asked could not any more.
pub(super) async fn set_aside(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    review: &Review,
) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let ledger = Ledger::read(connection, database, review.workspace_id, now).await?;
    let mut known: HashMap<(MemberId, Principal, Permission), bool> = HashMap::new();
    let filter = ItemFilter { undecided: true, ..ItemFilter::default() };
    let mut after = None;
    loop {
        let page = items(connection, review, filter, (after, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let mut left = Vec::new();
        for item in page {
            let Some(reviewer) = item.reviewer_id else { continue };
            let (who, needed) = (holder(&item)?, permission(item.kind));
            let could = match known.get(&(reviewer, who, needed)) {
                Some(could) => *could,
                None => {
                    may_review(&ledger, reviewer, now)?
                        && may_take_away(&ledger, reviewer, (who, needed), now)?.is_ok()
                }
            };
            known.insert((reviewer, who, needed), could);
            if !could {
                left.push(item);
            }
        }
        leave(connection, installation, &left, now).await?;
    }
}

/// What has ended, or was replaced, is told so, like the rest.
async fn leave(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    left: &[Model],
    now: Timestamp,
) -> Result<()> {
    let tenures = tenures(connection, &installation.database, left, now).await?;
    let evidence = evidence_of(connection, &installation.database, left, now).await?;
    for item in left.iter().filter(|item| tenures.get(&item.id).is_some_and(|tenure| !tenure.is_over())) {
        let known = evidence.get(&item.id).ok_or_else(|| Error::internal("an item without evidence"))?;
        let row = access_review_item::ActiveModel {
            workspace_id: Set(item.workspace_id),
            review_id: Set(item.review_id),
            id: Set(item.id),
            evidence: Set(Some(serde_json::to_string(known).map_err(Error::internal)?)),
            outcome: Set(Some(Outcome::Unanswered)),
            outcome_at: Set(Some(now)),
            successor_id: Set(tenures.get(&item.id).and_then(|tenure| tenure.successor())),
            ..access_review_item::ActiveModel::default()
        };
        access_review_item::Entity::update(row).exec(connection).await?;
    }
    Ok(())
}
