//! The outbox: numbers are contiguous and follow the commits, and nobody misses an event.

use portaria_domain::event::{EventFeed, Happening, append};
use portaria_domain::signal::Signals;
use portaria_entity::event::EventKind;
use portaria_testing::{Stage, databases};

#[tokio::test]
async fn committed_events_are_numbered_without_gaps_and_published_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let happening = Happening {
            workspace_id: stage.workspace_id,
            kind: EventKind::AccessChanged,
            conversation_id: None,
            message_id: None,
            before: None,
        };
        let mut receiver = installation.events.subscribe();
        let mut last = None;
        installation.events.step(&mut last).await.unwrap();
        let before = last.unwrap();

        let rolled_back = installation.database.begin().await.unwrap();
        append(&rolled_back, &stage.clock, happening).await.unwrap();
        drop(rolled_back);
        for _ in 0..3 {
            let transaction = installation.database.begin().await.unwrap();
            append(&transaction, &stage.clock, happening).await.unwrap();
            append(&transaction, &stage.clock, happening).await.unwrap();
            transaction.commit().await.unwrap();
            installation.events.step(&mut last).await.unwrap();
        }
        let mut seen = Vec::new();
        while let Ok(published) = receiver.try_recv() {
            seen.push(published.seq);
        }
        assert_eq!(seen, (before + 1..=before + 6).collect::<Vec<_>>());

        // Another process, over the same database: it sees all that is published from its start on, and no number twice.
        let other = EventFeed::new(
            installation.database.clone(),
            stage.clock.clone(),
            Signals::new(stage.clock.clone()),
        );
        let mut other_last = None;
        other.step(&mut other_last).await.unwrap();
        let transaction = installation.database.begin().await.unwrap();
        append(&transaction, &stage.clock, happening).await.unwrap();
        transaction.commit().await.unwrap();
        let mut receiver = other.subscribe();
        other.step(&mut other_last).await.unwrap();
        assert!(receiver.try_recv().is_err(), "the first process holds the lease");
        installation.events.step(&mut last).await.unwrap();
        other.step(&mut other_last).await.unwrap();
        assert_eq!(receiver.try_recv().unwrap().seq, before + 7);
        stage.clock.advance(std::time::Duration::from_secs(3));
        let transaction = installation.database.begin().await.unwrap();
        append(&transaction, &stage.clock, happening).await.unwrap();
        transaction.commit().await.unwrap();
        other.step(&mut other_last).await.unwrap();
        assert_eq!(receiver.try_recv().unwrap().seq, before + 8, "the lease ran out, another goes on");
    }
}
