//! An independent client of the standard, PyPI's scim2-tester, against the real executable.

use std::path::{Path, PathBuf};
use std::process::Command;

use portaria_domain::clock::Clock;
use portaria_testing::Authenticator;
use serde_json::{Value, json};

use crate::program::{Program, databases};

/// A Python that has scim2-tester. Without one, none unless `PORTARIA_TEST_REQUIRE_SCIM` is set: then it is installed.
fn python() -> Option<PathBuf> {
    let has_it = |python: &Path| {
        let tried = Command::new(python).args(["-c", "import scim2_tester, httpx2"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scim-venv");
    let own = folder.join("bin/python");
    if let Some(found) = [Path::new("python3"), own.as_path()].into_iter().find(|python| has_it(python)) {
        return Some(found.to_owned());
    }
    if std::env::var_os("PORTARIA_TEST_REQUIRE_SCIM").is_none() {
        eprintln!("SKIPPED: scim2-tester is not installed; PORTARIA_TEST_REQUIRE_SCIM=1 installs it");
        return None;
    }
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scim/requirements.txt");
    run(Command::new(&own).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements));
    Some(own)
}

/// Makes a credential for a directory that may give the role of an agent, as an administrator does.
async fn let_directory_in(program: &Program) -> String {
    let session = program.sign_in("ada@example.com").await;
    let ask = async |query: &str, variables: Value| program.ask(Some(&session), query, variables).await;
    let begun =
        ask("mutation { enrollSecondFactor { enrollment { secret } userErrors { code } } }", json!({})).await;
    let secret = begun["data"]["enrollSecondFactor"]["enrollment"]["secret"]
        .as_str()
        .unwrap_or_else(|| panic!("{begun}"));
    let code = Authenticator::new(secret, &Clock::system()).code();
    let confirm = "mutation($c: String!) { confirmSecondFactor(input: { code: $c }) { sessionToken { token } userErrors { code } } }";
    let confirmed = ask(confirm, json!({ "c": code })).await;
    assert_eq!(confirmed["data"]["confirmSecondFactor"]["userErrors"], json!([]), "{confirmed}");
    // The session goes on under a new token.
    let session = confirmed["data"]["confirmSecondFactor"]["sessionToken"]["token"].as_str().unwrap();
    let ask = async |query: &str, variables: Value| program.ask(Some(session), query, variables).await;
    let roles = ask("{ roles { id name } }", json!({})).await;
    let roles = roles["data"]["roles"].as_array().unwrap();
    let agent = roles.iter().find(|role| role["name"] == "Agent").unwrap()["id"].clone();
    let create = "mutation($role: ID!, $end: DateTime!) { createDirectoryCredential(input: { name: \"Entra ID\", expiresAt: $end,
                    approved: [{ roleId: $role, scope: { kind: WORKSPACE } }] }) { created { token } userErrors { code } } }";
    let end = in_thirty_days();
    let created = ask(create, json!({ "role": agent, "end": end })).await;
    let token = &created["data"]["createDirectoryCredential"]["created"]["token"];
    token.as_str().unwrap_or_else(|| panic!("{created}")).to_owned()
}

/// Thirty days from now.
fn in_thirty_days() -> String {
    let end = Clock::system().now() + std::time::Duration::from_secs(30 * 24 * 60 * 60);
    jiff::Timestamp::from_microsecond(end.0).unwrap().to_string()
}

#[tokio::test]
async fn an_independent_client_finds_nothing_wrong() {
    let Some(python) = python() else { return };
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let token = program.file("directory-token", &let_directory_in(&program).await);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scim/check.py");
        let output = tokio::process::Command::new(&python)
            .arg(script)
            .args([program.url.as_str(), token.to_str().unwrap()])
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        println!("{said}");
        program.stop();
    }
}
