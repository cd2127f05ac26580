//! The life of a finding.

use std::time::Duration;

use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::finding::{Outcome, Sighting, open, reconcile};
use portaria_domain::audit::{About, Evidence, Found};
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::AuditRunId;
use portaria_entity::time::Timestamp;
use portaria_testing::{Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn run_at(stage: &Stage, at: Timestamp, found: &[Found]) -> Outcome {
    stage.clock.set(at);
    let run_id: AuditRunId = stage.clock.new_id();
    let run = audit_run::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(run_id),
        job: Set("access_audit".to_owned()),
        scheduled_for: Set(run_id.to_string()),
        trigger: Set(AuditTrigger::Manual),
        started_at: Set(at),
        leased_until: Set(at),
        finished_at: Set(None),
        members_checked: Set(0),
        findings_open: Set(0),
    };
    let transaction = stage.installation.database.begin().await.unwrap();
    audit_run::Entity::insert(run).exec_without_returning(&transaction).await.unwrap();
    let sighting = Sighting { workspace_id: stage.workspace_id, run_id, found, at };
    let outcome = reconcile(&transaction, &stage.clock, &sighting).await.unwrap();
    transaction.commit().await.unwrap();
    outcome
}

#[tokio::test]
async fn a_finding_is_opened_once_resolved_by_itself_and_reopened() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await.member_id;
        let start = stage.clock.now();
        let seen = |invited_at| Found {
            rule: AuditRule::NeverSignedIn,
            cause: ana.to_string(),
            severity: Severity::Low,
            about: About::Member(ana),
            evidence: Evidence::new().with(FactName::Invited, FactValue::At(invited_at)),
        };
        let outcome = |opened, still_open, resolved| Outcome { opened, still_open, resolved };
        let reader = stage.installation.database.reader();

        assert_eq!(run_at(&stage, start + DAY, &[seen(start)]).await, outcome(1, 0, 0));
        let first = open(reader, stage.workspace_id).await.unwrap().remove(0);
        assert_eq!(run_at(&stage, start + 2 * DAY, &[seen(start)]).await, outcome(0, 1, 0));
        let again = open(reader, stage.workspace_id).await.unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!((again[0].row.id, again[0].row.opened_at), (first.row.id, start + DAY));
        assert_eq!(again[0].row.last_seen_at, start + 2 * DAY);
        assert_eq!(run_at(&stage, start + 3 * DAY, &[seen(start + HOUR)]).await, outcome(0, 1, 0));
        let changed = open(reader, stage.workspace_id).await.unwrap();
        assert_eq!(changed[0].evidence.at(FactName::Invited), Some(start + HOUR));

        assert_eq!(run_at(&stage, start + 4 * DAY, &[]).await, outcome(0, 0, 1));
        assert!(open(reader, stage.workspace_id).await.unwrap().is_empty());
        assert_eq!(run_at(&stage, start + 5 * DAY, &[]).await, outcome(0, 0, 0));
        assert_eq!(run_at(&stage, start + 6 * DAY, &[seen(start)]).await, outcome(1, 0, 0));
        let back = open(reader, stage.workspace_id).await.unwrap().remove(0);
        assert_eq!(
            (back.row.id, back.row.opened_at, back.row.resolved_at),
            (first.row.id, start + 6 * DAY, None)
        );
        assert_ne!(back.row.audit_run_id, first.row.audit_run_id);
    }
}
