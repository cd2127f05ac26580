//! What was answered with 200 is there, whatever happens in the next instant.

use std::time::Duration;

use crate::program::{Program, databases, number, text_message};

#[tokio::test]
async fn what_was_accepted_survives_kill_9() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        for round in 0..5 {
            let (body, signature) =
                text_message(&number(0), &format!("wamid.K{round}"), &format!("mensagem {round}"));
            assert_eq!(program.deliver(&body, &signature).await, 200);
            program.kill();
            program.start().await;
        }
        let ana = program.sign_in("ana@example.com").await;
        let mut texts = program.wait_for_texts(&ana, 5).await;
        texts.sort();
        assert_eq!(texts, ["mensagem 0", "mensagem 1", "mensagem 2", "mensagem 3", "mensagem 4"]);
        program.stop();
    }
}

/// `benches/soak/kill` does it at 200 moments.
#[tokio::test]
async fn what_was_accepted_under_load_is_there_once_after_kill_9_at_any_moment() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let mut accepted = 0;
        for moment in [35, 80, 10] {
            let sending = async {
                // A page of messages has room for so many.
                while accepted < 40 {
                    let text = format!("mensagem {accepted}");
                    let (body, signature) = text_message(&number(0), &format!("wamid.L{accepted}"), &text);
                    if program.try_to_deliver(&body, &signature).await == Some(200) {
                        accepted += 1;
                    }
                }
            };
            let _ = tokio::time::timeout(Duration::from_millis(moment), sending).await;
            program.kill();
            program.start().await;
        }
        // What was sent and not acknowledged is sent again, as Meta does.
        let (body, signature) =
            text_message(&number(0), &format!("wamid.L{accepted}"), &format!("mensagem {accepted}"));
        assert_eq!(program.deliver(&body, &signature).await, 200);
        let ana = program.sign_in("ana@example.com").await;
        let mut texts = program.wait_for_texts(&ana, accepted + 1).await;
        let mut expected: Vec<_> = (0..=accepted).map(|number| format!("mensagem {number}")).collect();
        texts.sort();
        expected.sort();
        assert_eq!(texts, expected);
        program.stop();
    }
}

#[tokio::test]
async fn a_second_start_keeps_everything_and_makes_no_second_administrator() {
    let mut program = Program::new(None);
    program.start().await;
    program.set_up().await;
    let token = program.sign_in("ana@example.com").await;
    program.stop();
    program.start().await;
    assert!(!program.printed.contains("ptr_setup_"), "{}", program.printed);
    let answer = program
        .ask(Some(&token), "{ viewer { member { name } workspace { name } } }", serde_json::json!({}))
        .await;
    assert_eq!(answer["data"]["viewer"]["workspace"]["name"], "Padaria", "the session is still good");
    program.stop();
}

#[test]
fn a_wrong_configuration_is_refused_by_name() {
    let program = Program::new(None);
    let file = program.file("portaria.toml", "[server]\nlisten = \"127.0.0.1:0\"\nporrt = 1\n");
    let output = program.command(&["--config", file.to_str().unwrap(), "serve"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("porrt"), "{told}");
    let output = program.command(&["serve"]).env("PORTARIA_SERVER__PORRT", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(!output.status.success() && told.contains("porrt"), "{told}");
}

#[test]
fn parts_of_their_own_refuse_sqlite() {
    let program = Program::new(None);
    for part in ["api", "worker", "auditor"] {
        let output = program.command(&[part]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("SQLite"), "{part}: {told}");
    }
}
