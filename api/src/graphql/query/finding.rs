//! What the auditor found, by which rules, and when.

use std::sync::Arc;

use async_graphql::{Context, ID};
use portaria_domain::audit::finding::page::{self, FindingFilter};
use portaria_domain::audit::{Settings, rule, run};
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace;
use portaria_entity::id::AuditRunId;
use portaria_guard::guarded;

use crate::error::Result;
use crate::graphql::audit_rule::AuditRule;
use crate::graphql::audit_run::AuditRun;
use crate::graphql::connection::{Connection, PageSize};
use crate::graphql::finding::{
    Finding, FindingSeverity, FindingStatus, finding_cursor, own_language, time_and_id,
};
use crate::graphql::id::{parse, parse_optional};
use crate::graphql::listed::AuditRuleKey;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct FindingQuery;

impl Subject for FindingQuery {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

fn each<T, U: From<T>>(wanted: Option<Vec<T>>) -> Vec<U> {
    wanted.unwrap_or_default().into_iter().map(Into::into).collect()
}

#[guarded]
impl FindingQuery {
    /// What the auditor found, the one opened last first. At most 100 a page.
    #[requires(AccessAuditRead)]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn findings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
        #[graphql(desc = "Only those that stand so; all if not said.")] status: Option<Vec<FindingStatus>>,
        #[graphql(desc = "Only those as severe as one of these; all if not said.")] severity: Option<
            Vec<FindingSeverity>,
        >,
        #[graphql(desc = "Only those of these rules; all if not said.")] rule: Option<Vec<AuditRuleKey>>,
        #[graphql(desc = "Only those about this member (`mem_...`).")] member_id: Option<ID>,
    ) -> Result<Connection<Finding>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(finding_cursor).transpose()?;
        let filter = FindingFilter {
            statuses: each(status),
            severities: each(severity),
            rules: rule.unwrap_or_default().into_iter().map(|key| key.0).collect(),
            member_id: parse_optional(member_id.as_ref())?,
        };
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let rows = page::page(reader, workspace, &filter, after, size.limit()).await?;
        Ok(Connection::new(size, Finding::all_of(request, rows).await?, Finding::cursor))
    }

    /// A finding, by its id.
    #[requires(AccessAuditRead)]
    async fn finding(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which finding (`find_...`).")] id: ID,
    ) -> Result<Finding> {
        let request = Request::of(ctx);
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        Finding::one(request, page::find(reader, workspace, parse(&id)?).await?).await
    }

    /// By which rules the auditor looks, as the workspace has set them, in the order in which a report tells what they find.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    async fn audit_rules(&self, ctx: &Context<'_>) -> Result<Vec<AuditRule>> {
        let request = Request::of(ctx);
        let (reader, id) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let settings = Arc::new(Settings::of(reader, id).await?);
        let language = own_language(request, &workspace::find(reader, id).await?.locale).await?;
        Ok(rule::all().map(|rule| AuditRule { rule, settings: settings.clone(), language }).collect())
    }

    /// When the auditor looked, the last time first. At most 100 a page.
    #[requires(AccessAuditRead)]
    async fn audit_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 0 to 100; 50 if not said.")] first: Option<i32>,
        #[graphql(desc = "Cursor behind which to go on: `pageInfo.endCursor` of the page before.")]
        after: Option<String>,
    ) -> Result<Connection<AuditRun>> {
        let request = Request::of(ctx);
        let size = PageSize::new(first)?;
        let after = after.as_deref().map(time_and_id).transpose()?.map(|(at, id)| (at, AuditRunId(id)));
        let (reader, workspace) = (request.installation.database.reader(), request.viewer()?.workspace_id);
        let rows = run::page(reader, workspace, after, size.limit()).await?;
        Ok(Connection::new(size, rows.into_iter().map(AuditRun).collect(), AuditRun::cursor))
    }
}
