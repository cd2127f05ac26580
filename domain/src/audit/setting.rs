//! How a workspace has set the rules: which are off, and which numbers differ from the usual ones.

use std::collections::{HashMap, HashSet};

use portaria_entity::finding::AuditRule;
use portaria_entity::id::WorkspaceId;
use portaria_entity::{audit_rule_parameter, audit_rule_setting};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::rule::Rule;
use crate::error::Result;

/// The settings of one workspace.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    off: HashSet<AuditRule>,
    parameters: HashMap<(AuditRule, String), i64>,
}

impl Settings {
    pub async fn of(connection: &impl ConnectionTrait, workspace_id: WorkspaceId) -> Result<Self> {
        let off = audit_rule_setting::Entity::find()
            .filter(audit_rule_setting::Column::WorkspaceId.eq(workspace_id))
            .filter(audit_rule_setting::Column::IsEnabled.eq(false));
        let parameters = audit_rule_parameter::Entity::find()
            .filter(audit_rule_parameter::Column::WorkspaceId.eq(workspace_id));
        let (off, parameters) = (off.all(connection).await?, parameters.all(connection).await?);
        Ok(Self {
            off: off.into_iter().map(|row| row.rule).collect(),
            parameters: parameters.into_iter().map(|row| ((row.rule, row.name), row.value)).collect(),
        })
    }

    pub fn is_enabled(&self, rule: AuditRule) -> bool {
        !self.off.contains(&rule)
    }

    /// What it is set to, else what it usually is; within its limits, whatever the database says.
    pub fn parameter(&self, rule: &Rule, name: &str) -> i64 {
        let set = self.parameters.get(&(rule.key, name.to_owned())).copied();
        match rule.parameter(name) {
            Some(known) => set.unwrap_or(known.default).clamp(known.least, known.most),
            None => set.unwrap_or_default(),
        }
    }
}
