//! How far a provider's word goes: not to the password of who is elsewhere too, and not beyond who configured it.

use portaria_domain::access::Scope;
use portaria_domain::authentication::Origin;
use portaria_domain::directory::credential::{self, NewCredential};
use portaria_domain::directory::group::{self, WantedGroup};
use portaria_domain::directory::mapping::{self, GroupRef, Meaning};
use portaria_domain::directory::profile::Profile;
use portaria_domain::directory::user::{self, Wanted};
use portaria_domain::error::Refusal;
use portaria_domain::password::{Change, change};
use portaria_domain::single_sign_on::Want;
use portaria_domain::{directory, member, second_factor};
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Authenticator, PASSWORD, Stage, databases};
use serde_json::json;

use super::invitation::policy_maker;
use super::{HOUR, SIGN_IN, admin, built_in, configure, enter, link_to, refusal, try_as, viewer};
use BuiltInRole::Administrator;

#[tokio::test]
async fn a_providers_word_changes_no_password_of_who_is_elsewhere_too() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let vera = stage.person("Vera", &[]).await;
        link_to(&stage, &provider, &vera, "vera").await;
        let app = stage.authenticator(&vera).await;
        let claims = json!({ "amr": ["mfa"], "auth_time": stage.clock.now().as_secs() });
        let opened = enter(&stage, &provider, SIGN_IN, "vera", claims).await.unwrap();
        let as_vera = viewer(&stage, &opened).await;
        assert!(as_vera.is_stepped_up(stage.clock.now()), "as the provider says");
        let new = "a password of mallory's choice";
        let origin = Origin::default();
        let attempt = |current| Change { current, new, origin: &origin };
        // Alone in this workspace, the account is its own.
        let wrong = change(&stage.installation, &as_vera, attempt("a wrong guess")).await;
        assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
        let (other, ..) = stage.another_workspace().await;
        let transaction = stage.installation.database.begin().await.unwrap();
        let again =
            member::NewMember { name: "Vera", email: &vera.email, locale: "pt-BR", password_hash: None };
        member::create(&transaction, &stage.installation, other, again).await.unwrap();
        transaction.commit().await.unwrap();
        for current in [PASSWORD, "a wrong guess"] {
            let refused = change(&stage.installation, &as_vera, attempt(current)).await;
            assert_eq!(refusal(refused), Refusal::SharedAccount, "nor is any guess looked at");
        }
        assert!(stage.viewer(&vera.token).await.is_some());
        stage.sign_in_with_code(&vera.email, &app.code()).await;
    }
}

#[tokio::test]
async fn a_factor_that_only_a_provider_vouched_for_opens_no_workspace_that_is_joined_later() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let provider = configure(&stage, &admin, false, &[]).await.unwrap();
        let vera = stage.person("Vera", &[]).await;
        link_to(&stage, &provider, &vera, "vera").await;
        // Whoever runs the provider signs in as Vera, and adds an app of their own.
        let claims = json!({ "amr": ["mfa"], "auth_time": stage.clock.now().as_secs() });
        let opened = enter(&stage, &provider, SIGN_IN, "vera", claims).await.unwrap();
        let as_vera = viewer(&stage, &opened).await;
        let enrolment = second_factor::enroll(&stage.installation, &as_vera).await.unwrap();
        let app = Authenticator::new(&enrolment.secret, &stage.clock);
        second_factor::confirm(&stage.installation, &as_vera, &app.code()).await.unwrap();
        let user = as_vera.session().unwrap().user_id;
        let reader = stage.installation.database.reader();
        assert!(second_factor::Factors::of(reader, user).await.unwrap().authenticator_app);
        let (other, ..) = stage.another_workspace().await;
        let transaction = stage.installation.database.begin().await.unwrap();
        let again =
            member::NewMember { name: "Vera", email: &vera.email, locale: "pt-BR", password_hash: None };
        member::create(&transaction, &stage.installation, other, again).await.unwrap();
        transaction.commit().await.unwrap();
        let left = second_factor::Factors::of(reader, user).await.unwrap();
        assert_eq!(left, second_factor::Factors::default(), "recovery codes go too");
        let letters = stage.letters_to(&vera.email).await;
        assert!(letters.iter().any(|letter| letter.subject == "Configure de novo o seu segundo fator"));
    }
}

#[tokio::test]
async fn without_the_letter_nobody_gets_what_a_directorys_groups_give_either() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let admin = admin(&stage, "Admin").await;
        let maker = policy_maker(&stage, &admin).await;
        let provider = configure(&stage, &maker, false, &[]).await.unwrap();
        // The company's directory asks its next administrator in.
        let role = built_in(&stage, &admin, Administrator).await;
        let approved = [(role, Scope::Workspace)];
        let expires_at = stage.clock.now() + 300 * 24 * HOUR;
        let new = NewCredential { name: "Entra", approved: &approved, expires_at };
        let made = try_as(&stage, &admin, async |change| credential::create(change, new).await).await;
        let token = made.unwrap().token;
        let found = credential::authenticate(&stage.installation, token.reveal(), None).await;
        let directory = found.unwrap().unwrap();
        let mut change = directory::begin(&stage.installation, &directory).await.unwrap();
        let profile = Profile { user_name: "boss@acme.example".to_owned(), ..Profile::default() };
        let boss = user::create(&mut change, Wanted { profile, active: true }).await.unwrap();
        let members = [boss].into();
        let bosses = WantedGroup { name: "Bosses".to_owned(), external_id: None, members };
        let group = group::create(&mut change, bosses).await.unwrap();
        change.finish().await.unwrap();
        let meaning = Meaning::Role(role, Scope::Workspace);
        let group = GroupRef::Id(group);
        try_as(&stage, &admin, async |change| mapping::map(change, group, meaning).await).await.unwrap();

        let claims = json!({ "email": "boss@acme.example", "email_verified": true });
        let refused = enter(&stage, &provider, SIGN_IN, "maker", claims.clone()).await;
        assert_eq!(refusal(refused), Refusal::NotLinked, "the maker's provider takes nobody's place");
        let token = stage.token_for("boss@acme.example").await;
        let letter = Want::SignIn { invitation: Some(&token) };
        let opened = enter(&stage, &provider, letter, "boss", claims).await.unwrap();
        let boss = viewer(&stage, &opened).await;
        assert!(!boss.access.everywhere().is_empty());
    }
}
