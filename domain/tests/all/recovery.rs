//! Who is locked out gets a new password from the machine; everything that was open with the old one ends.

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, Origin, sign_in};
use portaria_domain::recovery::reset_password;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{PASSWORD, Stage, databases};

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_its_sessions() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let rui = stage.person("Rui", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        let new = "a quite different password";
        reset_password(&stage.installation, &ana.email.to_uppercase(), new).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none());
        assert!(stage.viewer(&rui.token).await.is_some());
        let attempt = |password| Attempt {
            email: &ana.email,
            password,
            code: None,
            workspace_id: None,
            origin: Origin::default(),
        };
        assert!(sign_in(&stage.installation, attempt(PASSWORD)).await.is_err());
        assert!(sign_in(&stage.installation, attempt(new)).await.is_ok());
        assert!(reset_password(&stage.installation, "nobody@example.com", new).await.is_err());
        assert!(reset_password(&stage.installation, &rui.email, "short").await.is_err());
    }
}
