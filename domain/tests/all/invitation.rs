//! Inviting people: once, for some time, and only to what the inviter may still grant.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::{Authority, Change};
use portaria_domain::invitation::{self, Acceptance, Invite, Promise, accept};
use portaria_domain::permission::Permission;
use portaria_domain::{grant, member, role};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::EntityTrait;

/// Invites somebody to be an agent, and answers the token in the letter.
async fn invite(stage: &Stage, by: &Person, email: &str) -> portaria_domain::Result<String> {
    let installation = &stage.installation;
    let reader = installation.database.reader();
    let agent = role::built_in(reader, by.viewer.workspace_id, BuiltInRole::Agent).await?;
    let promise = Promise {
        role_id: agent.id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "joins sales",
    };
    let mut change = Change::by(installation, &by.viewer, &[Permission::MemberManage]).await?;
    let invite = Invite { name: "Nina", email, locale: "pt-BR", grants: vec![promise] };
    invitation::invite(&mut change, invite).await?;
    change.finish().await?;
    Ok(stage.token_for(email).await)
}

fn accepting<'a>(token: &'a str, password: &'a str) -> Acceptance<'a> {
    Acceptance { token, name: None, password, code: None, origin: Origin::default() }
}

fn refusal<T>(outcome: portaria_domain::Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

async fn admin(stage: &Stage, name: &str) -> Person {
    let admin = stage.person(name, &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
    stage.step_up(&admin).await
}

#[tokio::test]
async fn a_new_person_joins_once_with_a_password_of_their_own() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let token = invite(&stage, &admin, "Nina@X.example").await.unwrap();
        let wrong = accept(&stage.installation, accepting("ptr_inv_x", PASSWORD)).await;
        assert_eq!(refusal(wrong), Refusal::InvalidToken);
        let short = accept(&stage.installation, accepting(&token, "short")).await;
        assert_eq!(refusal(short), Refusal::PasswordLength);
        let opened = accept(&stage.installation, accepting(&token, PASSWORD)).await.unwrap();
        let viewer = stage.viewer(opened.token.reveal()).await.unwrap();
        assert!(viewer.access.everywhere().contains(Permission::ContactReadPhone));
        let again = accept(&stage.installation, accepting(&token, PASSWORD)).await;
        assert_eq!(refusal(again), Refusal::InvalidToken);
        stage.sign_in("nina@x.example").await;
        assert_eq!(refusal(invite(&stage, &admin, "nina@x.example").await), Refusal::AlreadyMember);
    }
}

#[tokio::test]
async fn an_invitation_expires_and_is_replaced_by_the_next() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let first = invite(&stage, &admin, "nina@x.example").await.unwrap();
        let second = invite(&stage, &admin, "nina@x.example").await.unwrap();
        assert_eq!(
            refusal(accept(&stage.installation, accepting(&first, PASSWORD)).await),
            Refusal::InvalidToken
        );
        stage.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
        assert_eq!(
            refusal(accept(&stage.installation, accepting(&second, PASSWORD)).await),
            Refusal::InvalidToken
        );
    }
}

#[tokio::test]
async fn who_has_an_account_proves_it_and_keeps_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let (other, _, _) = stage.another_workspace().await;
        let nina = stage.person_in(other, "Nina", &[(BuiltInRole::Analyst, Scope::Workspace)]).await;
        let token = invite(&stage, &admin, &nina.email).await.unwrap();
        let stolen = accept(&stage.installation, accepting(&token, "the thief's own password")).await;
        assert_eq!(refusal(stolen), Refusal::InvalidCredentials);
        let opened = accept(&stage.installation, accepting(&token, PASSWORD)).await.unwrap();
        assert_eq!(
            (opened.session.user_id, opened.session.workspace_id),
            (nina.viewer.session().unwrap().user_id, stage.workspace_id)
        );
        let there = stage.viewer(&nina.token).await.unwrap();
        assert!(!there.access.anywhere().contains(Permission::MessageRead), "nothing crosses over");
        // Removed here, they are still there; invited again, they are the same member without the earlier grants.
        let member_id = opened.session.member_id;
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        member::remove(&mut change, member_id).await.unwrap();
        change.finish().await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.is_none());
        assert!(stage.viewer(&nina.token).await.is_some());
        let token = invite(&stage, &admin, &nina.email).await.unwrap();
        let back = accept(&stage.installation, accepting(&token, PASSWORD)).await.unwrap();
        assert_eq!(back.session.member_id, member_id);
    }
}

#[tokio::test]
async fn the_letters_owner_sees_where_it_leads_until_it_is_used() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let installation = &stage.installation;
        let admin = admin(&stage, "Admin").await;
        let token = invite(&stage, &admin, "Nina@X.example").await.unwrap();
        assert!(invitation::preview(installation, "ptr_inv_x").await.unwrap().is_none());
        let seen = invitation::preview(installation, &token).await.unwrap().unwrap();
        let told = (seen.workspace.name.as_str(), seen.invitation.email.as_str(), seen.has_account);
        assert_eq!(told, ("Padaria", "Nina@X.example", false));
        accept(installation, accepting(&token, PASSWORD)).await.unwrap();
        assert!(invitation::preview(installation, &token).await.unwrap().is_none(), "it is used");

        let (other, _, _) = stage.another_workspace().await;
        let rosa = stage.person_in(other, "Rosa", &[]).await;
        let token = invite(&stage, &admin, &rosa.email).await.unwrap();
        assert!(invitation::preview(installation, &token).await.unwrap().unwrap().has_account);
        stage.clock.advance(Duration::from_secs(7 * 24 * 60 * 60));
        assert!(invitation::preview(installation, &token).await.unwrap().is_none(), "it is too old");
    }
}

#[tokio::test]
async fn what_the_inviter_may_no_longer_grant_is_not_granted() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let second = self::admin(&stage, "Second").await;
        let token = invite(&stage, &second, "nina@x.example").await.unwrap();
        let reader = stage.installation.database.reader();
        let held = role::grants_of(reader, stage.workspace_id, &[second.member_id], stage.clock.now())
            .await
            .unwrap();
        let mut change = Change::by(&stage.installation, &admin.viewer, &[]).await.unwrap();
        grant::revoke(&mut change, held[0].id, "moved").await.unwrap();
        change.finish().await.unwrap();
        let void = accept(&stage.installation, accepting(&token, PASSWORD)).await;
        assert_eq!(refusal(void), Refusal::InvitationVoid);
        let users = portaria_entity::user::Entity::find().all(reader).await.unwrap();
        assert_eq!(users.len(), 2, "nobody was created");
        // An inviter who is suspended invites nobody either, whatever they promised.
        let third = self::admin(&stage, "Third").await;
        let token = invite(&stage, &third, "nina@x.example").await.unwrap();
        let mut change =
            Change::begin(&stage.installation, stage.workspace_id, Authority::Installation).await.unwrap();
        member::suspend(&mut change, third.member_id).await.unwrap();
        change.finish().await.unwrap();
        let void = accept(&stage.installation, accepting(&token, PASSWORD)).await;
        assert_eq!(refusal(void), Refusal::InvitationVoid);
    }
}
