//! The life of a finding.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::fact::{FactName, FactValue};
use portaria_domain::audit::finding::deciding::{Decision, decide};
use portaria_domain::audit::finding::page::{FindingFilter, page};
use portaria_domain::audit::finding::{OpenFinding, Outcome, Sighting, open};
use portaria_domain::audit::report::{MOST, Matters};
use portaria_domain::audit::sweep::take_in;
use portaria_domain::audit::{About, Evidence, Found};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_entity::audit_run::{self, AuditTrigger};
use portaria_entity::finding::{self, AuditRule, FindingStatus, Severity};
use portaria_entity::id::{AuditRunId, FindingId, MemberId};
use portaria_entity::role::BuiltInRole;
use portaria_entity::time::Timestamp;
use portaria_testing::{Person, Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn run_at(stage: &Stage, at: Timestamp, found: &[Found]) -> Outcome {
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
        requested_by: Set(None),
    };
    let transaction = stage.installation.database.begin().await.unwrap();
    audit_run::Entity::insert(run).exec_without_returning(&transaction).await.unwrap();
    let sighting = Sighting { workspace_id: stage.workspace_id, run_id, found, at };
    let outcome = take_in(&transaction, &stage.installation, &sighting).await.unwrap();
    transaction.commit().await.unwrap();
    outcome
}

/// The findings that wait to be told at once; none does any more.
async fn to_tell(stage: &Stage) -> Vec<FindingId> {
    let database = &stage.installation.database;
    let all = database.statement("SELECT finding_id FROM findings_to_tell", []);
    let rows = database.reader().query_all_raw(all).await.unwrap();
    let forget = database.statement("DELETE FROM findings_to_tell", []);
    database.writer().execute_raw(forget).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn what_cannot_wait_and_only_an_audit_sees_is_told_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await.member_id;
        let start = stage.clock.now();
        let broken = |severity| Found {
            rule: AuditRule::BrokenChain,
            cause: "17".to_owned(),
            severity,
            about: About::Workspace,
            evidence: Evidence::new(),
        };
        let idle = seen(&stage, ana, Severity::High, HOUR);
        run_at(&stage, start + DAY, &[broken(Severity::High), idle.clone()]).await;
        let first = to_tell(&stage).await;
        let rows = all(&stage).await;
        let chain = rows.iter().find(|one| one.row.rule == AuditRule::BrokenChain).unwrap().row.id;
        assert_eq!(first, [chain], "the other can wait");
        run_at(&stage, start + 2 * DAY, &[broken(Severity::High), idle.clone()]).await;
        assert!(to_tell(&stage).await.is_empty(), "it is known");
        run_at(&stage, start + 3 * DAY, &[broken(Severity::Critical), idle.clone()]).await;
        assert_eq!(to_tell(&stage).await, [chain], "it is graver");
        run_at(&stage, start + 4 * DAY, std::slice::from_ref(&idle)).await;
        run_at(&stage, start + 5 * DAY, &[broken(Severity::High), idle]).await;
        assert_eq!(to_tell(&stage).await, [chain], "it is back");
    }
}

#[tokio::test]
async fn what_is_new_is_not_hidden_by_thousands_that_are_known() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let start = stage.clock.now();
        let one = |n: u64, severity| Found {
            rule: AuditRule::EndlessGrant,
            cause: n.to_string(),
            severity,
            about: About::Workspace,
            evidence: Evidence::new(),
        };
        let mut found: Vec<Found> = (0..=MOST).map(|n| one(n, Severity::High)).collect();
        run_at(&stage, start + DAY, &found).await;
        found.push(one(MOST + 1, Severity::Low));
        run_at(&stage, start + 2 * DAY, &found).await;
        let database = &stage.installation.database;
        let matters =
            Matters::of(database.reader(), database, stage.workspace_id, start + DAY).await.unwrap();
        assert_eq!((matters.open.len() as u64, matters.tally.total()), (MOST, MOST + 2));
        let last = matters.open.last().unwrap();
        assert_eq!((last.row.severity, last.row.opened_at), (Severity::Low, start + 2 * DAY));
        assert_eq!(matters.open[0].row.severity, Severity::High);
    }
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

/// A finding about somebody, as severe and for as long as that.
fn seen(stage: &Stage, member: MemberId, severity: Severity, invited: Duration) -> Found {
    Found {
        rule: AuditRule::NeverSignedIn,
        cause: member.to_string(),
        severity,
        about: About::Member(member),
        evidence: Evidence::new().with(FactName::Invited, FactValue::At(stage.clock.now() + invited)),
    }
}

async fn all(stage: &Stage) -> Vec<OpenFinding> {
    let reader = stage.installation.database.reader();
    page(reader, stage.workspace_id, &FindingFilter::default(), None, 100).await.unwrap()
}

async fn only(stage: &Stage) -> finding::Model {
    let mut all = all(stage).await;
    assert_eq!(all.len(), 1);
    all.remove(0).row
}

async fn admin(stage: &Stage, name: &str) -> Person {
    stage.person(name, &[(BuiltInRole::Administrator, Scope::Workspace)]).await
}

async fn says(stage: &Stage, who: &Person, decision: Decision<'_>) -> Result<OpenFinding> {
    let id = only(stage).await.id;
    decide(&stage.installation, &who.viewer, id, decision).await
}

fn refusal<T>(outcome: &Result<T>) -> Option<Refusal> {
    match outcome {
        Err(Error::Refused(refusal)) => Some(*refusal),
        _ => None,
    }
}

async fn deeds(stage: &Stage, like: &str) -> Vec<String> {
    let database = &stage.installation.database;
    let sql = "SELECT action FROM activities WHERE action LIKE $1 ORDER BY id";
    let rows = database.reader().query_all_raw(database.statement(sql, [like.into()])).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn outcome(opened: u64, still_open: u64, resolved: u64) -> Outcome {
    Outcome { opened, still_open, resolved }
}

#[tokio::test]
async fn what_is_dismissed_rests_until_its_end_whether_it_goes_and_returns_or_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, stage.person("Ana", &[]).await.member_id);
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        run_at(&stage, start + DAY, &low).await;
        let until = start + 10 * DAY;
        let dismiss = |reason| Decision::Dismiss { until, reason };
        assert_eq!(refusal(&says(&stage, &boss, dismiss(" ")).await), Some(Refusal::ReasonMissing));
        let long = "x".repeat(1_001);
        assert_eq!(refusal(&says(&stage, &boss, dismiss(&long)).await), Some(Refusal::TextTooLong));
        let past = Decision::Dismiss { until: start, reason: "x" };
        assert_eq!(refusal(&says(&stage, &boss, past).await), Some(Refusal::InvalidPeriod));
        let endless = Decision::Dismiss { until: start + 400 * DAY, reason: "x" };
        assert_eq!(refusal(&says(&stage, &boss, endless).await), Some(Refusal::EndsTooLate));
        says(&stage, &boss, dismiss("on leave")).await.unwrap();

        assert_eq!(run_at(&stage, start + 2 * DAY, &low).await, outcome(0, 0, 0), "nobody is told");
        assert_eq!(only(&stage).await.status, FindingStatus::Dismissed);
        assert_eq!(run_at(&stage, start + 3 * DAY, &[]).await, outcome(0, 0, 0));
        assert_eq!(only(&stage).await.status, FindingStatus::Resolved);
        assert_eq!(run_at(&stage, start + 4 * DAY, &low).await, outcome(0, 0, 0));
        let row = only(&stage).await;
        assert_eq!((row.status, row.resolved_at), (FindingStatus::Dismissed, None));
        assert_eq!(row.dismissal_reason.as_deref(), Some("on leave"));

        assert_eq!(run_at(&stage, until, &low).await, outcome(1, 0, 0), "its end has come");
        let row = only(&stage).await;
        assert_eq!((row.status, row.reopened_count, row.dismissed_until), (FindingStatus::Open, 1, None));
        assert_eq!(deeds(&stage, "finding.%").await, ["finding.dismissed", "finding.reopened"]);

        says(&stage, &boss, Decision::Dismiss { until: until + 9 * DAY, reason: "again" }).await.unwrap();
        let high = [seen(&stage, ana, Severity::High, HOUR)];
        assert_eq!(run_at(&stage, until + DAY, &high).await, outcome(1, 0, 0), "it is worse than it was");
        assert_eq!(only(&stage).await.severity, Severity::High);
    }
}

#[tokio::test]
async fn what_is_acknowledged_stays_so_until_it_is_gone_or_worse() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, stage.person("Ana", &[]).await.member_id);
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        run_at(&stage, start + DAY, &low).await;
        let row = says(&stage, &boss, Decision::Acknowledge).await.unwrap().row;
        assert_eq!((row.status, row.acknowledged_by), (FindingStatus::Acknowledged, Some(boss.member_id)));
        let twice = says(&stage, &boss, Decision::Acknowledge).await;
        assert_eq!(refusal(&twice), Some(Refusal::AlreadyAcknowledged));
        assert_eq!(run_at(&stage, start + 2 * DAY, &low).await, outcome(0, 1, 0));
        assert_eq!(only(&stage).await.status, FindingStatus::Acknowledged);
        let medium = [seen(&stage, ana, Severity::Medium, HOUR)];
        assert_eq!(run_at(&stage, start + 3 * DAY, &medium).await, outcome(1, 0, 0));
        let row = only(&stage).await;
        assert_eq!((row.status, row.acknowledged_by), (FindingStatus::Open, None));
        says(&stage, &boss, Decision::Acknowledge).await.unwrap();
        assert_eq!(run_at(&stage, start + 4 * DAY, &[]).await, outcome(0, 0, 1));
        let late = says(&stage, &boss, Decision::Reopen).await;
        assert_eq!(refusal(&late), Some(Refusal::AlreadyResolved), "its cause is gone");
        let late = says(&stage, &boss, Decision::Acknowledge).await;
        assert_eq!(refusal(&late), Some(Refusal::AlreadyResolved));
    }
}

#[tokio::test]
async fn what_somebody_calls_resolved_is_told_again_when_it_changes_or_stays() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, stage.person("Ana", &[]).await.member_id);
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        let other = [seen(&stage, ana, Severity::Low, 2 * HOUR)];
        run_at(&stage, start + DAY, &low).await;
        let row = says(&stage, &boss, Decision::Resolve { reason: None }).await.unwrap().row;
        assert_eq!((row.status, row.resolved_by), (FindingStatus::Resolved, Some(boss.member_id)));
        assert_eq!(run_at(&stage, start + 3 * DAY, &low).await, outcome(0, 0, 0), "still in sight");
        assert_eq!(run_at(&stage, start + 4 * DAY, &other).await, outcome(1, 0, 0), "it goes on");
        assert_eq!(only(&stage).await.resolved_by, None);
        says(&stage, &boss, Decision::Resolve { reason: Some("spoke to her") }).await.unwrap();
        assert_eq!(run_at(&stage, start + 5 * DAY, &other).await, outcome(0, 0, 0));
        assert_eq!(run_at(&stage, start + 12 * DAY, &other).await, outcome(1, 0, 0), "it is still there");
        says(&stage, &boss, Decision::Resolve { reason: None }).await.unwrap();
        assert_eq!(says(&stage, &boss, Decision::Reopen).await.unwrap().row.status, FindingStatus::Open);
        let open = says(&stage, &boss, Decision::Reopen).await;
        assert_eq!(refusal(&open), Some(Refusal::StillOpen));
        assert_eq!(only(&stage).await.reopened_count, 3);
    }
}

#[tokio::test]
async fn what_was_called_resolved_and_was_gone_is_told_when_it_returns() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, stage.person("Ana", &[]).await.member_id);
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        run_at(&stage, start + DAY, &low).await;
        says(&stage, &boss, Decision::Resolve { reason: None }).await.unwrap();
        run_at(&stage, start + 2 * DAY, &[]).await;
        let database = &stage.installation.database;
        let finish = "UPDATE audit_runs SET finished_at = started_at";
        database.writer().execute_raw(database.statement(finish, [])).await.unwrap();
        assert_eq!(run_at(&stage, start + 3 * DAY, &low).await, outcome(1, 0, 0));
        assert_eq!(only(&stage).await.status, FindingStatus::Open);
    }
}

#[tokio::test]
async fn a_look_of_before_does_not_undo_what_was_said_since() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, stage.person("Ana", &[]).await.member_id);
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        let doubled = [low[0].clone(), low[0].clone()];
        assert_eq!(run_at(&stage, start + DAY, &doubled).await, outcome(1, 0, 0), "the same thing twice");
        stage.clock.set(start + 2 * DAY);
        says(&stage, &boss, Decision::Resolve { reason: None }).await.unwrap();
        let worse = [seen(&stage, ana, Severity::High, HOUR)];
        assert_eq!(run_at(&stage, start + 2 * DAY - HOUR, &worse).await, outcome(0, 0, 0));
        assert_eq!(only(&stage).await.status, FindingStatus::Resolved);
    }
}

#[tokio::test]
async fn nobody_decides_about_themselves_while_another_may() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, ana) = (admin(&stage, "Boss").await, admin(&stage, "Ana").await);
        let start = stage.clock.now();
        let mut about = seen(&stage, ana.member_id, Severity::High, HOUR);
        // What Boss did, too.
        about.evidence = about.evidence.with(FactName::ResetBy, FactValue::Member(Some(boss.member_id)));
        run_at(&stage, start + HOUR, &[about]).await;
        let decisions = || {
            let dismiss = Decision::Dismiss { until: start + 5 * DAY, reason: "it was me" };
            [Decision::Acknowledge, dismiss, Decision::Resolve { reason: None }]
        };
        let (carla, agent) = (admin(&stage, "Carla").await, stage.person("Dora", &[]).await);
        for decision in decisions() {
            for who in [&ana, &boss] {
                assert_eq!(refusal(&says(&stage, who, decision).await), Some(Refusal::OwnFinding));
            }
            let forbidden = says(&stage, &agent, decision).await;
            assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "{forbidden:?}");
        }
        says(&stage, &carla, Decision::Acknowledge).await.unwrap();
        says(&stage, &ana, Decision::Reopen).await.unwrap();
        // Without her nobody is left who has nothing to do with it.
        let database = &stage.installation.database;
        let sql = "UPDATE members SET status = 'suspended' WHERE id = $1";
        let suspend = database.statement(sql, [carla.member_id.0.into()]);
        database.writer().execute_raw(suspend).await.unwrap();
        let stale = says(&stage, &ana, Decision::Acknowledge).await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })), "{stale:?}");
        let ana = stage.step_up(&ana).await;
        says(&stage, &ana, Decision::Acknowledge).await.unwrap();
        let alone = "SELECT d.\"after\" FROM activities a JOIN activity_details d ON d.activity_id = a.id \
                     WHERE a.action = 'finding.acknowledged' ORDER BY a.id DESC";
        let row = database.reader().query_one_raw(database.statement(alone, [])).await.unwrap().unwrap();
        let told: String = row.try_get_by_index(0).unwrap();
        assert!(told.contains("\"alone\":true"), "{told}");
    }
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_is_told_that_the_other_was_faster() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (boss, other) = (admin(&stage, "Boss").await, admin(&stage, "Outra").await);
        let ana = stage.person("Ana", &[]).await.member_id;
        let start = stage.clock.now();
        let low = [seen(&stage, ana, Severity::Low, HOUR)];
        run_at(&stage, start + DAY, &low).await;
        let (one, two) = tokio::join!(
            says(&stage, &boss, Decision::Acknowledge),
            says(&stage, &other, Decision::Acknowledge)
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
        let refused = [refusal(&one), refusal(&two)].into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(refused, [Refusal::AlreadyAcknowledged]);
        assert_eq!(deeds(&stage, "finding.%").await, ["finding.acknowledged"]);

        let (run, said) = tokio::join!(
            run_at(&stage, start + 2 * DAY, &[]),
            says(&stage, &boss, Decision::Resolve { reason: None })
        );
        assert_eq!(only(&stage).await.status, FindingStatus::Resolved);
        assert_eq!(usize::from(run.resolved == 1) + usize::from(said.is_ok()), 1, "one of them did it");
    }
}
