//! Findings as the auditor opens them.

use portaria_domain::audit::Found;
use portaria_domain::audit::finding::{Sighting, observe};
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::finding;
use portaria_entity::id::{AuditRunId, FindingId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::stage::Stage;

impl Stage {
    /// A run of the auditor sees something now; nothing else is resolved by it.
    pub async fn found(&self, seen: Found) -> FindingId {
        let (now, run_id): (_, AuditRunId) = (self.clock.now(), self.clock.new_id());
        let run = audit_run::Model {
            workspace_id: self.workspace_id,
            id: run_id,
            job: "access_audit".to_owned(),
            scheduled_for: run_id.to_string(),
            trigger: AuditTrigger::Schedule,
            started_at: now,
            leased_until: now,
            finished_at: Some(now),
            members_checked: 1,
            findings_open: 1,
            requested_by: None,
        };
        let transaction = self.installation.database.begin().await.expect("a transaction");
        audit_run::Entity::insert(audit_run::ActiveModel::from(run))
            .exec_without_returning(&transaction)
            .await
            .expect("a run");
        let (rule, cause) = (seen.rule, seen.cause.clone());
        let found = [seen];
        let sighting = Sighting { workspace_id: self.workspace_id, run_id, found: &found, at: now };
        observe(&transaction, &self.clock, &sighting).await.expect("observed");
        let find = finding::Entity::find()
            .filter(finding::Column::WorkspaceId.eq(self.workspace_id))
            .filter(finding::Column::Rule.eq(rule))
            .filter(finding::Column::Cause.eq(cause));
        let row = find.one(&transaction).await.expect("an answer").expect("a finding");
        transaction.commit().await.expect("committed");
        row.id
    }
}
