//! Who comes in to a workspace out of another one of the same person's is seen there as if they had signed in.

use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_domain::session::switch;
use portaria_entity::finding::{AuditRule, Severity};
use portaria_entity::id::WorkspaceId;
use portaria_entity::sign_in_event;
use portaria_testing::{PASSWORD, Stage, databases};
use sea_orm::{EntityTrait, PaginatorTrait};

use crate::recorded::*;

const ATTACKER: &str = "203.0.113.66";

fn thief() -> Origin {
    Origin { address: ATTACKER.to_owned(), user_agent: "curl/8".to_owned(), device: None }
}

async fn goes_to(stage: &Stage, session: &OpenedSession, to: WorkspaceId) -> OpenedSession {
    let viewer = stage.viewer(session.token.reveal()).await.unwrap();
    switch(&stage.installation, &viewer, to, thief()).await.unwrap()
}

async fn on_record(stage: &Stage) -> u64 {
    sign_in_event::Entity::find().count(stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn a_stolen_password_is_seen_where_it_is_taken_to() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (other, _, _) = stage.another_workspace().await;
        let [ana] = accounts(&stage, ["Ana"]).await;
        joins(&stage, other, &ana.email).await;
        let start = stage.clock.now();
        comes_daily(&stage, &ana, start, 20).await;
        let day = start + DAY * 20;
        for n in 0..5 {
            fails(&stage, &ana, day + MINUTE * n, ATTACKER).await;
        }
        stage.clock.set(day + MINUTE * 6);
        let attempt = Attempt {
            email: &ana.email,
            password: PASSWORD,
            code: None,
            workspace_id: Some(other),
            origin: thief(),
        };
        let there = sign_in(&stage.installation, attempt).await.unwrap();
        for rule in [AuditRule::NewPlace, AuditRule::SuccessAfterFailures] {
            assert_eq!(found(&stage, rule).await, [], "{rule:?}: not here");
        }
        let before = on_record(&stage).await;
        stage.clock.advance(MINUTE);
        let here = goes_to(&stage, &there, stage.workspace_id).await;
        for (rule, severity) in
            [(AuditRule::NewPlace, Severity::Medium), (AuditRule::SuccessAfterFailures, Severity::Critical)]
        {
            let seen = found(&stage, rule).await;
            let seen: Vec<_> = seen.iter().map(|found| (found.severity, found.about.member())).collect();
            assert_eq!(seen, [(severity, Some(ana.member))], "{rule:?}");
        }

        // To and fro from one place is one sign-in to each.
        stage.clock.advance(MINUTE);
        let back = goes_to(&stage, &here, other).await;
        goes_to(&stage, &back, stage.workspace_id).await;
        assert_eq!(on_record(&stage).await, before + 1);
    }
}
