//! Carrying out what was decided: by the functions, rules and activities by which it would be done by hand, each piece in a
//! transaction of its own that also records what came of it. Whoever is interrupted goes on, and nothing is done twice.

use portaria_entity::access_review::{Model as Review, ReviewPolicy};
use portaria_entity::access_review_item::{self, Decision, ItemKind, Model, Outcome};
use portaria_entity::id::{EmergencyEligibilityId, GrantId};
use sea_orm::ActiveEnum;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::deciding::{Terms, told_reason};
use super::evidence::evidence_of;
use super::standing::ended_among;
use crate::error::{Error, Refusal, Result};
use crate::grant::{self, Amendment, Giving};
use crate::granting::{Authority, Change};
use crate::installation::Installation;
use crate::{api_key, emergency, team};

/// So many are looked at in one go.
const BATCH: u64 = 200;
const NO_ANSWER: &str = "no answer by the end of the access review";

/// Settles every item of a review that is closing.
pub(super) async fn carry_out(installation: &Installation, review: &Review) -> Result<()> {
    loop {
        let reader = installation.database.reader();
        let items = access_review_item::Entity::find()
            .filter(access_review_item::Column::WorkspaceId.eq(review.workspace_id))
            .filter(access_review_item::Column::ReviewId.eq(review.id))
            .filter(access_review_item::Column::Outcome.is_null())
            .order_by_asc(access_review_item::Column::Id)
            .limit(BATCH)
            .all(reader)
            .await?;
        if items.is_empty() {
            return Ok(());
        }
        settle(installation, review, items).await?;
    }
}

async fn settle(installation: &Installation, review: &Review, items: Vec<Model>) -> Result<()> {
    let items = with_evidence(installation, items).await?;
    let now = installation.clock.now();
    let reader = installation.database.reader();
    let ended = ended_among(reader, &installation.database, &items, now).await?;
    let mut quiet = Vec::new();
    for item in items {
        let act = match (ended.contains(&item.id), item.decision, review.policy) {
            (true, _, _) => Act::Note(Outcome::EndedMeanwhile),
            (false, Some(Decision::Keep), _) => Act::Note(Outcome::Kept),
            (false, Some(Decision::Change), _) => Act::Change,
            (false, Some(Decision::Revoke), _) => Act::Revoke,
            // That nobody could be asked is no answer of anybody.
            (false, None, ReviewPolicy::Revoke) if item.reviewer_id.is_some() => Act::Revoke,
            (false, None, ReviewPolicy::Revoke | ReviewPolicy::Tell) => Act::Note(Outcome::Unanswered),
        };
        match act {
            Act::Note(outcome) => quiet.push((item, outcome)),
            Act::Change | Act::Revoke => do_it(installation, review, (&item, act)).await?,
        }
    }
    note_all(installation, &quiet).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Note(Outcome),
    Change,
    Revoke,
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
        Err(Error::Refused(Refusal::AlreadyEnded) | Error::NotFound) => {
            note_all(installation, &[(item.clone(), Outcome::EndedMeanwhile)]).await
        }
        Err(Error::Refused(refusal)) => refused(installation, item, refusal).await,
        Err(Error::Forbidden { .. }) => refused(installation, item, Refusal::MayNotTakeAway).await,
        Err(error) => Err(error),
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
    let outcome = if act == Act::Change { Outcome::Changed } else { Outcome::Revoked };
    if !note(&change.transaction, installation, item, (outcome, None)).await? {
        return Ok(change.transaction.rollback().await?);
    }
    let reason = told_reason(review, item.decision_reason.as_deref().unwrap_or(NO_ANSWER))?;
    match act {
        Act::Change => {
            let terms = item.amendment.as_deref().ok_or_else(|| Error::internal("a change to nothing"))?;
            replace(&mut change, item, (Terms::from_json(terms)?, &reason)).await?;
        }
        Act::Revoke | Act::Note(_) => take_away(&mut change, item, &reason).await?,
    }
    let told = serde_json::json!({
        "review": review.id, "decision": item.decision.map(|decision| decision.to_value()),
        "decidedBy": item.decided_by, "outcome": outcome.to_value(),
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
    let (Some(member_id), Some(title)) = (item.member_id, item.title_id) else {
        return Err(Refusal::NotChangeable.into());
    };
    let id = GrantId(title);
    let same_role = change
        .ledger
        .member(member_id)?
        .holdings
        .iter()
        .any(|held| held.title == crate::granting::Title::Grant(id) && held.role_id == terms.role_id);
    let Terms { role_id, scope, valid_until } = terms;
    if same_role {
        let amendment = Amendment { scope, valid_from: None, valid_until, reason };
        grant::change(change, id, amendment).await?;
        return Ok(());
    }
    grant::revoke(change, id, reason).await?;
    let giving = Giving { member_id, role_id, scope, valid_from: None, valid_until, reason };
    grant::give(change, giving).await?;
    Ok(())
}

async fn take_away(change: &mut Change<'_>, item: &Model, reason: &str) -> Result<()> {
    let unknown = || Error::internal("an item that says not what it is about");
    match item.kind {
        ItemKind::Grant => {
            grant::revoke(change, GrantId(item.title_id.ok_or_else(unknown)?), reason).await?;
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
