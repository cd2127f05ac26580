//! What a workspace demands: what a new one begins with, and what follows for routing and explanations.

use portaria_domain::access::Scope;
use portaria_domain::explanation::{Object, Question, Verdict, explain};
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;
use portaria_domain::role;
use portaria_domain::security_policy::{self, SecurityPolicy};
use portaria_domain::workspace::{self, NewWorkspace};
use portaria_entity::id::RoleId;
use portaria_entity::role::BuiltInRole::{Administrator, Agent, Developer};
use portaria_entity::security_policy::SecondFactorDemand;
use portaria_entity::time::Timestamp;
use portaria_testing::{Stage, databases};
use sea_orm::{ConnectionTrait, EntityTrait};

async fn demand(stage: &Stage, of: &str) {
    let database = &stage.installation.database;
    let sql = "UPDATE security_policies SET second_factor = $2 WHERE workspace_id = $1";
    let values = [stage.workspace_id.0.into(), of.into()];
    database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
    stage.installation.viewers.access_changed(stage.workspace_id);
}

#[tokio::test]
async fn a_new_workspace_demands_it_of_administrators_and_developers() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let transaction = stage.installation.database.begin().await.unwrap();
        let new = NewWorkspace { name: "Nova", time_zone: "America/Recife", locale: "pt-BR" };
        let id = workspace::create(&transaction, &stage.installation, new).await.unwrap().id;
        transaction.commit().await.unwrap();
        let reader = stage.installation.database.reader();
        let mut roles = Vec::new();
        for wanted in [Administrator, Developer] {
            roles.push(role::built_in(reader, id, wanted).await.unwrap().id);
        }
        let policy = security_policy::of(reader, id).await.unwrap();
        assert_eq!(policy, SecurityPolicy { second_factor: SecondFactorDemand::Roles, roles });
        let admin = stage.person_in(id, "Admin", &[(Administrator, Scope::Workspace)]).await;
        let agent = stage.person_in(id, "Agent", &[(Agent, Scope::Workspace)]).await;
        assert!(admin.viewer.is_barred() && admin.viewer.access.anywhere().is_empty());
        assert!(!agent.viewer.is_barred());
        stage.authenticator(&admin).await;
        let still = stage.viewer(&admin.token).await.unwrap();
        assert!(still.is_barred(), "the session has not shown it");
        assert!(!stage.step_up(&admin).await.viewer.is_barred());
    }
}

#[tokio::test]
async fn what_is_demanded_of_more_people_is_demanded_anew_and_nothing_else_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Boss", &[(Administrator, Scope::Workspace)]).await;
        let reader = stage.installation.database.reader();
        let mut roles = Vec::new();
        for wanted in [Administrator, Developer, Agent] {
            roles.push(role::built_in(reader, stage.workspace_id, wanted).await.unwrap().id);
        }
        let policy =
            |second_factor, roles: &[RoleId]| SecurityPolicy { second_factor, roles: roles.to_vec() };
        let by_roles = |roles: &[RoleId]| policy(SecondFactorDemand::Roles, roles);
        let everyone = policy(SecondFactorDemand::Everyone, &[]);
        let nobody = policy(SecondFactorDemand::Nobody, &[]);
        let steps = [
            (nobody.clone(), false),
            (by_roles(&roles[..2]), true),
            (by_roles(&[roles[1], roles[0]]), false),
            (by_roles(&roles[..1]), false),
            (by_roles(&roles[1..]), true),
            (everyone.clone(), true),
            (everyone, false),
            (by_roles(&roles), false),
            (nobody, false),
        ];
        for (number, (policy, widens)) in steps.into_iter().enumerate() {
            stage.clock.advance(std::time::Duration::from_secs(60));
            let boss = stage.step_up(&boss).await;
            let before = demanded_since(&stage).await;
            let mut change = Change::by(&stage.installation, &boss.viewer, &[]).await.unwrap();
            let now = change.now;
            security_policy::update(&mut change, policy).await.unwrap();
            change.finish().await.unwrap();
            let since = demanded_since(&stage).await;
            let expected = if widens { now } else { before };
            assert_eq!(since, expected, "{}: step {number}", stage.test_database.name);
        }
    }
}

async fn demanded_since(stage: &Stage) -> Timestamp {
    let find = portaria_entity::security_policy::Entity::find_by_id(stage.workspace_id);
    find.one(stage.installation.database.reader()).await.unwrap().unwrap().updated_at
}

#[tokio::test]
async fn a_workspace_without_a_policy_demands_it_of_everybody() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let database = &stage.installation.database;
        for sql in ["DELETE FROM security_policy_roles", "DELETE FROM security_policies"] {
            database.writer().execute_raw(database.statement(sql, [])).await.unwrap();
        }
        stage.installation.viewers.access_changed(stage.workspace_id);
        assert!(stage.viewer(&ana.token).await.unwrap().is_barred(), "closed when in doubt");
    }
}

#[tokio::test]
async fn who_could_not_answer_is_not_given_conversations_and_is_told_why() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(Agent, Scope::Workspace)]).await;
        demand(&stage, "everyone").await;
        let reader = stage.installation.database.reader();
        let waited_for = || async {
            let (database, now) = (&stage.installation.database, stage.clock.now());
            let found = security_policy::waited_for(reader, database, stage.workspace_id, now).await.unwrap();
            let mut found: Vec<_> = found.into_iter().collect();
            found.sort();
            found
        };
        assert_eq!(waited_for().await, [ana.member_id, bia.member_id]);
        stage.authenticator(&ana).await;
        assert_eq!(waited_for().await, [bia.member_id]);
        let question = |member_id| Question {
            workspace_id: stage.workspace_id,
            member_id,
            permission: Permission::MessageRead,
            object: Object::Anything,
            now: stage.clock.now(),
        };
        let database = &stage.installation.database;
        let verdict = async |member| explain(reader, database, &question(member)).await.unwrap().verdict;
        assert_eq!(verdict(ana.member_id).await, Verdict::Allowed);
        assert_eq!(verdict(bia.member_id).await, Verdict::AllowedWithTwoFactor);
        // One that a single sign-on vouches for will do, as long as its session lasts.
        stage.step_up(&bia).await;
        assert!(waited_for().await.is_empty());
    }
}
