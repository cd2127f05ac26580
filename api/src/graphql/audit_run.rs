//! Runs of the auditor.

use async_graphql::{Context, Enum, ID};
use portaria_domain::audit::run::{self, RunState};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_entity::audit_run::{AuditTrigger as Trigger, Model};
use portaria_guard::guarded;

use super::connection::encode_cursor;
use super::member::Member;
use super::time::DateTime;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

/// Why an audit runs.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Trigger")]
pub enum AuditTrigger {
    /// It was time.
    Schedule,
    /// Somebody asked for it, here or on the command line.
    Manual,
}

/// How an audit stands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "RunState")]
pub enum AuditRunStatus {
    /// Asked for; an auditor takes it up within a minute, if one runs.
    Queued,
    /// An auditor is at it.
    Running,
    /// Done; who is mailed its report soon gets it.
    Finished,
    /// Whoever was at it is gone. An auditor takes it up again, unless it is of long ago.
    Interrupted,
}

pub struct AuditRun(pub Model);

impl AuditRun {
    pub fn cursor(&self) -> String {
        encode_cursor(&[&self.0.started_at.0.to_be_bytes(), self.0.id.0.as_bytes()])
    }
}

impl Subject for AuditRun {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// One look of the auditor at the whole workspace.
#[guarded]
impl AuditRun {
    /// Starts with `audit_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Why it runs.
    #[requires(AccessAuditRead)]
    fn trigger(&self) -> AuditTrigger {
        self.0.trigger.into()
    }

    /// How it stands.
    #[requires(AccessAuditRead, AuditRun)]
    fn status(&self, ctx: &Context<'_>) -> AuditRunStatus {
        run::state(&self.0, Request::of(ctx).now).into()
    }

    /// For which minute by the workspace's clock it was scheduled: `2026-03-12T08:00`; null when somebody asked for it.
    #[requires(AccessAuditRead)]
    fn scheduled_for(&self) -> Option<&str> {
        (self.0.trigger == Trigger::Schedule).then_some(self.0.scheduled_for.as_str())
    }

    /// Who asked for it; null when nobody, a program, or somebody on the command line did.
    #[requires(AccessAuditRead)]
    async fn requested_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.requested_by {
            Some(id) => Ok(Request::of(ctx).loaders()?.member(id).await?.map(Member)),
            None => Ok(None),
        }
    }

    /// When it began, or was asked for.
    #[requires(AccessAuditRead)]
    fn started_at(&self) -> DateTime {
        self.0.started_at.into()
    }

    /// When it had looked at everything; null when it has not.
    #[requires(AccessAuditRead, AuditRun)]
    fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(Into::into)
    }

    /// How many active members it looked at; null when it has not finished.
    #[requires(AccessAuditRead)]
    fn members_checked(&self) -> Option<i32> {
        self.0.finished_at.map(|_| self.0.members_checked)
    }

    /// How many findings were open then; null when it has not finished.
    #[requires(AccessAuditRead)]
    fn findings_open(&self) -> Option<i32> {
        self.0.finished_at.map(|_| self.0.findings_open)
    }
}
