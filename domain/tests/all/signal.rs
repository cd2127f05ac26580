//! What processes tell each other at once.

use std::time::{Duration, Instant};

use portaria_domain::database::Database;
use portaria_domain::signal::{Signal, Signals};
use portaria_testing::{Stage, TestDatabase};
use sea_orm::sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

/// A process that says and hears things, until it is told to stop.
async fn process(stage: &Stage, until: &CancellationToken) -> (Signals, tokio::task::JoinHandle<()>) {
    let database = Database::connect(&stage.test_database.options).await.unwrap();
    let signals = Signals::new(stage.clock.clone());
    let (runs, until) = (signals.clone(), until.clone());
    let mut heard = signals.subscribe();
    let task = tokio::spawn(async move {
        runs.run(&database, until).await;
        database.close().await.unwrap();
    });
    // As soon as it listens, it knows that it may have missed something.
    let listens = tokio::time::timeout(Duration::from_secs(10), heard.recv()).await;
    assert_eq!(listens.unwrap(), Ok(Signal::Missed));
    (signals, task)
}

#[tokio::test]
async fn deliveries_that_arrive_in_one_process_wake_another() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let stage = Stage::on(test).await;
    let until = CancellationToken::new();
    let ((here, one), (there, two)) = (process(&stage, &until).await, process(&stage, &until).await);
    let arrivals = there.arrivals();
    // It was told that something may have been missed.
    arrivals.notified().await;
    here.arrived();
    tokio::time::timeout(Duration::from_secs(5), arrivals.notified()).await.expect("it is woken");
    until.cancel();
    for task in [one, two] {
        tokio::time::timeout(Duration::from_secs(5), task).await.expect("it stops").unwrap();
    }
}

#[tokio::test]
async fn what_is_said_together_goes_together() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let stage = Stage::on(test).await;
    let until = CancellationToken::new();
    let (signals, task) = process(&stage, &until).await;
    let mut listener = PgListener::connect(&stage.test_database.options.url).await.unwrap();
    listener.listen("portaria").await.unwrap();
    let began = Instant::now();
    for _ in 0..200 {
        for _ in 0..20 {
            signals.committed();
            signals.arrived();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut notified = 0;
    while tokio::time::timeout(Duration::from_millis(200), listener.recv()).await.is_ok() {
        notified += 1;
    }
    let most = began.elapsed().as_millis() / 10 + 2;
    assert!((1..=most).contains(&notified), "{notified} notifications, at most {most}");
    until.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn on_sqlite_what_is_said_stays_in_the_process() {
    let stage = Stage::on(TestDatabase::sqlite().await).await;
    let until = CancellationToken::new();
    let signals = &stage.installation.signals;
    let mut heard = signals.subscribe();
    let member_id = stage.person("Ana", &[]).await.member_id;
    let signal = Signal::Presence { workspace_id: stage.workspace_id, member_id };
    signals.tell(signal);
    assert_eq!(heard.recv().await, Ok(signal));
    until.cancel();
    signals.run(&stage.installation.database, until).await;
    assert_eq!(signals.are_heard(&stage.installation.database).await.unwrap(), None);
}

#[tokio::test]
async fn it_can_be_told_whether_processes_hear_each_other() {
    let Some(test) = TestDatabase::postgres().await else { return };
    let stage = Stage::on(test).await;
    assert_eq!(stage.installation.signals.are_heard(&stage.installation.database).await.unwrap(), Some(true));
}
