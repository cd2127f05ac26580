//! Audits that people ask for.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::audit::run::{RunState, page, request, state, waiting};
use portaria_domain::error::{Error, Refusal};
use portaria_entity::role::BuiltInRole::{Administrator, Agent};
use portaria_testing::{Stage, databases};
use sea_orm::ConnectionTrait;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_audit_is_asked_for_once_and_not_in_a_row() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let boss = stage.person("Boss", &[(Administrator, Scope::Workspace)]).await;
        let other = stage.person("Outra", &[(Administrator, Scope::Workspace)]).await;
        let ana = stage.person("Ana", &[(Agent, Scope::Workspace)]).await;
        let installation = &stage.installation;
        let forbidden = request(installation, &ana.viewer).await;
        assert!(matches!(forbidden, Err(Error::Forbidden { .. })), "{forbidden:?}");
        let (one, two) =
            tokio::join!(request(installation, &boss.viewer), request(installation, &other.viewer));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.id, two.id, "who comes second gets the same");
        stage.clock.advance(MINUTE);
        assert_eq!(state(&one, stage.clock.now()), RunState::Queued);
        let (reader, now) = (installation.database.reader(), stage.clock.now());
        assert_eq!(waiting(reader, stage.workspace_id, now).await.unwrap().map(|run| run.id), Some(one.id));

        let finish = "UPDATE audit_runs SET finished_at = 1 WHERE id = $1";
        let finish = installation.database.statement(finish, [one.id.0.into()]);
        installation.database.writer().execute_raw(finish).await.unwrap();
        assert!(waiting(reader, stage.workspace_id, now).await.unwrap().is_none());
        let soon = request(installation, &boss.viewer).await;
        assert!(matches!(soon, Err(Error::Refused(Refusal::Throttled { seconds: 240 }))), "{soon:?}");
        stage.clock.advance(4 * MINUTE);
        let next = request(installation, &boss.viewer).await.unwrap();
        assert_ne!(next.id, one.id);
        let first = page(reader, stage.workspace_id, None, 1).await.unwrap();
        assert_eq!(first[0].id, next.id, "the last one first");
        let after = Some((first[0].started_at, first[0].id));
        assert_eq!(page(reader, stage.workspace_id, after, 5).await.unwrap()[0].id, one.id);
        // A day later nobody waits for it any more.
        stage.clock.advance(24 * 60 * MINUTE);
        assert!(waiting(reader, stage.workspace_id, stage.clock.now()).await.unwrap().is_none());
    }
}
