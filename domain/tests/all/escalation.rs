//! Nobody gains what they do not hold: tried by every path, by people who hold just enough to try.

use portaria_domain::access::Scope;
use portaria_domain::emergency::{self, Emergency, NewEligibility};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::grant::{self, Amendment, Giving};
use portaria_domain::granting::{Authority, Change};
use portaria_domain::invitation::{self, Invite, Promise};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_domain::{member, team};
use portaria_entity::id::{MemberId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use std::time::Duration;

use BuiltInRole::{Administrator, Agent, Support};

/// A company with an administrator, and a manager who holds every power over people but few over customers.
struct Company {
    stage: Stage,
    admin: Person,
    manager: Person,
    manager_role: RoleId,
    agent: Person,
}

const MANAGING: &[Permission] = &[
    Permission::MemberManage,
    Permission::RoleRead,
    Permission::RoleManage,
    Permission::RoleAssign,
    Permission::TeamManage,
    Permission::ConversationReadAssigned,
    Permission::TemplateRead,
];

impl Company {
    async fn on(test: portaria_testing::TestDatabase) -> Self {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let manager = stage.person("Manager", &[]).await;
        let agent = stage.person("Agent", &[(Agent, Scope::Workspace)]).await;
        let manager_role = custom(&stage, &admin, "Manager", MANAGING).await;
        let mut change = by(&stage, &admin).await;
        grant::give(&mut change, giving(manager.member_id, manager_role, Scope::Workspace)).await.unwrap();
        change.finish().await.unwrap();
        let manager = stage.step_up(&manager).await;
        Self { stage, admin, manager, manager_role, agent }
    }

    async fn built_in(&self, role: BuiltInRole) -> RoleId {
        built_in(&self.stage, role).await
    }

    /// Tries something as somebody, and commits it if it passes.
    async fn as_(
        &self,
        person: &Person,
        attempt: impl AsyncFnOnce(&mut Change<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut change = Change::by(&self.stage.installation, &person.viewer, &[]).await?;
        attempt(&mut change).await?;
        change.finish().await
    }
}

async fn built_in(stage: &Stage, role: BuiltInRole) -> RoleId {
    role::built_in(stage.installation.database.reader(), stage.workspace_id, role).await.unwrap().id
}

async fn by<'a>(stage: &'a Stage, person: &'a Person) -> Change<'a> {
    Change::by(&stage.installation, &person.viewer, &[]).await.unwrap()
}

async fn custom(stage: &Stage, by_whom: &Person, name: &str, permissions: &[Permission]) -> RoleId {
    let mut change = by(stage, by_whom).await;
    let new = NewRole { name, description: "", permissions: PermissionSet::of(permissions) };
    let role = role::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    role.role.id
}

fn giving(member_id: MemberId, role_id: RoleId, scope: Scope) -> Giving<'static> {
    Giving { member_id, role_id, scope, valid_from: None, valid_until: None, reason: "test" }
}

fn refused(outcome: Result<()>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn by_a_grant() {
    for test in databases().await {
        let company = Company::on(test).await;
        let [administrator, agent, support] = [
            company.built_in(Administrator).await,
            company.built_in(Agent).await,
            company.built_in(Support).await,
        ];
        let (manager, nobody) = (&company.manager, company.stage.person("Nobody", &[]).await);
        let give = |to: MemberId, role: RoleId, scope: Scope| {
            company.as_(manager, async move |change| {
                grant::give(change, giving(to, role, scope)).await.map(drop)
            })
        };
        for (role, scope) in [
            (administrator, Scope::Workspace),
            (agent, Scope::Workspace),
            (support, Scope::Channel(company.stage.sales)),
        ] {
            assert_eq!(refused(give(nobody.member_id, role, scope).await), Refusal::NotHeld);
        }
        assert_eq!(
            refused(give(manager.member_id, company.manager_role, Scope::Workspace).await),
            Refusal::OwnAccess
        );
        let to_agent = give(company.agent.member_id, company.manager_role, Scope::Workspace).await;
        assert_eq!(refused(to_agent), Refusal::HoldsMore);
        give(nobody.member_id, company.manager_role, Scope::Workspace).await.unwrap();
        // Taking away is changing too, and needs to hold as much.
        let reader = company.stage.installation.database.reader();
        let of_admin = [company.admin.member_id];
        let now = company.stage.clock.now();
        let held = role::grants_of(reader, company.stage.workspace_id, &of_admin, now).await.unwrap();
        let taken = company
            .as_(manager, async |change| grant::revoke(change, held[0].id, "mine now").await.map(drop))
            .await;
        assert_eq!(refused(taken), Refusal::HoldsMore);
        // A wider scope by changing a grant that was narrow.
        let mut change = by(&company.stage, &company.admin).await;
        let narrow = Scope::Channel(company.stage.sales);
        let row = grant::give(&mut change, giving(nobody.member_id, agent, narrow)).await.unwrap();
        change.finish().await.unwrap();
        let widened = company
            .as_(manager, async |change| {
                let wide = Amendment {
                    scope: Scope::Workspace,
                    valid_from: None,
                    valid_until: None,
                    reason: "wider",
                };
                grant::change(change, row.id, wide).await.map(drop)
            })
            .await;
        assert_eq!(refused(widened), Refusal::HoldsMore);
    }
}

#[tokio::test]
async fn without_a_second_factor_nothing_sensitive_is_given() {
    for test in databases().await {
        let company = Company::on(test).await;
        let nobody = company.stage.person("Nobody", &[]).await;
        company.stage.clock.advance(Duration::from_secs(2 * 60 * 60));
        let stale = company
            .as_(&company.admin, async |change| {
                let role = company.manager_role;
                grant::give(change, giving(nobody.member_id, role, Scope::Workspace)).await.map(drop)
            })
            .await;
        assert!(matches!(stale, Err(Error::StepUpRequired { .. })), "{stale:?}");
    }
}

#[tokio::test]
async fn by_a_role() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (stage, manager) = (&company.stage, &company.manager);
        let more = PermissionSet::of(&[Permission::ContactExport]);
        let made = company
            .as_(manager, async |change| {
                let new = NewRole { name: "Mine", description: "", permissions: more };
                role::create(change, new).await.map(drop)
            })
            .await;
        assert_eq!(refused(made), Refusal::NotHeld);
        let edit = |person, id, permissions| {
            company.as_(person, async move |change| {
                let edit = RoleEdit { permissions: Some(permissions), ..RoleEdit::default() };
                role::edit(change, id, edit).await.map(drop)
            })
        };
        let small = custom(stage, manager, "Small", &[Permission::TemplateRead]).await;
        assert_eq!(refused(edit(manager, small, more).await), Refusal::NotHeld);
        // A role that one holds oneself, even to take something out of it.
        let own = PermissionSet::of(&[Permission::TemplateRead]);
        assert_eq!(refused(edit(manager, company.manager_role, own).await), Refusal::OwnAccess);
        // A role that somebody holds who holds more.
        let mut change = by(stage, &company.admin).await;
        grant::give(&mut change, giving(company.agent.member_id, small, Scope::Workspace)).await.unwrap();
        change.finish().await.unwrap();
        assert_eq!(refused(edit(manager, small, PermissionSet::EMPTY).await), Refusal::HoldsMore);
        let built_in = company.built_in(Agent).await;
        assert_eq!(refused(edit(&company.admin, built_in, more).await), Refusal::BuiltInRole);
        // Deleting it for something bigger.
        let administrator = company.built_in(Administrator).await;
        let replaced = company
            .as_(manager, async |change| {
                role::delete(change, small, Disposal::Replace(administrator)).await.map(drop)
            })
            .await;
        assert_eq!(refused(replaced), Refusal::HoldsMore);
        let unused = company
            .as_(&company.admin, async |change| {
                role::delete(change, small, Disposal::OnlyIfUnused).await.map(drop)
            })
            .await;
        assert_eq!(refused(unused), Refusal::RoleInUse);
        let support = company.built_in(Support).await;
        company
            .as_(&company.admin, async |change| {
                role::delete(change, small, Disposal::Replace(support)).await.map(drop)
            })
            .await
            .unwrap();
        let (reader, of_agent) = (stage.installation.database.reader(), [company.agent.member_id]);
        let held = role::grants_of(reader, stage.workspace_id, &of_agent, stage.clock.now()).await.unwrap();
        let roles: Vec<_> = held.into_iter().map(|row| row.role_id).collect();
        assert_eq!(roles, [company.built_in(Agent).await, support]);
    }
}

#[tokio::test]
async fn by_a_team() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (stage, manager) = (&company.stage, &company.manager);
        let reads_team = custom(
            stage,
            &company.admin,
            "Lead",
            &[Permission::ConversationReadTeam, Permission::MessageRead],
        )
        .await;
        let lead = stage.person("Lead", &[]).await;
        let night = stage.team("Noite", &[], &[]).await;
        let mut change = by(stage, &company.admin).await;
        grant::give(&mut change, giving(lead.member_id, reads_team, Scope::Workspace)).await.unwrap();
        change.finish().await.unwrap();
        let admit = |person, member| {
            company.as_(person, async move |change| team::admit(change, night, member).await.map(drop))
        };
        assert_eq!(refused(admit(manager, manager.member_id).await), Refusal::OwnAccess);
        assert_eq!(refused(admit(manager, lead.member_id).await), Refusal::HoldsMore);
        admit(&company.admin, lead.member_id).await.unwrap();
        // What a team serves is what its members reach.
        let serve = |person| {
            company.as_(person, async move |change| team::serve(change, night, stage.sales).await.map(drop))
        };
        assert_eq!(refused(serve(manager).await), Refusal::HoldsMore);
        serve(&company.admin).await.unwrap();
        // An administrator of one number only, who may manage teams, does not bring in the other number.
        let local = stage.person("Local", &[(Administrator, Scope::Channel(stage.sales))]).await;
        let manages_teams = custom(stage, &company.admin, "Teams", &[Permission::TeamManage]).await;
        let day = stage.team("Dia", &[], &[]).await;
        let mut change = by(stage, &company.admin).await;
        grant::give(&mut change, giving(local.member_id, manages_teams, Scope::Workspace)).await.unwrap();
        let small = stage_member(&mut change, &company, reads_team, Scope::Team(day)).await;
        change.finish().await.unwrap();
        let local = stage.step_up(&local).await;
        let brought =
            company.as_(&local, async |change| team::serve(change, day, stage.support).await.map(drop)).await;
        assert_eq!(refused(brought), Refusal::HoldsMore, "{small} holds something in that team");
        let ended = company.as_(&local, async |change| team::delete(change, day).await.map(drop)).await;
        assert_eq!(refused(ended), Refusal::HoldsMore);
    }
}

/// Gives the agent something, and answers who that is.
async fn stage_member(change: &mut Change<'_>, company: &Company, role: RoleId, scope: Scope) -> MemberId {
    grant::give(change, giving(company.agent.member_id, role, scope)).await.unwrap();
    company.agent.member_id
}

#[tokio::test]
async fn by_suspending_and_reinstating() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (admin, agent, manager) = (&company.admin, &company.agent, &company.manager);
        for target in [admin.member_id, agent.member_id] {
            let outcome = company.as_(manager, async |change| member::suspend(change, target).await).await;
            assert_eq!(refused(outcome), Refusal::HoldsMore);
            let outcome = company.as_(manager, async |change| member::remove(change, target).await).await;
            assert_eq!(refused(outcome), Refusal::HoldsMore);
        }
        let target = agent.member_id;
        company.as_(admin, async |change| member::suspend(change, target).await).await.unwrap();
        let outcome = company.as_(manager, async |change| member::reinstate(change, target).await).await;
        assert_eq!(refused(outcome), Refusal::HoldsMore);
        company.as_(admin, async |change| member::reinstate(change, target).await).await.unwrap();
        let outcome = company.as_(admin, async |change| member::remove(change, admin.member_id).await).await;
        assert_eq!(refused(outcome), Refusal::OwnAccess);
    }
}

#[tokio::test]
async fn by_an_invitation() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (administrator, manager_role) = (company.built_in(Administrator).await, company.manager_role);
        let invite = |person, role_id| {
            company.as_(person, async move |change| {
                let promise = Promise {
                    role_id,
                    scope: Scope::Workspace,
                    valid_from: None,
                    valid_until: None,
                    reason: "test",
                };
                let invite =
                    Invite { name: "Friend", email: "friend@x.example", locale: "en", grants: vec![promise] };
                invitation::invite(change, invite).await.map(drop)
            })
        };
        assert_eq!(refused(invite(&company.manager, administrator).await), Refusal::NotHeld);
        invite(&company.manager, manager_role).await.unwrap();
        let without = invite(&company.agent, manager_role).await;
        assert!(matches!(without, Err(Error::Forbidden { .. })), "{without:?}");
    }
}

#[tokio::test]
async fn by_an_emergency() {
    for test in databases().await {
        let company = Company::on(test).await;
        let (stage, manager) = (&company.stage, &company.manager);
        let administrator = company.built_in(Administrator).await;
        let allow = |person, member_id| {
            company.as_(person, async move |change| {
                let new = NewEligibility {
                    member_id,
                    role_id: administrator,
                    scope: Scope::Workspace,
                    max_hours: 4,
                    reason: "on call",
                };
                emergency::allow(change, new).await.map(drop)
            })
        };
        let friend = stage.person("Friend", &[]).await;
        assert_eq!(refused(allow(manager, friend.member_id).await), Refusal::NotHeld);
        assert_eq!(refused(allow(&company.admin, company.admin.member_id).await), Refusal::OwnAccess);
        allow(&company.admin, manager.member_id).await.unwrap();
        let reader = stage.installation.database.reader();
        let rows =
            emergency::eligibilities_of(reader, stage.workspace_id, &[manager.member_id]).await.unwrap();
        let emergency = Emergency { eligibility_id: rows[0].id, hours: 4, reason: "fire" };
        let stranger = emergency::activate(&stage.installation, &company.agent.viewer, emergency).await;
        assert!(matches!(stranger, Err(Error::NotFound)), "another's eligibility is nobody's business");
        let longer = Emergency { hours: 5, ..emergency };
        let too_long = emergency::activate(&stage.installation, &manager.viewer, longer).await;
        assert_eq!(refused(too_long.map(drop)), Refusal::TooLong);
        emergency::activate(&stage.installation, &manager.viewer, emergency).await.unwrap();
        let again = emergency::activate(&stage.installation, &manager.viewer, emergency).await;
        assert_eq!(refused(again.map(drop)), Refusal::AlreadyActive);
        // With the power for four hours, nothing that lasts: neither for a friend, nor by a role, nor by an invitation.
        let give = |until| {
            company.as_(manager, async move |change| {
                let giving = Giving {
                    valid_until: until,
                    ..giving(friend.member_id, administrator, Scope::Workspace)
                };
                grant::give(change, giving).await.map(drop)
            })
        };
        assert_eq!(refused(give(None).await), Refusal::OutlastsGranter);
        let end = stage.clock.now() + Duration::from_secs(5 * 60 * 60);
        assert_eq!(refused(give(Some(end)).await), Refusal::OutlastsGranter);
        let more = PermissionSet::of(&[Permission::ContactExport]);
        let made = company
            .as_(manager, async |change| {
                let new = NewRole { name: "Mine", description: "", permissions: more };
                role::create(change, new).await.map(drop)
            })
            .await;
        assert_eq!(refused(made), Refusal::OutlastsGranter);
        assert_eq!(refused(allow(manager, friend.member_id).await), Refusal::OutlastsGranter);
        // Nor may the last who administers for good be shut out by who does for four hours.
        let target = company.admin.member_id;
        let outcome = company.as_(manager, async |change| member::remove(change, target).await).await;
        assert_eq!(refused(outcome), Refusal::LastAdministrator);
        stage.clock.advance(Duration::from_secs(4 * 60 * 60));
        let viewer = stage.viewer(&manager.token).await.unwrap();
        assert!(!viewer.access.anywhere().contains(Permission::ContactExport), "it ends on its own");
    }
}

#[tokio::test]
async fn by_another_workspace() {
    for test in databases().await {
        let company = Company::on(test).await;
        let stage = &company.stage;
        let (other, _, other_channel) = stage.another_workspace().await;
        let outsider = stage.person_in(other, "Fora", &[(Administrator, Scope::Workspace)]).await;
        let outsider = stage.step_up(&outsider).await;
        let (agent, support) = (company.agent.member_id, company.built_in(Support).await);
        let not_found = |outcome: Result<()>| assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
        not_found(company.as_(&outsider, async |change| member::suspend(change, agent).await).await);
        let given = giving(outsider.member_id, support, Scope::Workspace);
        not_found(company.as_(&outsider, async |change| grant::give(change, given).await.map(drop)).await);
        let given = giving(agent, support, Scope::Channel(other_channel));
        not_found(
            company.as_(&company.admin, async |change| grant::give(change, given).await.map(drop)).await,
        );
        not_found(
            company
                .as_(&outsider, async |change| {
                    role::delete(change, company.manager_role, Disposal::CloseGrants).await.map(drop)
                })
                .await,
        );
    }
}

#[tokio::test]
async fn of_two_administrators_who_remove_each_other_one_remains() {
    for test in databases().await {
        let company = Company::on(test).await;
        let stage = &company.stage;
        let second = stage.person("Second", &[(Administrator, Scope::Workspace)]).await;
        let second = stage.step_up(&second).await;
        let remove = |by: &Person, target: MemberId| {
            let (installation, viewer) = (stage.installation.clone(), by.viewer.clone());
            async move {
                let mut change = Change::by(&installation, &viewer, &[Permission::MemberManage]).await?;
                member::remove(&mut change, target).await?;
                change.finish().await
            }
        };
        let (one, other) =
            tokio::join!(remove(&company.admin, second.member_id), remove(&second, company.admin.member_id));
        let done = [&one, &other].into_iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{one:?} {other:?} on {}", stage.test_database.name);
        // The installation itself does not leave nobody either.
        let left = if one.is_ok() { company.admin.member_id } else { second.member_id };
        let change = Change::begin(&stage.installation, stage.workspace_id, Authority::Installation).await;
        let mut change = change.unwrap();
        member::suspend(&mut change, left).await.unwrap();
        assert_eq!(refused(change.finish().await), Refusal::LastAdministrator);
    }
}
