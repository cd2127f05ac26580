//! The auditor's rules, as the workspace has set them.

use std::sync::Arc;

use async_graphql::Enum;
use portaria_domain::audit::Settings;
use portaria_domain::audit::rule::{Parameter, Rule, Unit};
use portaria_domain::language::Language;
use portaria_domain::permission::PermissionSet;
use portaria_domain::viewer::Viewer;
use portaria_guard::guarded;

use super::finding::{FindingAction, FindingSeverity, asked};
use super::listed::{AuditRuleKey, ListedEnum};
use crate::guard::Subject;

/// What a number of a rule counts.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Unit")]
pub enum AuditRuleUnit {
    /// So many times, or of something.
    Times,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Of a hundred.
    Percent,
    /// Minutes since midnight, by the workspace's clock.
    MinuteOfDay,
    /// Kilometres an hour.
    KilometresPerHour,
}

pub struct AuditRule {
    pub rule: &'static Rule,
    pub settings: Arc<Settings>,
    /// The reader's own.
    pub language: Language,
}

impl Subject for AuditRule {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A rule of the auditor.
#[guarded]
impl AuditRule {
    /// By which it is named.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn key(&self) -> AuditRuleKey {
        ListedEnum(self.rule.key)
    }

    /// What it finds, in a line.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn title(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.rule.said(asked(locale.as_deref(), self.language)).title
    }

    /// Why that matters.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn why(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.rule.said(asked(locale.as_deref(), self.language)).why
    }

    /// What to do about it.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn advice(
        &self,
        #[graphql(desc = "BCP 47 tag: `pt-BR`, `en` or `es`. The reader's own language if not said.")] locale: Option<
            String,
        >,
    ) -> &str {
        self.rule.said(asked(locale.as_deref(), self.language)).what_to_do
    }

    /// What it looks at and how it judges, in English, with the names of its parameters in backticks.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn description(&self) -> &str {
        self.rule.judges
    }

    /// How soon somebody should act, usually; the rule may judge otherwise.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn severity(&self) -> FindingSeverity {
        self.rule.severity.into()
    }

    /// Whether administrators are told within a minute, and not only by the next report.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn tells_at_once(&self) -> bool {
        self.rule.at_once
    }

    /// What it suggests to do at once, if there is something that one click does.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn suggested_action(&self) -> Option<FindingAction> {
        FindingAction::of(self.rule.suggestion)
    }

    /// Whether it is on.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn is_enabled(&self) -> bool {
        self.settings.is_enabled(self.rule.key)
    }

    /// Its numbers, which `updateAuditRule` sets.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn parameters(&self) -> Vec<AuditRuleParameter> {
        let of = |parameter: &'static Parameter| AuditRuleParameter {
            parameter,
            current: self.settings.parameter(self.rule, parameter.name),
        };
        self.rule.parameters.iter().map(of).collect()
    }
}

pub struct AuditRuleParameter {
    parameter: &'static Parameter,
    current: i64,
}

impl Subject for AuditRuleParameter {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// A number of a rule.
#[guarded]
impl AuditRuleParameter {
    /// By which it is set: `days`.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn name(&self) -> &str {
        self.parameter.name
    }

    /// What it means, in English.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn description(&self) -> &str {
        self.parameter.about
    }

    /// What it counts.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn unit(&self) -> AuditRuleUnit {
        self.parameter.unit.into()
    }

    /// What it is set to.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn value(&self) -> i64 {
        self.current
    }

    /// What it is when nobody has set it.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn default_value(&self) -> i64 {
        self.parameter.default
    }

    /// The least that it can be set to.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn minimum(&self) -> i64 {
        self.parameter.least
    }

    /// The most that it can be set to.
    #[requires(AccessAuditRead, SecurityPolicyManage)]
    fn maximum(&self) -> i64 {
        self.parameter.most
    }
}
