//! Roles from claims.

use portaria_domain::access::Scope;
use portaria_domain::access_review::{self, Coverage, ItemFilter, NewReview, evidence_of};
use portaria_domain::grant::{self, Amendment};
use portaria_domain::granting::Change;
use portaria_domain::identity_provider::{self, Settings};
use portaria_domain::permission::Permission;
use portaria_domain::{access_file, member, role};
use portaria_entity::access_review::ReviewPolicy;
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

#[tokio::test]
async fn what_a_mapping_gave_and_somebody_cut_down_does_not_come_back_whole() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("all", agent, Scope::Workspace)];
        let provider = configure(&stage, &admin, false, &mappings).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let enter_with = async |groups: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({ "groups": groups })).await.unwrap();
            let access = viewer(&stage, &opened).await.access.clone();
            [stage.sales, stage.support]
                .map(|channel| access.in_channel(channel).contains(Permission::ContactReadPhone))
        };
        assert_eq!(enter_with(json!(["all"])).await, [true, true]);
        let reader = stage.installation.database.reader();
        let held = async || {
            role::grants_of(reader, stage.workspace_id, &[ana.member_id], stage.clock.now()).await.unwrap()
        };
        let whole = held().await[0].id;
        let cut = async |change: &mut Change<'_>| {
            let scope = Scope::Channel(stage.sales);
            let amendment = Amendment { scope, valid_from: None, valid_until: None, reason: "menos" };
            grant::change(change, whole, amendment).await
        };
        let cut = try_as(&stage, &admin, cut).await.unwrap();
        assert_eq!(enter_with(json!(["all"])).await, [true, false], "{}", stage.test_database.name);
        assert_eq!(held().await.iter().map(|row| row.id).collect::<Vec<_>>(), [cut.id]);

        // Who reviews it knows that to take it away is not the end of it.
        let new = NewReview {
            name: "Acessos",
            coverage: Coverage::Role(agent),
            reviewers: &[admin.member_id],
            ends_at: stage.clock.now() + std::time::Duration::from_secs(86_400),
            policy: ReviewPolicy::Tell,
        };
        let review = access_review::start(&stage.installation, &admin.viewer, new).await.unwrap();
        let items = access_review::items(reader, &review, ItemFilter::default(), (None, 9)).await.unwrap();
        let database = &stage.installation.database;
        let known = evidence_of(reader, database, &items, stage.clock.now()).await.unwrap();
        assert!(known[&items[0].id].given_by_provider);
        assert_eq!(enter_with(json!([])).await, [false, false], "it goes with the claim that gave it");
    }
}
