//! Alerts: open while their cause lasts, and seen by who can do something about them.

use std::time::Duration;

use portaria_domain::access::Scope;
use portaria_domain::alert::{Details, Raised, page, raise, resolve, settle};
use portaria_domain::error::{Error, Refusal};
use portaria_entity::alert::{self, AlertKind, AlertSeverity};
use portaria_entity::id::ChannelId;
use portaria_entity::role::BuiltInRole;
use portaria_testing::{Stage, databases};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

fn of(stage: &Stage, kind: AlertKind, (cause, channel_id): (&str, Option<ChannelId>)) -> Raised {
    Raised {
        workspace_id: stage.workspace_id,
        kind,
        cause: cause.to_owned(),
        severity: AlertSeverity::Warning,
        channel_id,
        details: Details::from([("reason".to_owned(), "no room".to_owned())]),
    }
}

async fn raised(stage: &Stage, raised: Raised) {
    let installation = &stage.installation;
    raise(installation.database.writer(), (&installation.database, &installation.clock), raised)
        .await
        .unwrap();
}

async fn all(stage: &Stage) -> Vec<alert::Model> {
    alert::Entity::find().all(stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn what_is_raised_often_is_one_alert() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        for _ in 0..3 {
            raised(&stage, of(&stage, AlertKind::DeliveryDead, ("whd", None))).await;
        }
        let rows = all(&stage).await;
        assert_eq!((rows.len(), rows[0].occurrences), (1, 3));

        // Gone and back within the hour: the same. After it: another.
        let (database, clock) = (&stage.installation.database, &stage.installation.clock);
        let key = (stage.workspace_id, AlertKind::DeliveryDead, "whd");
        assert!(settle(database.writer(), (database, clock), key).await.unwrap());
        assert!(!settle(database.writer(), (database, clock), key).await.unwrap());
        raised(&stage, of(&stage, AlertKind::DeliveryDead, ("whd", None))).await;
        assert_eq!(all(&stage).await.len(), 1);
        assert!(settle(database.writer(), (database, clock), key).await.unwrap());
        stage.clock.advance(Duration::from_secs(3601));
        raised(&stage, of(&stage, AlertKind::DeliveryDead, ("whd", None))).await;
        assert_eq!(all(&stage).await.len(), 2);
    }
}

#[tokio::test]
async fn an_alert_is_seen_by_who_can_do_something_about_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = stage.person("Ada", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let dev = stage.person("Dev", &[(BuiltInRole::Developer, Scope::Channel(stage.sales))]).await;
        let ana = stage.person("Ana", &[(BuiltInRole::Agent, Scope::Workspace)]).await;
        raised(&stage, of(&stage, AlertKind::DeliveryDead, ("a", Some(stage.sales)))).await;
        raised(&stage, of(&stage, AlertKind::DeliveryDead, ("b", None))).await;
        raised(&stage, of(&stage, AlertKind::PaymentEvent, ("c", None))).await;
        let reader = stage.installation.database.reader();
        for (person, expected) in [(&ada, 3), (&dev, 1), (&ana, 0)] {
            let viewer = stage.viewer(&person.token).await.unwrap();
            let seen = page(reader, &viewer, Some(true), None, 10).await.unwrap();
            assert_eq!(seen.len(), expected, "{}", person.email);
        }
        let (outside, viewer) = (all(&stage).await, stage.viewer(&dev.token).await.unwrap());
        let hidden = outside.iter().find(|row| row.channel_id.is_none()).unwrap().id;
        assert!(matches!(resolve(&stage.installation, &viewer, hidden).await, Err(Error::NotFound)));
        let viewer = stage.viewer(&ada.token).await.unwrap();
        let done = resolve(&stage.installation, &viewer, hidden).await.unwrap();
        assert!(done.resolved_at.is_some());
        let again = resolve(&stage.installation, &viewer, hidden).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyResolved))));
        assert_eq!(page(reader, &viewer, Some(true), None, 10).await.unwrap().len(), 2);
        assert_eq!(page(reader, &viewer, Some(false), None, 10).await.unwrap().len(), 1);
    }
}

/// Raises it, and answers whether it is to be told; then it has been told.
async fn is_news(stage: &Stage, kind: AlertKind, (severity, event): (AlertSeverity, &str)) -> bool {
    let raise = of(stage, kind, ("cause", None));
    let details = Details::from([("event".to_owned(), event.to_owned())]);
    raised(stage, Raised { severity, details, ..raise }).await;
    let mut rows = all(stage).await;
    assert_eq!(rows.len(), 1, "it is one");
    let told = alert::ActiveModel {
        workspace_id: Set(stage.workspace_id),
        id: Set(rows[0].id),
        mailed_at: Set(Some(stage.clock.now())),
        ..alert::ActiveModel::default()
    };
    alert::Entity::update(told).exec(stage.installation.database.writer()).await.unwrap();
    rows.remove(0).mailed_at.is_none()
}

#[tokio::test]
async fn what_becomes_graver_or_something_else_is_told_again() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut news = Vec::new();
        for (minutes, severity, event) in [
            (0, AlertSeverity::Warning, "ACCOUNT_RESTRICTION"),
            (1, AlertSeverity::Warning, "ACCOUNT_RESTRICTION"),
            (1, AlertSeverity::Critical, "ACCOUNT_RESTRICTION"),
            (1, AlertSeverity::Critical, "DISABLED_UPDATE"),
            (1, AlertSeverity::Warning, "DISABLED_UPDATE"),
            (59, AlertSeverity::Warning, "DISABLED_UPDATE"),
            (60, AlertSeverity::Warning, "DISABLED_UPDATE"),
        ] {
            stage.clock.advance(Duration::from_secs(60 * minutes));
            news.push(is_news(&stage, AlertKind::AccountRestricted, (severity, event)).await);
        }
        assert_eq!(news, [true, false, true, true, false, false, true]);
    }
}

#[tokio::test]
async fn what_lasts_and_counts_is_told_once_until_it_is_graver() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let mut news = Vec::new();
        for (severity, count) in [
            (AlertSeverity::Notice, "10"),
            (AlertSeverity::Notice, "20"),
            (AlertSeverity::Critical, "30"),
            (AlertSeverity::Critical, "40"),
        ] {
            stage.clock.advance(Duration::from_secs(2 * 60 * 60));
            news.push(is_news(&stage, AlertKind::DeliveriesLagging, (severity, count)).await);
        }
        assert_eq!(news, [true, false, true, false]);
    }
}
