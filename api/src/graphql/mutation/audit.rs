//! Setting the auditor's rules, and asking for an audit.

use std::sync::Arc;

use async_graphql::{Context, InputObject};
use portaria_domain::audit::setting::{RuleChange, update};
use portaria_domain::audit::{rule, run};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::viewer::Viewer;
use portaria_domain::workspace;
use portaria_guard::guarded;

use super::begin;
use crate::error::Result;
use crate::graphql::audit_rule::AuditRule;
use crate::graphql::audit_run::AuditRun;
use crate::graphql::finding::own_language;
use crate::graphql::listed::AuditRuleKey;
use crate::graphql::payload::payload;
use crate::guard::Subject;
use crate::request::Request;

#[derive(Default)]
pub struct AuditMutation;

impl Subject for AuditMutation {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

payload! {
    /// What came of asking for an audit.
    RunAuditPayload [authenticated] {
        /// The run that was asked for; the one that somebody has asked for before, if that has not finished. Null when it was refused.
        audit_run: AuditRun
    }
    RunAuditUserError, RunAuditErrorCode {
        /// Somebody asked for one less than five minutes ago.
        TooSoon = Throttled,
    }
    waits authenticated
}

/// A number of a rule.
#[derive(InputObject)]
pub struct AuditRuleParameterInput {
    /// Which one, as the rule's `parameters` name it.
    name: String,
    /// What it shall be, within its limits; as it usually is if not said.
    value: Option<i64>,
}

/// Which rule, and what shall be otherwise. What is not said stays as it is.
#[derive(InputObject)]
pub struct UpdateAuditRuleInput {
    /// Which rule.
    rule: AuditRuleKey,
    /// Whether it is on. The findings of one that is off are resolved by the next audit.
    is_enabled: Option<bool>,
    /// Numbers to be set.
    #[graphql(default)]
    parameters: Vec<AuditRuleParameterInput>,
}

payload! {
    /// What came of setting a rule.
    UpdateAuditRulePayload [authenticated] {
        /// The rule as it is now; null when it was refused.
        audit_rule: AuditRule
    }
    UpdateAuditRuleUserError, UpdateAuditRuleErrorCode {
        /// The rule has no parameter of that name.
        NoSuchParameter = NoSuchParameter at "parameters",
        /// A number is out of its limits.
        OutOfRange = OutOfRange at "parameters",
        /// The rule has found you, or something that you did, and somebody else may set it.
        OwnFinding = OwnFinding at "rule",
    }
}

#[guarded]
impl AuditMutation {
    /// Asks for an audit now, beside the scheduled ones: an auditor takes it up within a minute, and mails its report to who asks. Others are told in their next one.
    #[requires(AuditRun)]
    async fn run_audit(&self, ctx: &Context<'_>) -> Result<RunAuditPayload> {
        let request = Request::of(ctx);
        let outcome = async {
            let asked = run::request(&request.installation, request.viewer()?).await?;
            Ok(Some(AuditRun(asked)))
        };
        RunAuditPayload::new(outcome.await)
    }

    /// Turns a rule of the auditor on or off, or sets its numbers. In force at the next audit. Nobody sets one that has found them, while another may.
    #[requires(SecurityPolicyManage)]
    async fn update_audit_rule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rule, and what shall be otherwise.")] input: UpdateAuditRuleInput,
    ) -> Result<UpdateAuditRulePayload> {
        let request = Request::of(ctx);
        let parameters: Vec<_> = input.parameters.into_iter().map(|one| (one.name, one.value)).collect();
        let wanted = RuleChange { rule: input.rule.0, is_enabled: input.is_enabled, parameters: &parameters };
        let outcome = async {
            let change = begin(request, Permission::SecurityPolicyManage).await?;
            let settings = Arc::new(update(&change, &wanted).await?);
            change.finish().await?;
            let reader = request.installation.database.reader();
            let company = workspace::find(reader, request.viewer()?.workspace_id).await?;
            let language = own_language(request, &company.locale).await?;
            Ok(Some(AuditRule { rule: rule::of(wanted.rule), settings, language }))
        };
        UpdateAuditRulePayload::new(outcome.await)
    }
}
