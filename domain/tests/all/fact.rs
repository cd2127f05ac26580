//! What Meta tells of one second: the same counts, whichever came first.

use portaria_domain::fact::{self, About};
use portaria_domain::template;
use portaria_entity::time::Timestamp;
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;

/// What stands after these statuses of a template were told, each with its second.
async fn stands(stage: &Stage, meta_id: &str, told: &[(&str, i64)]) -> Option<String> {
    let (database, clock) = (&stage.installation.database, &stage.clock);
    let key = (stage.workspace_id, "padaria-waba", meta_id);
    let row = template::know(database.writer(), clock, key, None).await.unwrap();
    let place = (stage.workspace_id, About::Template(row.id));
    for (status, second) in told {
        let at = Timestamp::from_secs(*second);
        fact::put(database.writer(), database, place, ("status", Some(status)), at).await.unwrap();
    }
    let sql = "SELECT status FROM templates WHERE workspace_id = $1 AND id = $2";
    let values = [stage.workspace_id.0.into(), row.id.0.into()];
    let found = database.reader().query_one_raw(database.statement(sql, values)).await.unwrap().unwrap();
    found.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn of_two_facts_of_one_second_the_graver_counts_and_a_later_one_always() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut number = 0;
        let mut after = async |told: &[(&str, i64)]| {
            number += 1;
            stands(&stage, &format!("t{number}"), told).await.unwrap()
        };
        for (less, more) in [
            ("pending", "approved"),
            ("approved", "paused"),
            ("rejected", "disabled"),
            ("disabled", "deleted"),
            ("unheard_of", "approved"),
            ("unheard_of", "unknown"),
        ] {
            assert_eq!(after(&[(less, 5), (more, 5)]).await, more, "{}", stage.test_database.name);
            assert_eq!(after(&[(more, 5), (less, 5)]).await, more, "{}", stage.test_database.name);
        }
        assert_eq!(after(&[("deleted", 5), ("approved", 6)]).await, "approved");
        assert_eq!(after(&[("approved", 6), ("deleted", 5)]).await, "approved");
    }
}
