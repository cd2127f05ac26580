//! A run happens once: on time, made up, with many processes, and when one of them dies.

use portaria_domain::audit::run::request;
use portaria_testing::databases;
use sea_orm::ConnectionTrait;

use super::*;

fn keys(runs: &[audit_run::Model]) -> Vec<&str> {
    runs.iter().map(|run| run.scheduled_for.as_str()).collect()
}

#[tokio::test]
async fn an_audit_runs_at_eight_and_each_administrator_gets_one_mail() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        assert_eq!(scene.tick().await, 0, "nothing is due from before the workspace was founded");
        scene.stage.clock.set(first_due() - Duration::from_secs(1));
        assert_eq!(scene.tick().await, 0);
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        assert_eq!(scene.tick().await, 0);
        scene.stage.clock.advance(DAY - Duration::from_secs(1));
        assert_eq!(scene.tick().await, 0);
        let runs = scene.runs().await;
        assert_eq!(keys(&runs), ["2026-03-03T08:00"]);
        assert_eq!((runs[0].finished_at, runs[0].members_checked), (Some(first_due()), 3));
        let mut to: Vec<_> = scene.mails().await.into_iter().map(|mail| mail.to.name.unwrap()).collect();
        to.sort();
        assert_eq!(to, ["Alice", "Bruno"]);
    }
}

#[tokio::test]
async fn of_missed_runs_the_latest_is_made_up_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        scene.stage.clock.set(first_due() + DAY * 9 + DAY / 2);
        assert_eq!((scene.tick().await, scene.tick().await), (1, 0));
        scene.stage.clock.set(first_due() + DAY * 8);
        assert_eq!(scene.tick().await, 0, "the clock was set back");
        scene.stage.clock.set(first_due() + DAY * 10);
        assert_eq!(scene.tick().await, 1);
        assert_eq!(keys(&scene.runs().await), ["2026-03-03T08:00", "2026-03-12T08:00", "2026-03-13T08:00"]);
        assert_eq!(scene.mails().await.len(), 6);
    }
}

#[tokio::test]
async fn two_processes_run_it_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let other = scene.another_process().await;
        for day in 0..5 {
            scene.stage.clock.set(first_due() + DAY * day);
            let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
            assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
            let (one, two) = tokio::join!(scene.auditor.send_queued_mails(), other.send_queued_mails());
            assert_eq!(one.unwrap().sent + two.unwrap().sent, 2);
        }
        assert_eq!(scene.runs().await.len(), 5);
        assert_eq!(scene.memory.sent().len(), 10);
    }
}

#[tokio::test]
async fn a_run_whose_process_died_is_finished_by_another_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        let claimed =
            run::claim(&scene.stage.installation, scene.stage.workspace_id, "2026-03-03T08:00".to_owned());
        let claimed = claimed.await.unwrap().unwrap();
        assert_eq!(scene.tick().await, 0, "somebody has it");
        scene.stage.clock.advance(run::LEASE + Duration::from_secs(1));
        let other = scene.another_process().await;
        let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
        let done: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
        assert_eq!(done.iter().map(|summary| summary.run_id).collect::<Vec<_>>(), [claimed]);

        // The first one was only slow, and comes to its end after all: it must not send a second report.
        let workspace = workspace::find(scene.stage.installation.database.reader(), scene.stage.workspace_id);
        let workspace = workspace.await.unwrap();
        let late = scene.auditor.audit(&workspace, claimed, Cause::Schedule).perform().await.unwrap();
        assert_eq!(late, None);
        assert_eq!(scene.mails().await.len(), 2);
    }
}

#[tokio::test]
async fn a_workspace_that_cannot_be_audited_does_not_stop_the_others() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let (other, _, _) = scene.stage.another_workspace().await;
        let broken = scene
            .stage
            .installation
            .database
            .statement("UPDATE workspaces SET time_zone = 'Nowhere/Land' WHERE id = $1", [other.0.into()]);
        scene.stage.installation.database.writer().execute_raw(broken).await.unwrap();
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
    }
}

#[tokio::test]
async fn an_audit_by_hand_runs_at_any_time_and_leaves_the_schedule_alone() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let first = scene.auditor.audit_now(scene.stage.workspace_id).await.unwrap();
        assert_eq!((first.members_checked, first.mails_queued), (3, 2));
        scene.auditor.audit_now(scene.stage.workspace_id).await.unwrap();
        scene.stage.clock.set(first_due());
        assert_eq!(scene.tick().await, 1);
        assert_eq!(scene.mails().await.len(), 6);
    }
}

#[tokio::test]
async fn a_running_auditor_makes_up_what_was_missed_sends_it_and_stops() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        scene.stage.clock.set(first_due());
        let shutdown = CancellationToken::new();
        let (auditor, token) = (scene.auditor.clone(), shutdown.clone());
        let running = tokio::spawn(async move { auditor.run(token).await });
        for _ in 0..200 {
            if scene.memory.sent().len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap().unwrap();
        assert_eq!(scene.memory.sent().len(), 2);
    }
}

#[tokio::test]
async fn an_audit_that_somebody_asked_for_runs_at_the_next_tick_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let everywhere = [(BuiltInRole::Administrator, Scope::Workspace)];
        let zoe = scene.stage.person("Zoe", &everywhere).await;
        let asked = request(&scene.stage.installation, &zoe.viewer).await.unwrap();
        scene.stage.clock.advance(Duration::from_secs(1));
        let other = scene.another_process().await;
        let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
        let done: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
        assert_eq!(done.iter().map(|summary| summary.run_id).collect::<Vec<_>>(), [asked.id]);
        assert_eq!(scene.tick().await, 0);
        let mails = scene.mails().await;
        assert_eq!(mails.len(), 1, "who asked, and nobody else");
        assert!(mails[0].text.contains("pedida por um administrador"), "{}", mails[0].text);
        let run = scene.runs().await.remove(0);
        assert_eq!((run.finished_at, run.requested_by), (Some(scene.stage.clock.now()), Some(zoe.member_id)));

        // One whose process died is finished by another.
        scene.stage.clock.advance(Duration::from_secs(10 * 60));
        let asked = request(&scene.stage.installation, &zoe.viewer).await.unwrap();
        scene.stage.clock.advance(Duration::from_secs(1));
        assert_eq!(run::take_over(&scene.stage.installation, &asked).await.unwrap(), Some(asked.id));
        assert_eq!(scene.tick().await, 0, "somebody has it");
        scene.stage.clock.advance(run::LEASE + Duration::from_secs(1));
        assert_eq!(scene.tick().await, 1);
    }
}
