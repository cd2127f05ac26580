//! Who leaves: a team, or their screen.

use portaria_domain::conversation::release_owed;
use portaria_domain::granting::Change;
use portaria_domain::permission::Permission;
use portaria_domain::routing::setting::{self, WorkspaceRouting};
use portaria_domain::{member, presence, session, team};
use sea_orm::ConnectionTrait;

use super::*;

const AGENT: BuiltInRole = BuiltInRole::Agent;
const MINUTE: Duration = Duration::from_secs(60);

async fn member_row(stage: &Stage, id: MemberId) -> portaria_entity::member::Model {
    let find = portaria_entity::member::Entity::find_by_id((stage.workspace_id, id));
    find.one(stage.installation.database.reader()).await.unwrap().unwrap()
}

async fn say(stage: &Stage, person: &portaria_testing::Person, availability: Availability) {
    let mut change = Change::by(&stage.installation, &person.viewer, &[]).await.unwrap();
    member::set_availability(&mut change, person.member_id, availability).await.unwrap();
    change.finish().await.unwrap();
}

/// Nobody waits for an answer there.
async fn answered(stage: &Stage, id: ConversationId) {
    let row = conversation::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(id),
        waiting_since: Set(None),
        ..Default::default()
    };
    row.update(stage.installation.database.writer()).await.unwrap();
}

#[tokio::test]
async fn who_leaves_a_team_leaves_its_conversations() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await.member_id;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await.member_id;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let team = stage.team("Noite", &[ana], &[stage.sales]).await;
        let of_team = somebody_writes(&stage, stage.sales, Some(team)).await;
        assert_eq!(route(&stage, &of_team).await, Some(ana));
        set_member(&stage, bia, |row| row.availability = Set(Availability::Busy)).await;
        let other = somebody_writes(&stage, stage.sales, None).await;
        assert_eq!(route(&stage, &other).await, Some(ana));

        let mut change =
            Change::by(&stage.installation, &admin.viewer, &[Permission::TeamManage]).await.unwrap();
        team::admit(&mut change, team, bia).await.unwrap();
        team::dismiss(&mut change, team, ana).await.unwrap();
        change.finish().await.unwrap();
        let assignee =
            async |waiting: &Waiting| conversation_row(&stage, waiting.conversation_id).await.assignee_id;
        assert_eq!(assignee(&of_team).await, None, "{}", stage.test_database.name);
        assert_eq!(assignee(&other).await, Some(ana), "what is no team's stays");
        assert_eq!(verdicts(&stage).await[&ana], Verdict::NotInTeam);
        set_member(&stage, bia, |row| row.availability = Set(Availability::Available)).await;
        assert_eq!(drain(&stage.installation).await.unwrap(), 1);
        assert_eq!(assignee(&of_team).await, Some(bia));
    }
}

#[tokio::test]
async fn who_is_away_gives_back_whom_they_owe_an_answer() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let mut taken = Vec::new();
        for _ in 0..2 {
            let waiting = somebody_writes(&stage, stage.sales, None).await;
            assert_eq!(route(&stage, &waiting).await, Some(ana.member_id));
            taken.push(waiting.conversation_id);
        }
        answered(&stage, taken[1]).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await.member_id;
        say(&stage, &ana, Availability::Offline).await;
        stage.clock.advance(4 * MINUTE);
        // To say it again does not begin the time anew.
        say(&stage, &ana, Availability::Offline).await;
        assert_eq!(release_owed(&stage.installation).await.unwrap(), 0, "there is some grace");
        stage.clock.advance(MINUTE);
        assert_eq!(release_owed(&stage.installation).await.unwrap(), 1, "{}", stage.test_database.name);
        let assignee = async |id| conversation_row(&stage, id).await.assignee_id;
        assert_eq!(assignee(taken[0]).await, Some(bia));
        assert_eq!(assignee(taken[1]).await, Some(ana.member_id), "what is answered stays");
        let latest = routing_decision::Entity::find().order_by_desc(routing_decision::Column::Id);
        let latest = latest.one(stage.installation.database.reader()).await.unwrap().unwrap();
        assert_eq!(latest.cause, RoutingCause::AssigneeAway);

        // The customer writes again.
        let sql = "UPDATE conversations SET waiting_since = $1 WHERE id = $2";
        let values = [stage.clock.now().0.into(), taken[1].0.into()];
        let database = &stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        assert_eq!(release_owed(&stage.installation).await.unwrap(), 1);
        assert_eq!(assignee(taken[1]).await, Some(bia));
        say(&stage, &ana, Availability::Available).await;
        assert_eq!(release_owed(&stage.installation).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn who_goes_without_a_word_is_offline_until_they_are_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(AGENT, Scope::Workspace)]).await;
        let bia = stage.person("Bia", &[(AGENT, Scope::Workspace)]).await;
        set_member(&stage, bia.member_id, |row| row.availability = Set(Availability::Busy)).await;
        let availability = async |id| member_row(&stage, id).await.availability;
        assert_eq!(presence::settle(&stage.installation).await.unwrap(), 0, "{}", stage.test_database.name);
        stage.clock.advance(10 * MINUTE);
        presence::seen(&stage.installation, stage.workspace_id, ana.member_id).await.unwrap();
        let reader = stage.installation.database.reader();
        let online = presence::online_members(
            reader,
            &stage.installation.database,
            stage.workspace_id,
            stage.clock.now(),
        );
        assert_eq!(online.await.unwrap(), [ana.member_id]);
        stage.clock.advance(6 * MINUTE);
        assert_eq!(presence::settle(&stage.installation).await.unwrap(), 1, "Bia's screen says nothing");
        assert_eq!(availability(bia.member_id).await, Availability::Offline);
        assert_eq!(availability(ana.member_id).await, Availability::Available);
        presence::seen(&stage.installation, stage.workspace_id, bia.member_id).await.unwrap();
        assert_eq!(availability(bia.member_id).await, Availability::Busy, "as before");

        // Who signs out everywhere is gone at once; who signs in is back.
        session::end(&stage.installation, &ana.viewer).await.unwrap();
        assert_eq!(presence::settle(&stage.installation).await.unwrap(), 1);
        assert_eq!(availability(ana.member_id).await, Availability::Offline);
        stage.sign_in(&ana.email).await;
        assert_eq!(availability(ana.member_id).await, Availability::Available);

        // Who said it themselves stays offline.
        say(&stage, &bia, Availability::Offline).await;
        presence::seen(&stage.installation, stage.workspace_id, bia.member_id).await.unwrap();
        assert_eq!(presence::settle(&stage.installation).await.unwrap(), 0);
        assert_eq!(availability(bia.member_id).await, Availability::Offline);

        let nobody = WorkspaceRouting { absent_after_minutes: None, ..WorkspaceRouting::default() };
        let database = &stage.installation.database;
        setting::write(database.writer(), database, stage.workspace_id, nobody).await.unwrap();
        stage.clock.advance(600 * MINUTE);
        assert_eq!(presence::settle(&stage.installation).await.unwrap(), 0, "where nobody is taken for away");
    }
}
