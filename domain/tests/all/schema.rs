//! The schema itself: what the database refuses, and that migrations go both ways.

use portaria_domain::access::Scope;
use portaria_domain::database::Database;
use portaria_domain::grant;
use portaria_entity::role::BuiltInRole;
use portaria_migration::{Migrator, MigratorTrait};
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;
use sea_orm::prelude::Uuid;

async fn run(database: &Database, sql: &str) -> Result<u64, String> {
    match database.writer().execute_unprepared(sql).await {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn migrations_go_up_down_and_up_again() {
    for test in databases().await {
        let database = &test.database;
        assert!(database.is_migrated().await.unwrap(), "{}", test.name);
        Migrator::down(database.writer(), None).await.unwrap();
        assert!(!database.is_migrated().await.unwrap(), "{}", test.name);
        assert!(run(database, "SELECT * FROM grants").await.is_err(), "{}", test.name);
        database.migrate().await.unwrap();
        database.migrate().await.unwrap();
        assert!(database.is_migrated().await.unwrap(), "{}", test.name);
    }
}

#[tokio::test]
async fn sign_ins_from_before_there_were_networks_are_given_theirs() {
    for test in databases().await {
        let database = &test.database;
        while run(database, "SELECT network FROM sign_in_events").await.is_ok() {
            Migrator::down(database.writer(), Some(1)).await.unwrap();
        }
        let addresses = ["2001:db8:1:2:aaaa::7", "2001:db8:1:2:bbbb::8", "::ffff:192.0.2.7", "192.0.2.7", ""];
        for (n, address) in (0_u128..).zip(addresses) {
            let sql = "INSERT INTO sign_in_events (id, \"at\", email, outcome, address, user_agent) \
                       VALUES ($1, $2, 'ana@example.com', 'wrong_password', $3, '')";
            let values = [Uuid::from_u128(n).into(), i64::try_from(n).unwrap().into(), address.into()];
            database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        }
        database.migrate().await.unwrap();
        let sql = database.statement("SELECT network FROM sign_in_events ORDER BY \"at\"", []);
        let rows = database.reader().query_all_raw(sql).await.unwrap();
        let networks: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        let connection = "2001:db8:1:2::/64";
        assert_eq!(networks, [connection, connection, "192.0.2.7", "192.0.2.7", ""], "{}", test.name);
    }
}

#[tokio::test]
async fn the_database_refuses_what_crosses_workspaces() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (other, _, other_channel) = stage.another_workspace().await;
        let database = &stage.installation.database;
        let contact = stage.customer("Ana", "5511987654321").await;
        let conversation = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let cross = database.statement(
            "UPDATE conversations SET channel_id = $1 WHERE id = $2",
            [other_channel.0.into(), conversation.0.into()],
        );
        let refused = database.writer().execute_raw(cross).await.unwrap_err().to_string().to_lowercase();
        assert!(refused.contains("foreign key"), "{refused}");
        let cross = database.statement(
            "UPDATE contacts SET workspace_id = $1 WHERE id = $2",
            [other.0.into(), contact.0.into()],
        );
        let refused = database.writer().execute_raw(cross).await.unwrap_err().to_string().to_lowercase();
        assert!(refused.contains("foreign key"), "{refused}");
    }
}

#[tokio::test]
async fn grants_are_closed_and_never_deleted() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let database = &stage.installation.database;
        let refused = run(database, "DELETE FROM grants").await.unwrap_err();
        assert!(refused.contains("is refused"), "{refused}");
        let rows = portaria_domain::role::grants_of(
            database.reader(),
            stage.workspace_id,
            &[ana.member_id],
            stage.clock.now(),
        )
        .await
        .unwrap();
        assert_eq!(rows.len(), 1);
        let which = (stage.workspace_id, rows[0].id);
        let when = (stage.clock.now(), None);
        assert!(grant::close(database.writer(), database, which, when).await.unwrap());
        assert!(!grant::close(database.writer(), database, which, when).await.unwrap(), "closed once");
        assert_eq!(
            run(database, "UPDATE grants SET reason = reason").await.unwrap(),
            1,
            "it stays on record"
        );
    }
}

#[tokio::test]
async fn activities_are_only_added() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.person("Ana", &[]).await;
        let database = &stage.installation.database;
        for sql in ["DELETE FROM activities", "UPDATE activities SET action = 'x'"] {
            let refused = run(database, sql).await.unwrap_err();
            assert!(refused.contains("is refused"), "{refused}");
        }
    }
}

#[tokio::test]
async fn times_are_integers() {
    for test in databases().await {
        let sql = if test.database.is_sqlite() {
            "SELECT COUNT(*) FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name <> 'seaql_migrations'
             AND (c.name LIKE '%\\_at' ESCAPE '\\' OR c.name IN ('at', 'leased_until', 'valid_from', 'valid_until', 'minute'))
             AND c.type <> 'BIGINT'"
        } else {
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'
             AND (column_name LIKE '%\\_at' OR column_name IN ('at', 'leased_until', 'valid_from', 'valid_until', 'minute'))
             AND data_type <> 'bigint'"
        };
        let row =
            test.database.reader().query_one_raw(test.database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "{}", test.name);
    }
}
