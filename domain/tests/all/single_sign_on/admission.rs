//! Whom an identity opens a session for, and where that session ends.

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, Origin, sign_in};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::permission::Permission;
use portaria_domain::single_sign_on::{Beginning, begin};
use portaria_domain::{member, second_factor};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Stage, databases};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{
    HOUR, SIGN_IN, admin, built_in, configure, count, enter, link_to, mapping, refusal, try_as, viewer,
};
use BuiltInRole::{Administrator, Agent};

#[tokio::test]
async fn a_linked_identity_opens_its_members_session_for_twelve_hours() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let email = json!({ "email": ana.email, "email_verified": true });
        let refused = enter(&stage, &provider, SIGN_IN, "sub-ana", email.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired, "an e-mail address links nobody");
        link_to(&stage, &provider, &ana, "sub-ana").await;
        let opened = enter(&stage, &provider, SIGN_IN, "sub-ana", json!({})).await.unwrap();
        let session = viewer(&stage, &opened).await;
        assert_eq!(session.member_id(), Some(ana.member_id));
        assert!(session.access.everywhere().contains(Permission::ContactReadPhone), "grants by hand hold");
        assert!(!session.session().unwrap().second_factor);
        stage.clock.advance(12 * HOUR);
        assert!(stage.viewer(opened.token.reveal()).await.is_none());
        let refused = enter(&stage, &provider, SIGN_IN, "sub-bia", email).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired, "another subject with her address is not she");
        let refused = enter(&stage, &provider, SIGN_IN, "sub-bia", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
        let noted = "SELECT COUNT(*) FROM activities WHERE action = 'single_sign_on.refused'";
        assert_eq!(count(&stage, noted).await, 3);
        let signed_in = "SELECT COUNT(*) FROM sessions WHERE authentication_method = 'single_sign_on'";
        assert_eq!(count(&stage, signed_in).await, 1);
        try_as(&stage, &admin, async |change| member::suspend(change, ana.member_id).await).await.unwrap();
        let refused = enter(&stage, &provider, SIGN_IN, "sub-ana", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotActive);
        try_as(&stage, &admin, async |change| member::remove(change, ana.member_id).await).await.unwrap();
        try_as(&stage, &admin, async |change| member::erase(change, ana.member_id, "asked to").await)
            .await
            .unwrap();
        assert_eq!(count(&stage, "SELECT COUNT(*) FROM external_identities").await, 0, "forgotten");
    }
}

#[tokio::test]
async fn a_provider_says_nothing_in_another_workspace_nor_of_an_account_elsewhere() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let victim = stage.person("Vera", &[(Administrator, Scope::Workspace)]).await;
        let app = stage.authenticator(&victim).await;
        let (other, ..) = stage.another_workspace().await;
        let mallory = stage.person_in(other, "Mallory", &[(Administrator, Scope::Workspace)]).await;
        let mallory = stage.step_up(&mallory).await;
        let everything = built_in(&stage, &mallory, Administrator).await;
        let mappings = [mapping("all", everything, Scope::Workspace)];
        let own = configure(&stage, &mallory, true, &mappings).await.unwrap();
        // Mallory's provider, whose every word is Mallory's, names an administrator of the other workspace.
        let claims = json!({ "email": victim.email, "email_verified": true, "groups": ["all"], "acr": "urn:mfa", "auth_time": stage.clock.now().as_secs() });
        let refused = enter(&stage, &own, SIGN_IN, "vera", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        // By the name that the other workspace's provider has linked to her.
        let stepped_up = stage.step_up(&victim).await;
        let theirs = configure(&stage, &stepped_up, false, &[]).await.unwrap();
        link_to(&stage, &theirs, &stepped_up, "vera").await;
        let refused = enter(&stage, &own, SIGN_IN, "vera", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        let foreign = Beginning {
            workspace: &stage.workspace_id.to_string(),
            provider_id: own.provider.id,
            want: SIGN_IN,
            path: None,
            cookie: None,
            by_cookie: false,
        };
        let refused = begin(&stage.installation, None, foreign).await.map(|_| ());
        assert!(matches!(refused, Err(Error::NotFound)), "a provider of one workspace is none of another");
        // She does become a member there, and links herself: now Mallory is her, there.
        let transaction = stage.installation.database.begin().await.unwrap();
        let new =
            member::NewMember { name: "Vera", email: &victim.email, locale: "pt-BR", password_hash: None };
        let there = member::create(&transaction, &stage.installation, other, new).await.unwrap();
        transaction.commit().await.unwrap();
        let sql = "INSERT INTO external_identities (workspace_id, id, provider_id, subject, member_id, created_at) \
                   VALUES ($1, $2, $3, 'vera', $4, 0)";
        let id: portaria_entity::id::ExternalIdentityId = stage.clock.new_id();
        let values = [other.0.into(), id.0.into(), own.provider.id.0.into(), there.id.0.into()];
        let database = &stage.installation.database;
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let opened = enter(&stage, &own, SIGN_IN, "vera", claims).await.unwrap();
        let as_vera = viewer(&stage, &opened).await;
        assert_eq!((as_vera.workspace_id, as_vera.member_id()), (other, Some(there.id)));
        assert!(as_vera.is_stepped_up(stage.clock.now()), "as the provider says");
        // But what she signs in with is out of reach: neither changed, nor locked by wrong tries, nor her sessions ended.
        let refused = second_factor::enroll(&stage.installation, &as_vera).await;
        assert_eq!(refusal(refused), Refusal::SharedAccount);
        let refused = second_factor::confirm(&stage.installation, &as_vera, "000000").await;
        assert_eq!(refusal(refused), Refusal::SharedAccount);
        for _ in 0..8 {
            let tried =
                second_factor::step_up(&stage.installation, &as_vera, "000000", &Origin::default()).await;
            assert_eq!(refusal(tried), Refusal::SharedAccount);
        }
        assert!(stage.viewer(&victim.token).await.is_some());
        let attempt = Attempt {
            email: &victim.email,
            password: PASSWORD,
            code: Some(&app.code()),
            workspace_id: Some(stage.workspace_id),
            origin: Origin::default(),
        };
        assert!(sign_in(&stage.installation, attempt).await.is_ok());
    }
}

#[tokio::test]
async fn who_is_in_one_workspace_only_may_set_up_an_authenticator_app_by_single_sign_on() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Workspace)];
        let provider = configure(&stage, &admin, true, &mappings).await.unwrap();
        let claims = json!({ "email": "nina@acme.example", "groups": ["agents"] });
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(second_factor::enroll(&stage.installation, &nina).await.is_ok());
    }
}

#[tokio::test]
async fn somebody_unknown_becomes_a_member_by_a_mapped_role_as_a_new_account_without_a_password() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Channel(stage.sales))];
        let closed = configure(&stage, &admin, false, &mappings).await.unwrap();
        let open = configure(&stage, &admin, true, &mappings).await.unwrap();
        let claims = json!({ "email": "Nina@Acme.example", "name": "Nina", "groups": ["agents"] });
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            claims
        };
        for (provider, claims) in [
            (&closed, claims.clone()),
            (&open, with("groups", json!(["others"]))),
            (&open, with("email", Value::Null)),
            (&open, with("email", json!("not an address"))),
            (&open, with("email_verified", json!(false))),
        ] {
            let refused = enter(&stage, provider, SIGN_IN, "nina", claims.clone()).await;
            assert_eq!(refusal(refused), Refusal::NotLinked, "{claims}");
        }
        let opened = enter(&stage, &open, SIGN_IN, "nina", claims.clone()).await.unwrap();
        let nina = viewer(&stage, &opened).await;
        assert!(nina.access.in_channel(stage.sales).contains(Permission::ContactReadPhone));
        assert!(!nina.access.in_channel(stage.support).contains(Permission::ContactReadPhone));
        let rows = "SELECT COUNT(*) FROM users WHERE email_normalized = 'nina@acme.example' AND password_hash IS NULL";
        assert_eq!(count(&stage, rows).await, 1);
        let again = enter(&stage, &open, SIGN_IN, "nina", claims.clone()).await.unwrap();
        assert_eq!(viewer(&stage, &again).await.member_id(), nina.member_id());
        // Another subject with the same address, and the same subject at another provider, are somebody else.
        let refused = enter(&stage, &open, SIGN_IN, "nina-2", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::LinkRequired);
        let refused = enter(&stage, &closed, SIGN_IN, "nina", json!({})).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
    }
}
