//! The auditor comes every morning.

use portaria_domain::activity::chain;
use portaria_domain::audit::examine;
use portaria_domain::audit::finding::{Sighting, reconcile};
use portaria_domain::workspace;
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::id::{ApiKeyId, AuditRunId, ChannelId, MemberId};
use portaria_entity::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait, QueryResult};

use super::{Company, Opened, Whom};

impl Company {
    /// As the schedule does it, but for the mail.
    pub(super) async fn audit(&mut self) {
        let installation = &self.stage.installation;
        let (workspace_id, at) = (self.stage.workspace_id, self.stage.clock.now());
        // A broken chain is no reason not to look at the rest.
        drop(chain::seal(installation).await);
        let row = workspace::find(installation.database.reader(), workspace_id).await.expect("a workspace");
        let examination = examine(installation, &row).await.expect("an examination");
        let run_id: AuditRunId = self.stage.clock.new_id();
        let run = audit_run::ActiveModel {
            workspace_id: Set(workspace_id),
            id: Set(run_id),
            job: Set("access_audit".to_owned()),
            scheduled_for: Set(run_id.to_string()),
            trigger: Set(AuditTrigger::Schedule),
            started_at: Set(at),
            leased_until: Set(at),
            finished_at: Set(Some(at)),
            members_checked: Set(0),
            findings_open: Set(0),
            requested_by: Set(None),
        };
        let transaction = installation.database.begin().await.expect("a transaction");
        audit_run::Entity::insert(run).exec_without_returning(&transaction).await.expect("a run");
        let sighting = Sighting { workspace_id, run_id, found: &examination.found, at };
        reconcile(&transaction, &self.stage.clock, &sighting).await.expect("reconciled");
        transaction.commit().await.expect("committed");
    }

    /// Notes what was opened since it was noted last, and how many findings are open.
    pub async fn note_findings(&mut self) {
        let now = self.stage.clock.now();
        let (opened, open) = self.findings_between(self.noted_until, now).await;
        self.opened.extend(opened);
        self.open_after.push(open);
        self.noted_until = now;
    }

    /// What was opened, anew or again, and how many findings are open. By name: rules come and go.
    async fn findings_between(&self, after: Timestamp, until: Timestamp) -> (Vec<Opened>, i64) {
        let database = &self.stage.installation.database;
        let workspace = self.stage.workspace_id.0;
        let sql = "SELECT rule, severity, cause, member_id, api_key_id, channel_id, opened_at FROM findings \
                   WHERE workspace_id = $1 AND opened_at > $2 AND opened_at <= $3 ORDER BY id";
        let statement = database.statement(sql, [workspace.into(), after.0.into(), until.0.into()]);
        let rows = database.reader().query_all_raw(statement).await.expect("findings");
        let sql = "SELECT COUNT(*) FROM findings WHERE workspace_id = $1 AND status = 'open'";
        let count = database.reader().query_one_raw(database.statement(sql, [workspace.into()]));
        let open = count.await.expect("an answer").expect("a row").try_get_by_index(0).expect("a number");
        (rows.iter().map(opened).collect(), open)
    }
}

fn opened(row: &QueryResult) -> Opened {
    let member: Option<MemberId> = row.try_get_by_index(3).expect("a member");
    let key: Option<ApiKeyId> = row.try_get_by_index(4).expect("a key");
    let channel: Option<ChannelId> = row.try_get_by_index(5).expect("a channel");
    let whom = member.map(Whom::Member).or(key.map(Whom::ApiKey)).or(channel.map(Whom::Channel));
    Opened {
        rule: row.try_get_by_index(0).expect("a rule"),
        severity: row.try_get_by_index(1).expect("a severity"),
        cause: row.try_get_by_index(2).expect("a cause"),
        whom: whom.unwrap_or(Whom::Any),
        at: row.try_get_by_index(6).expect("a time"),
    }
}
