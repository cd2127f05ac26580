//! Endpoints get what they may know, signed, once, however they behave; and who takes nothing is given up with an alert.

use portaria_domain::error::{Error, Refusal};
use portaria_domain::granting::Change;
use portaria_domain::notification_endpoint::{
    EndpointRow, Settings, Shown, all, begin, create, delete, due, rotate, test, update,
};
use portaria_domain::permission::{Permission, PermissionSet};
use portaria_entity::alert;
use portaria_entity::id::NotificationEndpointId;
use portaria_entity::notification_delivery::{self, NotificationProblem, NotificationStatus};
use portaria_entity::notification_endpoint::EndpointKind;
use portaria_testing::databases;
use serde_json::Value;

use super::receiver::{Receiver, Reply};
use super::*;

const ALERTS: PermissionSet = PermissionSet::of(&[Permission::WorkspaceUpdate, Permission::WebhookEventRead]);
const FINDINGS: PermissionSet = PermissionSet::of(&[Permission::AccessAuditRead]);
const NAMES: PermissionSet = PermissionSet::of(&[Permission::AccessAuditRead, Permission::MemberReadPrivate]);

/// Does something with endpoints as the first administrator, with a second factor just given.
macro_rules! as_ada {
    ($scene:expr, $change:ident => $act:expr) => {{
        // Days may have gone by since.
        let ada = $scene.stage.sign_in(&$scene.ada.email).await;
        let ada = $scene.stage.step_up(&ada).await;
        let by = [Permission::SecurityPolicyManage];
        let mut $change = Change::by(&$scene.stage.installation, &ada.viewer, &by).await.unwrap();
        let done = $act.await;
        if done.is_ok() {
            $change.finish().await.unwrap();
        }
        done
    }};
}

async fn made(scene: &Scene, kind: EndpointKind, (at, permissions): (&str, PermissionSet)) -> Shown {
    let settings = Settings {
        name: Some("SIEM"),
        address: Some(at),
        language: Some("en"),
        permissions: Some(permissions),
        ..Settings::default()
    };
    as_ada!(scene, change => create(&mut change, kind, settings)).unwrap()
}

async fn webhook(
    scene: &Scene,
    receiver: &Receiver,
    permissions: PermissionSet,
) -> (NotificationEndpointId, String) {
    let shown = made(scene, EndpointKind::Webhook, (&receiver.address, permissions)).await;
    (shown.endpoint.row.id, shown.secret.unwrap().to_string())
}

async fn endpoints(scene: &Scene) -> Vec<EndpointRow> {
    all(scene.stage.installation.database.reader(), scene.stage.workspace_id).await.unwrap()
}

async fn deliveries(scene: &Scene) -> Vec<notification_delivery::Model> {
    let find = notification_delivery::Entity::find().order_by_asc(notification_delivery::Column::Id);
    find.all(scene.stage.installation.database.reader()).await.unwrap()
}

async fn told(scene: &Scene, cause: &str) {
    scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, cause).await;
    assert_eq!(scene.alerting.tell().await.unwrap(), 2);
}

#[tokio::test]
async fn a_webhook_is_signed_so_that_others_can_verify_it_through_a_rotation() {
    for test_database in databases().await {
        let (scene, receiver) = (Scene::on(test_database).await, Receiver::open().await);
        let (id, first) = webhook(&scene, &receiver, ALERTS).await;
        told(&scene, "a").await;
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        assert_eq!(scene.alerting.deliver().await.unwrap(), 0);
        let second =
            as_ada!(scene, change => rotate(&mut change, id, 2)).unwrap().secret.unwrap().to_string();
        told(&scene, "b").await;
        scene.alerting.deliver().await.unwrap();
        scene.stage.clock.advance(2 * HOUR);
        told(&scene, "c").await;
        scene.alerting.deliver().await.unwrap();
        let received = receiver.received();
        let signed = |secret: &str| received.iter().map(|one| one.is_signed_with(secret)).collect::<Vec<_>>();
        assert_eq!(signed(&first), [true, true, false]);
        assert_eq!(signed(&second), [false, true, true]);
        let body: Value = serde_json::from_str(&received[0].body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["items"][0]["alert"]),
            (&"notice".into(), &"account_restricted".into())
        );
        assert_eq!(received[0].header("content-type"), Some("application/json"));
        let row = &deliveries(&scene).await[0];
        assert_eq!(received[0].header("webhook-id"), Some(row.id.to_string().as_str()));
        assert_eq!((row.status, row.answered), (NotificationStatus::Delivered, Some(200)));
        // At rest neither address nor secret can be read.
        let endpoint = format!("{:?}", endpoints(&scene).await);
        assert!(!endpoint.contains("s3cret") && !endpoint.contains(&second));
    }
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_may_know_and_nothing_else() {
    for test_database in databases().await {
        let (scene, alerts, findings, names, slack) = (
            Scene::on(test_database).await,
            Receiver::open().await,
            Receiver::open().await,
            Receiver::open().await,
            Receiver::open().await,
        );
        webhook(&scene, &alerts, ALERTS).await;
        webhook(&scene, &findings, FINDINGS).await;
        webhook(&scene, &names, NAMES).await;
        made(&scene, EndpointKind::Slack, (&slack.address, NAMES.union(ALERTS))).await;
        scene.stage.clock.advance(HOUR);
        scene.is_called(&scene.bob, "<!channel> *Bob* https://evil.example").await;
        scene.is_guessed(&scene.bob).await;
        Sweeper::new().unwrap().sweep(&scene.stage.installation).await.unwrap();
        scene.raise(AlertKind::PaymentEvent, AlertSeverity::Critical, "x").await;
        scene.raise(AlertKind::AccountRestricted, AlertSeverity::Critical, "y").await;
        assert_eq!(scene.alerting.tell().await.unwrap(), 2);
        assert_eq!(scene.alerting.deliver().await.unwrap(), 4);
        let kinds = |receiver: &Receiver| {
            let body: Value = serde_json::from_str(&receiver.received()[0].body).unwrap();
            let items = body["data"]["items"].as_array().unwrap().clone();
            let kind = |item: &Value| item["rule"].as_str().or(item["alert"].as_str()).unwrap().to_owned();
            items.iter().map(kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&alerts), ["account_restricted"], "payments need billing:read");
        assert_eq!(kinds(&findings), ["success_after_failures"]);
        assert_eq!(kinds(&names), ["success_after_failures"]);
        let without = &findings.received()[0].body;
        let id = scene.bob.member_id.to_string();
        assert!(without.contains(&id), "{without}");
        for personal in ["Bob", &scene.bob.email, "203.0.113.66", "curl"] {
            assert!(!without.contains(personal), "{without}");
        }
        let with = &names.received()[0].body;
        assert!(with.contains("Bob") && with.contains("203.0.113.66"), "{with}");
        let text = &slack.received()[0].body;
        assert!(text.contains("Bob") && text.contains("blocks"), "{text}");
        assert!(!text.contains("<!channel>") && !text.contains("evil.example"), "{text}");
        assert!(slack.received()[0].header("webhook-signature").is_none());
    }
}

#[tokio::test]
async fn nobody_has_an_endpoint_told_what_they_do_not_know_themselves_or_not_for_good() {
    for test_database in databases().await {
        let scene = Scene::on(test_database).await;
        let cid = scene.stage.person("Cid", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        let sql = "UPDATE grants SET valid_until = $2 WHERE member_id = $1";
        let database = &scene.stage.installation.database;
        let until = scene.stage.clock.now() + HOUR;
        let values = [cid.member_id.0.into(), until.0.into()];
        sea_orm::ConnectionTrait::execute_raw(database.writer(), database.statement(sql, values))
            .await
            .unwrap();
        let cid = scene.stage.step_up(&cid).await;
        let by = [Permission::SecurityPolicyManage];
        let settings = |address| Settings {
            name: Some("x"),
            address: Some(address),
            permissions: Some(FINDINGS),
            ..Settings::default()
        };
        let refused = async |settings: Settings<'_>| {
            let mut change = Change::by(&scene.stage.installation, &cid.viewer, &by).await.unwrap();
            create(&mut change, EndpointKind::Webhook, settings).await.map(|_| ()).unwrap_err()
        };
        let good = "https://siem.example.com/x";
        assert!(matches!(refused(settings(good)).await, Error::Refused(Refusal::OutlastsGranter)));
        for bad in
            ["http://siem.example.com", "https://10.0.0.1/", "https://[::1]x", "https://a:b@c.example", "x"]
        {
            assert!(matches!(refused(settings(bad)).await, Error::Refused(Refusal::ForbiddenUrl)), "{bad}");
        }
        let none = Settings { permissions: Some(PermissionSet::EMPTY), ..settings(good) };
        assert!(matches!(refused(none).await, Error::Refused(Refusal::NothingConferred)));
        let odd = PermissionSet::of(&[Permission::MessageRead]);
        let odd = Settings { permissions: Some(odd), ..settings(good) };
        assert!(matches!(refused(odd).await, Error::BadInput(_)));
        // Nor do they change one that holds what they do not hold for good.
        let id = made(&scene, EndpointKind::Webhook, (good, FINDINGS)).await.endpoint.row.id;
        let mut change = Change::by(&scene.stage.installation, &cid.viewer, &by).await.unwrap();
        let elsewhere = Settings { address: Some("https://evil.example"), ..Settings::default() };
        let answer = update(&mut change, id, elsewhere).await.map(|_| ());
        assert!(matches!(answer, Err(Error::Refused(Refusal::HoldsMore))));
        drop(change);
        as_ada!(scene, change => delete(&mut change, id)).unwrap();
        assert!(endpoints(&scene).await.is_empty());
    }
}

#[tokio::test]
async fn what_does_not_come_through_is_tried_again_as_the_same() {
    for test_database in databases().await {
        let (scene, receiver) = (Scene::on(test_database).await, Receiver::open().await);
        let (_, secret) = webhook(&scene, &receiver, ALERTS).await;
        receiver.answers([Reply::Status(500), Reply::Cut, Reply::Status(200)]);
        told(&scene, "a").await;
        told(&scene, "b").await;
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        assert_eq!(scene.alerting.deliver().await.unwrap(), 0, "it rests, and what is behind it waits");
        assert_eq!(endpoints(&scene).await[0].row.failing_since, Some(scene.stage.clock.now()));
        scene.stage.clock.advance(Duration::from_secs(5));
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        let problems: Vec<_> = deliveries(&scene).await.iter().map(|row| row.problem).collect();
        assert_eq!(problems, [Some(NotificationProblem::Unreachable), None]);
        scene.stage.clock.advance(Duration::from_secs(30));
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        let received = receiver.received();
        let ids: Vec<_> = received.iter().map(|one| one.header("webhook-id").unwrap().to_owned()).collect();
        assert!(ids.len() == 4 && ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
        assert!(received.iter().all(|one| one.is_signed_with(&secret)));
        assert!(received[0].header("webhook-timestamp") < received[1].header("webhook-timestamp"));
        assert_eq!(endpoints(&scene).await[0].row.failing_since, None);
    }
}

#[tokio::test]
async fn no_redirect_is_followed_and_who_is_slow_keeps_nobody() {
    for test_database in databases().await {
        let scene = Scene::on(test_database).await;
        let (astray, elsewhere, slow) =
            (Receiver::open().await, Receiver::open().await, Receiver::open().await);
        webhook(&scene, &astray, ALERTS).await;
        webhook(&scene, &slow, ALERTS).await;
        astray.answers([Reply::Redirect(elsewhere.address.clone())]);
        slow.answers([Reply::Late(Duration::from_secs(20))]);
        told(&scene, "a").await;
        let begun = tokio::time::Instant::now();
        assert_eq!(scene.alerting.deliver().await.unwrap(), 2);
        assert!(begun.elapsed() < Duration::from_secs(15));
        let problems: Vec<_> = deliveries(&scene).await.iter().map(|row| row.problem).collect();
        assert_eq!(problems, [Some(NotificationProblem::Redirected), Some(NotificationProblem::TimedOut)]);
        assert!(elsewhere.received().is_empty());
    }
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_is_not_sent_to() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let strict = EndpointClient::new(Arc::default());
    let sent = strict.send("https://localhost:1/x", Default::default(), String::new()).await;
    let expected = portaria_domain::notification_endpoint::Outcome::Failed {
        problem: NotificationProblem::ForbiddenAddress,
        answered: None,
        wait: None,
    };
    assert_eq!(sent, expected);
    assert_eq!(strict.send("http://8.8.8.8/", Default::default(), String::new()).await, expected);
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_three_days_is_disabled_and_told_of() {
    for test_database in databases().await {
        let (scene, dead, gone) =
            (Scene::on(test_database).await, Receiver::open().await, Receiver::open().await);
        let (id, _) = webhook(&scene, &dead, ALERTS).await;
        dead.answers([Reply::Status(403)]);
        told(&scene, "a").await;
        let mut attempts = 0;
        for _ in 0..(3 * 24 + 9) {
            attempts += scene.alerting.deliver().await.unwrap();
            scene.stage.clock.advance(HOUR);
        }
        assert!((15..25).contains(&attempts), "{attempts}");
        let endpoint = endpoints(&scene).await.remove(0);
        assert!(endpoint.row.disabled_at.is_some());
        assert_eq!(endpoint.row.disabled_because.as_deref(), Some("refused"));
        let find = alert::Entity::find().filter(alert::Column::Kind.eq(AlertKind::EndpointDisabled));
        let reader = scene.stage.installation.database.reader();
        let rows = find.clone().all(reader).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].details.contains("SIEM") && !rows[0].details.contains("s3cret"));
        // Nothing more is sent there, until somebody has seen to it.
        scene.alerting.tell().await.unwrap();
        assert_eq!(scene.alerting.deliver().await.unwrap(), 0);
        let on = Settings { is_enabled: Some(true), ..Settings::default() };
        as_ada!(scene, change => update(&mut change, id, on)).unwrap();
        dead.answers([Reply::Status(200)]);
        as_ada!(scene, change => test(&mut change, id)).unwrap();
        let again = as_ada!(scene, change => test(&mut change, id)).map(|_| ());
        assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyPending))));
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        let last = endpoints(&scene).await.remove(0).last.unwrap();
        assert!(last.is_test && last.status == NotificationStatus::Delivered);

        // One that says that it is no more is disabled at once.
        webhook(&scene, &gone, ALERTS).await;
        gone.answers([Reply::Status(410)]);
        told(&scene, "b").await;
        assert_eq!(scene.alerting.deliver().await.unwrap(), 2);
        assert_eq!(find.all(reader).await.unwrap().len(), 2);
    }
}

async fn disabled_alerts(scene: &Scene) -> Vec<alert::Model> {
    let find = alert::Entity::find()
        .filter(alert::Column::Kind.eq(AlertKind::EndpointDisabled))
        .order_by_asc(alert::Column::Id);
    find.all(scene.stage.installation.database.reader()).await.unwrap()
}

#[tokio::test]
async fn each_time_that_an_endpoint_is_disabled_is_told_until_it_is_enabled_or_gone() {
    for test_database in databases().await {
        let (scene, gone) = (Scene::on(test_database).await, Receiver::open().await);
        let (id, _) = webhook(&scene, &gone, ALERTS).await;
        gone.answers([Reply::Status(410)]);
        for n in 1..=2 {
            told(&scene, &n.to_string()).await;
            assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
            let open = disabled_alerts(&scene).await;
            assert_eq!((open.len(), open.last().unwrap().resolved_at), (n, None));
            assert_eq!(scene.alerting.tell().await.unwrap(), 2, "{n}");
            if n == 1 {
                let on = Settings { is_enabled: Some(true), ..Settings::default() };
                as_ada!(scene, change => update(&mut change, id, on)).unwrap();
            } else {
                as_ada!(scene, change => delete(&mut change, id)).unwrap();
            }
            assert!(disabled_alerts(&scene).await.iter().all(|row| row.resolved_at.is_some()));
            scene.stage.clock.advance(2 * HOUR);
        }
    }
}

#[tokio::test]
async fn once_it_is_mended_an_endpoint_is_not_disabled_by_its_first_failure() {
    for test_database in databases().await {
        let (scene, receiver) = (Scene::on(test_database).await, Receiver::open().await);
        let (id, _) = webhook(&scene, &receiver, ALERTS.union(FINDINGS)).await;
        receiver.answers([Reply::Status(500)]);
        let row = async || endpoints(&scene).await.remove(0).row;
        let elsewhere = Settings { address: Some(&receiver.address), ..Settings::default() };
        let less = Settings { permissions: Some(ALERTS), ..Settings::default() };
        for (cause, mended) in [("a", elsewhere), ("b", less)] {
            told(&scene, cause).await;
            scene.alerting.deliver().await.unwrap();
            assert!(row().await.failing_since.is_some());
            as_ada!(scene, change => update(&mut change, id, mended)).unwrap();
            assert_eq!(row().await.failing_since, None);
            scene.stage.clock.advance(74 * HOUR);
        }
        // Nor is one that has had nothing to take for days: it is tried again first.
        let database = &scene.stage.installation.database;
        let since = scene.stage.clock.now().0 - 4 * 24 * 3_600 * 1_000_000;
        let sql = "UPDATE notification_endpoints SET failing_since = $1";
        let statement = database.statement(sql, [since.into()]);
        sea_orm::ConnectionTrait::execute_raw(database.writer(), statement).await.unwrap();
        told(&scene, "c").await;
        for pause in [0, 5, 30] {
            assert_eq!(row().await.disabled_at, None);
            scene.stage.clock.advance(Duration::from_secs(pause));
            assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        }
        assert!(row().await.disabled_at.is_some());
    }
}

#[tokio::test]
async fn two_processes_send_once_and_what_a_killed_one_left_is_sent_under_its_id() {
    for test_database in databases().await {
        let (scene, receiver) = (Scene::on(test_database).await, Receiver::open().await);
        let other = scene.another_process().await;
        webhook(&scene, &receiver, ALERTS).await;
        told(&scene, "a").await;
        let (one, two) = tokio::join!(scene.alerting.deliver(), other.deliver());
        assert_eq!((one.unwrap() + two.unwrap(), receiver.received().len()), (1, 1));

        told(&scene, "b").await;
        let installation = &scene.stage.installation;
        let key = due(installation).await.unwrap().remove(0);
        let killed = begin(installation, key).await.unwrap().unwrap();
        assert_eq!(other.deliver().await.unwrap(), 0, "it is leased");
        scene.stage.clock.advance(Duration::from_secs(61));
        assert_eq!(other.deliver().await.unwrap(), 1);
        let id = killed.delivery.id.to_string();
        assert_eq!(receiver.received()[1].header("webhook-id"), Some(id.as_str()));
        // The one that was taken for dead has nothing to say any more.
        let late = portaria_domain::notification_endpoint::Outcome::Failed {
            problem: NotificationProblem::TimedOut,
            answered: None,
            wait: None,
        };
        portaria_domain::notification_endpoint::settle(installation, &killed, late).await.unwrap();
        assert_eq!(deliveries(&scene).await[1].status, NotificationStatus::Delivered);
    }
}

#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_set_right_holds_no_delivery_back() {
    for test_database in databases().await {
        let (scene, receiver) = (Scene::on(test_database).await, Receiver::open().await);
        webhook(&scene, &receiver, ALERTS).await;
        let now = scene.stage.clock.now();
        scene.stage.clock.advance(365 * 24 * HOUR);
        told(&scene, "a").await;
        let key = due(&scene.stage.installation).await.unwrap().remove(0);
        assert!(begin(&scene.stage.installation, key).await.unwrap().is_some(), "and its process dies");
        scene.stage.clock.set(now);
        assert_eq!(scene.alerting.deliver().await.unwrap(), 1);
        assert_eq!(receiver.received().len(), 1);
    }
}
