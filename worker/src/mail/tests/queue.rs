//! The queue on real databases: each mail once, whatever the server does and however many send.

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::password::{answer_requests, request_reset};
use portaria_entity::mail_secret;
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_testing::{Stage, databases};
use sea_orm::{EntityTrait, PaginatorTrait};
use tokio_util::sync::CancellationToken;

use super::server::{Manners, Server};
use super::*;

fn sender() -> Mailbox {
    Mailbox { name: None, address: "portaria@gate.example".to_owned() }
}

fn outbox(stage: &Stage, mailer: Mailer) -> Outbox {
    Outbox::with_mailer(stage.installation.clone(), mailer, sender())
}

async fn send(outbox: &Outbox) -> (u64, u64, u64) {
    let Sent { sent, put_off, given_up } = outbox.send_queued(&CancellationToken::new()).await.unwrap();
    (sent, put_off, given_up)
}

async fn queue(stage: &Stage, key: &str) {
    let new = NewMail {
        workspace_id: Some(stage.workspace_id),
        dedup_key: key.to_owned(),
        to: Mailbox { name: Some("João".to_owned()), address: "joao@example.com".to_owned() },
        subject: format!("About {key}"),
        html: "<p>Olá</p>".to_owned(),
        text: "Olá".to_owned(),
    };
    let transaction = stage.installation.database.begin().await.unwrap();
    enqueue(&transaction, &stage.clock, &sender(), new).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn rows(installation: &Installation) -> Vec<outgoing_mail::Model> {
    outgoing_mail::Entity::find().all(installation.database.reader()).await.unwrap()
}

fn refused(code: u16) -> SendError {
    let stage = crate::mail::Stage::Deliver;
    if code < 500 {
        SendError::retry(stage, Some(code), "later")
    } else {
        SendError::permanent(stage, Some(code), "never")
    }
}

#[tokio::test]
async fn a_key_is_queued_once_and_its_mail_sent_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        queue(&stage, "a").await;
        queue(&stage, "a").await;
        queue(&stage, "b").await;
        assert_eq!(send(&outbox).await, (2, 0, 0));
        assert_eq!(send(&outbox).await, (0, 0, 0));
        queue(&stage, "a").await;
        assert_eq!(send(&outbox).await, (0, 0, 0));
        let subjects: Vec<_> = memory.sent().into_iter().map(|mail| mail.subject).collect();
        assert_eq!(subjects, ["About a", "About b"]);
        assert!(rows(&stage.installation).await.iter().all(|row| row.status == MailStatus::Sent));
    }
}

#[tokio::test]
async fn a_server_that_refuses_and_then_accepts_gets_one_mail() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let busy = Manners { rcpt_to: Some("451 4.7.1 come back"), ..Manners::default() };
        let away = Manners { greeting: Some("421 4.3.2 closing"), ..Manners::default() };
        let server = Server::start([busy, away, Manners::default(), Manners::default()]).await;
        let settings = SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: server.port,
            encryption: Encryption::None,
            credentials: None,
            ca_file: None,
            timeout: Duration::from_secs(5),
        };
        let outbox = outbox(&stage, Mailer::Smtp(SmtpTransport::new(settings).unwrap()));
        queue(&stage, "a").await;
        assert_eq!(send(&outbox).await, (0, 1, 0));
        stage.clock.advance(Duration::from_secs(59));
        assert_eq!(send(&outbox).await, (0, 0, 0), "a minute has not passed");
        stage.clock.advance(Duration::from_secs(1));
        assert_eq!(send(&outbox).await, (0, 1, 0));
        stage.clock.advance(Duration::from_secs(120));
        assert_eq!(send(&outbox).await, (1, 0, 0));
        stage.clock.advance(Duration::from_secs(4 * 60 * 60));
        assert_eq!(send(&outbox).await, (0, 0, 0));
        let mails = server.heard().mails;
        assert_eq!(mails.len(), 1);
        let row = rows(&stage.installation).await.remove(0);
        assert!(mails[0].contains(&format!("Message-ID: <{}>", row.message_id)), "{}", mails[0]);
        assert_eq!((row.status, row.attempts, row.error), (MailStatus::Sent, 3, None));
    }
}

#[tokio::test]
async fn a_final_refusal_is_final_and_says_why() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        memory.fail_next(refused(550));
        queue(&stage, "a").await;
        assert_eq!(send(&outbox).await, (0, 0, 1));
        stage.clock.advance(Duration::from_secs(24 * 60 * 60));
        assert_eq!(send(&outbox).await, (0, 0, 0));
        let row = rows(&stage.installation).await.remove(0);
        assert_eq!(row.status, MailStatus::Failed);
        assert!(row.error.unwrap().contains("550"));
    }
}

/// Minutes until a mail that is put off again and again is given up, and how often it was tried.
async fn minutes_of_trying(stage: &Stage) -> (u64, u64) {
    let memory = MemoryTransport::default();
    let outbox = outbox(stage, Mailer::Memory(memory.clone()));
    queue(stage, "a").await;
    memory.fail_next(refused(451));
    let mut tried = 0;
    for minute in 0..60 * 50 {
        let (sent, put_off, given_up) = send(&outbox).await;
        assert_eq!(sent, 0);
        tried += put_off + given_up;
        if given_up > 0 {
            return (minute, tried);
        }
        if put_off > 0 {
            memory.fail_next(refused(451));
        }
        stage.clock.advance(Duration::from_secs(60));
    }
    panic!("never given up");
}

#[tokio::test]
async fn after_two_days_of_trying_a_mail_is_given_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        // 1, 2, 4, ... 32 minutes apart, and then every hour.
        assert_eq!(minutes_of_trying(&stage).await, (63 + 47 * 60, 54));
    }
}

#[tokio::test]
async fn many_senders_send_each_mail_once() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let memory = MemoryTransport::default();
        for n in 0..20 {
            queue(&stage, &n.to_string()).await;
        }
        let senders: Vec<_> = (0..4).map(|_| outbox(&stage, Mailer::Memory(memory.clone()))).collect();
        let (a, b, c, d) =
            tokio::join!(send(&senders[0]), send(&senders[1]), send(&senders[2]), send(&senders[3]));
        assert_eq!(a.0 + b.0 + c.0 + d.0, 20);
        assert_eq!(memory.sent().len(), 20);
    }
}

#[tokio::test]
async fn a_sender_that_died_keeps_a_mail_for_its_lease_only() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        queue(&stage, "a").await;
        let held = stage.installation.database.statement(
            "UPDATE outgoing_mails SET leased_until = $1, attempts = 1",
            [(stage.clock.now() + Duration::from_secs(600)).0.into()],
        );
        sea_orm::ConnectionTrait::execute_raw(stage.installation.database.writer(), held).await.unwrap();
        assert_eq!(send(&outbox).await, (0, 0, 0));
        stage.clock.advance(Duration::from_secs(601));
        assert_eq!(send(&outbox).await, (1, 0, 0));
    }
}

#[tokio::test]
async fn a_letter_gets_its_token_when_it_goes_out_and_then_the_token_is_erased() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let origin = portaria_domain::authentication::Origin::default();
        request_reset(&stage.installation, &ana.email, &origin).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        let token = stage.token_for(&ana.email).await;
        let secrets = || mail_secret::Entity::find().count(stage.installation.database.reader());
        let memory = MemoryTransport::default();
        memory.fail_next(refused(451));
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        assert_eq!(send(&outbox).await, (0, 1, 0));
        assert_eq!(secrets().await.unwrap(), 1, "it will be needed again");
        stage.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(send(&outbox).await, (1, 0, 0));
        let sent = memory.sent();
        let expected = format!("http://portaria.test/reset-password#token={token}");
        assert!(sent[0].text.contains(&expected) && sent[0].html.contains(&expected), "{}", sent[0].text);
        assert_eq!(secrets().await.unwrap(), 0);
        let row = rows(&stage.installation).await.remove(0);
        assert!(!row.text.contains(&token) && !row.html.contains(&token));
    }
}
