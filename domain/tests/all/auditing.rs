//! What tests of the auditor's rules share: what a rule finds, how it is told, and rows put in by hand.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::finding::OpenFinding;
use portaria_domain::audit::people::People;
use portaria_domain::audit::telling::{Teller, instant};
use portaria_domain::audit::{Found, examine};
use portaria_domain::grant::{self, NewGrant};
use portaria_domain::language::{Language, Wall};
use portaria_domain::{role, workspace};
use portaria_entity::finding::{self, AuditRule, FindingStatus};
use portaria_entity::id::{AuditRunId, FindingId, GrantId, MemberId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage};
use sea_orm::{ConnectionTrait, Value};

pub const HOUR: Duration = Duration::from_secs(60 * 60);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the rule finds now.
pub async fn found(stage: &Stage, rule: AuditRule) -> Vec<Found> {
    let workspace = workspace::find(stage.installation.database.reader(), stage.workspace_id).await.unwrap();
    let examination = examine(&stage.installation, &workspace).await.unwrap();
    examination.found.into_iter().filter(|found| found.rule == rule).collect()
}

/// The causes of what the rule finds now.
pub async fn causes(stage: &Stage, rule: AuditRule) -> Vec<String> {
    found(stage, rule).await.into_iter().map(|found| found.cause).collect()
}

/// What was seen, as an administrator reads it: in Portuguese, English and Spanish, with the facts behind it.
pub async fn told(stage: &Stage, found: &Found) -> [String; 3] {
    let reader = stage.installation.database.reader();
    let row = finding::Model {
        workspace_id: stage.workspace_id,
        id: stage.clock.new_id::<FindingId>(),
        rule: found.rule,
        cause: found.cause.clone(),
        severity: found.severity,
        status: FindingStatus::Open,
        member_id: found.about.member(),
        api_key_id: found.about.api_key(),
        channel_id: found.about.channel(),
        evidence: found.evidence.to_json().unwrap(),
        opened_at: stage.clock.now(),
        last_seen_at: stage.clock.now(),
        resolved_at: None,
        audit_run_id: stage.clock.new_id::<AuditRunId>(),
        acknowledged_at: None,
        acknowledged_by: None,
        dismissed_at: None,
        dismissed_by: None,
        dismissed_until: None,
        dismissal_reason: None,
        alerted_at: None,
        asked_at: None,
        asked_by: None,
        dismissed_severity: None,
        reopened_count: 0,
        resolved_by: None,
    };
    let finding = OpenFinding { row, evidence: found.evidence.clone(), key_makers: Vec::new() };
    let at = stage.clock.now();
    let people = People::of(reader, stage.workspace_id, std::slice::from_ref(&finding), at).await.unwrap();
    let workspace = workspace::find(reader, stage.workspace_id).await.unwrap();
    let zone = jiff::tz::TimeZone::get(&workspace.time_zone).unwrap();
    let wall = Wall::new(&zone, instant(at));
    Language::ALL.map(|language| {
        let told = Teller { language, wall: &wall, people: &people, at }.tell(&finding);
        let facts: Vec<_> = told.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
        format!("{} | {} | {}", told.who, told.seen, facts.join(" | "))
    })
}

/// Runs a statement in which `$1` is the workspace.
pub async fn run(stage: &Stage, sql: &str, values: impl IntoIterator<Item = Value>) {
    let database = &stage.installation.database;
    let values: Vec<Value> = std::iter::once(stage.workspace_id.0.into()).chain(values).collect();
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
}

pub async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
}

/// A role of the workspace's own.
pub async fn custom_role(stage: &Stage, name: &str, permissions: &[&str]) -> RoleId {
    let id: RoleId = stage.clock.new_id();
    let sql =
        "INSERT INTO roles (workspace_id, id, name, description, created_at) VALUES ($1, $2, $3, '', $4)";
    run(stage, sql, [id.0.into(), name.into(), stage.clock.now().0.into()]).await;
    for permission in permissions {
        let sql = "INSERT INTO role_permissions (workspace_id, role_id, permission) VALUES ($1, $2, $3)";
        run(stage, sql, [id.0.into(), (*permission).into()]).await;
    }
    id
}

/// Gives a role now, until then.
pub async fn give(
    stage: &Stage,
    to: &Person,
    (role_id, scope): (RoleId, Scope),
    until: Option<Timestamp>,
    by: Option<&Person>,
) -> GrantId {
    let new = NewGrant {
        workspace_id: stage.workspace_id,
        member_id: to.member_id,
        role_id,
        scope,
        valid_until: until,
        reason: "férias da Ana",
        granted_by: by.map(|person| person.member_id),
    };
    grant::insert(stage.installation.database.writer(), &stage.clock, new).await.unwrap()
}

pub async fn close(stage: &Stage, grant: GrantId) {
    let sql = "UPDATE grants SET closed_at = $3 WHERE workspace_id = $1 AND id = $2";
    run(stage, sql, [grant.0.into(), stage.clock.now().0.into()]).await;
}

pub async fn set_status(stage: &Stage, member: MemberId, status: &str) {
    let sql = "UPDATE members SET status = $3 WHERE workspace_id = $1 AND id = $2";
    run(stage, sql, [member.0.into(), status.into()]).await;
}

pub async fn is_active_now(stage: &Stage, member: MemberId) {
    let sql = "UPDATE members SET last_active_at = $3 WHERE workspace_id = $1 AND id = $2";
    run(stage, sql, [member.0.into(), stage.clock.now().0.into()]).await;
}
