//! Roles from claims.

use portaria_domain::access::Scope;
use portaria_domain::granting::Change;
use portaria_domain::identity_provider::{self, Settings};
use portaria_domain::permission::Permission;
use portaria_domain::{access_file, member};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use super::{SIGN_IN, admin, built_in, configure, count, enter, link_to, mapping, try_as, viewer};
use BuiltInRole::{Administrator, Agent, Support};

#[tokio::test]
async fn roles_follow_the_claims_and_grants_made_by_hand_stay() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let (agent, support) =
            (built_in(&stage, &admin, Agent).await, built_in(&stage, &admin, Support).await);
        let mappings = [
            mapping("sales", agent, Scope::Channel(stage.sales)),
            mapping("helpers", support, Scope::Channel(stage.support)),
        ];
        let provider = configure(&stage, &admin, false, &mappings).await.unwrap();
        let ana = stage.person("Ana", &[(Support, Scope::Channel(stage.sales))]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let enter_with = async |groups: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({ "groups": groups })).await.unwrap();
            let access = viewer(&stage, &opened).await.access.clone();
            (
                access.in_channel(stage.sales).contains(Permission::ContactReadPhone),
                access.in_channel(stage.support).contains(Permission::MessageRead),
                access.in_channel(stage.sales).contains(Permission::MessageRead),
            )
        };
        assert_eq!(enter_with(json!(["sales"])).await, (true, false, true));
        assert_eq!(enter_with(json!(["sales", "helpers"])).await, (true, true, true));
        let made = "SELECT COUNT(*) FROM grants WHERE reason = 'Single sign-on: Acme' AND granted_by IS NULL";
        assert_eq!(count(&stage, made).await, 2, "what is held already is not given again");
        assert_eq!(enter_with(json!("helpers")).await, (false, true, true));
        assert_eq!(enter_with(json!([])).await, (false, false, true), "what was granted by hand stays");
        let told = |action: &str| format!("SELECT COUNT(*) FROM activities WHERE action = '{action}'");
        assert_eq!(
            (count(&stage, &told("grant.made")).await, count(&stage, &told("grant.revoked")).await),
            (2, 2)
        );
        enter_with(json!(["sales"])).await;
        let reader = stage.installation.database.reader();
        let exported = access_file::read(reader, stage.workspace_id, stage.clock.now()).await.unwrap();
        let reasons: Vec<_> = exported.document.grants.iter().map(|entry| entry.reason.as_str()).collect();
        assert_eq!(reasons, ["test", "test"], "what comes and goes with claims is in no access file");
        // A mapping that is taken away takes what it gave with it, at once.
        let update = async |change: &mut Change<'_>| {
            identity_provider::update(change, provider.provider.id, Settings::default(), Some(&mappings[1..]))
                .await
        };
        try_as(&stage, &admin, update).await.unwrap();
        let open = "SELECT COUNT(*) FROM grants WHERE reason = 'Single sign-on: Acme' AND closed_at IS NULL";
        assert_eq!(count(&stage, open).await, 0);
    }
}

#[tokio::test]
async fn the_last_administrator_keeps_what_is_no_longer_claimed() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let everything = built_in(&stage, &admin, Administrator).await;
        let mappings = [mapping("admins", everything, Scope::Workspace)];
        let provider = configure(&stage, &admin, false, &mappings).await.unwrap();
        let bia = stage.person("Bia", &[]).await;
        link_to(&stage, &provider, &bia, "bia").await;
        let claims = json!({ "groups": ["admins"], "amr": ["pwd", "mfa"] });
        let opened = enter(&stage, &provider, SIGN_IN, "bia", claims).await.unwrap();
        let bia =
            Person { token: opened.token.reveal().to_owned(), viewer: viewer(&stage, &opened).await, ..bia };
        try_as(&stage, &bia, async |change| member::remove(change, admin.member_id).await).await.unwrap();
        let opened = enter(&stage, &provider, SIGN_IN, "bia", json!({ "groups": [] })).await.unwrap();
        assert!(viewer(&stage, &opened).await.access.everywhere().contains(Permission::MemberManage));
        assert_eq!(count(&stage, "SELECT COUNT(*) FROM activities WHERE action = 'grant.kept'").await, 1);
    }
}
