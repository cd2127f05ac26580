//! Who owns the database and wants the verification to say less, or nothing.

use std::time::Instant;

use portaria_domain::activity::verification::{ERASED, Flaw, verify};
use portaria_domain::activity::{Actor, Deed, chain, record};
use portaria_testing::databases;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::activity_log::{id_at, run, sealed, verified, write};

#[tokio::test]
async fn a_seal_that_is_moved_far_ahead_is_one_gap() {
    for test in databases().await {
        let stage = sealed(test, 6).await;
        let database = &stage.installation.database;
        let (last, far) = (id_at(&stage, 6).await, i64::MAX);
        run(database, &format!("UPDATE activity_seals SET sequence = {far} WHERE sequence = 6")).await;
        let flaws = verified(&stage).await.flaws;
        let expected = [
            Flaw::SealsRemoved { first: 6, last: far - 1 },
            Flaw::Unchecked { sequence: far, activity: last },
            Flaw::HeadAltered { sequence: 6 },
        ];
        assert_eq!(flaws, expected);
    }
}

#[tokio::test]
async fn who_alters_everything_keeps_the_verification_busy_for_no_longer() {
    for test in databases().await {
        let stage = sealed(test, 600).await;
        run(&stage.installation.database, "UPDATE activities SET subject = 'me'").await;
        let begun = Instant::now();
        let flaws = verified(&stage).await.flaws;
        assert_eq!(flaws.iter().filter(|flaw| matches!(flaw, Flaw::Altered { .. })).count(), 600);
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_row_made_to_look_like_an_erasure_explains_nothing() {
    for test in databases().await {
        let stage = sealed(test, 3).await;
        let database = &stage.installation.database;
        let victim = id_at(&stage, 2).await;
        let transaction = database.begin().await.unwrap();
        let deed = Deed {
            workspace_id: stage.workspace_id,
            actor: Actor::Installation,
            action: "test.done",
            subject: "a reason that somebody gave".to_owned(),
            before: None,
            after: Some(json!({ "activities": [victim] })),
            address: None,
        };
        record(&transaction, &stage.clock, deed).await.unwrap();
        transaction.commit().await.unwrap();
        chain::seal(&stage.installation).await.unwrap();
        let disguised = id_at(&stage, 4).await;
        for (sql, id) in [
            (format!("UPDATE activities SET action = '{ERASED}' WHERE id = $1"), disguised),
            ("DELETE FROM activity_details WHERE activity_id = $1".to_owned(), victim),
        ] {
            database.writer().execute_raw(database.statement(&sql, [id.0.into()])).await.unwrap();
        }
        let flaws = verified(&stage).await.flaws;
        assert!(flaws.contains(&Flaw::Altered { sequence: 4, activity: disguised }), "{flaws:?}");
        assert!(flaws.contains(&Flaw::DetailsRemoved { activity: victim }), "{flaws:?}");
    }
}

#[tokio::test]
async fn an_end_that_is_put_down_falsely_is_found_and_stops_no_other_chain() {
    for test in databases().await {
        let stage = sealed(test, 5).await;
        let database = &stage.installation.database;
        let other = stage.another_workspace().await.0;
        for (sql, sequence) in [
            ("UPDATE activity_chains SET mac = (SELECT mac FROM activity_seals WHERE sequence = 1)", 5),
            ("UPDATE activity_chains SET sequence = 3", 3),
            ("DELETE FROM activity_chains", 0),
        ] {
            run(database, sql).await;
            let flaws = verified(&stage).await.flaws;
            assert!(flaws.contains(&Flaw::HeadAltered { sequence }), "{sql}: {flaws:?}");
        }
        write(&stage, 1).await;
        stage.person_in(other, "Fora", &[]).await;
        assert!(chain::seal(&stage.installation).await.is_err(), "a broken chain is told of");
        let verdict = verify(&stage.installation, other, None).await.unwrap();
        assert_eq!((verdict.sealed, verdict.waiting, verdict.flaws), (1, 0, vec![]), "the other goes on");
    }
}

#[tokio::test]
async fn what_is_queued_again_is_not_sealed_again() {
    for test in databases().await {
        let stage = sealed(test, 4).await;
        let database = &stage.installation.database;
        let sql = "INSERT INTO activity_queue (workspace_id, activity_id) \
                   SELECT workspace_id, activity_id FROM activity_seals WHERE sequence = 2";
        run(database, sql).await;
        write(&stage, 1).await;
        chain::seal(&stage.installation).await.unwrap();
        let verdict = verified(&stage).await;
        assert_eq!((verdict.sealed, verdict.waiting, verdict.flaws), (5, 0, vec![]));
    }
}

#[tokio::test]
async fn what_is_sealed_meanwhile_is_no_flaw() {
    for test in databases().await {
        let stage = sealed(test, 20).await;
        for _ in 0..5 {
            let writing = async {
                for _ in 0..4 {
                    write(&stage, 2).await;
                    chain::seal(&stage.installation).await.unwrap();
                }
            };
            let verifying = futures_util::future::join_all((0..4).map(|_| verified(&stage)));
            let (verdicts, ()) = futures_util::join!(verifying, writing);
            let flaws: Vec<_> = verdicts.into_iter().flat_map(|verdict| verdict.flaws).collect();
            assert_eq!(flaws, []);
        }
    }
}
