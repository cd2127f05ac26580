//! Carrying out what was decided: by the functions, rules and activities by which it would be done by hand, each piece in a
//! transaction of its own that also records what came of it. Whoever is interrupted goes on, and nothing is done twice.

use std::collections::HashMap;

use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::access_review_item::{self, Decision, ItemKind, Model, Outcome};
use portaria_entity::id::{EmergencyEligibilityId, GrantId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveEnum;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::deciding::told_reason;
use super::evidence::evidence_of;
use super::standing::{Tenure, tenures};
use super::terms::Terms;
use crate::error::{Error, Refusal, Result};
use crate::grant::{self, Amendment, Giving};
use crate::granting::{Authority, Change, Title};
use crate::installation::Installation;
use crate::permission::Permission;
use crate::{api_key, emergency, team};

/// So many are looked at in one go.
const BATCH: u64 = 200;
const NO_ANSWER: &str = "no answer by the end of the access review";

/// Settles items of a review that is closing until then, and at least some; whether that was all. Who comes next goes on.
pub(super) async fn carry_out(
    installation: &Installation,
    review: &Review,
    until: Timestamp,
) -> Result<bool> {
    loop {
        let reader = installation.database.reader();
        let items = access_review_item::Entity::find()
            .filter(access_review_item::Column::WorkspaceId.eq(review.workspace_id))
            .filter(access_review_item::Column::ReviewId.eq(review.id))
            .filter(access_review_item::Column::Outcome.is_null())
            // What somebody decided is in force before what nobody answered for.
            .order_by_asc(access_review_item::Column::Decision.is_null())
            .order_by_asc(access_review_item::Column::Id)
            .limit(BATCH)
            .all(reader)
            .await?;
        if items.is_empty() {
            return Ok(true);
        }
        settle(installation, review, (items, until)).await?;
        if installation.clock.now() >= until {
            return Ok(false);
        }
    }
}

async fn settle(
    installation: &Installation,
    review: &Review,
    (mut items, until): (Vec<Model>, Timestamp),
) -> Result<()> {
    let now = installation.clock.now();
    let reader = installation.database.reader();
    let tenures = tenures(reader, &installation.database, &items, now).await?;
    let mut decided_about = HashMap::new();
    for item in &mut items {
        decided_about.extend(item.successor_id.map(|grant| (item.id, grant)));
        item.successor_id = tenures.get(&item.id).and_then(|tenure| tenure.successor());
    }
    let (mut quiet, mut acted) = (Vec::new(), false);
    for item in with_evidence(installation, items).await? {
        let tenure = tenures.get(&item.id).copied().unwrap_or(Tenure::Ended);
        let tenure = tenure.known(decided_about.get(&item.id).copied());
        let act = Act::of((&item, tenure), review.policy, now)?;
        match act {
            Act::Note(outcome) => quiet.push((item, outcome)),
            Act::Change | Act::Revoke if acted && installation.clock.now() >= until => {}
            Act::Change | Act::Revoke => {
                do_it(installation, review, (&item, act)).await?;
                acted = true;
            }
        }
    }
    note_all(installation, &quiet).await
}

fn is_past(item: &Model, now: Timestamp) -> Result<bool> {
    let terms = item.amendment.as_deref().map(Terms::from_json).transpose()?;
    Ok(terms.and_then(|terms| terms.valid_until).is_some_and(|until| until <= now))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Note(Outcome),
    Change,
    Revoke,
}

impl Act {
    fn of((item, tenure): (&Model, Tenure), policy: ReviewPolicy, now: Timestamp) -> Result<Self> {
        Ok(match (tenure, item.decision, policy) {
            (Tenure::Ended, _, _) => Self::Note(Outcome::EndedMeanwhile),
            (Tenure::Replaced(_), _, _)
            | (Tenure::HeldBy { lasts_longer: true, .. }, Some(Decision::Keep), _) => {
                Self::Note(Outcome::Replaced)
            }
            (_, Some(Decision::Keep), _) => Self::Note(Outcome::Kept),
            // What was to end by now ends.
            (_, Some(Decision::Change), _) if is_past(item, now)? => Self::Revoke,
            (_, Some(Decision::Change), _) => Self::Change,
            (_, Some(Decision::Revoke), _) => Self::Revoke,
            // That nobody could be asked is no answer of anybody.
            (_, None, ReviewPolicy::Revoke) if item.reviewer_id.is_some() => Self::Revoke,
            (_, None, ReviewPolicy::Revoke | ReviewPolicy::Tell) => Self::Note(Outcome::Unanswered),
        })
    }
}

/// What nobody answered for is judged by what is known now.
async fn with_evidence(installation: &Installation, mut items: Vec<Model>) -> Result<Vec<Model>> {
    let database = &installation.database;
    let without: Vec<Model> = items.iter().filter(|item| item.evidence.is_none()).cloned().collect();
    if without.is_empty() {
        return Ok(items);
    }
    let known = evidence_of(database.reader(), database, &without, installation.clock.now()).await?;
    let transaction = database.begin().await?;
    for item in &mut items {
        let Some(evidence) = known.get(&item.id) else { continue };
        let text = serde_json::to_string(evidence).map_err(Error::internal)?;
        let sql = "UPDATE access_review_items SET evidence = $3 \
                   WHERE workspace_id = $1 AND review_id = $4 AND id = $2 AND evidence IS NULL AND outcome IS NULL";
        let values =
            [item.workspace_id.0.into(), item.id.0.into(), text.clone().into(), item.review_id.0.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
        item.evidence = Some(text);
    }
    transaction.commit().await?;
    Ok(items)
}

async fn note_all(installation: &Installation, items: &[(Model, Outcome)]) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let transaction = installation.database.begin().await?;
    for (item, outcome) in items {
        note(&transaction, installation, item, (*outcome, None)).await?;
    }
    Ok(transaction.commit().await?)
}

/// Records what came of an item; false: somebody has done so.
async fn note(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    item: &Model,
    (outcome, refusal): (Outcome, Option<Refusal>),
) -> Result<bool> {
    let row = access_review_item::ActiveModel {
        outcome: Set(Some(outcome)),
        outcome_at: Set(Some(installation.clock.now())),
        refusal: Set(refusal.map(|refusal| refusal.to_string())),
        successor_id: Set(item.successor_id),
        ..access_review_item::ActiveModel::default()
    };
    let done = access_review_item::Entity::update_many()
        .set(row)
        .filter(access_review_item::Column::WorkspaceId.eq(item.workspace_id))
        .filter(access_review_item::Column::ReviewId.eq(item.review_id))
        .filter(access_review_item::Column::Id.eq(item.id))
        .filter(access_review_item::Column::Outcome.is_null())
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}

/// A decision is carried out on the authority of who made it. Taking something away needs no more than that they had it
/// when they decided: who has left since has not spoken in vain.
async fn do_it(installation: &Installation, review: &Review, (item, act): (&Model, Act)) -> Result<()> {
    let authority = item.decided_by.map_or(Authority::Installation, Authority::Member);
    let mut outcome = attempt(installation, review, (item, act), authority).await;
    if act == Act::Revoke && matches!(outcome, Err(Error::Refused(Refusal::HoldsMore | Refusal::OwnAccess))) {
        outcome = attempt(installation, review, (item, act), Authority::Installation).await;
    }
    match outcome {
        Ok(()) => Ok(()),
        Err(Error::Refused(Refusal::AlreadyEnded) | Error::NotFound) => overtaken(installation, item).await,
        Err(Error::Refused(refusal)) => refused(installation, item, refusal).await,
        Err(Error::Forbidden { .. }) => refused(installation, item, Refusal::MayNotTakeAway).await,
        Err(error) => Err(error),
    }
}

/// It is not there any more as it was looked at: neither is it, or what it should have become.
async fn overtaken(installation: &Installation, item: &Model) -> Result<()> {
    let (reader, now) = (installation.database.reader(), installation.clock.now());
    let asked = Model { successor_id: None, ..item.clone() };
    let tenures = tenures(reader, &installation.database, std::slice::from_ref(&asked), now).await?;
    let tenure = tenures.get(&item.id).copied().unwrap_or(Tenure::Ended);
    let successor = tenure.successor();
    match tenure {
        Tenure::Ended => note_all(installation, &[(asked, Outcome::EndedMeanwhile)]).await,
        Tenure::HeldBy { .. } | Tenure::Replaced(_)
            if successor.is_none() || successor != item.successor_id =>
        {
            let replaced = Model { successor_id: successor, ..asked };
            note_all(installation, &[(replaced, Outcome::Replaced)]).await
        }
        Tenure::Held | Tenure::HeldBy { .. } | Tenure::Replaced(_) => {
            refused(installation, item, Refusal::ChangedMeanwhile).await
        }
    }
}

async fn refused(installation: &Installation, item: &Model, refusal: Refusal) -> Result<()> {
    let transaction = installation.database.begin().await?;
    note(&transaction, installation, item, (Outcome::Refused, Some(refusal))).await?;
    Ok(transaction.commit().await?)
}

async fn attempt(
    installation: &Installation,
    review: &Review,
    (item, act): (&Model, Act),
    authority: Authority<'_>,
) -> Result<()> {
    let mut change = Change::begin(installation, review.workspace_id, authority).await?;
    change.carries_out(item.decided_by);
    let outcome = if act == Act::Change { Outcome::Changed } else { Outcome::Revoked };
    if !note(&change.transaction, installation, item, (outcome, None)).await? {
        return Ok(change.transaction.rollback().await?);
    }
    let reason = told_reason(review, item.decision_reason.as_deref().unwrap_or(NO_ANSWER))?;
    match act {
        Act::Change => {
            // They gave a role when they decided, and may do so no more.
            change.require(Permission::RoleAssign)?;
            let terms = item.amendment.as_deref().ok_or_else(|| Error::internal("a change to nothing"))?;
            replace(&mut change, item, (Terms::from_json(terms)?, &reason)).await?;
        }
        Act::Revoke | Act::Note(_) => take_away(&mut change, item, &reason).await?,
    }
    let told = serde_json::json!({
        "review": review.id, "decision": item.decision.map(|decision| decision.to_value()),
        "outcome": outcome.to_value(),
    });
    change.record("access_review.carried_out", item.id, (None, Some(told))).await?;
    change.finish().await
}

/// Puts another grant in place of the one that an item is about.
pub(super) async fn replace(
    change: &mut Change<'_>,
    item: &Model,
    (terms, reason): (Terms, &str),
) -> Result<()> {
    let (Some(member_id), Some(id)) = (item.member_id, grant_of(item)) else {
        return Err(Refusal::NotChangeable.into());
    };
    let holdings = &change.ledger.member(member_id)?.holdings;
    let held = holdings.iter().find(|held| held.title == Title::Grant(id)).copied();
    let held = held.ok_or(Refusal::AlreadyEnded)?;
    let Terms { role_id, scope, valid_until } = terms;
    // What is to begin later still does.
    let valid_from = Some(held.valid_from);
    if held.role_id == role_id {
        let amendment = Amendment { scope, valid_from, valid_until, reason };
        grant::change(change, id, amendment).await?;
        return Ok(());
    }
    grant::revoke(change, id, reason).await?;
    let giving = Giving { member_id, role_id, scope, valid_from, valid_until, reason };
    let given = grant::give(change, giving).await?;
    grant::hand_on(change, id, given.id).await
}

/// The grant that an item is about by now.
fn grant_of(item: &Model) -> Option<GrantId> {
    item.successor_id.or(item.title_id.map(GrantId))
}

async fn take_away(change: &mut Change<'_>, item: &Model, reason: &str) -> Result<()> {
    let unknown = || Error::internal("an item that says not what it is about");
    match item.kind {
        ItemKind::Grant => {
            grant::revoke(change, grant_of(item).ok_or_else(unknown)?, reason).await?;
        }
        ItemKind::ApiKeyGrant => {
            api_key::revoke_grant(change, GrantId(item.title_id.ok_or_else(unknown)?), reason).await?;
        }
        ItemKind::EmergencyEligibility => {
            let id = EmergencyEligibilityId(item.title_id.ok_or_else(unknown)?);
            emergency::disallow(change, id).await?;
        }
        ItemKind::TeamMembership => {
            let (team_id, member) = item.team_id.zip(item.member_id).ok_or_else(unknown)?;
            team::dismiss(change, team_id, member).await?;
        }
    }
    Ok(())
}
