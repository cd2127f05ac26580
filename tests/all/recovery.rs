//! The day nobody can sign in: a way back from the machine itself.

use serde_json::json;

use crate::program::{PASSWORD, Program, databases};

#[tokio::test]
async fn who_cannot_sign_in_gets_a_link_from_the_machine() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let before = program.sign_in("ada@example.com").await;
        let printed = program.run(&["admin", "recover", "--email", "ADA@example.com"]);
        let (_, rest) = printed.split_once("/reset-password#token=").unwrap_or_else(|| panic!("{printed}"));
        let token = rest.split_whitespace().next().unwrap();
        let reset = "mutation($i: ResetPasswordInput!) { resetPassword(input: $i) { email userErrors { code field } } }";
        let personal = json!({ "i": { "token": token, "newPassword": "padaria2026" } });
        let refused = program.ask(None, reset, personal).await;
        assert_eq!(
            refused["data"]["resetPassword"]["userErrors"][0]["code"], "PASSWORD_PERSONAL",
            "{refused}"
        );
        // The one they have may be chosen again: what counts is that they have shown to hold the link.
        let chosen = json!({ "i": { "token": token, "newPassword": PASSWORD } });
        let done = program.ask(None, reset, chosen).await;
        assert_eq!(done["data"]["resetPassword"]["email"], "ada@example.com", "{done}");
        let ended = program.ask(Some(&before), "{ viewer { session { id } } }", json!({})).await;
        assert_eq!(ended["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        program.sign_in("ada@example.com").await;
        let unknown =
            program.command(&["admin", "recover", "--email", "nobody@example.com"]).output().unwrap();
        assert!(!unknown.status.success());
        assert!(String::from_utf8_lossy(&unknown.stderr).contains("admin member add --role administrator"));
        program.stop();
        assert!(!program.log().contains(token), "no token in the log");
    }
}

#[tokio::test]
async fn letters_link_to_the_front_end_that_the_machine_was_told_of() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let insecure =
            program.command(&["admin", "workspace", "front-end", "http://chat.example.com"]).output();
        let insecure = insecure.unwrap();
        assert!(!insecure.status.success());
        let said = String::from_utf8_lossy(&insecure.stderr);
        assert!(said.contains("use https://"), "{said}");
        program.run(&["admin", "workspace", "front-end", "https://chat.example.com/"]);
        let printed = program.run(&["admin", "recover", "--email", "ada@example.com"]);
        assert!(printed.contains("https://chat.example.com/reset-password#token="), "{printed}");
        program.run(&["admin", "workspace", "front-end", "none"]);
        let printed = program.run(&["admin", "recover", "--email", "ada@example.com"]);
        assert!(!printed.contains("chat.example.com"), "{printed}");
        program.stop();
    }
}

#[tokio::test]
async fn who_is_made_an_administrator_on_the_machine_is_on_record_like_others() {
    for database in databases().await {
        let mut program = Program::new(database);
        program.start().await;
        program.set_up().await;
        let rui = ["--name", "Rui", "--email", "rui@example.com", "--role", "administrator"];
        program.run(&[&["admin", "member", "add"], &rui[..]].concat());
        let log = program.run(&["audit", "export"]);
        let of = |action: &str| log.lines().filter(|line| line.contains(&format!("\"{action}\""))).count();
        assert_eq!((of("member.created"), of("grant.made")), (3, 3), "{log}");
        assert_eq!((of("member.added"), of("grant.created")), (0, 0));
        assert!(
            log.lines().any(|line| line.contains("grant.made") && line.contains("onTheMachine")),
            "{log}"
        );
        program.stop();
    }
}
