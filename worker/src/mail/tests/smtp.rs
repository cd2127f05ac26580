//! Conversations with servers of every temper.

use std::time::Duration;

use super::server::{CERTIFICATE, End, Manners, Server, Tls};
use super::*;

const PASSWORD: &str = "correct horse";

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        credentials: None,
        ca_file: None,
        timeout: Duration::from_millis(500),
        patience: Duration::from_millis(500),
    }
}

fn signed_in(settings: SmtpSettings) -> SmtpSettings {
    let password = Password::new(PASSWORD);
    SmtpSettings { credentials: Some(Credentials { username: "gate".to_owned(), password }), ..settings }
}

fn mailer(settings: SmtpSettings) -> Mailer {
    Mailer::Smtp(SmtpTransport::new(settings).unwrap())
}

async fn error_from(manners: Manners) -> SendError {
    let server = Server::start([manners]).await;
    mailer(settings(server.port)).send(&mail()).await.unwrap_err()
}

fn retried(error: &SendError) -> (Stage, Option<u16>) {
    match error {
        SendError::Retry(failure) => (failure.stage, failure.code),
        SendError::Permanent(failure) => panic!("given up: {failure}"),
    }
}

fn given_up(error: &SendError) -> (Stage, Option<u16>) {
    match error {
        SendError::Permanent(failure) => (failure.stage, failure.code),
        SendError::Retry(failure) => panic!("kept: {failure}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_byte_for_byte() {
    let server = Server::start([Manners::default()]).await;
    mailer(settings(server.port)).send(&mail()).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.mails, [text_of(&mail())]);
    assert!(heard.commands.contains(&"MAIL FROM:<portaria@gate.example>".to_owned()), "{heard:?}");
    assert!(heard.commands.contains(&"RCPT TO:<joao@example.com>".to_owned()), "{heard:?}");
    assert_eq!(heard.commands.last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_password_is_given_when_one_is_configured() {
    let polite =
        Manners { extensions: &["AUTH PLAIN LOGIN"], auth: Some("235 2.7.0 welcome"), ..Manners::default() };
    let server = Server::start([polite]).await;
    mailer(signed_in(settings(server.port))).send(&mail()).await.unwrap();
    let heard = server.heard();
    // base64 of "\0gate\0correct horse"
    assert!(heard.commands.contains(&"AUTH PLAIN AGdhdGUAY29ycmVjdCBob3JzZQ==".to_owned()), "{heard:?}");
    assert_eq!(heard.mails.len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_the_configurations_fault_and_keeps_the_mail() {
    let strict = Manners {
        extensions: &["AUTH PLAIN"],
        auth: Some("535 5.7.8 bad credentials"),
        ..Manners::default()
    };
    let server = Server::start([strict]).await;
    let error = mailer(signed_in(settings(server.port))).send(&mail()).await.unwrap_err();
    assert_eq!(retried(&error), (Stage::Authenticate, Some(535)));
    assert!(server.heard().mails.is_empty());
}

#[tokio::test]
async fn a_server_that_wants_authentication_keeps_the_mail() {
    let strict = Manners { mail_from: Some("530 5.7.0 authentication required"), ..Manners::default() };
    assert_eq!(retried(&error_from(strict).await), (Stage::Deliver, Some(530)));
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let busy = Manners { rcpt_to: Some("451 4.7.1 greylisted, come back"), ..Manners::default() };
    assert_eq!(retried(&error_from(busy).await), (Stage::Deliver, Some(451)));
    let full = Manners { end: End::Answer("452 4.3.1 disk full"), ..Manners::default() };
    assert_eq!(retried(&error_from(full).await), (Stage::Deliver, Some(452)));
    let closed = Manners { greeting: Some("554 no service today"), ..Manners::default() };
    assert_eq!(retried(&error_from(closed).await), (Stage::Connect, Some(554)));
}

#[tokio::test]
async fn an_unknown_recipient_is_final_and_masked() {
    let strict =
        Manners { rcpt_to: Some("550 5.1.1 <joao@example.com>: no such user"), ..Manners::default() };
    let error = error_from(strict).await;
    assert_eq!(given_up(&error), (Stage::Deliver, Some(550)));
    assert!(error.to_string().contains("<j***@example.com>: no such user"), "{error}");
    let content = Manners { end: End::Answer("554 5.6.0 cannot be read"), ..Manners::default() };
    assert_eq!(given_up(&error_from(content).await), (Stage::Deliver, Some(554)));
}

#[tokio::test]
async fn what_is_about_the_sender_the_relay_or_a_quota_keeps_the_mail() {
    let good = Manners::default();
    for (manners, code) in [
        (Manners { mail_from: Some("550 no such sender"), ..good }, 550),
        (Manners { mail_from: Some("553 5.1.8 your domain is unknown"), ..good }, 553),
        (Manners { rcpt_to: Some("554 5.7.1 Relay access denied"), ..good }, 554),
        (Manners { rcpt_to: Some("552 5.2.2 mailbox full"), ..good }, 552),
        (Manners { end: End::Answer("550 5.4.5 daily quota used up"), ..good }, 550),
        (Manners { end: End::Answer("554 5.7.1 not from there"), ..good }, 554),
    ] {
        assert_eq!(retried(&error_from(manners).await), (Stage::Deliver, Some(code)));
    }
}

#[tokio::test]
async fn a_server_that_drops_after_the_data_gets_the_same_mail_again() {
    let server = Server::start([Manners { end: End::Drop, ..Manners::default() }, Manners::default()]).await;
    let mailer = mailer(settings(server.port));
    assert_eq!(retried(&mailer.send(&mail()).await.unwrap_err()), (Stage::Deliver, None));
    mailer.send(&mail()).await.unwrap();
    assert_eq!(server.heard().mails, [text_of(&mail()), text_of(&mail())]);
}

#[tokio::test]
async fn a_silent_server_does_not_hold_us() {
    let silent = Manners { end: End::Silence, ..Manners::default() };
    assert_eq!(retried(&error_from(silent).await), (Stage::Deliver, None));
}

#[tokio::test]
async fn a_server_that_looks_through_a_mail_for_longer_than_it_may_take_otherwise_gets_it_once() {
    let thorough = Manners { end: End::AcceptAfter(Duration::from_secs(1)), ..Manners::default() };
    let server = Server::start([thorough]).await;
    let patient = SmtpSettings { patience: Duration::from_secs(20), ..settings(server.port) };
    assert!(patient.timeout < Duration::from_secs(1));
    mailer(patient).send(&mail()).await.unwrap();
    assert_eq!(server.heard().mails.len(), 1);
}

#[tokio::test]
async fn a_refusal_counts_whatever_happens_at_the_farewell() {
    for manners in [
        Manners { rcpt_to: Some("550 5.1.1 no such user"), ..Manners::default() },
        Manners { end: End::Answer("550 5.1.1 no such user"), ..Manners::default() },
    ] {
        let server = Server::start([Manners { ignores_quit: true, ..manners }]).await;
        let long = Duration::from_secs(60);
        let patient = SmtpSettings { timeout: long, patience: long, ..settings(server.port) };
        let begun = tokio::time::Instant::now();
        let error = mailer(patient).send(&mail()).await.unwrap_err();
        assert_eq!(given_up(&error), (Stage::Deliver, Some(550)));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_is_sent_whatever_happens_at_the_farewell() {
    let server = Server::start([Manners { ignores_quit: true, ..Manners::default() }]).await;
    mailer(settings(server.port)).send(&mail()).await.unwrap();
    assert_eq!(server.heard().mails.len(), 1);
}

#[tokio::test]
async fn a_closed_door_is_tried_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = mailer(settings(port)).send(&mail()).await.unwrap_err();
    assert_eq!(retried(&error), (Stage::Connect, None));
}

#[tokio::test]
async fn without_starttls_nothing_of_value_is_said() {
    let server = Server::start([Manners { extensions: &["AUTH PLAIN"], ..Manners::default() }]).await;
    let wary = SmtpSettings { encryption: Encryption::StartTls, ..signed_in(settings(server.port)) };
    let error = mailer(wary).send(&mail()).await.unwrap_err();
    assert_eq!(retried(&error), (Stage::Connect, None));
    let said = server.heard().commands;
    assert!(said.iter().all(|command| command.starts_with("EHLO") || command == "QUIT"), "{said:?}");
}

/// Signed in over an encrypted conversation, with the server's certificate trusted or not.
async fn encrypted(encryption: Encryption, ca: Option<&std::path::Path>) -> (Result<(), SendError>, Server) {
    let (tls, extensions): (_, &[&str]) = match encryption {
        Encryption::Tls => (Tls::FromTheStart, &["AUTH PLAIN"]),
        Encryption::StartTls => (Tls::OnRequest, &["STARTTLS", "AUTH PLAIN"]),
        Encryption::None => (Tls::Never, &["AUTH PLAIN"]),
    };
    let polite = Manners { tls, extensions, auth: Some("235 2.7.0 welcome"), ..Manners::default() };
    let server = Server::start([polite]).await;
    let settings = SmtpSettings {
        encryption,
        ca_file: ca.map(std::path::Path::to_owned),
        timeout: Duration::from_secs(5),
        patience: Duration::from_secs(5),
        ..signed_in(settings(server.port))
    };
    (mailer(settings).send(&mail()).await, server)
}

#[tokio::test]
async fn mails_go_encrypted_to_a_server_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, CERTIFICATE).unwrap();
    for encryption in [Encryption::Tls, Encryption::StartTls] {
        let (sent, server) = encrypted(encryption, Some(&ca)).await;
        sent.unwrap();
        let heard = server.heard();
        assert_eq!(heard.mails, [text_of(&mail())]);
        let position = |what: &str| heard.commands.iter().position(|command| command.starts_with(what));
        assert!(encryption == Encryption::Tls || position("STARTTLS") < position("AUTH"), "{heard:?}");
    }
}

#[tokio::test]
async fn an_unknown_certificate_gets_neither_password_nor_mail() {
    for encryption in [Encryption::Tls, Encryption::StartTls] {
        let (sent, server) = encrypted(encryption, None).await;
        assert_eq!(retried(&sent.unwrap_err()), (Stage::Connect, None));
        let heard = server.heard();
        assert!(
            heard.mails.is_empty() && !heard.commands.iter().any(|said| said.starts_with("AUTH")),
            "{heard:?}"
        );
    }
}

#[tokio::test]
async fn a_password_is_never_configured_to_travel_in_the_clear() {
    let far = SmtpSettings { host: "mail.example.com".to_owned(), ..signed_in(settings(25)) };
    assert!(matches!(SmtpTransport::new(far), Err(MailConfigError::PasswordInTheClear)));
}

#[tokio::test]
async fn no_debug_shows_the_password() {
    let transport = SmtpTransport::new(signed_in(settings(25))).unwrap();
    let shown = format!("{transport:?} {:?}", mailer(signed_in(settings(25))));
    assert!(shown.contains("gate") && !shown.contains("correct"), "{shown}");
}
