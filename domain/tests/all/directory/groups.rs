//! Groups of the directory, and what they are said to stand for.

use portaria_domain::role::Disposal;
use portaria_domain::team;
use portaria_entity::id::{MemberId, TeamId};

use super::*;

async fn is_in_team(stage: &Stage, team: TeamId, member: MemberId) -> bool {
    let reader = stage.installation.database.reader();
    let inside = team::members_of(reader, stage.workspace_id, &[team]).await.unwrap();
    inside.iter().any(|row| row.member_id == member)
}

#[tokio::test]
async fn a_group_confers_what_it_is_mapped_to_while_one_is_in_it() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace), (Support, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let group = company.group("Vendas", &[id]).await.unwrap();
        assert!(company.reasons(&nina).await.is_empty(), "nobody has said what it stands for");
        let sales = Meaning::Role(company.role(Agent).await, Scope::Channel(stage.sales));
        let mapped = company.maps(GroupRef::Id(group), sales).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["directory: Vendas"]);
        assert_eq!(refusal(company.maps(GroupRef::Name("VENDAS"), sales).await), Refusal::AlreadyActive);
        stage.grant(stage.workspace_id, nina.member_id, Agent, Scope::Channel(stage.sales)).await;
        company.puts(group, &[]).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["test"], "what was given by hand stays");
        company.puts(group, &[id]).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["test", "directory: Vendas"]);
        let unmap = async |change: &mut Change<'_>| mapping::unmap(change, mapped).await;
        try_as(stage, &company.admin, unmap).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["test"]);
        assert_eq!(refusal(try_as(stage, &company.admin, unmap).await), Refusal::AlreadyEnded);
        company.maps(GroupRef::Id(group), sales).await.unwrap();
        let reader = stage.installation.database.reader();
        let row = group::find(reader, stage.workspace_id, group).await.unwrap();
        company.does(async |change| group::remove(change, row).await).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["test"]);
        // A new group of the old name is another group.
        company.group("Vendas", &[id]).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["test"]);
    }
}

#[tokio::test]
async fn what_somebody_ended_by_hand_the_directory_does_not_give_again() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let (other, _) = company.newcomer("olga@x.example").await;
        let group = company.group("Vendas", &[id]).await.unwrap();
        let agent = Meaning::Role(company.role(Agent).await, Scope::Workspace);
        company.maps(GroupRef::Id(group), agent).await.unwrap();
        let (reader, now) = (stage.installation.database.reader(), stage.clock.now());
        let held = role::grants_of(reader, stage.workspace_id, &[nina.member_id], now).await.unwrap();
        let revoke = async |change: &mut Change<'_>| grant::revoke(change, held[0].id, "incident").await;
        try_as(stage, &company.admin, revoke).await.unwrap();
        company.puts(group, &[id, other]).await.unwrap();
        assert!(company.reasons(&nina).await.is_empty());
        company.puts(group, &[other]).await.unwrap();
        company.puts(group, &[id, other]).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["directory: Vendas"], "put there anew, on purpose");
    }
}

#[tokio::test]
async fn teams_are_joined_and_left_and_those_of_ones_own_are_kept() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let by_hand = stage.team("Suporte", &[nina.member_id], &[stage.support]).await;
        let sales = stage.team("Vendas", &[], &[stage.sales]).await;
        let one = company.group("Um", &[id]).await.unwrap();
        let two = company.group("Dois", &[id]).await.unwrap();
        for (group, team) in [(one, sales), (two, sales), (two, by_hand)] {
            company.maps(GroupRef::Id(group), Meaning::Team(team)).await.unwrap();
        }
        assert!(is_in_team(stage, sales, nina.member_id).await);
        company.puts(one, &[]).await.unwrap();
        assert!(is_in_team(stage, sales, nina.member_id).await, "the other group keeps her in");
        company.puts(two, &[]).await.unwrap();
        assert!(!is_in_team(stage, sales, nina.member_id).await);
        assert!(is_in_team(stage, by_hand, nina.member_id).await, "she was there before the directory");
        company.puts(two, &[id]).await.unwrap();
        let delete = async |change: &mut Change<'_>| team::delete(change, sales).await;
        try_as(stage, &company.admin, delete).await.unwrap();
        company.puts(two, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_mapping_is_limited_to_what_its_author_holds_and_the_directory_is_approved_for() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let approved = [(Support, Scope::Channel(stage.sales))];
        let company = Company::of(stage, &approved).await;
        let stage = &company.stage;
        let (support, agent) = (company.role(Support).await, company.role(Agent).await);
        for meaning in [
            Meaning::Role(agent, Scope::Channel(stage.sales)),
            Meaning::Role(support, Scope::Channel(stage.support)),
            Meaning::Role(support, Scope::Workspace),
        ] {
            let refused = company.maps(GroupRef::Name("Vendas"), meaning).await;
            assert_eq!(refusal(refused), Refusal::NotApproved, "{meaning:?}");
        }
        let developer = stage.person("Dev", &[(Developer, Scope::Workspace)]).await;
        let developer = stage.step_up(&developer).await;
        let meaning = Meaning::Role(support, Scope::Channel(stage.sales));
        let map =
            async |change: &mut Change<'_>| mapping::map(change, GroupRef::Name("Vendas"), meaning).await;
        assert!(matches!(try_as(stage, &developer, map).await, Err(Error::Forbidden { .. })));
        company.maps(GroupRef::Name("Vendas"), meaning).await.unwrap();
        // Awaited by its name, it is the directory's when it comes.
        let (id, nina) = company.newcomer("nina@x.example").await;
        let group = company.group("vendas", &[id]).await.unwrap();
        assert_eq!(company.reasons(&nina).await, ["directory: vendas"]);
        assert_eq!(refusal(company.group("VENDAS", &[]).await), Refusal::NameTaken);
        company.puts(group, &[]).await.unwrap();
        assert!(company.reasons(&nina).await.is_empty());
    }
}

#[tokio::test]
async fn a_group_passes_over_whom_the_directory_may_not_touch() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let admin = company.known(&company.admin.email).await;
        let (id, nina) = company.newcomer("nina@x.example").await;
        let agent = Meaning::Role(company.role(Agent).await, Scope::Workspace);
        company.maps(GroupRef::Name("Todos"), agent).await.unwrap();
        let group = company.group("Todos", &[admin.id, id]).await.unwrap();
        assert_eq!(company.reasons(&company.admin).await, ["test"]);
        assert_eq!(company.reasons(&nina).await, ["directory: Todos"]);
        let database = &stage.installation.database;
        let sql = "SELECT COUNT(*) FROM activities WHERE action = 'directory_mapping.passed_over'";
        let row = database.reader().query_one_raw(database.statement(sql, [])).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
        // Who has been given more by hand meanwhile, is not the directory's to take from.
        stage.grant(stage.workspace_id, nina.member_id, Analyst, Scope::Workspace).await;
        assert_eq!(refusal(company.puts(group, &[admin.id]).await), Refusal::HoldsMore);
        assert_eq!(company.reasons(&nina).await, ["directory: Todos", "test"]);
        company.puts(group, &[id]).await.unwrap();
    }
}

#[tokio::test]
async fn a_mapping_goes_on_with_the_role_in_the_place_of_its_own() {
    for test in databases().await {
        let company = Company::on(test, &[(Agent, Scope::Workspace)]).await;
        let stage = &company.stage;
        let make = try_as(stage, &company.admin, async |change| {
            let permissions = portaria_domain::permission::PermissionSet::of_role(Support);
            role::create(change, NewRole { name: "Júnior", description: "", permissions }).await
        });
        let junior = make.await.unwrap().role.id;
        let approved = [(junior, Scope::Workspace)];
        let expires_at = stage.clock.now() + DAY;
        let new = NewCredential { name: "Okta", approved: &approved, expires_at };
        try_as(stage, &company.admin, async |change| credential::create(change, new).await).await.unwrap();
        let (id, nina) = company.newcomer("nina@x.example").await;
        let group = company.group("Juniores", &[id]).await.unwrap();
        company.maps(GroupRef::Id(group), Meaning::Role(junior, Scope::Workspace)).await.unwrap();
        let agent = company.role(Agent).await;
        let delete =
            async |change: &mut Change<'_>| role::delete(change, junior, Disposal::Replace(agent)).await;
        try_as(stage, &company.admin, delete).await.unwrap();
        assert_eq!(company.reasons(&nina).await.len(), 1);
        company.puts(group, &[]).await.unwrap();
        assert!(company.reasons(&nina).await.is_empty(), "what took its place ends with it");
    }
}
