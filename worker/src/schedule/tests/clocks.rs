//! Two processes, and clocks that jump: each run once, and never silence.

use portaria_testing::databases;
use sea_orm::ConnectionTrait;

use super::*;

fn at(time: &str) -> Timestamp {
    Timestamp(time.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

async fn keys(scene: &Scene) -> Vec<String> {
    scene.runs().await.into_iter().map(|run| run.scheduled_for).collect()
}

async fn set_zone(scene: &Scene, zone: &str, minute: i32) {
    let database = &scene.stage.installation.database;
    let sql = "UPDATE workspaces SET time_zone = $1, audit_minute = $2, created_at = 0, reports_set_at = 0";
    let statement = database.statement(sql, [zone.into(), minute.into()]);
    database.writer().execute_raw(statement).await.unwrap();
}

/// Both processes tick every ten minutes through a stretch of time; answers how many runs there were.
async fn through(scene: &Scene, other: &Auditor, (from, to): (&str, &str)) -> usize {
    let mut ran = 0;
    scene.stage.clock.set(at(from));
    while scene.stage.clock.now() <= at(to) {
        let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
        ran += one.unwrap().len() + two.unwrap().len();
        scene.stage.clock.advance(Duration::from_secs(600));
    }
    ran
}

#[tokio::test]
async fn over_both_changes_of_the_clocks_two_processes_run_each_day_once() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let other = scene.another_process().await;
        // 02:30 is skipped on the 8th of March and comes once on the 1st of November; 01:30 comes twice then.
        set_zone(&scene, "America/New_York", 150).await;
        assert_eq!(through(&scene, &other, ("2026-03-07T05:00:00Z", "2026-03-09T12:00:00Z")).await, 4);
        set_zone(&scene, "America/New_York", 90).await;
        assert_eq!(through(&scene, &other, ("2026-10-31T04:50:00Z", "2026-11-02T12:00:00Z")).await, 4);
        let expected = [
            "2026-03-06T02:30",
            "2026-03-07T02:30",
            "2026-03-08T02:30",
            "2026-03-09T02:30",
            "2026-10-30T01:30",
            "2026-10-31T01:30",
            "2026-11-01T01:30",
            "2026-11-02T01:30",
        ];
        assert_eq!(keys(&scene).await, expected);
        // Two readers, one copy each.
        assert_eq!(scene.mails().await.len(), 2 * expected.len());
    }
}

#[tokio::test]
async fn a_clock_that_jumps_to_and_fro_runs_nothing_twice() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let other = scene.another_process().await;
        let hour = Duration::from_secs(60 * 60);
        for offset in [0, 1, -1, 30, 5, 24, 47, 3, 26, 50, 49, 73] {
            let now = first_due().0 + i64::from(offset) * 3_600_000_000;
            scene.stage.clock.set(Timestamp(now));
            let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
            one.unwrap();
            two.unwrap();
        }
        let ran = keys(&scene).await;
        assert_eq!(ran, ["2026-03-03T08:00", "2026-03-04T08:00", "2026-03-05T08:00", "2026-03-06T08:00"]);
        assert_eq!(scene.mails().await.len(), 2 * ran.len());
        scene.stage.clock.advance(hour);
    }
}

#[tokio::test]
async fn a_clock_that_ran_a_year_ahead_and_was_set_right_does_not_silence_the_auditor() {
    for test in databases().await {
        let scene = Scene::on(Stage::on(test).await).await;
        let other = scene.another_process().await;
        scene.stage.clock.set(first_due() + DAY * 365);
        assert_eq!(scene.tick().await, 1);
        for day in 0..10 {
            scene.stage.clock.set(first_due() + DAY * day);
            let (one, two) = tokio::join!(scene.auditor.tick(), other.tick());
            assert_eq!(one.unwrap().len() + two.unwrap().len(), 1, "day {day}");
        }
        let mails = scene.mails().await;
        assert_eq!(mails.len(), 22);
        let weekly = mails.iter().filter(|mail| mail.subject.contains("da semana")).count();
        assert_eq!(weekly, 4, "of the week in the wrong year, and of the right one");
        scene.stage.clock.set(first_due() + DAY * 365);
        assert_eq!(scene.tick().await, 0, "that day has had its run");
    }
}
