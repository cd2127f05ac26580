//! What no reviewer can answer for any more: where that they were silent means nothing.

use std::collections::HashMap;

use portaria_entity::access_review::Model as Review;
use portaria_entity::access_review_item::{self, Model, Outcome};
use portaria_entity::id::MemberId;
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::beginning::{holder, may_take_away, permission};
use super::coverage::Principal;
use super::evidence::evidence_of;
use super::finder::{ItemFilter, items};
use super::standing::tenures;
use super::{may_review, reviewers_of};
use crate::error::{Error, Result};
use crate::granting::Ledger;
use crate::installation::Installation;
use crate::permission::Permission;

const PAGE: u64 = 200;

/// Those who are listed as reviewers and may decide now.
pub(super) async fn able(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    (review, ledger): (&Review, &Ledger),
    now: Timestamp,
) -> Result<Vec<MemberId>> {
    let mut able = Vec::new();
    for reviewer in reviewers_of(connection, &installation.database, review).await? {
        if may_review(ledger, reviewer, now)? {
            able.push(reviewer);
        }
    }
    Ok(able)
}

/// Records of a review that closes that it stays what nobody has answered for and none of its reviewers could any more.
pub(super) async fn set_aside(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    review: &Review,
) -> Result<()> {
    let (database, now) = (&installation.database, installation.clock.now());
    let ledger = Ledger::read(connection, database, review.workspace_id, now).await?;
    let able = able(connection, installation, (review, &ledger), now).await?;
    let mut known: HashMap<(Principal, Permission), bool> = HashMap::new();
    let filter = ItemFilter { undecided: true, ..ItemFilter::default() };
    let mut after = None;
    loop {
        let page = items(connection, review, filter, (after, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let mut left = Vec::new();
        for item in page {
            let about = (holder(&item)?, permission(item.kind));
            let answerable = match known.get(&about) {
                Some(answerable) => *answerable,
                None => is_answerable(&ledger, &able, about, now)?,
            };
            known.insert(about, answerable);
            if !answerable && item.reviewer_id.is_some() {
                left.push(item);
            }
        }
        leave(connection, installation, &left, now).await?;
    }
}

fn is_answerable(
    ledger: &Ledger,
    able: &[MemberId],
    about: (Principal, Permission),
    now: Timestamp,
) -> Result<bool> {
    for reviewer in able {
        if may_take_away(ledger, *reviewer, about, now)?.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
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
