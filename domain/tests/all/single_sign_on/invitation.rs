//! First sign-ins by an invitation.

use portaria_domain::access::Scope;
use portaria_domain::error::Refusal;
use portaria_domain::invitation::{self, Invite, Promise};
use portaria_domain::permission::Permission;
use portaria_domain::role::{self, NewRole};
use portaria_domain::single_sign_on::Want;
use portaria_domain::{grant, member};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use super::{SIGN_IN, admin, built_in, configure, enter, refusal, try_as, viewer};
use BuiltInRole::{Administrator, Agent, Support};

/// Invites somebody to a role; answers the token in the letter.
async fn invite(stage: &Stage, by: &Person, email: &str, role: BuiltInRole) -> String {
    let role_id = built_in(stage, by, role).await;
    let promise =
        Promise { role_id, scope: Scope::Workspace, valid_from: None, valid_until: None, reason: "joins" };
    let invite = Invite { name: "Nina", email, locale: "pt-BR", grants: vec![promise] };
    try_as(stage, by, async |change| invitation::invite(change, invite).await).await.unwrap();
    stage.token_for(email).await
}

/// A member who may configure providers and little else.
pub async fn policy_maker(stage: &Stage, admin: &Person) -> Person {
    let permissions = [Permission::SecurityPolicyManage, Permission::MessageRead, Permission::RoleManage];
    let permissions = permissions.into_iter().collect();
    let role = try_as(stage, admin, async |change| {
        role::create(change, NewRole { name: "Policy", description: "", permissions }).await
    })
    .await
    .unwrap();
    let person = stage.person("Policy", &[]).await;
    let giving = grant::Giving {
        member_id: person.member_id,
        role_id: role.role.id,
        scope: Scope::Workspace,
        valid_from: None,
        valid_until: None,
        reason: "makes policy",
    };
    try_as(stage, admin, async |change| grant::give(change, giving).await).await.unwrap();
    stage.step_up(&person).await
}

#[tokio::test]
async fn an_invitation_is_accepted_by_its_letter_or_by_a_verified_address() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        invite(&stage, &admin, "nina@acme.example", Agent).await;
        let claims = |verified: Value| json!({ "email": "Nina@acme.example", "email_verified": verified });
        for unverified in [json!(false), Value::Null, json!("no")] {
            let refused = enter(&stage, &provider, SIGN_IN, "nina", claims(unverified)).await;
            assert_eq!(refusal(refused), Refusal::NotLinked);
        }
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims(json!(true))).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(nina.access.everywhere().contains(Permission::ContactReadPhone));
        // With the letter, the provider may know the person by another address.
        let token = invite(&stage, &admin, "otto@acme.example", Support).await;
        let wrong = Want::SignIn { invitation: Some("ptr_inv_wrong") };
        let refused = enter(&stage, &provider, wrong, "otto", json!({})).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
        let letter = Want::SignIn { invitation: Some(&token) };
        let otto = json!({ "email": "o.schmidt@elsewhere.example", "name": "Otto" });
        enter(&stage, &provider, letter, "otto", otto).await.unwrap();
        let refused = enter(&stage, &provider, letter, "otto-2", json!({})).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken, "once");
        // Who has been removed comes back by another invitation, and not without.
        let nina_id = nina.member_id().unwrap();
        try_as(&stage, &admin, async |change| member::remove(change, nina_id).await).await.unwrap();
        let verified = claims(json!(true));
        let refused = enter(&stage, &provider, SIGN_IN, "nina", verified.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotActive);
        invite(&stage, &admin, "nina@acme.example", Support).await;
        let opened = enter(&stage, &provider, SIGN_IN, "nina", verified).await.unwrap();
        assert_eq!(viewer(&stage, &opened).await.member_id(), Some(nina_id));
        // Who has an account already proves it by its password.
        let (other, ..) = stage.another_workspace().await;
        let known = stage.person_in(other, "Karl", &[]).await;
        let token = invite(&stage, &admin, &known.email, Agent).await;
        let letter = Want::SignIn { invitation: Some(&token) };
        let claims = json!({ "email": known.email, "email_verified": true });
        for want in [letter, SIGN_IN] {
            let refused = enter(&stage, &provider, want, "karl", claims.clone()).await;
            assert_eq!(refusal(refused), Refusal::LinkRequired);
        }
    }
}

#[tokio::test]
async fn without_the_letter_an_invitation_gives_no_more_than_who_configured_the_provider_holds() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let maker = policy_maker(&stage, &admin).await;
        let provider = configure(&stage, &maker, false, &[]).await.unwrap();
        let token = invite(&stage, &admin, "boss@acme.example", Administrator).await;
        let claims = json!({ "email": "boss@acme.example", "email_verified": true });
        let refused = enter(&stage, &provider, SIGN_IN, "maker", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotLinked, "the maker's provider takes nobody's invitation");
        let letter = Want::SignIn { invitation: Some(&token) };
        assert!(enter(&stage, &provider, letter, "boss", claims).await.is_ok());
    }
}
