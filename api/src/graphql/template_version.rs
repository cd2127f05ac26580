//! Versions of a template, and what is done with them at Meta.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::template::definition::Definition;
use portaria_domain::viewer::Viewer;
use portaria_entity::id::MemberId;
use portaria_entity::{template_submission, template_sync, template_version};
use portaria_guard::guarded;

use super::connection::{decode_cursor, encode_cursor};
use super::member::Member;
use super::template_definition::TemplateDefinition;
use super::template_preview::TemplatePreview;
use super::template_values::TemplateValuesInput;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// How far a version has come.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "template_version::TemplateVersionState")]
pub enum TemplateVersionState {
    /// Nobody was asked to approve it.
    Draft,
    /// It waits for somebody to approve it.
    Requested,
    /// It was declined: `reason`.
    Declined,
    /// It was taken back.
    Withdrawn,
    /// It is on its way to Meta.
    Approved,
    /// Meta has it.
    Submitted,
    /// Meta did not take it: `reason`.
    Refused,
}

/// What is to be done with a template at Meta.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "template_submission::TemplateOperation")]
pub enum TemplateOperation {
    /// Create it.
    Create,
    /// Put a new version in the place of the old.
    Edit,
    /// Delete it.
    Delete,
}

/// How far that has come.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "template_submission::SubmissionState")]
pub enum TemplateSubmissionState {
    /// It waits for its turn: `dueAt`.
    Queued,
    /// It is being sent.
    Sending,
    /// It was sent, and no answer came: Meta is asked what it has.
    Unclear,
    /// It is done.
    Done,
    /// Meta did not do it: `error`.
    Refused,
    /// It was taken back.
    Cancelled,
}

pub struct TemplateVersion {
    pub row: Arc<template_version::Model>,
    /// What the viewer may do with its template.
    pub held: PermissionSet,
}

impl TemplateVersion {
    pub fn cursor(&self) -> String {
        encode_cursor(&[&self.row.number.to_be_bytes()])
    }
}

/// The number in a cursor of a list of versions.
pub fn version_cursor(cursor: &str) -> Result<i32> {
    Ok(i32::from_be_bytes(decode_cursor(cursor)?))
}

async fn member(ctx: &Context<'_>, id: Option<MemberId>) -> Result<Option<Member>> {
    match id {
        Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
        None => Ok(None),
    }
}

impl Subject for TemplateVersion {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// What somebody wrote of a template. It is never changed: a change is another version.
#[guarded]
impl TemplateVersion {
    /// Starts with `tmplver_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.row.id.into()
    }

    /// From 1 on, in each template.
    #[requires(TemplateWrite, TemplateApprove)]
    fn number(&self) -> i32 {
        self.row.number
    }

    /// What it says.
    #[requires(TemplateWrite, TemplateApprove)]
    fn definition(&self) -> Result<TemplateDefinition> {
        Ok(TemplateDefinition(Definition::from_json(&self.row.definition)?))
    }

    /// What a customer would see with these values, and with the examples where none is given.
    #[requires(TemplateWrite, TemplateApprove)]
    fn preview(
        &self,
        #[graphql(desc = "What it is filled with; the examples if not said.")] values: Option<
            TemplateValuesInput,
        >,
    ) -> Result<TemplatePreview> {
        let values = values.unwrap_or_default().into_values()?;
        Ok(TemplatePreview::new(&Definition::from_json(&self.row.definition)?, &values))
    }

    /// How far it has come.
    #[requires(TemplateWrite, TemplateApprove)]
    fn state(&self) -> TemplateVersionState {
        self.row.state.into()
    }

    /// Who wrote it; null where an API key did.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn author(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.author_id).await
    }

    /// Which API key wrote it (`key_...`); null where a member did.
    #[requires(TemplateWrite, TemplateApprove)]
    fn author_api_key_id(&self) -> Option<ID> {
        self.row.author_key_id.map(Into::into)
    }

    /// When it was written.
    #[requires(TemplateWrite, TemplateApprove)]
    fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }

    /// Who asked to have it approved.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.requested_by).await
    }

    /// When that was.
    #[requires(TemplateWrite, TemplateApprove)]
    fn requested_at(&self) -> Option<DateTime> {
        self.row.requested_at.map(Into::into)
    }

    /// Who approved or declined it.
    #[requires(TemplateWrite, TemplateApprove)]
    async fn decided_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        member(ctx, self.row.decided_by).await
    }

    /// When that was.
    #[requires(TemplateWrite, TemplateApprove)]
    fn decided_at(&self) -> Option<DateTime> {
        self.row.decided_at.map(Into::into)
    }

    /// Whether one of its authors approved it, for there was nobody else who may.
    #[requires(TemplateWrite, TemplateApprove)]
    fn approved_alone(&self) -> bool {
        self.row.alone
    }

    /// Why it was declined, or what Meta had against it.
    #[requires(TemplateWrite, TemplateApprove)]
    fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }
}

pub struct TemplateSubmission {
    pub row: Arc<template_submission::Model>,
    pub held: PermissionSet,
}

impl Subject for TemplateSubmission {
    fn held(&self, _viewer: &Viewer) -> PermissionSet {
        self.held
    }
}

/// Something that is done with a template at Meta.
#[guarded]
impl TemplateSubmission {
    /// What.
    #[requires(TemplateWrite, TemplateApprove)]
    fn operation(&self) -> TemplateOperation {
        self.row.operation.into()
    }

    /// How far it has come.
    #[requires(TemplateWrite, TemplateApprove)]
    fn state(&self) -> TemplateSubmissionState {
        self.row.state.into()
    }

    /// Not before then it is tried next: Meta takes 100 new templates of an account an hour, and one edit of an approved template a
    /// day.
    #[requires(TemplateWrite, TemplateApprove)]
    fn due_at(&self) -> DateTime {
        self.row.due_at.into()
    }

    /// When it was sent first; null while it waits.
    #[requires(TemplateWrite, TemplateApprove)]
    fn began_at(&self) -> Option<DateTime> {
        self.row.began_at.map(Into::into)
    }

    /// When it was over.
    #[requires(TemplateWrite, TemplateApprove)]
    fn ended_at(&self) -> Option<DateTime> {
        self.row.ended_at.map(Into::into)
    }

    /// What is wrong, in Meta's words; null if nothing is.
    #[requires(TemplateWrite, TemplateApprove)]
    fn error(&self) -> Option<&str> {
        self.row.error.as_deref()
    }

    /// Meta's number of that.
    #[requires(TemplateWrite, TemplateApprove)]
    fn error_code(&self) -> Option<i64> {
        self.row.error_code
    }
}

pub struct TemplateSync(pub template_sync::Model);

impl Subject for TemplateSync {
    /// It came from an account of which templates may be seen.
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere().union(PermissionSet::of(&[Permission::TemplateRead]))
    }
}

/// When all templates of an account are read from Meta: each night, and when somebody asks.
#[guarded]
impl TemplateSync {
    /// When they are read next.
    #[requires(TemplateRead)]
    fn due_at(&self) -> DateTime {
        self.0.due_at.into()
    }

    /// When they were read last, or it was tried; null if never.
    #[requires(TemplateRead)]
    fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(Into::into)
    }

    /// How many there were.
    #[requires(TemplateRead)]
    fn templates(&self) -> Option<i32> {
        self.0.templates
    }

    /// Why it failed the last time; null if it did not.
    #[requires(TemplateRead)]
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
}
