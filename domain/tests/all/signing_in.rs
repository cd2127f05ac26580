//! Signing in: what is recorded, what is refused, and that a viewer is never older than the access it was made from.

use portaria_domain::access::Scope;
use portaria_domain::authentication::{Attempt, Origin, sign_in, sign_out};
use portaria_domain::error::{Error, Refusal};
use portaria_domain::permission::Permission;
use portaria_entity::role::BuiltInRole;
use portaria_entity::sign_in_event::{self, SignInOutcome};
use portaria_testing::{PASSWORD, Stage, databases};
use sea_orm::{EntityTrait, QueryOrder};

fn attempt<'a>(email: &'a str, password: &'a str) -> Attempt<'a> {
    let origin =
        Origin { address: "198.51.100.7".to_owned(), user_agent: "curl/8".to_owned(), ..Origin::default() };
    Attempt { email, password, code: None, workspace_id: None, origin }
}

#[tokio::test]
async fn every_attempt_is_recorded_and_every_refusal_is_the_same() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let upper = format!("  {} ", ana.email.to_uppercase());
        assert!(sign_in(&stage.installation, attempt(&upper, PASSWORD)).await.is_ok());
        for (email, password) in
            [(ana.email.as_str(), "wrong password"), ("nobody@example.com", PASSWORD), ("", "")]
        {
            let refused = sign_in(&stage.installation, attempt(email, password)).await;
            assert!(matches!(refused, Err(Error::Refused(Refusal::InvalidCredentials))), "{email}");
        }
        let events = sign_in_event::Entity::find()
            .order_by_asc(sign_in_event::Column::Id)
            .all(stage.installation.database.reader())
            .await
            .unwrap();
        let outcomes: Vec<_> = events.iter().map(|event| event.outcome).collect();
        assert_eq!(
            outcomes,
            [
                SignInOutcome::Succeeded,
                SignInOutcome::Succeeded,
                SignInOutcome::WrongPassword,
                SignInOutcome::UnknownEmail,
                SignInOutcome::UnknownEmail
            ]
        );
        assert_eq!((events[2].address.as_str(), events[2].user_agent.as_str()), ("198.51.100.7", "curl/8"));
        assert!(events[2].user_id.is_some() && events[3].user_id.is_none());
    }
}

#[tokio::test]
async fn a_change_of_access_is_in_force_on_the_next_request() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        stage.installation.viewers.refresh_epochs().await.unwrap();
        let ana = stage.person("Ana", &[(BuiltInRole::Support, Scope::Channel(stage.sales))]).await;
        let before = stage.installation.database.statement_count();
        let viewer = stage.viewer(&ana.token).await.unwrap();
        assert!(!viewer.access.in_channel(stage.sales).contains(Permission::ContactReadPhone));
        assert!(stage.installation.database.statement_count() - before <= 1);
        let before = stage.installation.database.statement_count();
        stage.viewer(&ana.token).await.unwrap();
        assert_eq!(
            stage.installation.database.statement_count(),
            before,
            "a cached viewer costs no statement"
        );

        stage.grant(stage.workspace_id, ana.member_id, BuiltInRole::Agent, Scope::Channel(stage.sales)).await;
        let viewer = stage.viewer(&ana.token).await.unwrap();
        assert!(viewer.access.in_channel(stage.sales).contains(Permission::ContactReadPhone));
        assert!(!viewer.access.in_channel(stage.support).contains(Permission::ContactReadPhone));

        sign_out(&stage.installation, &viewer).await.unwrap();
        assert!(stage.viewer(&ana.token).await.is_none());
        assert!(stage.viewer("ptr_sess_made-up").await.is_none());
    }
}
