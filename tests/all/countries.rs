//! The country of a sign-in: with a database of countries, with none, and with one that is of no use.

use std::time::Instant;

use portaria_domain::clock::Clock;
use portaria_entity::time::Timestamp;
use portaria_testing::CountryFile;
use serde_json::{Value, json};

use crate::program::{PASSWORD, PATIENCE, Program, databases};

const DAY: i64 = 24 * 60 * 60;

/// A program that knows countries by that file, and believes its proxy.
fn program_with(database: Option<String>, file: &CountryFile) -> Program {
    let path = file.path();
    Program::new(database)
        .with("PORTARIA_GEO__DATABASE", path.to_str().unwrap())
        .with("PORTARIA_SERVER__TRUSTED_PROXIES", r#"["127.0.0.1"]"#)
}

/// Signs in from an address, as the proxy says it. Answers the new session.
async fn sign_in_from(program: &Program, address: &str, device: Option<&str>) -> Value {
    let query = "mutation($i: SignInInput!) { signIn(input: $i) { session { token deviceToken } userErrors { code } } }";
    let body =
        json!({ "query": query, "variables": { "i": { "email": "ana@example.com", "password": PASSWORD } } });
    let mut request = reqwest::Client::new()
        .post(format!("{}/graphql", program.url))
        .header("X-Forwarded-For", address)
        .json(&body);
    if let Some(device) = device {
        request = request.header("Portaria-Device", device);
    }
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer["data"]["signIn"]["session"].is_object(), "{answer}");
    answer["data"]["signIn"]["session"].clone()
}

/// Waits for a letter to Ana with that in its text.
async fn letter_with(program: &Program, what: &str) -> String {
    let began = Instant::now();
    loop {
        let folder = std::fs::read_dir(program.folder().join("data/mail")).into_iter().flatten();
        for file in folder.map_while(Result::ok) {
            let letter = std::fs::read_to_string(file.path()).unwrap().replace("=\r\n", "");
            if letter.contains("ana@example.com") && letter.contains(what) {
                return letter;
            }
        }
        assert!(began.elapsed() < PATIENCE, "no letter: {}", program.log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_known_device_in_a_new_country_is_mailed_and_listed_with_the_country() {
    for database in databases().await {
        let file = CountryFile::new();
        let mut program = program_with(database, &file);
        program.start().await;
        program.set_up().await;
        let home = sign_in_from(&program, "192.0.2.7", None).await;
        let away = sign_in_from(&program, "203.0.113.7", home["deviceToken"].as_str()).await;
        let letter = letter_with(&program, "203.0.113.7").await;
        assert!(letter.contains("Subject: Novo acesso a Padaria: Portugal"), "{letter}");
        let list = "{ viewer { sessions { address country } } }";
        let answer = program.ask(away["token"].as_str(), list, json!({})).await;
        let mut sessions = answer["data"]["viewer"]["sessions"].as_array().unwrap().clone();
        sessions.sort_by_key(|one| one["address"].as_str().unwrap().to_owned());
        let expected = [
            json!({ "address": "192.0.2.7", "country": "BR" }),
            json!({ "address": "203.0.113.7", "country": "PT" }),
        ];
        assert_eq!(sessions, expected, "{answer}");
        program.stop();
    }
}

#[tokio::test]
async fn a_database_that_is_of_no_use_is_told_at_the_start_and_keeps_nobody_from_mending_things() {
    let file = CountryFile::new();
    let program = program_with(None, &file);
    program.run(&["migrate"]);
    let start = |command: &str| {
        let output = program.command(&[command]).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    file.write(b"this is none");
    for command in ["serve", "audit"] {
        let said = start(command);
        assert!(
            said.contains("geo.database: the database of countries ")
                && said.contains("countries.mmdb cannot be used: "),
            "{command}: {said}"
        );
    }
    std::fs::remove_file(file.path()).unwrap();
    let said = start("serve");
    assert!(said.contains("countries.mmdb cannot be used: No such file"), "{said}");
    assert!(program.run(&["admin", "setup-token"]).contains("/set-up#token="), "that does not need it");
}

#[tokio::test]
async fn the_doctor_says_how_the_database_of_countries_is() {
    let file = CountryFile::new();
    let program = program_with(None, &file);
    let ask = |expected: bool| {
        let output = program.command(&["doctor"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), expected, "{said}");
        said.lines()
            .filter(|line| line.contains("countries") || line.contains("geo."))
            .collect::<Vec<_>>()
            .join("\n")
    };
    program.run(&["migrate"]);
    let now = Clock::system().now().as_secs();
    file.replace_by_one_of(Timestamp::from_secs(now - 89 * DAY));
    let said = ask(true);
    assert!(
        said.starts_with("good   countries of sign-ins are known by Portaria-Test-Country of 20"),
        "{said}"
    );
    file.replace_by_one_of(Timestamp::from_secs(now - 95 * DAY));
    let said = ask(true);
    assert!(said.starts_with("weak   geo.database: ") && said.contains(", 95 days old: "), "{said}");
    file.write(b"this is none");
    let said = ask(false);
    assert!(said.starts_with("WRONG  geo.database: ") && said.contains("cannot be used"), "{said}");
    std::fs::remove_file(file.path()).unwrap();
    let said = ask(false);
    assert!(said.starts_with("WRONG  geo.database: ") && said.contains("No such file"), "{said}");
    let without = Program::new(None);
    without.run(&["migrate"]);
    assert!(!without.run(&["doctor"]).contains("countries"), "who has none is not told to have one");
}
