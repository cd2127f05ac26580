//! Approving: nothing goes to Meta that one person alone wanted. Who had a hand in a version does not approve it, unless there
//! is nobody else who may: then it takes a stepped-up session, is put down, and the auditor tells of it.

use std::collections::BTreeSet;

use portaria_entity::id::{ChannelId, MemberId, TemplateId, TemplateVersionId};
use portaria_entity::template;
use portaria_entity::template_submission::TemplateOperation;
use portaria_entity::template_version::{self, Column, Model, TemplateVersionState as State};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::authority::held_for_all;
use super::definition::Definition;
use super::desk::Desk;
use super::{submission, version};
use crate::error::{Error, Refusal, Result};
use crate::granting::{Ledger, stated};
use crate::installation::Installation;
use crate::permission::{Permission, PermissionSet};
use crate::viewer::Viewer;

const LONGEST_REASON: usize = 2_000;

/// Asks to have the last version approved.
pub async fn request(
    installation: &Installation,
    viewer: &Viewer,
    (id, wanted): (TemplateId, TemplateVersionId),
) -> Result<template::Model> {
    let desk = Desk::open(installation, viewer, id, Permission::TemplateWrite).await?;
    let last = last(&desk, wanted).await?;
    version::require_open(&desk, Some(&last)).await?;
    if last.state != State::Draft {
        return Err(Refusal::NotADraft.into());
    }
    require_acceptable(&desk.row)?;
    if !Definition::from_json(&last.definition)?.flaws().is_empty() {
        return Err(Refusal::FlawedTemplate.into());
    }
    let asked = template_version::ActiveModel {
        state: Set(State::Requested),
        requested_by: Set(viewer.member_id()),
        requested_by_key: Set(viewer.api_key_id()),
        requested_at: Set(Some(desk.now)),
        ..Default::default()
    };
    change(&desk, &last, asked).await?;
    desk.record("template.approval_requested", (None, Some(json!({ "version": last.id })))).await?;
    desk.finish().await
}

/// Takes a version back: before it was decided on, or before it was sent to Meta.
pub async fn withdraw(
    installation: &Installation,
    viewer: &Viewer,
    (id, wanted): (TemplateId, TemplateVersionId),
) -> Result<template::Model> {
    let desk = Desk::open(installation, viewer, id, Permission::TemplateWrite).await?;
    let last = last(&desk, wanted).await?;
    match last.state {
        State::Requested => {}
        State::Approved if submission::cancel(&desk).await? => {}
        State::Approved => return Err(Refusal::TemplateInWork.into()),
        State::Draft | State::Declined | State::Withdrawn | State::Submitted | State::Refused => {
            return Err(Refusal::NothingToWithdraw.into());
        }
    }
    let taken = template_version::ActiveModel { state: Set(State::Withdrawn), ..Default::default() };
    change(&desk, &last, taken).await?;
    desk.record("template.withdrawn", (Some(json!({ "version": last.id })), None)).await?;
    desk.finish().await
}

/// Approves exactly this version: it goes to Meta.
pub async fn approve(
    installation: &Installation,
    viewer: &Viewer,
    (id, wanted): (TemplateId, TemplateVersionId),
) -> Result<template::Model> {
    let approver = viewer.session()?.member_id;
    let desk = Desk::open(installation, viewer, id, Permission::TemplateApprove).await?;
    let last = requested(&desk, wanted).await?;
    require_acceptable(&desk.row)?;
    let alone = decides_alone(&desk, &last, approver).await?;
    let decided = template_version::ActiveModel {
        state: Set(State::Approved),
        decided_by: Set(Some(approver)),
        decided_at: Set(Some(desk.now)),
        alone: Set(alone),
        ..Default::default()
    };
    change(&desk, &last, decided).await?;
    let operation =
        if desk.row.meta_id.is_some() { TemplateOperation::Edit } else { TemplateOperation::Create };
    submission::queue(&desk, operation, Some(last.id)).await?;
    let told = json!({ "version": last.id, "alone": alone });
    desk.record("template.approved", (None, Some(told))).await?;
    desk.finish().await
}

/// Declines it, with a reason that its authors read.
pub async fn decline(
    installation: &Installation,
    viewer: &Viewer,
    (id, wanted): (TemplateId, TemplateVersionId),
    reason: &str,
) -> Result<template::Model> {
    let decider = viewer.session()?.member_id;
    let desk = Desk::open(installation, viewer, id, Permission::TemplateApprove).await?;
    let last = requested(&desk, wanted).await?;
    let reason = stated(reason, Refusal::ReasonMissing)?;
    if reason.chars().count() > LONGEST_REASON {
        return Err(Refusal::TextTooLong.into());
    }
    let decided = template_version::ActiveModel {
        state: Set(State::Declined),
        decided_by: Set(Some(decider)),
        decided_at: Set(Some(desk.now)),
        reason: Set(Some(reason.to_owned())),
        ..Default::default()
    };
    change(&desk, &last, decided).await?;
    let told = json!({ "version": last.id, "reason": reason });
    desk.record("template.declined", (None, Some(told))).await?;
    desk.finish().await
}

/// The last version, if it is the one that is meant: whoever decides has seen that one.
async fn last(desk: &Desk<'_>, wanted: TemplateVersionId) -> Result<Model> {
    let last = version::latest(&desk.transaction, desk.row.workspace_id, desk.row.id).await?;
    let last = last.ok_or(Error::NotFound)?;
    if last.id == wanted {
        return Ok(last);
    }
    let known = template_version::Entity::find_by_id((desk.row.workspace_id, wanted));
    let known = known.one(&desk.transaction).await?.filter(|known| known.template_id == desk.row.id);
    Err(known.map_or(Error::NotFound, |_| Refusal::ChangedMeanwhile.into()))
}

async fn requested(desk: &Desk<'_>, wanted: TemplateVersionId) -> Result<Model> {
    let last = last(desk, wanted).await?;
    if last.state == State::Requested { Ok(last) } else { Err(Refusal::NotRequested.into()) }
}

/// Refuses what Meta would not take an edit of now.
fn require_acceptable(row: &template::Model) -> Result<()> {
    use template::TemplateStatus as Status;
    match (&row.meta_id, row.status) {
        (_, Some(Status::Deleted)) => Err(Refusal::TemplateDeleted.into()),
        (None, _)
        | (Some(_), Some(Status::Approved | Status::Flagged | Status::Rejected | Status::Paused) | None) => {
            Ok(())
        }
        (
            Some(_),
            Some(
                Status::Pending
                | Status::Disabled
                | Status::InAppeal
                | Status::LimitExceeded
                | Status::Locked
                | Status::Archived
                | Status::PendingDeletion,
            ),
        ) => Err(Refusal::TemplateNotEditable.into()),
    }
}

/// Whether an author may approve it, for there is nobody else.
async fn decides_alone(desk: &Desk<'_>, version: &Model, approver: MemberId) -> Result<bool> {
    let authors = version::authors(&desk.transaction, version).await?;
    let database = &desk.installation.database;
    // Whatever was cached: they must be able to now.
    let ledger = Ledger::read(&desk.transaction, database, desk.row.workspace_id, desk.now).await?;
    may_approve(&ledger, (&authors, &desk.channels), (desk.viewer, approver), desk.now)
}

/// Whether somebody may approve what these people wrote; and whether as one of them, for there is nobody else.
pub fn may_approve(
    ledger: &Ledger,
    (authors, channels): (&BTreeSet<MemberId>, &[ChannelId]),
    (viewer, approver): (&Viewer, MemberId),
    now: Timestamp,
) -> Result<bool> {
    let may = |member: MemberId| {
        ledger.members.get(&member).is_some_and(|standing| {
            standing.is_active()
                && held_for_all(&standing.access(now), channels).contains(Permission::TemplateApprove)
        })
    };
    let any_of = PermissionSet::of(&[Permission::TemplateApprove]);
    if !may(approver) {
        return Err(Error::Forbidden { any_of });
    }
    if !authors.contains(&approver) {
        return Ok(false);
    }
    if ledger.members.keys().any(|member| !authors.contains(member) && may(*member)) {
        return Err(Refusal::OwnTemplate.into());
    }
    if viewer.is_stepped_up(now) { Ok(true) } else { Err(viewer.step_up_required(any_of)) }
}

async fn change(desk: &Desk<'_>, version: &Model, changed: template_version::ActiveModel) -> Result<()> {
    template_version::Entity::update_many()
        .set(changed)
        .filter(Column::WorkspaceId.eq(version.workspace_id))
        .filter(Column::Id.eq(version.id))
        .exec(&desk.transaction)
        .await?;
    Ok(())
}
