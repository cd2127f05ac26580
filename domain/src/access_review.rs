//! Access reviews: a campaign asks reviewers to keep, change or take away what people and keys hold, with what is known
//! beside it, and ends in a document that says who decided what, when, and on what evidence.
//!
//! Decisions are carried out when the review closes, all together, and can be taken back until then: what an auditor is
//! given tells of one moment, and a reviewer who erred has taken nobody's access away. What cannot wait is revoked by hand,
//! as ever; the review then records that it had ended. Once everything is answered a review may be closed at once.

mod beginning;
mod cancelling;
mod carrying_out;
mod closing;
mod coverage;
mod deciding;
mod document;
mod evidence;
mod export;
mod finder;
mod letter;
mod lineage;
mod printed;
mod recurrence;
mod refused;
mod reminding;
mod scheduling;
mod snapshot;
mod standing;
mod terms;
mod unanswerable;

use std::time::Duration;

use portaria_entity::access_review::{Model, ReviewPolicy};
use portaria_entity::id::MemberId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;

use crate::error::{Error, Refusal, Result};
use crate::granting::{Change, Ledger};
use crate::permission::{Permission, PermissionSet};

pub use beginning::start;
pub use cancelling::{cancel, cancellable};
pub use closing::{closable, close, close_due};
pub use coverage::Coverage;
pub use deciding::{Decisions, MOST_AT_ONCE, Verdict, VerdictKind, decidable, decide};
pub use evidence::{Evidence, evidence_of};
pub use export::{Export, Form, Seal, Taken, export, write_out};
pub use finder::{
    ItemFilter, Progress, find, find_schedule, item_cursor, items, page, progress, reviewers_of,
    schedule_reviewers_of, schedules,
};
pub use recurrence::{Recurrence, next_on};
pub use reminding::remind;
pub use scheduling::{NewSchedule, end_schedule, schedule, start_due};
pub use snapshot::{Moment, Snapshot, SnapshotScope};
pub use standing::{Tenure, tenures};
pub use terms::Terms;

/// Where no answer takes away, there is a day at least to give one, or to call it off.
const SHORTEST_TO_REVOKE: Duration = Duration::from_secs(24 * 60 * 60);
/// The most reviewers of one campaign.
const MOST_REVIEWERS: usize = 50;
const NAME_CHARS: usize = 100;
const REASON_CHARS: usize = 1_000;

/// A campaign to be started.
#[derive(Clone, Copy, Debug)]
pub struct NewReview<'a> {
    pub name: &'a str,
    pub coverage: Coverage,
    pub reviewers: &'a [MemberId],
    pub ends_at: Timestamp,
    pub policy: ReviewPolicy,
}

/// Whether decisions are taken still.
pub fn is_open(review: &Model, now: Timestamp) -> bool {
    review.closing_at.is_none() && review.ends_at > now
}

fn checked_name(name: &str) -> Result<&str> {
    let name = crate::granting::stated(name, Refusal::NameMissing)?;
    match name.chars().count() > NAME_CHARS {
        true => Err(Refusal::TextTooLong.into()),
        false => Ok(name),
    }
}

/// Refuses reviewers who may not decide.
fn require_reviewers(ledger: &Ledger, reviewers: &[MemberId], now: Timestamp) -> Result<()> {
    if reviewers.is_empty() || reviewers.len() > MOST_REVIEWERS {
        return Err(Refusal::ReviewersMissing.into());
    }
    for reviewer in reviewers {
        if !may_review(ledger, *reviewer, now)? {
            return Err(Refusal::NotAReviewer.into());
        }
    }
    Ok(())
}

fn may_review(ledger: &Ledger, member: MemberId, now: Timestamp) -> Result<bool> {
    Ok(ledger.member(member)?.access(now).everywhere().contains(Permission::AccessReviewDecide))
}

/// Who lets a campaign take away what nobody answers for could take anything from anybody: it takes all that an
/// administrator holds.
fn require_policy(change: &Change<'_>, policy: ReviewPolicy) -> Result<()> {
    let author = change.author().ok_or(Error::PersonRequired)?;
    Ok(policy_allowed(change.ledger.member(author)?.access(change.now).everywhere(), policy)?)
}

fn policy_allowed(held: PermissionSet, policy: ReviewPolicy) -> std::result::Result<(), Refusal> {
    match policy {
        ReviewPolicy::Revoke if !held.contains_all(PermissionSet::of_role(BuiltInRole::Administrator)) => {
            Err(Refusal::HoldsMore)
        }
        ReviewPolicy::Revoke | ReviewPolicy::Tell => Ok(()),
    }
}
