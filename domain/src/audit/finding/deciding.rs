//! What people say of a finding: that somebody is at it, that nothing is to be done about it for a while, that it is
//! resolved, or that it is not after all.
//!
//! Nobody decides on a finding about themselves, or about something that they did, as long as another may. Who is alone
//! needs a session with a fresh second factor, and that they were is on record.

use std::time::Duration;

use portaria_entity::finding::{self, FindingStatus};
use portaria_entity::id::{FindingId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveEnum, EntityTrait};
use serde_json::{Value, json};

use super::page::find;
use super::{OpenFinding, lock, reopened};
use crate::activity::{Deed, record};
use crate::audit::fact::FactValue;
use crate::error::{Refusal, Result};
use crate::granting::{Ledger, Prospect, Standing, stated};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

/// The longest that nobody need look at a finding.
const LONGEST_DISMISSAL: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const LONGEST_REASON: usize = 1_000;

/// What may be said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Acknowledge,
    Dismiss,
    Resolve,
    Reopen,
}

/// The same, with what goes with it.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    Acknowledge,
    Dismiss { until: Timestamp, reason: &'a str },
    Resolve { reason: Option<&'a str> },
    Reopen,
}

impl Decision<'_> {
    fn step(self) -> Step {
        match self {
            Self::Acknowledge => Step::Acknowledge,
            Self::Dismiss { .. } => Step::Dismiss,
            Self::Resolve { .. } => Step::Resolve,
            Self::Reopen => Step::Reopen,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Acknowledge => "finding.acknowledged",
            Self::Dismiss { .. } => "finding.dismissed",
            Self::Resolve { .. } => "finding.resolved",
            Self::Reopen => "finding.reopened",
        }
    }
}

/// Refuses who may not say that now; answers whether they decide about themselves, for there is nobody else. A question only:
/// nothing of it is used.
pub fn may_decide(prospect: Prospect<'_>, finding: &OpenFinding, step: Step) -> Result<bool> {
    let Prospect { viewer, ledger, now } = prospect;
    let own = viewer.session()?.member_id;
    let held = ledger.member(own)?.access(now).everywhere();
    let any_of = PermissionSet::of(&[Permission::FindingResolve]);
    viewer.ask(held, any_of, now)?;
    fits(&finding.row, step)?;
    if step == Step::Reopen || !finding.concerns(own) {
        return Ok(false);
    }
    let could = |standing: &Standing| {
        standing.is_active()
            && !finding.concerns(standing.member_id)
            && standing.access(now).everywhere().contains(Permission::FindingResolve)
    };
    if ledger.members.values().any(could) {
        Err(Refusal::OwnFinding.into())
    } else if viewer.is_stepped_up(now) {
        Ok(true)
    } else {
        Err(viewer.step_up_required(any_of))
    }
}

fn fits(row: &finding::Model, step: Step) -> std::result::Result<(), Refusal> {
    match (step, row.status) {
        (Step::Acknowledge, FindingStatus::Acknowledged) => Err(Refusal::AlreadyAcknowledged),
        (Step::Reopen, FindingStatus::Open) => Err(Refusal::StillOpen),
        (Step::Reopen, FindingStatus::Resolved) if row.resolved_by.is_some() => Ok(()),
        (_, FindingStatus::Resolved) => Err(Refusal::AlreadyResolved),
        (_, FindingStatus::Open | FindingStatus::Acknowledged | FindingStatus::Dismissed) => Ok(()),
    }
}

impl OpenFinding {
    /// Whether it is about this member, also as one of several, about something that they did, or about a key that they had
    /// in their hands.
    pub fn concerns(&self, member: MemberId) -> bool {
        let did = |value: &FactValue| match value {
            FactValue::Member(who) => *who == Some(member),
            FactValue::Members { named, .. } => named.contains(&member),
            _ => false,
        };
        self.row.member_id == Some(member)
            || self.key_makers.contains(&member)
            || self.evidence.facts().iter().any(|fact| did(&fact.value))
    }
}

/// Puts down what somebody says of a finding.
pub async fn decide(
    installation: &Installation,
    viewer: &Viewer,
    id: FindingId,
    decision: Decision<'_>,
) -> Result<OpenFinding> {
    let transaction = installation.database.begin().await?;
    lock(&transaction, viewer.workspace_id).await?;
    let before = find(&transaction, viewer.workspace_id, id).await?;
    let now = installation.clock.now();
    // Whatever was cached: they must be able to now.
    let ledger = Ledger::read(&transaction, &installation.database, viewer.workspace_id, now).await?;
    viewer.require_everywhere(Permission::FindingResolve, now)?;
    let alone = may_decide(Prospect { viewer, ledger: &ledger, now }, &before, decision.step())?;
    let (after, said) = decided(&before.row, decision, (viewer.session()?.member_id, now))?;
    let row = finding::Entity::update(after).exec(&transaction).await?;
    let mut told = json!({ "rule": row.rule.to_value(), "alone": alone });
    if let (Some(told), Value::Object(said)) = (told.as_object_mut(), said) {
        told.extend(said);
    }
    let deed = Deed {
        workspace_id: viewer.workspace_id,
        actor: viewer.into(),
        action: decision.action(),
        subject: id.to_string(),
        before: Some(json!({ "status": before.row.status.to_value() })),
        after: Some(told),
        address: viewer.stated_address(),
    };
    record(&transaction, &installation.clock, deed).await?;
    transaction.commit().await?;
    OpenFinding::of(row)
}

/// What is written, and what the activity log tells of it.
fn decided(
    row: &finding::Model,
    decision: Decision<'_>,
    (by, now): (MemberId, Timestamp),
) -> Result<(finding::ActiveModel, Value)> {
    let key = finding::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(row.id),
        ..finding::ActiveModel::default()
    };
    Ok(match decision {
        Decision::Acknowledge => (acknowledged(key, by, now), json!({})),
        Decision::Dismiss { until, reason } => {
            let reason = short(stated(reason, Refusal::ReasonMissing)?)?;
            if until <= now {
                return Err(Refusal::InvalidPeriod.into());
            }
            if until > now + LONGEST_DISMISSAL {
                return Err(Refusal::EndsTooLate.into());
            }
            let dismissed = finding::ActiveModel {
                status: Set(FindingStatus::Dismissed),
                dismissed_at: Set(Some(now)),
                dismissed_by: Set(Some(by)),
                dismissed_until: Set(Some(until)),
                dismissed_severity: Set(Some(row.severity)),
                dismissal_reason: Set(Some(reason.to_owned())),
                ..key
            };
            let severity = row.severity.to_value();
            (dismissed, json!({ "until": until.0, "reason": reason, "severity": severity }))
        }
        Decision::Resolve { reason } => {
            let reason = short(reason.unwrap_or_default().trim())?;
            let resolved = finding::ActiveModel {
                status: Set(FindingStatus::Resolved),
                resolved_at: Set(Some(now)),
                resolved_by: Set(Some(by)),
                ..key
            };
            (resolved, json!({ "reason": reason }))
        }
        Decision::Reopen => (reopened(key, row.reopened_count), json!({})),
    })
}

/// Somebody is at it; if it was dismissed, no more.
pub(super) fn acknowledged(row: finding::ActiveModel, by: MemberId, now: Timestamp) -> finding::ActiveModel {
    finding::ActiveModel {
        status: Set(FindingStatus::Acknowledged),
        acknowledged_at: Set(Some(now)),
        acknowledged_by: Set(Some(by)),
        dismissed_at: Set(None),
        dismissed_by: Set(None),
        dismissed_until: Set(None),
        dismissed_severity: Set(None),
        dismissal_reason: Set(None),
        ..row
    }
}

pub(super) fn short(reason: &str) -> std::result::Result<&str, Refusal> {
    if reason.chars().count() > LONGEST_REASON { Err(Refusal::TextTooLong) } else { Ok(reason) }
}
