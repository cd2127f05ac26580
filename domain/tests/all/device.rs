//! Devices: of which sign-ins a person is told by mail.

use std::time::Duration;

use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_testing::{PASSWORD, Person, Stage, databases};
use sea_orm::ConnectionTrait;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1";

async fn enter(
    stage: &Stage,
    person: &Person,
    user_agent: &str,
    address: &str,
    device: Option<&str>,
) -> OpenedSession {
    let origin = Origin {
        address: address.to_owned(),
        user_agent: user_agent.to_owned(),
        device: device.map(str::to_owned),
    };
    let attempt =
        Attempt { email: &person.email, password: PASSWORD, code: None, workspace_id: None, origin };
    sign_in(&stage.installation, attempt).await.unwrap()
}

/// The letters so far: to whom, subject, text.
async fn letters(stage: &Stage) -> Vec<(String, String, String)> {
    let database = &stage.installation.database;
    let sql = "SELECT to_address, subject, text FROM outgoing_mails WHERE dedup_key LIKE 'new-device:%' ORDER BY id";
    let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
    let text = |row: &sea_orm::QueryResult, index| row.try_get_by_index::<String>(index).unwrap();
    rows.iter().map(|row| (text(row, 0), text(row, 1), text(row, 2))).collect()
}

#[tokio::test]
async fn a_sign_in_from_a_new_device_is_told_at_once_but_for_the_very_first() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        // The first is from 192.0.2.1, with a program that says nothing known.
        let ana = stage.person("Ana", &[]).await;
        assert!(letters(&stage).await.is_empty());
        enter(&stage, &ana, "test", "192.0.2.200", None).await;
        assert!(letters(&stage).await.is_empty(), "the same kind in the same network");
        enter(&stage, &ana, CHROME, "198.51.100.7", None).await;
        let told = letters(&stage).await;
        assert_eq!((told.len(), told[0].0.as_str()), (1, ana.email.as_str()));
        assert_eq!(told[0].1, "Novo acesso a Padaria");
        assert!(told[0].2.contains("2026-03-02 09:00"), "by the workspace's clock: {}", told[0].2);
        assert!(told[0].2.contains("Chrome no Windows") && told[0].2.contains("198.51.100.7"));
        assert!(told[0].2.contains("encerre as suas outras sessões"));
        enter(&stage, &ana, CHROME, "198.51.100.99", None).await;
        enter(&stage, &ana, CHROME, "198.51.100.7", None).await;
        assert_eq!(letters(&stage).await.len(), 1, "known by now");
        enter(&stage, &ana, CHROME, "203.0.113.7", None).await;
        enter(&stage, &ana, IPHONE, "198.51.100.7", None).await;
        assert_eq!(letters(&stage).await.len(), 3, "another network, another kind of device");
    }
}

#[tokio::test]
async fn a_sign_in_after_a_long_absence_is_told() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let told = async || {
            let letters = stage.letters_to(&ana.email).await;
            letters.into_iter().map(|mail| (mail.subject, mail.text)).collect::<Vec<_>>()
        };
        stage.clock.advance(90 * DAY - Duration::from_secs(1));
        enter(&stage, &ana, "test", "192.0.2.1", None).await;
        assert_eq!(told().await, [], "not quite so long");
        stage.clock.advance(90 * DAY);
        enter(&stage, &ana, "test", "192.0.2.1", None).await;
        let letters = told().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert!(letters[0].1.contains("depois de mais de 90 dias sem que ninguém entrasse"), "{letters:?}");
        enter(&stage, &ana, "test", "192.0.2.1", None).await;
        stage.clock.advance(90 * DAY);
        enter(&stage, &ana, CHROME, "198.51.100.7", None).await;
        let letters = told().await;
        assert_eq!(letters.len(), 2, "of a new device at the same time in one letter: {letters:?}");
        assert!(letters[1].1.contains("dispositivo que você ainda não tinha usado"), "{letters:?}");
    }
}

#[tokio::test]
async fn a_device_that_kept_its_token_is_known_wherever_it_is() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let (ana, bia) = (stage.person("Ana", &[]).await, stage.person("Bia", &[]).await);
        let first = enter(&stage, &ana, CHROME, "198.51.100.7", None).await;
        let token = first.device.unwrap();
        assert!(token.reveal().starts_with("ptr_dev_"));
        assert_eq!(letters(&stage).await.len(), 1);
        let later = enter(&stage, &ana, CHROME, "203.0.113.7", Some(token.reveal())).await;
        assert!(later.device.is_none(), "it has one");
        assert_eq!(letters(&stage).await.len(), 1, "on the road");
        enter(&stage, &ana, IPHONE, "203.0.113.7", Some(token.reveal())).await;
        assert_eq!(letters(&stage).await.len(), 2, "the token, on another kind of device");
        enter(&stage, &bia, CHROME, "203.0.113.7", Some(token.reveal())).await;
        assert_eq!(letters(&stage).await.len(), 3, "a device of Ana's is new to Bia");
        enter(&stage, &bia, CHROME, "192.0.2.9", Some(token.reveal())).await;
        assert_eq!(letters(&stage).await.len(), 3, "and then they share it");
        for forged in ["ptr_dev_forged", "x", ""] {
            let there = enter(&stage, &bia, CHROME, "198.51.101.7", Some(forged)).await;
            let has_form = forged.starts_with("ptr_dev_");
            assert_eq!(there.device.is_none(), has_form);
        }
        assert_eq!(letters(&stage).await.len(), 5, "a token nobody was given is new, and no token too");
        let database = &stage.installation.database;
        let sql = "SELECT fingerprint FROM known_devices";
        let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
        for row in rows {
            let kept: Vec<u8> = row.try_get_by_index(0).unwrap();
            assert_eq!(kept.len(), 32, "kept as a hash");
        }
    }
}
