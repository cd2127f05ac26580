//! What cannot wait is seen within seconds, once, by one process.

use portaria_domain::audit::sweep::Swept;
use portaria_entity::finding::{AuditRule, FindingStatus, Severity};
use portaria_testing::databases;

use super::*;
use crate::schedule::Auditor;

async fn sweep(sweeper: &mut Sweeper, installation: &Installation) -> Option<Swept> {
    sweeper.sweep(installation).await.unwrap()
}

fn opened(swept: Option<Swept>) -> Option<u64> {
    swept.map(|swept| swept.opened)
}

#[tokio::test]
async fn what_cannot_wait_is_opened_once_and_the_audit_opens_no_second() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let installation = &scene.stage.installation;
        let mut sweeper = Sweeper::new().unwrap();
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0));
        scene.stage.clock.advance(HOUR);
        scene.is_guessed(&scene.bob).await;
        scene.stage.clock.advance(Duration::from_secs(15));
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(1));
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0));
        let rows = scene.findings().await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].rule, AuditRule::SuccessAfterFailures);

        // An audit on request sees the same, and nothing is told of it twice.
        let outbox =
            Outbox::with_mailer(installation.clone(), Mailer::Memory(scene.memory.clone()), sender());
        let auditor = Auditor::with_outbox(installation.clone(), outbox);
        let summary = auditor.audit_now(scene.stage.workspace_id).await.unwrap();
        let of_rule =
            scene.findings().await.into_iter().filter(|row| row.rule == AuditRule::SuccessAfterFailures);
        let of_rule: Vec<_> = of_rule.collect();
        assert_eq!((of_rule.len(), of_rule[0].id), (1, rows[0].id));
        assert_eq!(of_rule[0].status, FindingStatus::Open);
        assert!(summary.outcome.still_open >= 1);
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0));

        // What a sweep does not see any more stays open: it resolves nothing.
        scene.stage.clock.advance(5 * HOUR);
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0));
        assert_eq!(scene.findings().await.iter().filter(|row| row.status == FindingStatus::Open).count(), {
            scene.findings().await.len()
        });
    }
}

#[tokio::test]
async fn an_attack_that_goes_on_is_one_finding_that_grows() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let installation = &scene.stage.installation;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(scene.stage.person(&format!("P{n}"), &[]).await);
        }
        assert_eq!(scene.members().await, 8);
        let mut sweeper = Sweeper::new().unwrap();
        let failures = async || {
            let row = scene.findings().await.pop().unwrap();
            portaria_domain::audit::Evidence::from_json(&row.evidence)
                .unwrap()
                .number(portaria_domain::audit::fact::FactName::Failures)
        };
        let mut sizes = Vec::new();
        for _ in 0..3 {
            for person in &people {
                scene.tries(person, scene.stage.clock.now(), SignInOutcome::WrongPassword).await;
            }
            scene.stage.clock.advance(Duration::from_secs(15));
            sweep(&mut sweeper, installation).await;
            sizes.push(failures().await);
        }
        assert_eq!(sizes, [6, 12, 18]);
        let rows = scene.findings().await;
        assert_eq!((rows.len(), rows[0].rule), (1, AuditRule::AddressOnManyAccounts));
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        // Hours later a sweep sees less than is known: that stays.
        scene.stage.clock.advance(3 * HOUR);
        sweep(&mut sweeper, installation).await;
        for person in &people[..5] {
            scene.tries(person, scene.stage.clock.now(), SignInOutcome::WrongPassword).await;
        }
        sweep(&mut sweeper, installation).await;
        assert_eq!(failures().await, 18);
        assert_eq!(scene.alerting.tell().await.unwrap(), 0, "it was told of");
    }
}

#[tokio::test]
async fn a_smaller_wave_after_somebody_called_it_over_is_told() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let installation = &scene.stage.installation;
        let mut people = Vec::new();
        for n in 0..6 {
            people.push(scene.stage.person(&format!("P{n}"), &[]).await);
        }
        let fail = async |people: &[Person]| {
            for person in people {
                scene.tries(person, scene.stage.clock.now(), SignInOutcome::WrongPassword).await;
            }
        };
        let mut sweeper = Sweeper::new().unwrap();
        fail(&people).await;
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(1));
        scene.stage.clock.advance(MINUTE);
        let row = scene.findings().await.pop().unwrap();
        let resolved = finding::ActiveModel {
            workspace_id: Set(row.workspace_id),
            id: Set(row.id),
            status: Set(FindingStatus::Resolved),
            resolved_at: Set(Some(scene.stage.clock.now())),
            resolved_by: Set(Some(scene.ada.member_id)),
            ..finding::ActiveModel::default()
        };
        finding::Entity::update(resolved).exec(installation.database.writer()).await.unwrap();
        scene.stage.clock.advance(3 * HOUR);
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0), "the same is no news");
        fail(&people[..5]).await;
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(1));
        let row = scene.findings().await.pop().unwrap();
        assert_eq!((row.rule, row.status), (AuditRule::AddressOnManyAccounts, FindingStatus::Open));
    }
}

/// The only finding, as if that had become of it.
async fn becomes(scene: &Scene, status: FindingStatus, severity: Severity) {
    let row = scene.findings().await.pop().unwrap();
    let now = scene.stage.clock.now();
    let is = |wanted: FindingStatus| (status == wanted).then_some(now);
    let after = finding::ActiveModel {
        workspace_id: Set(row.workspace_id),
        id: Set(row.id),
        status: Set(status),
        severity: Set(severity),
        resolved_at: Set(is(FindingStatus::Resolved)),
        acknowledged_at: Set(is(FindingStatus::Acknowledged)),
        dismissed_at: Set(is(FindingStatus::Dismissed)),
        dismissed_until: Set(is(FindingStatus::Dismissed).map(|now| now + 24 * HOUR)),
        dismissed_severity: Set((status == FindingStatus::Dismissed).then_some(severity)),
        ..finding::ActiveModel::default()
    };
    finding::Entity::update(after).exec(scene.stage.installation.database.writer()).await.unwrap();
}

#[tokio::test]
async fn what_returns_or_is_graver_than_was_known_is_told_whatever_became_of_it() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.clock.advance(HOUR);
        scene.is_guessed(&scene.bob).await;
        let mut sweeper = Sweeper::new().unwrap();
        let mut look = async || {
            scene.stage.clock.advance(Duration::from_secs(15));
            opened(sweep(&mut sweeper, &scene.stage.installation).await).unwrap()
        };
        assert_eq!(look().await, 1);
        for (status, severity, told) in [
            // An audit had not seen it any more.
            (FindingStatus::Resolved, Severity::Critical, 1),
            (FindingStatus::Acknowledged, Severity::Critical, 0),
            (FindingStatus::Acknowledged, Severity::Medium, 1),
            (FindingStatus::Dismissed, Severity::Critical, 0),
            (FindingStatus::Dismissed, Severity::High, 1),
            (FindingStatus::Open, Severity::Medium, 1),
            (FindingStatus::Open, Severity::Critical, 0),
        ] {
            becomes(&scene, status, severity).await;
            assert_eq!(look().await, told, "{status:?} {severity:?}");
            let is = scene.findings().await.pop().unwrap();
            let expected = if told == 1 { FindingStatus::Open } else { status };
            assert_eq!((is.status, is.severity), (expected, Severity::Critical));
        }
    }
}

#[tokio::test]
async fn of_two_processes_one_looks_and_the_other_takes_over_when_it_is_gone() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let other = scene.another_process().await;
        let (mut first, mut second) = (Sweeper::new().unwrap(), Sweeper::new().unwrap());
        assert!(sweep(&mut first, &scene.stage.installation).await.is_some());
        assert!(sweep(&mut second, &other.installation).await.is_none());
        scene.stage.clock.advance(Duration::from_secs(30));
        assert!(sweep(&mut first, &scene.stage.installation).await.is_some());
        // The first is killed. What happened meanwhile is seen by the second.
        scene.is_guessed(&scene.bob).await;
        scene.stage.clock.advance(Duration::from_secs(30));
        assert!(sweep(&mut second, &other.installation).await.is_none());
        scene.stage.clock.advance(Duration::from_secs(16));
        assert_eq!(opened(sweep(&mut second, &other.installation).await), Some(1));
        // It was only slow, and is back.
        assert!(sweep(&mut first, &scene.stage.installation).await.is_none());
    }
}

#[tokio::test]
async fn where_nobody_did_anything_nothing_is_looked_at() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        scene.stage.another_workspace().await;
        let installation = &scene.stage.installation;
        let mut sweeper = Sweeper::new().unwrap();
        let mut looked = async || sweep(&mut sweeper, installation).await.unwrap().workspaces;
        assert_eq!(looked().await, 2, "at first, everywhere");
        scene.stage.clock.advance(5 * MINUTE);
        looked().await;
        scene.stage.clock.advance(2 * MINUTE + Duration::from_secs(1));
        assert_eq!(looked().await, 0);
        scene.tries(&scene.ada, scene.stage.clock.now(), SignInOutcome::WrongPassword).await;
        assert_eq!(looked().await, 1);
        scene.stage.clock.advance(10 * MINUTE);
        assert_eq!(looked().await, 2, "everywhere now and then, whatever happened");
    }
}

#[tokio::test]
async fn a_right_password_is_told_of_when_its_second_factor_did_not_come() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let mut sweeper = Sweeper::new().unwrap();
        let mut look = async || sweep(&mut sweeper, &scene.stage.installation).await.unwrap();
        scene.stage.clock.advance(HOUR);
        look().await;
        for n in 1..=6 {
            let before = scene.stage.clock.now() - n * Duration::from_secs(20);
            scene.tries(&scene.bob, before, SignInOutcome::WrongPassword).await;
        }
        scene.tries(&scene.bob, scene.stage.clock.now(), SignInOutcome::SecondFactorMissing).await;
        let mut opened = Vec::new();
        for _ in 0..44 {
            scene.stage.clock.advance(Duration::from_secs(15));
            opened.push(look().await.opened);
        }
        let first = opened.iter().position(|opened| *opened > 0);
        assert_eq!(first, Some(40 - 1), "when ten minutes are over: {opened:?}");
    }
}

#[tokio::test]
async fn what_only_the_audit_sees_is_told_at_once_and_once() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let installation = &scene.stage.installation;
        scene.is_guessed(&scene.bob).await;
        // Nobody swept for longer than a sweep looks back.
        scene.stage.clock.advance(26 * HOUR);
        let mut sweeper = Sweeper::new().unwrap();
        assert_eq!(opened(sweep(&mut sweeper, installation).await), Some(0));
        let outbox =
            Outbox::with_mailer(installation.clone(), Mailer::Memory(scene.memory.clone()), sender());
        let auditor = Auditor::with_outbox(installation.clone(), outbox);
        auditor.audit_now(scene.stage.workspace_id).await.unwrap();
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        let mail = scene.mails_to(&scene.ada).await.remove(0);
        assert!(mail.text.contains("Alguém entrou depois de muitas senhas erradas"), "{}", mail.text);
        auditor.audit_now(scene.stage.workspace_id).await.unwrap();
        assert_eq!(scene.alerting.tell().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_clock_that_ran_a_year_ahead_and_was_set_right_stops_neither_sweeps_nor_notices() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let other = scene.another_process().await;
        let now = scene.stage.clock.now();
        scene.stage.clock.advance(365 * 24 * HOUR);
        assert!(sweep(&mut Sweeper::new().unwrap(), &scene.stage.installation).await.is_some());
        for n in 0..6 {
            scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, &n.to_string()).await;
            assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        }
        scene.stage.clock.set(now + 2 * HOUR);
        scene.is_guessed(&scene.bob).await;
        let mut second = Sweeper::new().unwrap();
        assert_eq!(opened(sweep(&mut second, &other.installation).await), Some(1));
        assert_eq!(other.tell().await.unwrap(), 2, "those of next year do not count");
    }
}

#[tokio::test]
async fn a_mail_of_what_cannot_wait_that_was_lost_is_a_finding_until_a_report_has_said_so() {
    for test in databases().await {
        let scene = Scene::on(test).await;
        let installation = &scene.stage.installation;
        scene.stage.clock.advance(HOUR);
        scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, "waba").await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        let detail = "5.1.1 unknown".to_owned();
        let failure = crate::mail::Failure { stage: crate::mail::Stage::Deliver, code: Some(550), detail };
        scene.memory.fail_next(crate::mail::SendError::Permanent(failure));
        assert_eq!(scene.mails_to(&scene.ada).await.len() + scene.mails_to(&scene.bob).await.len(), 1);
        let outbox =
            Outbox::with_mailer(installation.clone(), Mailer::Memory(scene.memory.clone()), sender());
        let auditor = Auditor::with_outbox(installation.clone(), outbox);
        let mut open = Vec::new();
        for _ in 0..2 {
            scene.stage.clock.advance(HOUR);
            auditor.audit_now(scene.stage.workspace_id).await.unwrap();
            auditor.send_queued_mails().await.unwrap();
            let is_it = |row: &finding::Model| {
                row.rule == AuditRule::UndeliveredReport && row.status == FindingStatus::Open
            };
            open.push(scene.findings().await.into_iter().filter(is_it).count());
        }
        assert_eq!(open, [1, 0]);
    }
}
