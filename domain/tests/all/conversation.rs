//! Who sees which conversation, and who gets it.

use std::collections::BTreeSet;

use portaria_domain::access::{Reading, Scope};
use portaria_domain::conversation::{
    Assignment, ConversationCursor, ConversationFilter, assign, claim, find, page, placement, resolve,
};
use portaria_domain::error::{Error, Refusal};
use portaria_entity::conversation;
use portaria_entity::id::ConversationId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use sea_orm::EntityTrait;

async fn visible(stage: &Stage, person: &Person) -> Vec<ConversationId> {
    let viewer = stage.viewer(&person.token).await.unwrap();
    let rows = page(stage.installation.database.reader(), &viewer, &ConversationFilter::default(), None, 100)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.row.id).collect()
}

#[tokio::test]
async fn the_finder_and_the_rule_for_one_row_agree() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let team = stage.team("Noite", &[bia.member_id], &[stage.support]).await;
        let people = [
            stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await,
            stage.person("Sales", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await,
            stage
                .person(
                    "Both",
                    &[
                        (BuiltInRole::Support, Scope::Channel(stage.sales)),
                        (BuiltInRole::Administrator, Scope::Channel(stage.support)),
                    ],
                )
                .await,
            stage.person("Night", &[(BuiltInRole::Administrator, Scope::Team(team))]).await,
            stage.person("Analyst", &[(BuiltInRole::Analyst, Scope::Workspace)]).await,
            stage.person("Nothing", &[]).await,
            bia,
        ];
        let mut number = 0u64;
        for channel in [stage.sales, stage.support] {
            for assignee in
                [None, Some(people[1].member_id), Some(people[2].member_id), Some(people[6].member_id)]
            {
                for in_team in [false, true] {
                    for resolved in [false, true] {
                        number += 1;
                        let contact = stage.customer("Cliente", &format!("55119{number:08}")).await;
                        let id = stage.conversation(contact, channel, assignee, &["oi"]).await;
                        let database = &stage.installation.database;
                        let status = if resolved { "resolved" } else { "open" };
                        let values = [id.0.into(), status.into(), in_team.then_some(team.0).into()];
                        let sql = "UPDATE conversations SET status = $2, team_id = $3 WHERE id = $1";
                        sea_orm::ConnectionTrait::execute_raw(
                            database.writer(),
                            database.statement(sql, values),
                        )
                        .await
                        .unwrap();
                    }
                }
            }
        }
        let all = conversation::Entity::find().all(stage.installation.database.reader()).await.unwrap();
        assert_eq!(all.len(), 32);
        let mut sizes = Vec::new();
        for person in &people {
            let viewer = stage.viewer(&person.token).await.unwrap();
            let expected: BTreeSet<_> = all
                .iter()
                .filter(|row| viewer.access.reading(placement(row)).is_some())
                .map(|row| row.id)
                .collect();
            let found: BTreeSet<_> = visible(&stage, person).await.into_iter().collect();
            assert_eq!(found, expected, "{} on {}", person.email, stage.test_database.name);
            sizes.push(found.len());
        }
        assert_eq!(sizes, [32, 6, 22, 16, 0, 0, 12]);
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_conversations_of_the_same_instant() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for number in 0..7 {
            let contact = stage.customer("Cliente", &format!("551190000000{number}")).await;
            stage.conversation(contact, stage.sales, None, &["oi"]).await;
            if number % 3 != 0 {
                stage.clock.set(portaria_testing::START);
            }
        }
        let whole = visible(&stage, &admin).await;
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let reader = stage.installation.database.reader();
            let rows = page(reader, &admin.viewer, &ConversationFilter::default(), after, 2).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(ConversationCursor { last_activity_at: last.row.last_activity_at, id: last.row.id });
            paged.extend(rows.iter().map(|row| row.row.id));
        }
        assert_eq!(paged, whole);
        assert_eq!(whole.len(), 7);
    }
}

#[tokio::test]
async fn of_many_who_claim_at_once_one_gets_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut people = Vec::new();
        for name in ["Ana", "Bia", "Caio", "Davi"] {
            people.push(stage.person(name, &[(BuiltInRole::Agent, Scope::Workspace)]).await);
        }
        let contact = stage.customer("Cliente", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, None, &["oi"]).await;
        let mut claims = tokio::task::JoinSet::new();
        for person in &people {
            let (installation, viewer) = (stage.installation.clone(), person.viewer.clone());
            claims.spawn(async move { claim(&installation, &viewer, id).await });
        }
        let (mut won, mut lost) = (0, 0);
        for result in claims.join_all().await {
            match result {
                Ok(row) => {
                    won += 1;
                    assert_eq!(row.reading, Reading::Whole);
                }
                // Who comes too late sees either that it is taken, or no longer that it is there.
                Err(Error::NotFound | Error::Refused(Refusal::AlreadyAssigned)) => lost += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((won, lost), (1, 3), "{}", stage.test_database.name);
    }
}

#[tokio::test]
async fn a_conversation_goes_only_to_who_may_have_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Channel(stage.sales))]).await;
        let bia = stage.person("Bia", &[(BuiltInRole::Agent, Scope::Channel(stage.support))]).await;
        let contact = stage.customer("Cliente", "5511987654321").await;
        let id = stage.conversation(contact, stage.sales, Some(ana.member_id), &["oi"]).await;
        let installation = &stage.installation;

        let refused = assign(installation, &admin.viewer, id, Assignment::Member(bia.member_id)).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::AssigneeNotPermitted))));
        let hidden = assign(installation, &bia.viewer, id, Assignment::Member(bia.member_id)).await;
        assert!(matches!(hidden, Err(Error::NotFound)), "who may not see it is not told that it is there");
        let given = assign(installation, &ana.viewer, id, Assignment::Member(admin.member_id)).await.unwrap();
        assert!(given.is_none(), "who gave it away sees it no longer");
        assert!(matches!(find(installation.database.reader(), &ana.viewer, id).await, Err(Error::NotFound)));
        assign(installation, &admin.viewer, id, Assignment::Nobody).await.unwrap();
        assert!(matches!(
            resolve(installation, &ana.viewer, id).await,
            Err(Error::Forbidden { .. } | Error::Refused(_))
        ));
        claim(installation, &ana.viewer, id).await.unwrap();
        resolve(installation, &ana.viewer, id).await.unwrap();
        let again = resolve(installation, &ana.viewer, id).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyResolved))));
    }
}
