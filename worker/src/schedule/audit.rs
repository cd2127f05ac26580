//! One audit from beginning to end: look, keep the findings, and queue a report for each reader, all or nothing.

use std::collections::HashMap;

use portaria_domain::Installation;
use portaria_domain::activity::chain;
use portaria_domain::audit::finding::{OpenFinding, Outcome, Sighting, open, reconcile};
use portaria_domain::audit::people::People;
use portaria_domain::audit::telling::{Teller, instant};
use portaria_domain::audit::timing::Stopwatch;
use portaria_domain::audit::{Examination, examine};
use portaria_domain::error::{Error, Result};
use portaria_domain::grant::access_of_members;
use portaria_domain::language::{Language, Period, Wall};
use portaria_domain::member::{self, MemberRow};
use portaria_domain::permission::Permission;
use portaria_entity::id::{AuditRunId, MemberId, WorkspaceId};
use portaria_entity::workspace;
use sea_orm::DatabaseTransaction;

use super::{due, run};
use crate::mail::{Mailbox, NewMail, enqueue};
use crate::report::{ChainHead, Occasion, RenderedReport, Report, ReportFinding, render};

/// What an audit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub run_id: AuditRunId,
    pub outcome: Outcome,
    pub members_checked: i64,
    pub sign_ins_checked: i64,
    /// How many readers a report was queued for.
    pub mails_queued: usize,
}

/// What one audit works on.
pub struct Audit<'a> {
    pub installation: &'a Installation,
    pub sender: &'a Mailbox,
    pub workspace: &'a workspace::Model,
    pub run_id: AuditRunId,
    pub occasion: Occasion,
}

impl Audit<'_> {
    /// `None` when another process has finished this run meanwhile.
    pub async fn perform(&self) -> Result<Option<Summary>> {
        // The rules only read; the one writer of SQLite is not kept waiting for them.
        let mut stopwatch = Stopwatch::start();
        let examination = examine(self.installation, self.workspace).await?;
        stopwatch.step("rules");
        let head = chain_head(self.installation, self.workspace.id).await?;
        stopwatch.step("seal");
        let transaction = self.installation.database.begin().await?;
        let sighting = Sighting {
            workspace_id: self.workspace.id,
            run_id: self.run_id,
            found: &examination.found,
            at: examination.at,
        };
        let outcome = reconcile(&transaction, &self.installation.clock, &sighting).await?;
        let findings = open(&transaction, self.workspace.id).await?;
        stopwatch.step("findings");
        let run = (self.workspace.id, self.run_id);
        if !run::finish(&transaction, run, &examination, findings.len()).await? {
            return Ok(None);
        }
        let mails_queued = self.queue_reports(&transaction, (&examination, head), &findings).await?;
        transaction.commit().await?;
        stopwatch.step("reports");
        tracing::info!(
            workspace = %self.workspace.id,
            opened = outcome.opened,
            still_open = outcome.still_open,
            resolved = outcome.resolved,
            mails_queued,
            "access audit finished"
        );
        Ok(Some(Summary {
            run_id: self.run_id,
            outcome,
            members_checked: examination.members_checked,
            sign_ins_checked: examination.sign_ins_checked,
            mails_queued,
        }))
    }

    async fn queue_reports(
        &self,
        transaction: &DatabaseTransaction,
        (examination, head): (&Examination, Option<ChainHead>),
        findings: &[OpenFinding],
    ) -> Result<usize> {
        let readers = self.readers(transaction).await?;
        if readers.is_empty() {
            tracing::warn!(workspace = %self.workspace.id, "nobody may read the access audit's report");
            return Ok(0);
        }
        let people = People::of(transaction, self.workspace.id, findings, examination.at).await?;
        let people = people.with_countries(self.installation.countries.clone());
        let mut rendered: HashMap<Language, RenderedReport> = HashMap::new();
        for reader in &readers {
            let language = self.language_of(reader);
            let report = match rendered.get(&language) {
                Some(report) => report.clone(),
                None => {
                    let report = self.report(language, (examination, head.clone()), (&people, findings))?;
                    let report = render(&report).map_err(Error::internal)?;
                    rendered.entry(language).or_insert(report).clone()
                }
            };
            let mail = self.mail_to(reader, report);
            enqueue(transaction, &self.installation.clock, self.sender, mail).await?;
        }
        Ok(readers.len())
    }

    /// Everybody who may read the audit of the whole workspace: its administrators.
    async fn readers(&self, transaction: &DatabaseTransaction) -> Result<Vec<MemberRow>> {
        let Installation { database, clock, .. } = self.installation;
        let accesses = access_of_members(transaction, database, self.workspace.id, clock.now()).await?;
        let may_read = |access: &portaria_domain::access::Access| {
            access.everywhere().contains(Permission::AccessAuditRead)
        };
        let ids: Vec<MemberId> =
            accesses.iter().filter(|(_, access)| may_read(access)).map(|(id, _)| *id).collect();
        let rows = member::by_ids(transaction, self.workspace.id, &ids).await?;
        let mut readers: Vec<MemberRow> = rows.into_values().collect();
        readers.sort_by_key(|reader| reader.member.id);
        Ok(readers)
    }

    fn language_of(&self, reader: &MemberRow) -> Language {
        let own = reader.user.locale.trim();
        Language::from_tag(if own.is_empty() { &self.workspace.locale } else { own })
    }

    fn report(
        &self,
        language: Language,
        (examination, chain_head): (&Examination, Option<ChainHead>),
        (people, findings): (&People, &[OpenFinding]),
    ) -> Result<Report> {
        let daily = due::Daily::of(self.workspace)?;
        let ran_at = instant(examination.at);
        let wall = Wall::new(daily.zone(), ran_at);
        let teller = Teller { language, wall: &wall, people, at: examination.at };
        let told = findings.iter().map(|finding| ReportFinding::of(finding, &teller, self.run_id));
        Ok(Report {
            workspace_name: self.workspace.name.clone(),
            language,
            time_zone: daily.zone().clone(),
            occasion: self.occasion,
            ran_at,
            period: Period { from: instant(examination.since), to: ran_at },
            members_checked: u64::try_from(examination.members_checked).unwrap_or(0),
            sign_ins_checked: u64::try_from(examination.sign_ins_checked).unwrap_or(0),
            findings: told.collect(),
            next_run_at: daily.next(ran_at).map(|scheduled| scheduled.at),
            front_end_url: self.workspace.front_end_url.clone(),
            chain_head,
        })
    }

    fn mail_to(&self, reader: &MemberRow, report: RenderedReport) -> NewMail {
        NewMail {
            workspace_id: Some(self.workspace.id),
            dedup_key: format!("audit:{}:{}", self.run_id, reader.member.id),
            to: Mailbox { name: Some(reader.user.name.clone()), address: reader.user.email.clone() },
            subject: report.subject,
            html: report.html,
            text: report.text,
        }
    }
}

/// The last seal of the activity log, all that was done until now included.
async fn chain_head(installation: &Installation, workspace: WorkspaceId) -> Result<Option<ChainHead>> {
    chain::seal(installation).await?;
    let head = chain::head(installation, workspace).await?;
    let known = |sequence| ChainHead { sequence, digest: head.digest() };
    Ok(u64::try_from(head.sequence).ok().filter(|sequence| *sequence > 0).map(known))
}
