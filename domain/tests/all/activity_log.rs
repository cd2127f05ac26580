//! The activity log: what is altered, removed, reordered or cut is found and named; what is erased as it should be is not.

use std::collections::HashSet;

use portaria_domain::access::Scope;
use portaria_domain::activity::verification::{Flaw, Verdict, verify};
use portaria_domain::activity::{self, ActivityFilter, Actor, Deed, chain, phone_reveal, record};
use portaria_domain::database::Database;
use portaria_domain::error::Refusal;
use portaria_domain::granting::Change;
use portaria_domain::member::{self, Erased};
use portaria_domain::permission::Permission;
use portaria_entity::id::ActivityId;
use portaria_entity::role::BuiltInRole;
use portaria_entity::user;
use portaria_testing::{Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

pub async fn run(database: &Database, sql: &str) -> u64 {
    database.writer().execute_unprepared(sql).await.unwrap().rows_affected()
}

pub async fn write(stage: &Stage, count: usize) {
    let transaction = stage.installation.database.begin().await.unwrap();
    for number in 0..count {
        let deed = Deed {
            workspace_id: stage.workspace_id,
            actor: Actor::Installation,
            action: "test.done",
            subject: format!("thing {number}"),
            before: None,
            after: Some(json!({ "number": number })),
            address: Some("192.0.2.9".to_owned()),
        };
        record(&transaction, &stage.clock, deed).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// A stage with so many sealed activities, without what forbids to tamper with them.
pub async fn sealed(test: portaria_testing::TestDatabase, count: usize) -> Stage {
    let stage = Stage::on(test).await;
    write(&stage, count).await;
    assert_eq!(chain::seal(&stage.installation).await.unwrap(), count as u64);
    let database = &stage.installation.database;
    for (table, operation) in [
        ("activities", "update"),
        ("activities", "delete"),
        ("activity_seals", "update"),
        ("activity_seals", "delete"),
        ("activity_details", "update"),
    ] {
        let on = if database.is_sqlite() { String::new() } else { format!(" ON {table}") };
        run(database, &format!("DROP TRIGGER {table}_refuse_{operation}{on}")).await;
    }
    if database.is_sqlite() {
        run(database, "PRAGMA foreign_keys = OFF").await;
    } else {
        run(
            database,
            "ALTER TABLE activity_details DROP CONSTRAINT activity_details_workspace_id_activity_id_fkey",
        )
        .await;
    }
    stage
}

pub async fn verified(stage: &Stage) -> Verdict {
    verify(&stage.installation, stage.workspace_id, None).await.unwrap()
}

pub async fn id_at(stage: &Stage, sequence: i64) -> ActivityId {
    let database = &stage.installation.database;
    let sql = "SELECT activity_id FROM activity_seals WHERE workspace_id = $1 AND sequence = $2";
    let statement = database.statement(sql, [stage.workspace_id.0.into(), sequence.into()]);
    database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn an_untouched_log_verifies_however_many_write_at_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let writers = (0..8).map(|_| write(&stage, 5));
        let sealers = (0..3).map(|_| chain::seal(&stage.installation));
        let (_, outcomes) = futures_util::join!(
            futures_util::future::join_all(writers),
            futures_util::future::join_all(sealers)
        );
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        chain::seal(&stage.installation).await.unwrap();
        let verdict = verified(&stage).await;
        assert_eq!((verdict.sealed, verdict.waiting, verdict.head.sequence), (40, 0, 40));
        assert_eq!(verdict.flaws, []);
        write(&stage, 2).await;
        let verdict = verified(&stage).await;
        assert_eq!((verdict.sealed, verdict.waiting, verdict.flaws), (40, 2, vec![]));
    }
}

#[tokio::test]
async fn what_was_altered_is_named() {
    for test in databases().await {
        let stage = sealed(test, 12).await;
        let database = &stage.installation.database;
        let (third, seventh) = (id_at(&stage, 3).await, id_at(&stage, 7).await);
        let sql = "UPDATE activities SET subject = 'somebody else' WHERE id = $1";
        database.writer().execute_raw(database.statement(sql, [third.0.into()])).await.unwrap();
        let sql = "UPDATE activity_details SET after = '{}' WHERE activity_id = $1";
        database.writer().execute_raw(database.statement(sql, [seventh.0.into()])).await.unwrap();
        let flaws: HashSet<String> =
            verified(&stage).await.flaws.iter().map(std::string::ToString::to_string).collect();
        let expected =
            [format!("altered: {third}, number 3"), format!("details altered: {seventh}, number 7")];
        assert_eq!(flaws, HashSet::from(expected));
    }
}

#[tokio::test]
async fn what_was_removed_is_named_with_its_seal_or_without() {
    for test in databases().await {
        let stage = sealed(test, 12).await;
        let database = &stage.installation.database;
        let fourth = id_at(&stage, 4).await;
        let delete = |sql| database.statement(sql, [fourth.0.into()]);
        database
            .writer()
            .execute_raw(delete("DELETE FROM activity_details WHERE activity_id = $1"))
            .await
            .unwrap();
        assert_eq!(verified(&stage).await.flaws, [Flaw::DetailsRemoved { activity: fourth }]);
        database.writer().execute_raw(delete("DELETE FROM activities WHERE id = $1")).await.unwrap();
        assert_eq!(verified(&stage).await.flaws, [Flaw::Removed { sequence: 4, activity: fourth }]);
        run(database, "DELETE FROM activity_seals WHERE sequence = 4").await;
        let fifth = Flaw::Unchecked { sequence: 5, activity: id_at(&stage, 5).await };
        assert_eq!(verified(&stage).await.flaws, [Flaw::SealsRemoved { first: 4, last: 4 }, fifth]);
    }
}

#[tokio::test]
async fn what_was_reordered_is_named_with_where_it_was() {
    for test in databases().await {
        let stage = sealed(test, 9).await;
        let database = &stage.installation.database;
        let (second, sixth) = (id_at(&stage, 2).await, id_at(&stage, 6).await);
        for (from, to) in [(2, 1_002), (6, 2), (1_002, 6)] {
            run(database, &format!("UPDATE activity_seals SET sequence = {to} WHERE sequence = {from}"))
                .await;
        }
        let flaws = verified(&stage).await.flaws;
        assert!(flaws.contains(&Flaw::Reordered { sequence: 2, was: 6, activity: sixth }), "{flaws:?}");
        assert!(flaws.contains(&Flaw::Reordered { sequence: 6, was: 2, activity: second }), "{flaws:?}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_found_and_one_cut_with_care_by_the_head_that_was_mailed() {
    for test in databases().await {
        let stage = sealed(test, 10).await;
        let database = &stage.installation.database;
        let head = chain::head(&stage.installation, stage.workspace_id).await.unwrap().digest();
        let check =
            async || verify(&stage.installation, stage.workspace_id, Some(&head)).await.unwrap().flaws;
        assert_eq!(check().await, []);
        for number in [9, 10] {
            let id = id_at(&stage, number).await;
            for sql in [
                "DELETE FROM activity_details WHERE activity_id = $1",
                "DELETE FROM activities WHERE id = $1",
            ] {
                database.writer().execute_raw(database.statement(sql, [id.0.into()])).await.unwrap();
            }
        }
        run(database, "DELETE FROM activity_seals WHERE sequence > 8").await;
        let cut = Flaw::TailCut { last: 8, expected: 10 };
        assert_eq!(verified(&stage).await.flaws, std::slice::from_ref(&cut));
        let sql = "UPDATE activity_chains SET sequence = 8, mac = (SELECT mac FROM activity_seals WHERE sequence = 8)";
        run(database, sql).await;
        assert_eq!(verified(&stage).await.flaws, [], "the database alone cannot tell");
        assert_eq!(check().await, [cut]);
        write(&stage, 3).await;
        chain::seal(&stage.installation).await.unwrap();
        assert_eq!(
            check().await,
            [Flaw::AnotherHead { expected: head.clone() }],
            "nor does going on hide it"
        );
    }
}

#[tokio::test]
async fn what_was_slipped_in_or_sealed_with_another_key_is_found() {
    for test in databases().await {
        let stage = sealed(test, 3).await;
        let database = &stage.installation.database;
        write(&stage, 1).await;
        run(database, "DELETE FROM activity_queue").await;
        let flaws = verified(&stage).await.flaws;
        assert!(matches!(flaws.as_slice(), [Flaw::Unsealed { .. }]), "{flaws:?}");
        run(database, "UPDATE activity_seals SET sealing_key = 'stolen' WHERE sequence = 2").await;
        let flaws = verified(&stage).await.flaws;
        assert!(flaws.contains(&Flaw::KeyMissing { key: "stolen".to_owned() }), "{flaws:?}");
    }
}

#[tokio::test]
async fn erasing_a_person_breaks_nothing_and_leaves_that_it_was_done() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        chain::seal(&stage.installation).await.unwrap();
        let before = verified(&stage).await;
        let workspace = stage.workspace_id;
        let helena = stage.person("Helena", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let helena = stage.step_up(&helena).await;
        let begin = || Change::by(&stage.installation, &helena.viewer, &[Permission::PrivacyManage]);
        let mut early = begin().await.unwrap();
        let refused = member::erase(&mut early, ana.member_id, "pedido 12").await;
        assert_eq!(refused.err().map(|e| e.to_string()), Some(Refusal::NotRemoved.to_string()));
        drop(early);
        let mut change = begin().await.unwrap();
        member::remove(&mut change, ana.member_id).await.unwrap();
        let erased = member::erase(&mut change, ana.member_id, "pedido 12").await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(erased, Erased { activities: 2, account: true }, "her sign-in, and her removal");
        chain::seal(&stage.installation).await.unwrap();
        let verdict = verified(&stage).await;
        assert_eq!((verdict.flaws, verdict.erased), (vec![], 2));
        assert!(verdict.sealed > before.sealed);
        let people = user::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert!(
            people.iter().all(|person| person.name != "Ana" && !person.email.contains("ana")),
            "{people:?}"
        );
        let filter = ActivityFilter { member_id: Some(ana.member_id), ..ActivityFilter::default() };
        let reader = stage.installation.database.reader();
        let told = activity::page(reader, workspace, &filter, None, 10).await.unwrap();
        assert_eq!(told.len(), 1);
        assert!(told[0].erased && told[0].details == activity::Details::default(), "{told:?}");
    }
}

#[tokio::test]
async fn a_phone_is_recorded_once_a_day_for_each_who_sees_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let mut contacts = Vec::new();
        for number in 0..3 {
            contacts.push(stage.customer("Cliente", &format!("551198765432{number}")).await);
        }
        let note = async |person: &portaria_testing::Person, contacts: &[_]| {
            phone_reveal::note((&stage.installation.database, &stage.clock), &person.viewer, contacts)
                .await
                .unwrap();
        };
        note(&ana, &contacts[..2]).await;
        let statements = stage.installation.database.statement_count();
        note(&ana, &contacts[..2]).await;
        assert_eq!(
            stage.installation.database.statement_count() - statements,
            1,
            "read, and nothing written"
        );
        note(&ana, &contacts).await;
        note(&bia, &contacts[..1]).await;
        stage.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
        note(&ana, &contacts[..1]).await;
        let filter = ActivityFilter { action: Some("contact.".to_owned()), ..ActivityFilter::default() };
        let reader = stage.installation.database.reader();
        let told = activity::page(reader, stage.workspace_id, &filter, None, 10).await.unwrap();
        let named: Vec<usize> = told
            .iter()
            .rev()
            .map(|one| {
                let after: serde_json::Value =
                    serde_json::from_str(one.details.after.as_deref().unwrap()).unwrap();
                after["contacts"].as_array().unwrap().len()
            })
            .collect();
        assert_eq!(named, [2, 1, 1, 1]);
        assert_eq!(told[0].details.address.as_deref(), Some("192.0.2.1"), "from where the session is");
    }
}

#[tokio::test]
async fn who_is_forgotten_does_not_take_along_whose_access_they_changed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let everything = [(BuiltInRole::Administrator, Scope::Workspace)];
        let helena = stage.person("Helena", &everything).await;
        let caio = stage.person("Caio", &everything).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let (helena, caio) = (stage.step_up(&helena).await, stage.step_up(&caio).await);
        let mut change =
            Change::by(&stage.installation, &caio.viewer, &[Permission::MemberManage]).await.unwrap();
        member::suspend(&mut change, ana.member_id).await.unwrap();
        change.finish().await.unwrap();
        let mut change =
            Change::by(&stage.installation, &helena.viewer, &[Permission::MemberManage]).await.unwrap();
        member::remove(&mut change, caio.member_id).await.unwrap();
        member::erase(&mut change, caio.member_id, "pedido 13").await.unwrap();
        change.finish().await.unwrap();
        let filter = ActivityFilter { member_id: Some(caio.member_id), ..ActivityFilter::default() };
        let reader = stage.installation.database.reader();
        let told = activity::page(reader, stage.workspace_id, &filter, None, 10).await.unwrap();
        for done in told {
            assert_eq!(done.erased, done.row.action != "member.suspended", "{done:?}");
        }
    }
}
