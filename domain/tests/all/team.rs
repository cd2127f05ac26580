//! What a team opens to who is in it: given by every path only by who reads it themselves.

use portaria_domain::access::Scope;
use portaria_domain::emergency::{self, NewEligibility};
use portaria_domain::error::{Error, Refusal, Result};
use portaria_domain::grant::{self, Giving};
use portaria_domain::granting::Change;
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_domain::role::{self, Disposal, NewRole, RoleEdit};
use portaria_domain::{member, team};
use portaria_entity::id::{MemberId, RoleId};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};

use Permission::{
    ConversationReadTeam, MemberManage, MessageRead, RoleAssign, RoleManage, TeamManage, TemplateRead,
};

async fn try_as(
    stage: &Stage,
    person: &Person,
    attempt: impl AsyncFnOnce(&mut Change<'_>) -> Result<()>,
) -> Result<()> {
    let mut change = Change::by(&stage.installation, &person.viewer, &[]).await?;
    attempt(&mut change).await?;
    change.finish().await
}

async fn give(stage: &Stage, by: &Person, to: MemberId, (role_id, scope): (RoleId, Scope)) -> Result<()> {
    let giving =
        Giving { member_id: to, role_id, scope, valid_from: None, valid_until: None, reason: "test" };
    try_as(stage, by, async |change| grant::give(change, giving).await.map(drop)).await
}

async fn role_of(stage: &Stage, by: &Person, name: &str, permissions: &[Permission]) -> RoleId {
    let new = NewRole { name, description: "", permissions: PermissionSet::of(permissions) };
    let mut change = Change::by(&stage.installation, &by.viewer, &[]).await.unwrap();
    let made = role::create(&mut change, new).await.unwrap();
    change.finish().await.unwrap();
    made.role.id
}

fn not_held(outcome: Result<()>) {
    match outcome {
        Err(Error::Refused(refusal)) => assert_eq!(refusal, Refusal::NotHeld),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn who_is_in_a_team_is_not_given_to_read_it_by_who_does_not() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = stage.person("Admin", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let admin = stage.step_up(&admin).await;
        let (manager, nina) = (stage.person("Manager", &[]).await, stage.person("Nina", &[]).await);
        let managing = [
            MemberManage,
            RoleManage,
            RoleAssign,
            TeamManage,
            ConversationReadTeam,
            MessageRead,
            TemplateRead,
        ];
        let managing = role_of(&stage, &admin, "Manager", &managing).await;
        let reader = role_of(&stage, &admin, "Reader", &[ConversationReadTeam, MessageRead]).await;
        let small = role_of(&stage, &admin, "Small", &[TemplateRead]).await;
        give(&stage, &admin, manager.member_id, (managing, Scope::Workspace)).await.unwrap();
        let manager = stage.step_up(&manager).await;
        let other = stage.team("Dia", &[], &[]).await;
        let night = stage.team("Noite", &[], &[]).await;
        try_as(&stage, &manager, async |change| team::admit(change, night, nina.member_id).await.map(drop))
            .await
            .unwrap();

        for scope in [Scope::Workspace, Scope::Channel(stage.sales), Scope::Team(night)] {
            not_held(give(&stage, &manager, nina.member_id, (reader, scope)).await);
        }
        give(&stage, &manager, nina.member_id, (reader, Scope::Team(other))).await.unwrap();
        not_held(
            try_as(&stage, &manager, async |change| {
                let new = NewEligibility {
                    member_id: nina.member_id,
                    role_id: reader,
                    scope: Scope::Workspace,
                    max_hours: 1,
                    reason: "on call",
                };
                emergency::allow(change, new).await.map(drop)
            })
            .await,
        );
        give(&stage, &manager, nina.member_id, (small, Scope::Workspace)).await.unwrap();
        not_held(
            try_as(&stage, &manager, async |change| {
                let permissions = Some(PermissionSet::of(&[TemplateRead, ConversationReadTeam]));
                let edit = RoleEdit { permissions, ..RoleEdit::default() };
                role::edit(change, small, edit).await.map(drop)
            })
            .await,
        );
        not_held(
            try_as(&stage, &manager, async |change| {
                role::delete(change, small, Disposal::Replace(reader)).await.map(drop)
            })
            .await,
        );
        // Who reads the team may give others to read it, by each of these ways.
        try_as(&stage, &admin, async |change| team::admit(change, night, manager.member_id).await.map(drop))
            .await
            .unwrap();
        give(&stage, &manager, nina.member_id, (reader, Scope::Workspace)).await.unwrap();
        // And taking it back for a while does not make it theirs to give again.
        try_as(&stage, &admin, async |change| member::suspend(change, nina.member_id).await).await.unwrap();
        try_as(&stage, &admin, async |change| {
            team::dismiss(change, night, manager.member_id).await.map(drop)
        })
        .await
        .unwrap();
        not_held(
            try_as(&stage, &manager, async |change| member::reinstate(change, nina.member_id).await).await,
        );
    }
}
