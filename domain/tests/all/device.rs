//! Devices: of which sign-ins a person is told by mail.

use std::time::Duration;

use portaria_domain::authentication::{Attempt, OpenedSession, Origin, sign_in};
use portaria_testing::{CountryFile, PASSWORD, Person, Stage, TestDatabase, databases};
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
    let sql = "SELECT to_address, subject, text FROM outgoing_mails WHERE dedup_key LIKE 'new-%' ORDER BY id";
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

/// A stage that knows the countries of addresses.
async fn stage_with_countries(test: TestDatabase) -> Stage {
    let mut stage = Stage::on(test).await;
    stage.installation.countries = CountryFile::new().countries();
    stage
}

async fn execute(stage: &Stage, sql: &str) {
    let database = &stage.installation.database;
    database.writer().execute_raw(database.statement(sql, [])).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_from_a_new_country_is_told_with_its_name() {
    for test in databases().await {
        let stage = stage_with_countries(test).await;
        let ana = stage.person("Ana", &[]).await;
        assert!(letters(&stage).await.is_empty(), "the first country of all is not told");
        let chrome = enter(&stage, &ana, CHROME, "192.0.2.7", None).await;
        let token = chrome.device.unwrap();
        let token = Some(token.reveal());
        let told = letters(&stage).await;
        assert_eq!(
            (told.len(), told[0].1.as_str()),
            (1, "Novo acesso a Padaria"),
            "a device, in a known country"
        );
        assert!(told[0].2.contains("a partir de um dispositivo que") && told[0].2.contains("País: Brasil."));
        assert!(!told[0].2.contains("VPN"));

        enter(&stage, &ana, CHROME, "203.0.113.7", token).await;
        let told = letters(&stage).await;
        assert_eq!(
            (told.len(), told[1].1.as_str()),
            (2, "Novo acesso a Padaria: Portugal"),
            "the known device"
        );
        assert_eq!(told[1].0, ana.email);
        assert!(told[1].2.contains("a partir de um país de onde você ainda não tinha entrado."));
        assert!(told[1].2.contains("País: Portugal. Endereço: 203.0.113.7.") && told[1].2.contains("VPN"));

        enter(&stage, &ana, IPHONE, "198.51.100.7", None).await;
        let told = letters(&stage).await;
        assert_eq!((told.len(), told[2].1.as_str()), (3, "Novo acesso a Padaria: EUA"), "one letter of both");
        assert!(told[2].2.contains("de um dispositivo e de um país"));

        for known in ["203.0.113.99", "198.51.100.9", "192.0.2.7"] {
            enter(&stage, &ana, CHROME, known, token).await;
        }
        for nowhere in ["10.0.0.7", "8.8.8.8", "", "::1", "none"] {
            enter(&stage, &ana, CHROME, nowhere, token).await;
        }
        assert_eq!(letters(&stage).await.len(), 3, "known by now, or in no country that is known");
        enter(&stage, &ana, CHROME, "2001:db8::7", token).await;
        assert!(letters(&stage).await[3].1.ends_with(": Argentina"));
    }
}

#[tokio::test]
async fn a_country_that_a_workspaces_provider_alone_vouches_for_is_new_to_the_person() {
    for test in databases().await {
        let stage = stage_with_countries(test).await;
        let ana = stage.person("Ana", &[]).await;
        enter(&stage, &ana, CHROME, "192.0.2.7", None).await;
        // As a confined session from Portugal leaves it.
        let sql = "INSERT INTO known_devices (user_id, fingerprint, first_used_at, last_used_at) \
                   SELECT user_id, $1, 1, 1 FROM members WHERE id = $2";
        let code = [b"PT".as_slice(), stage.workspace_id.0.as_bytes()].concat();
        let database = &stage.installation.database;
        let member = ana.viewer.member_id().unwrap();
        let values = [code.into(), member.0.into()];
        database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        let before = letters(&stage).await.len();
        enter(&stage, &ana, CHROME, "203.0.113.7", None).await;
        let told = letters(&stage).await;
        assert_eq!(told.len(), before + 1);
        assert!(told[before].1.ends_with("Portugal"), "{}", told[before].1);
    }
}

#[tokio::test]
async fn a_first_country_is_told_neither_beside_a_new_device_nor_alone() {
    for test in databases().await {
        let stage = stage_with_countries(test).await;
        let ana = stage.person("Ana", &[]).await;
        execute(&stage, "DELETE FROM known_devices").await;
        execute(&stage, "UPDATE sessions SET address = '10.0.0.7'").await;
        enter(&stage, &ana, CHROME, "203.0.113.7", None).await;
        assert!(letters(&stage).await.is_empty(), "neither the first device nor the first country");
        enter(&stage, &ana, IPHONE, "203.0.113.7", None).await;
        let told = letters(&stage).await;
        assert_eq!(
            (told.len(), told[0].1.as_str()),
            (1, "Novo acesso a Padaria"),
            "the country is no device"
        );
    }
}

#[tokio::test]
async fn a_database_that_comes_later_makes_no_country_new_that_is_not() {
    for test in databases().await {
        let mut stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let bia = stage.person("Bia", &[]).await;
        let mut tokens = Vec::new();
        for person in [&ana, &bia] {
            tokens.push(enter(&stage, person, CHROME, "192.0.2.7", None).await.device.unwrap());
        }
        enter(&stage, &ana, CHROME, "198.51.100.7", Some(tokens[0].reveal())).await;
        execute(&stage, &format!("UPDATE sessions SET address = '10.0.0.7' WHERE user_id = (SELECT id FROM users WHERE email = '{}')", bia.email)).await;
        let before = letters(&stage).await.len();

        stage.installation.countries = CountryFile::new().countries();
        for known in ["192.0.2.9", "198.51.100.9", "192.0.2.10"] {
            enter(&stage, &ana, CHROME, known, Some(tokens[0].reveal())).await;
        }
        enter(&stage, &bia, CHROME, "203.0.113.7", Some(tokens[1].reveal())).await;
        assert_eq!(
            letters(&stage).await.len(),
            before,
            "where they were before, or nobody knows where they were"
        );
        enter(&stage, &ana, CHROME, "203.0.113.7", Some(tokens[0].reveal())).await;
        enter(&stage, &bia, CHROME, "198.51.100.7", Some(tokens[1].reveal())).await;
        let told = letters(&stage).await.split_off(before);
        assert!(
            told[0].1.ends_with(": Portugal") && told[1].1.ends_with(": EUA"),
            "and this is new: {told:?}"
        );
        assert_eq!(told.len(), 2);
    }
}

#[tokio::test]
async fn the_letter_names_the_country_in_the_language_of_whose_account_it_is() {
    for test in databases().await {
        let stage = stage_with_countries(test).await;
        let ana = stage.person("Ana", &[]).await;
        for (locale, address, country) in
            [("en", "198.51.100.7", "United States"), ("es-MX", "203.0.113.7", "Portugal")]
        {
            execute(&stage, &format!("UPDATE users SET locale = '{locale}'")).await;
            enter(&stage, &ana, CHROME, address, None).await;
            let (_, subject, text) = letters(&stage).await.pop().unwrap();
            assert!(subject.ends_with(&format!(" Padaria: {country}")), "{subject}");
            let label = if locale == "en" { "Country" } else { "País" };
            assert!(text.contains(&format!("{label}: {country}. ")), "{text}");
        }
    }
}

#[tokio::test]
async fn many_devices_push_neither_countries_nor_those_used_last_out() {
    for test in databases().await {
        let stage = stage_with_countries(test).await;
        let ana = stage.person("Ana", &[]).await;
        let (database, id) = (&stage.installation.database, ana.viewer.session().unwrap().user_id);
        let sql = "INSERT INTO known_devices (user_id, fingerprint, first_used_at, last_used_at) VALUES ($1, $2, $3, $3)";
        for one in 0..60u8 {
            let later = stage.clock.now().0 + 1 + i64::from(one);
            let values = [id.0.into(), vec![one; 32].into(), later.into()];
            database.writer().execute_raw(database.statement(sql, values)).await.unwrap();
        }
        stage.clock.advance(std::time::Duration::from_secs(1));
        enter(&stage, &ana, CHROME, "192.0.2.7", None).await;
        let sql = "SELECT length(fingerprint), COUNT(*) FROM known_devices GROUP BY 1 ORDER BY 1";
        let rows = database.reader().query_all_raw(database.statement(sql, [])).await.unwrap();
        let counted: Vec<i64> = rows.iter().map(|row| row.try_get_by_index(1).unwrap()).collect();
        assert_eq!(counted, [1, 50], "Brazil, and the devices");
        enter(&stage, &ana, CHROME, "203.0.113.7", None).await;
        assert!(letters(&stage).await.pop().unwrap().1.ends_with(": Portugal"));
    }
}
