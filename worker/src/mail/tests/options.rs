//! The configuration of mail: what it means, and what it refuses.

use super::*;

fn read(json: &str) -> Result<MailOptions, serde_json::Error> {
    serde_json::from_str(json)
}

#[test]
fn without_any_configuration_mails_become_files() {
    let options = read("{}").unwrap();
    assert_eq!(options.folder, std::path::Path::new("data/mail"));
    assert!(matches!(options.mailer().unwrap(), Mailer::File(_)));
    assert_eq!(options.sender().unwrap().address, "portaria@localhost");
}

#[test]
fn unknown_keys_are_refused() {
    assert!(read(r#"{"form": "x"}"#).is_err());
    assert!(read(r#"{"smtp": {"hots": "x"}}"#).is_err());
    assert!(read(r#"{"smtp": {"security": "ssl"}}"#).is_err());
}

#[test]
fn smtp_is_configured_with_the_usual_ports_and_a_password_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "correct horse\n").unwrap();
    let json = format!(
        r#"{{"from": "Gate <gate@example.com>", "transport": "smtp",
            "smtp": {{"host": "mail.example.com", "security": "tls", "username": "gate", "password_file": "{}"}}}}"#,
        file.display()
    );
    let options = read(&json).unwrap();
    let shown = format!("{:?}", options.mailer().unwrap());
    assert!(shown.contains("port: 465") && !shown.contains("correct"), "{shown}");
    let sender = options.sender().unwrap();
    assert_eq!((sender.name.as_deref(), sender.address.as_str()), (Some("Gate"), "gate@example.com"));
}

#[test]
fn what_cannot_work_is_said_at_once() {
    let refused = |json: &str| read(json).unwrap().mailer().unwrap_err().to_string();
    assert!(refused(r#"{"transport": "smtp"}"#).contains("host"));
    let no_password = r#"{"transport": "smtp", "smtp": {"host": "h", "username": "u"}}"#;
    assert!(refused(no_password).contains("password"));
    let no_username = r#"{"transport": "smtp", "smtp": {"host": "h", "password": "p"}}"#;
    assert!(refused(no_username).contains("username"));
    let clear = r#"{"transport": "smtp",
        "smtp": {"host": "mail.example.com", "security": "none", "username": "u", "password": "p"}}"#;
    assert!(refused(clear).contains("unencrypted"));
    for seconds in [0, 121] {
        let json =
            format!(r#"{{"transport": "smtp", "smtp": {{"host": "h", "timeout_seconds": {seconds}}}}}"#);
        assert!(refused(&json).contains("timeout_seconds"), "{seconds}");
    }
    assert!(read(r#"{"from": "nobody"}"#).unwrap().sender().is_err());
}

#[test]
fn a_password_is_neither_shown_nor_written_back() {
    let options = read(r#"{"smtp": {"username": "u", "password": "correct horse"}}"#).unwrap();
    assert!(!format!("{options:?}").contains("correct"));
    assert!(!serde_json::to_string(&options).unwrap().contains("correct"));
}
