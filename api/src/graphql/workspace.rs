//! The workspace that the viewer is in.

use async_graphql::{Context, ID};
use portaria_domain::audit::schedule::Schedule;
use portaria_domain::permission::PermissionSet;
use portaria_domain::routing::setting;
use portaria_domain::security_policy;
use portaria_domain::viewer::Viewer;
use portaria_entity::workspace::Model;
use portaria_guard::guarded;

use super::ability::WorkspaceAbilities;
use super::audit_schedule::AuditSchedule;
use super::routing_setting::WorkspaceRouting;
use super::security_policy::SecurityPolicy;
use crate::error::Result;
use crate::guard::Subject;
use crate::request::Request;

pub struct Workspace(pub Model);

impl Subject for Workspace {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A company's own part of the installation. Nothing crosses from one to another.
#[guarded]
impl Workspace {
    /// Starts with `ws_`.
    #[authenticated]
    fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What the viewer may do in it now, apart from any single thing in it.
    #[authenticated]
    fn viewer_can(&self) -> WorkspaceAbilities {
        WorkspaceAbilities
    }

    /// What it is called.
    #[requires(WorkspaceRead)]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// IANA name of its time zone, e.g. `America/Sao_Paulo`: when audits run and how times in mails are written.
    #[requires(WorkspaceRead)]
    fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// BCP 47 tag of its language, e.g. `pt-BR`.
    #[requires(WorkspaceRead)]
    fn locale(&self) -> &str {
        &self.0.locale
    }

    /// How it routes.
    #[requires(WorkspaceRead)]
    async fn routing(&self, ctx: &Context<'_>) -> Result<WorkspaceRouting> {
        let reader = Request::of(ctx).installation.database.reader();
        Ok(setting::of_workspace(reader, self.0.id).await?.into())
    }

    /// When it is audited, and when the reports of that go out.
    #[requires(SecurityPolicyManage, AccessAuditRead)]
    fn audit_schedule(&self) -> AuditSchedule {
        Schedule::of(&self.0).into()
    }

    /// What it demands of its people before they may do anything.
    #[requires(SecurityPolicyManage, MemberReadPrivate)]
    async fn security_policy(&self, ctx: &Context<'_>) -> Result<SecurityPolicy> {
        let reader = Request::of(ctx).installation.database.reader();
        Ok(security_policy::of(reader, self.0.id).await?.into())
    }
}
