//! Second factors by a provider, stepping up, and linking.

use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::error::{Error, Refusal};
use portaria_domain::single_sign_on::{Want, link, step_up, unlink};
use portaria_domain::viewer::Viewer;
use portaria_domain::{external_identity, identity_provider};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Person, Stage, databases};
use serde_json::{Value, json};

use super::{
    HOUR, MINUTE, SIGN_IN, admin, begun, built_in, by, configure, enter, link_to, mapping, refusal, returned,
    try_as, viewer,
};
use BuiltInRole::Agent;

#[tokio::test]
async fn a_second_factor_counts_as_configured_and_since_when_it_was_given() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let now = stage.clock.now();
        let session = async |claims: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", claims).await.unwrap();
            *viewer(&stage, &opened).await.session().unwrap()
        };
        for (claims, expected) in [
            (json!({}), false),
            (json!({ "acr": "urn:mfa" }), true),
            (json!({ "acr": "urn:pwd", "amr": ["pwd", "hwk"] }), true),
            (json!({ "acr": "urn:mfa2", "amr": ["pwd"] }), false),
            (json!({ "amr": "mfa" }), false),
            (json!({ "acr": "", "amr": [""] }), false),
        ] {
            assert_eq!(session(claims.clone()).await.second_factor, expected, "{claims}");
        }
        let hours_ago = session(json!({ "acr": "urn:mfa", "auth_time": now.as_secs() - 2 * 3600 })).await;
        assert!(hours_ago.second_factor && !hours_ago.is_stepped_up(now));
        let future = session(json!({ "acr": "urn:mfa", "auth_time": now.as_secs() + 3600 })).await;
        assert_eq!(future.authenticated_at, now);
    }
}

#[tokio::test]
async fn a_second_factor_of_unknown_age_is_not_fresh() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let now = stage.clock.now();
        let session = async |claims: Value| {
            let opened = enter(&stage, &provider, SIGN_IN, "ana", claims).await.unwrap();
            *viewer(&stage, &opened).await.session().unwrap()
        };
        for claims in [json!({ "acr": "urn:mfa" }), json!({ "acr": "urn:mfa", "auth_time": "just now" })] {
            let unknown = session(claims).await;
            assert!(unknown.second_factor && !unknown.is_fresh(now) && !unknown.is_stepped_up(now));
        }
        let known = session(json!({ "acr": "urn:mfa", "auth_time": now.as_secs() })).await;
        assert!(known.is_stepped_up(now));
        let one_factor = session(json!({})).await;
        assert!(one_factor.is_fresh(now) && !one_factor.is_stepped_up(now), "who has none may set one up");
    }
}

#[tokio::test]
async fn a_session_left_open_links_and_unlinks_nobody() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        let identity = link_to(&stage, &provider, &ana, "ana").await;
        let ana = stage.sign_in(&ana.email).await;
        stage.clock.advance(HOUR + MINUTE);
        let stale = unlink(&stage.installation, &ana.viewer, identity.id).await;
        assert_eq!(refusal(stale), Refusal::AuthenticationTooOld);
        // Who has a second factor must have shown it.
        let ana = stage.sign_in(&ana.email).await;
        stage.authenticator(&ana).await;
        let without = unlink(&stage.installation, &ana.viewer, identity.id).await.map(|_| ());
        assert!(matches!(without, Err(Error::StepUpRequired { .. })), "{without:?}");
        let linking = begun(&stage, &provider, Some(&ana.viewer), Want::Link).await.map(|_| ());
        assert!(matches!(linking, Err(Error::StepUpRequired { .. })), "{linking:?}");
        let ana = stage.step_up(&ana).await;
        unlink(&stage.installation, &ana.viewer, identity.id).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_linked_or_unlinked_is_told_by_mail() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        let subjects = async || {
            let letters = stage.letters_to(&ana.email).await;
            letters.into_iter().map(|mail| mail.subject).collect::<Vec<_>>()
        };
        let linked = link_to(&stage, &provider, &ana, "ana").await;
        assert_eq!(subjects().await, ["Novo acesso a Padaria por Acme"]);
        try_as(&stage, &admin, async |change| external_identity::unlink(change, linked.id).await)
            .await
            .unwrap();
        assert_eq!(subjects().await[1..], ["O acesso a Padaria por Acme foi removido"]);
        // Another time, and by an end of the provider: each is told.
        link_to(&stage, &provider, &ana, "ana").await;
        let id = provider.provider.id;
        try_as(&stage, &admin, async |change| identity_provider::delete(change, id).await).await.unwrap();
        assert_eq!(subjects().await.len(), 4);
        assert!(stage.letters_to(&admin.email).await.is_empty(), "nobody else");
    }
}

#[tokio::test]
async fn stepping_up_takes_the_identity_of_the_session_and_a_fresh_second_factor() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let ana = stage.person("Ana", &[]).await;
        link_to(&stage, &provider, &ana, "ana").await;
        let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        let session = viewer(&stage, &opened).await;
        let now = stage.clock.now().as_secs();
        let attempt = async |viewer: &Viewer, want: Want<'_>, subject: &str, claims: Value| {
            let begun = begun(&stage, &provider, Some(viewer), want).await?;
            let fetching = returned(&stage, &begun, subject, &claims).await;
            step_up(&stage.installation, viewer, by(&fetching), &Origin::default()).await
        };
        let good = json!({ "acr": "urn:mfa", "auth_time": now });
        for (claims, expected) in [
            (json!({ "acr": "urn:mfa" }), Refusal::NoSecondFactorGiven),
            (json!({ "auth_time": now }), Refusal::NoSecondFactorGiven),
            (json!({ "acr": "urn:mfa", "auth_time": now - 120 }), Refusal::NoSecondFactorGiven),
        ] {
            let refused = attempt(&session, Want::StepUp, "ana", claims).await;
            assert_eq!(refusal(refused), expected);
        }
        let refused = attempt(&session, Want::StepUp, "somebody", good.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotLinked);
        let refused = attempt(&session, SIGN_IN, "ana", good.clone()).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken, "an answer for another purpose");
        let by_password = stage.sign_in(&ana.email).await;
        let refused = attempt(&by_password.viewer, Want::StepUp, "ana", good.clone()).await;
        assert_eq!(
            refusal(refused),
            Refusal::NotLinked,
            "a password's session is stepped up by its own means"
        );
        assert!(!viewer(&stage, &opened).await.is_stepped_up(stage.clock.now()));
        let stepped_up = attempt(&session, Want::StepUp, "ana", good).await.unwrap();
        assert!(stepped_up.session.is_stepped_up(stage.clock.now()));
        assert!(stage.viewer(opened.token.reveal()).await.is_none(), "under its old token it is nobody's");
        let session = stage.viewer(stepped_up.token.reveal()).await.unwrap();
        assert!(session.is_stepped_up(stage.clock.now()));
        // What was begun in one session ends in no other.
        let begun = begun(&stage, &provider, Some(&session), Want::StepUp).await.unwrap();
        let claims = json!({ "acr": "urn:mfa", "auth_time": now });
        let fetching = returned(&stage, &begun, "ana", &claims).await;
        let other = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        let other = viewer(&stage, &other).await;
        let refused = step_up(&stage.installation, &other, by(&fetching), &Origin::default()).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
    }
}

#[tokio::test]
async fn one_links_and_unlinks_ones_own_identity_and_nobody_elses() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let agent = built_in(&stage, &admin, Agent).await;
        let mappings = [mapping("agents", agent, Scope::Workspace)];
        let provider = configure(&stage, &admin, true, &mappings).await.unwrap();
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let tried = begun(&stage, &provider, Some(&ana.viewer), Want::Link).await.map(|_| ());
        assert!(matches!(tried, Err(Error::StepUpRequired { .. })), "a session left open links nobody");
        let identity = link_to(&stage, &provider, &ana, "ana").await;
        let bia = stage.step_up(&bia).await;
        let attempt = async |person: &Person, subject: &str| {
            let begun = begun(&stage, &provider, Some(&person.viewer), Want::Link).await?;
            let fetching = returned(&stage, &begun, subject, &json!({})).await;
            link(&stage.installation, &person.viewer, by(&fetching)).await
        };
        assert_eq!(refusal(attempt(&bia, "ana").await), Refusal::IdentityTaken);
        let ana = stage.step_up(&ana).await;
        assert_eq!(refusal(attempt(&ana, "ana-2").await), Refusal::AlreadyLinked);
        // What Ana began, Bia does not end.
        let begun = begun(&stage, &provider, Some(&ana.viewer), Want::Link).await.unwrap();
        let fetching = returned(&stage, &begun, "bia", &json!({})).await;
        let refused = link(&stage.installation, &bia.viewer, by(&fetching)).await;
        assert_eq!(refusal(refused), Refusal::InvalidToken);
        let unlink = async |person: &Person, id| {
            try_as(&stage, person, async |change| external_identity::unlink(change, id).await).await
        };
        assert!(matches!(unlink(&bia, identity.id).await, Err(Error::NotFound)));
        let opened = enter(&stage, &provider, SIGN_IN, "ana", json!({})).await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.is_some());
        unlink(&ana, identity.id).await.unwrap();
        assert!(stage.viewer(opened.token.reveal()).await.is_none(), "its sessions end with it");
        assert!(stage.viewer(&ana.token).await.is_some(), "and no others");
        assert_eq!(refusal(enter(&stage, &provider, SIGN_IN, "ana", json!({})).await), Refusal::NotLinked);
        // Who came by the provider has no other way in.
        let claims = json!({ "email": "nina@acme.example", "groups": ["agents"] });
        let opened = enter(&stage, &provider, SIGN_IN, "nina", claims).await.unwrap();
        let viewer = viewer(&stage, &opened).await;
        let own = external_identity::of_member(
            stage.installation.database.reader(),
            (stage.workspace_id, viewer.member_id().unwrap()),
        )
        .await
        .unwrap();
        let nina = Person {
            member_id: viewer.member_id().unwrap(),
            email: String::new(),
            token: opened.token.reveal().to_owned(),
            viewer,
        };
        assert_eq!(refusal(unlink(&nina, own[0].id).await), Refusal::LastWayIn);
        unlink(&admin, own[0].id).await.unwrap();
        assert!(stage.viewer(&nina.token).await.is_none());
    }
}
