//! How a workspace has set the rules: which are off, and which numbers differ from the usual ones.

use std::collections::{HashMap, HashSet};

use portaria_entity::finding::{self, AuditRule, FindingStatus};
use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_entity::{api_key, audit_rule_parameter, audit_rule_setting};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveEnum, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

use super::finding::OpenFinding;
use super::finding::page::with_makers;
use super::rule::{self, Rule};
use crate::error::{Refusal, Result};
use crate::granting::{Change, Standing};
use crate::permission::Permission;

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

    /// How a rule is set, as the activity log tells it.
    fn told(&self, rule: &Rule) -> Value {
        let number = |parameter: &rule::Parameter| {
            (parameter.name.to_owned(), Value::from(self.parameter(rule, parameter.name)))
        };
        let numbers: serde_json::Map<String, Value> = rule.parameters.iter().map(number).collect();
        json!({ "isEnabled": self.is_enabled(rule.key), "parameters": numbers })
    }
}

/// What is to be set of a rule; what is not said stays as it is.
#[derive(Clone, Debug)]
pub struct RuleChange<'a> {
    pub rule: AuditRule,
    pub is_enabled: Option<bool>,
    /// By name; none: as it usually is.
    pub parameters: &'a [(String, Option<i64>)],
}

impl RuleChange<'_> {
    /// Whether it may come to find less: it is turned off, or goes by other numbers.
    fn changes(&self, before: &Settings, rule: &Rule) -> bool {
        let differs = |(name, value): &(String, Option<i64>)| {
            let usual = rule.parameter(name).map(|parameter| parameter.default);
            value.or(usual) != Some(before.parameter(rule, name))
        };
        self.is_enabled == Some(false) && before.is_enabled(rule.key) || self.parameters.iter().any(differs)
    }
}

/// The rules that judge by what one is set to.
fn judging_by(rule: AuditRule) -> Vec<AuditRule> {
    match rule {
        // How far is too far.
        AuditRule::ImpossibleTravel => vec![rule, AuditRule::SessionUsedElsewhere],
        _ => vec![rule],
    }
}

/// Nobody makes a rule look away that has found them, or something that they did, or a key that they had in their hands, as
/// long as another may.
async fn refuse_who_was_found(change: &Change<'_>, rule: AuditRule) -> Result<()> {
    let Some(author) = change.author() else { return Ok(()) };
    let concerning = concerning(change, judging_by(rule), author).await?;
    if concerning.is_empty() {
        return Ok(());
    }
    let could = |other: &Standing| {
        other.is_active()
            && other.access(change.now).everywhere().contains(Permission::SecurityPolicyManage)
            && !concerning.iter().any(|finding| finding.concerns(other.member_id))
    };
    if change.ledger.members.values().any(could) { Err(Refusal::OwnFinding.into()) } else { Ok(()) }
}

/// What the rules have found about a member, or a key that they made or rotated, and nobody has settled.
async fn concerning(
    change: &Change<'_>,
    rules: Vec<AuditRule>,
    member: MemberId,
) -> Result<Vec<OpenFinding>> {
    let of_theirs = Query::select()
        .column(api_key::Column::Id)
        .from(api_key::Entity)
        .and_where(api_key::Column::WorkspaceId.eq(change.workspace_id))
        .cond_where(
            Condition::any()
                .add(api_key::Column::CreatedBy.eq(member))
                .add(api_key::Column::RotatedBy.eq(member)),
        )
        .to_owned();
    let is_named = Condition::any()
        .add(finding::Column::MemberId.eq(member))
        .add(finding::Column::Evidence.contains(member.to_string()))
        .add(finding::Column::ApiKeyId.in_subquery(of_theirs));
    let rows = finding::Entity::find()
        .filter(finding::Column::WorkspaceId.eq(change.workspace_id))
        .filter(finding::Column::Rule.is_in(rules))
        .filter(finding::Column::Status.is_in([FindingStatus::Open, FindingStatus::Acknowledged]))
        .filter(is_named)
        .all(&change.transaction)
        .await?;
    let findings = with_makers(&change.transaction, change.workspace_id, rows).await?;
    Ok(findings.into_iter().filter(|finding| finding.concerns(member)).collect())
}

/// Sets a rule otherwise. In force at the next audit.
pub async fn update(change: &Change<'_>, wanted: &RuleChange<'_>) -> Result<Settings> {
    change.require(Permission::SecurityPolicyManage)?;
    let known = rule::of(wanted.rule);
    for (name, value) in wanted.parameters {
        let parameter = known.parameter(name).ok_or(Refusal::NoSuchParameter)?;
        if value.is_some_and(|value| !(parameter.least..=parameter.most).contains(&value)) {
            return Err(Refusal::OutOfRange.into());
        }
    }
    let (transaction, workspace_id) = (&change.transaction, change.workspace_id);
    let before = Settings::of(transaction, workspace_id).await?;
    if wanted.changes(&before, known) {
        refuse_who_was_found(change, wanted.rule).await?;
    }
    for (name, value) in wanted.parameters {
        let key = (workspace_id, wanted.rule, name.clone());
        audit_rule_parameter::Entity::delete_by_id(key).exec(transaction).await?;
        if let Some(value) = value {
            let row = audit_rule_parameter::ActiveModel {
                workspace_id: Set(workspace_id),
                rule: Set(wanted.rule),
                name: Set(name.clone()),
                value: Set(*value),
            };
            audit_rule_parameter::Entity::insert(row).exec_without_returning(transaction).await?;
        }
    }
    if let Some(is_enabled) = wanted.is_enabled {
        audit_rule_setting::Entity::delete_by_id((workspace_id, wanted.rule)).exec(transaction).await?;
        let row = audit_rule_setting::ActiveModel {
            workspace_id: Set(workspace_id),
            rule: Set(wanted.rule),
            is_enabled: Set(is_enabled),
            changed_at: Set(change.now),
            changed_by: Set(change.author()),
        };
        audit_rule_setting::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    let after = Settings::of(transaction, workspace_id).await?;
    let told = (Some(before.told(known)), Some(after.told(known)));
    change.record("audit_rule.updated", wanted.rule.to_value(), told).await?;
    Ok(after)
}
