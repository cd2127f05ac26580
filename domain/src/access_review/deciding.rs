//! Deciding about what somebody holds. Nothing is carried out yet; but what could not be is refused now.

use std::collections::{BTreeSet, HashMap};

use portaria_entity::access_review::Model as Review;
use portaria_entity::access_review_item::{self, Decision, ItemKind, Model, Outcome};
use portaria_entity::id::{AccessReviewId, AccessReviewItemId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::beginning::{hold_open, holder, may_take_away, permission};
use super::carrying_out::replace;
use super::coverage::Names;
use super::evidence::{Evidence, evidence_of};
use super::finder::{is_reviewer, visible};
use super::snapshot::is_last;
use super::standing::{Tenure, tenures};
use super::terms::Terms;
use super::{REASON_CHARS, is_open};
use crate::activity::{Deed, record};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Ledger, Title, keeps_an_administrator, stated};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// The most that can be decided in one go.
pub const MOST_AT_ONCE: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerdictKind {
    Keep,
    Change(Terms),
    Revoke,
}

/// What is decided about one item.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub item_id: AccessReviewItemId,
    pub kind: VerdictKind,
    /// Needed, unless it is kept.
    pub reason: Option<String>,
    /// When the decision was made that this one replaces, if another reviewer made it.
    pub replaces: Option<Timestamp>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    pub decided: Vec<Model>,
    /// What was not decided, and why.
    pub refused: Vec<(Model, Refusal)>,
}

/// Decides about items of one review, each for itself. It counts until the review closes, and can be taken back until then.
pub async fn decide(
    installation: &Installation,
    viewer: &Viewer,
    review_id: AccessReviewId,
    verdicts: &[Verdict],
) -> Result<Decisions> {
    let now = installation.clock.now();
    viewer.require_everywhere(Permission::AccessReviewDecide, now)?;
    let me = viewer.session()?.member_id;
    if verdicts.is_empty() || verdicts.len() > MOST_AT_ONCE {
        return Err(Refusal::TooMany.into());
    }
    let ids: BTreeSet<AccessReviewItemId> = verdicts.iter().map(|verdict| verdict.item_id).collect();
    if ids.len() != verdicts.len() {
        return Err(Error::BadInput("each item is decided once".to_owned()));
    }
    let reader = installation.database.reader();
    let review = visible(reader, viewer, review_id).await?;
    if !is_reviewer(reader, installation, &review, me).await? {
        return Err(Refusal::NotAReviewer.into());
    }
    let rehearsed = rehearse_all(installation, viewer, (&review, verdicts)).await?;

    let transaction = installation.database.begin().await?;
    if !hold_open(&transaction, installation, &review).await? {
        return Err(Refusal::ReviewClosed.into());
    }
    let ledger = Ledger::read(&transaction, &installation.database, viewer.workspace_id, now).await?;
    let held = ledger.member(me)?.access(now).everywhere();
    viewer.require(held, PermissionSet::of(&[Permission::AccessReviewDecide]), now)?;
    let mut items = read(&transaction, &review, &ids).await?;
    let tenures = settled_upon(&transaction, installation, &mut items, now).await?;
    let rows: Vec<Model> = items.values().cloned().collect();
    let evidence = evidence_of(&transaction, &installation.database, &rows, now).await?;
    let ends_at = review.ends_at;
    let bench = Bench { me, ledger: &ledger, tenures: &tenures, rehearsed: &rehearsed, ends_at, now };
    let (mut decisions, mut names) = (Decisions::default(), None);
    for verdict in verdicts {
        let item = items.remove(&verdict.item_id).ok_or(Error::NotFound)?;
        match bench.judge(&item, verdict)? {
            Ok(reason) => {
                let known =
                    evidence.get(&item.id).ok_or_else(|| Error::internal("an item without evidence"))?;
                let amendment = amendment(&transaction, &review, (verdict.kind, &mut names)).await?;
                let decided = write(&transaction, item, (verdict, reason, amendment), (me, known)).await?;
                decisions.decided.push(decided);
            }
            Err(Refusal::AlreadyEnded) if item.outcome.is_none() && bench.is_over(&item) => {
                let outcome = match bench.tenures.get(&item.id) {
                    Some(Tenure::Replaced(_)) => Outcome::Replaced,
                    Some(Tenure::Held | Tenure::HeldBy { .. } | Tenure::Ended) | None => {
                        Outcome::EndedMeanwhile
                    }
                };
                let ended = end(&transaction, item, (outcome, now)).await?;
                decisions.refused.push((ended, Refusal::AlreadyEnded));
            }
            Err(refusal) => decisions.refused.push((item, refusal)),
        }
    }
    put_down(&transaction, installation, (viewer, &review), &decisions).await?;
    transaction.commit().await?;
    // Without what taking it away needs they would have had no say about it.
    viewer.note_use(decisions.decided.iter().map(|item| permission(item.kind)).collect());
    Ok(decisions)
}

/// Refuses who may not decide in a review now. About what, is another question. To ask is no use of it.
pub async fn decidable(installation: &Installation, viewer: &Viewer, review: &Review) -> Result<()> {
    let now = installation.clock.now();
    viewer.ask_everywhere(Permission::AccessReviewDecide, now)?;
    let me = viewer.session()?.member_id;
    if !is_reviewer(installation.database.reader(), installation, review, me).await? {
        return Err(Refusal::NotAReviewer.into());
    }
    if is_open(review, now) { Ok(()) } else { Err(Refusal::ReviewClosed.into()) }
}

async fn read(
    connection: &impl ConnectionTrait,
    review: &Review,
    ids: &BTreeSet<AccessReviewItemId>,
) -> Result<HashMap<AccessReviewItemId, Model>> {
    let find = access_review_item::Entity::find()
        .filter(access_review_item::Column::WorkspaceId.eq(review.workspace_id))
        .filter(access_review_item::Column::ReviewId.eq(review.id))
        .filter(access_review_item::Column::Id.is_in(ids.iter().copied()));
    let items: HashMap<_, _> = find.all(connection).await?.into_iter().map(|item| (item.id, item)).collect();
    if items.len() == ids.len() { Ok(items) } else { Err(Error::NotFound) }
}

/// How some items stand now. Those whose grant has been replaced are about the other from here on.
async fn settled_upon(
    connection: &impl ConnectionTrait,
    installation: &Installation,
    items: &mut HashMap<AccessReviewItemId, Model>,
    now: Timestamp,
) -> Result<HashMap<AccessReviewItemId, Tenure>> {
    let waiting: Vec<Model> = items.values().filter(|item| item.outcome.is_none()).cloned().collect();
    let tenures = tenures(connection, &installation.database, &waiting, now).await?;
    for item in items.values_mut().filter(|item| item.outcome.is_none()) {
        item.successor_id = tenures.get(&item.id).and_then(|tenure| tenure.successor());
    }
    Ok(tenures)
}

/// Does each change by the rules by which it will be done, and takes it back: what is refused then is refused now.
async fn rehearse_all(
    installation: &Installation,
    viewer: &Viewer,
    (review, verdicts): (&Review, &[Verdict]),
) -> Result<HashMap<AccessReviewItemId, Refusal>> {
    let mut refused = HashMap::new();
    let changes = verdicts.iter().filter_map(|verdict| match verdict.kind {
        VerdictKind::Change(terms) => Some((verdict.item_id, terms)),
        VerdictKind::Keep | VerdictKind::Revoke => None,
    });
    for (id, terms) in changes {
        let (reader, now) = (installation.database.reader(), installation.clock.now());
        let mut items = read(reader, review, &BTreeSet::from([id])).await?;
        settled_upon(reader, installation, &mut items, now).await?;
        let Some(item) = items.get(&id).filter(|item| item.kind == ItemKind::Grant) else {
            refused.insert(id, Refusal::NotChangeable);
            continue;
        };
        let mut change = Change::by(installation, viewer, &[Permission::RoleAssign]).await?;
        let had_administrator = keeps_an_administrator(&change.ledger.members, change.now).is_ok();
        let outcome =
            replace(&mut change, item, (terms, "rehearsal")).await.and_then(|()| match had_administrator {
                true => Ok(keeps_an_administrator(&change.ledger.members, change.now)?),
                false => Ok(()),
            });
        change.transaction.rollback().await?;
        match outcome {
            Ok(()) => {}
            Err(Error::Refused(refusal)) => {
                refused.insert(id, refusal);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

/// What a decision is judged by.
struct Bench<'a> {
    me: MemberId,
    ledger: &'a Ledger,
    tenures: &'a HashMap<AccessReviewItemId, Tenure>,
    rehearsed: &'a HashMap<AccessReviewItemId, Refusal>,
    ends_at: Timestamp,
    now: Timestamp,
}

impl Bench<'_> {
    /// The reason that was given, or why it is not decided so.
    fn judge(&self, item: &Model, verdict: &Verdict) -> Result<std::result::Result<Option<String>, Refusal>> {
        if item.outcome.is_some() || self.is_over(item) {
            return Ok(Err(Refusal::AlreadyEnded));
        }
        let anothers = item.decided_by.is_some_and(|by| by != self.me);
        if anothers && verdict.replaces != item.decided_at {
            return Ok(Err(Refusal::ChangedMeanwhile));
        }
        if let Err(refusal) =
            may_take_away(self.ledger, self.me, (holder(item)?, permission(item.kind)), self.now)?
        {
            return Ok(Err(refusal));
        }
        if let Some(refusal) = self.rehearsed.get(&item.id) {
            return Ok(Err(*refusal));
        }
        // It would begin, when the review closes, after it had ended.
        if let VerdictKind::Change(Terms { valid_until: Some(until), .. }) = verdict.kind
            && until <= self.ends_at
        {
            return Ok(Err(Refusal::InvalidPeriod));
        }
        if verdict.kind == VerdictKind::Revoke && self.is_last_administrator(item)? {
            return Ok(Err(Refusal::LastAdministrator));
        }
        Ok(reason(verdict))
    }

    fn is_over(&self, item: &Model) -> bool {
        self.tenures.get(&item.id).is_none_or(|tenure| tenure.is_over())
    }

    fn is_last_administrator(&self, item: &Model) -> Result<bool> {
        let title = item.successor_id.map(|id| id.0).or(item.title_id);
        let (Some(member), Some(title)) = (item.member_id, title) else { return Ok(false) };
        let holdings = &self.ledger.member(member)?.holdings;
        let of_item = |title_of: Title| matches!(title_of, Title::Grant(id) if id.0 == title);
        let holding = holdings.iter().find(|holding| of_item(holding.title));
        Ok(holding.is_some_and(|holding| is_last(self.ledger, (member, holding), self.now)))
    }
}

fn reason(verdict: &Verdict) -> std::result::Result<Option<String>, Refusal> {
    let given = verdict.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    match given {
        Some(reason) if reason.chars().count() > REASON_CHARS => Err(Refusal::TextTooLong),
        Some(reason) => Ok(Some(reason.to_owned())),
        None if verdict.kind == VerdictKind::Keep => Ok(None),
        None => Err(Refusal::ReasonMissing),
    }
}

/// What is to be instead, as it is kept: with what role and place are called now. Names are read once.
async fn amendment(
    transaction: &impl ConnectionTrait,
    review: &Review,
    (kind, names): (VerdictKind, &mut Option<Names>),
) -> Result<Option<String>> {
    let VerdictKind::Change(terms) = kind else { return Ok(None) };
    let names = match names {
        Some(names) => names,
        None => names.insert(Names::read(transaction, review.workspace_id).await?),
    };
    Ok(Some(terms.to_json(names)?))
}

async fn write(
    transaction: &impl ConnectionTrait,
    mut item: Model,
    (verdict, reason, amendment): (&Verdict, Option<String>, Option<String>),
    (me, evidence): (MemberId, &Evidence),
) -> Result<Model> {
    item.decision = Some(match verdict.kind {
        VerdictKind::Keep => Decision::Keep,
        VerdictKind::Change(_) => Decision::Change,
        VerdictKind::Revoke => Decision::Revoke,
    });
    item.decision_reason = reason;
    item.amendment = amendment;
    item.decided_by = Some(me);
    item.decided_at = Some(evidence.taken_at.0);
    item.evidence = Some(serde_json::to_string(evidence).map_err(Error::internal)?);
    let row = access_review_item::ActiveModel {
        workspace_id: Set(item.workspace_id),
        review_id: Set(item.review_id),
        id: Set(item.id),
        decision: Set(item.decision),
        decision_reason: Set(item.decision_reason.clone()),
        amendment: Set(item.amendment.clone()),
        decided_by: Set(item.decided_by),
        decided_at: Set(item.decided_at),
        evidence: Set(item.evidence.clone()),
        // What it was about when it was decided.
        successor_id: Set(item.successor_id),
        ..access_review_item::ActiveModel::default()
    };
    access_review_item::Entity::update(row).exec(transaction).await?;
    Ok(item)
}

/// Records that there is nothing to decide any more, or that something else is there.
async fn end(
    transaction: &impl ConnectionTrait,
    mut item: Model,
    (outcome, now): (Outcome, Timestamp),
) -> Result<Model> {
    (item.outcome, item.outcome_at) = (Some(outcome), Some(now));
    let row = access_review_item::ActiveModel {
        workspace_id: Set(item.workspace_id),
        review_id: Set(item.review_id),
        id: Set(item.id),
        outcome: Set(item.outcome),
        outcome_at: Set(item.outcome_at),
        successor_id: Set(item.successor_id),
        ..access_review_item::ActiveModel::default()
    };
    access_review_item::Entity::update(row).exec(transaction).await?;
    Ok(item)
}

/// One activity for all that was decided in one go.
async fn put_down(
    transaction: &impl ConnectionTrait,
    installation: &Installation,
    (viewer, review): (&Viewer, &Review),
    decisions: &Decisions,
) -> Result<()> {
    if decisions.decided.is_empty() {
        return Ok(());
    }
    let told: Vec<_> = decisions
        .decided
        .iter()
        .map(|item| {
            json!({ "item": item.id, "decision": item.decision.map(<&str>::from), "reason": item.decision_reason,
                    "change": item.amendment })
        })
        .collect();
    let deed = Deed {
        workspace_id: review.workspace_id,
        actor: viewer.into(),
        action: "access_review.decided",
        subject: review.id.to_string(),
        before: None,
        after: Some(json!({ "decisions": told })),
        address: viewer.stated_address(),
    };
    record(transaction, &installation.clock, deed).await
}

/// A reason as grants and activities keep it.
pub(super) fn told_reason(review: &Review, reason: &str) -> Result<String> {
    Ok(format!("{}: {}", review.name, stated(reason, Refusal::ReasonMissing)?))
}
