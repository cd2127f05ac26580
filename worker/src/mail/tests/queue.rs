//! The queue on real databases: each mail once, whatever the server does and however many send.

use std::time::Duration;

use portaria_domain::Installation;
use portaria_domain::access::Scope;
use portaria_domain::password::{answer_requests, request_reset};
use portaria_entity::id::NoticeId;
use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_entity::role::BuiltInRole;
use portaria_entity::{mail_attachment, mail_secret};
use portaria_testing::{Person, Stage, databases};
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait};
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
            patience: Duration::from_secs(5),
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

/// Something told at once, to somebody's account.
async fn queue_alert(stage: &Stage, person: &Person) {
    let user = person.viewer.session().unwrap().user_id;
    queue(stage, &format!("{ALERTS}{}:{user}", stage.clock.new_id::<NoticeId>())).await;
}

#[tokio::test]
async fn an_alert_overtakes_what_was_queued_before_it_and_a_link_what_nobody_waits_for() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = stage.person("Ada", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        for n in 0..60 {
            queue(&stage, &n.to_string()).await;
        }
        let origin = portaria_domain::authentication::Origin::default();
        request_reset(&stage.installation, &ada.email, &origin).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        queue_alert(&stage, &ada).await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        assert_eq!(send(&outbox).await, (62, 0, 0));
        let sent = memory.sent();
        assert!(sent[0].subject.starts_with("About alerts:"), "{}", sent[0].subject);
        assert!(sent[1].text.contains("/reset-password#token="), "{}", sent[1].text);
        assert_eq!(sent[2].subject, "About 0");
    }
}

#[tokio::test]
async fn who_administers_no_more_gets_no_alert_that_was_queued_before() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let everything = [(BuiltInRole::Administrator, Scope::Workspace)];
        let (ada, bob) = (stage.person("Ada", &everything).await, stage.person("Bob", &everything).await);
        queue_alert(&stage, &ada).await;
        queue_alert(&stage, &bob).await;
        let database = &stage.installation.database;
        let sql = "UPDATE members SET status = 'suspended' WHERE id = $1";
        let statement = database.statement(sql, [bob.member_id.0.into()]);
        sea_orm::ConnectionTrait::execute_raw(database.writer(), statement).await.unwrap();
        let memory = MemoryTransport::default();
        assert_eq!(send(&outbox(&stage, Mailer::Memory(memory.clone()))).await, (1, 0, 0));
        assert_eq!(memory.sent().len(), 1);
        let standing = portaria_domain::mail::standing(&stage.installation).await.unwrap();
        assert_eq!((standing.queued, standing.given_up), (0, 0), "that is no failure");
    }
}

#[tokio::test]
async fn an_alert_that_waits_goes_to_the_address_of_when_it_goes_out_and_a_letter_to_its_own() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ada = stage.person("Ada", &[(BuiltInRole::Administrator, Scope::Workspace)]).await;
        queue_alert(&stage, &ada).await;
        queue(&stage, "a").await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        memory.fail_next(refused(451));
        memory.fail_next(refused(451));
        assert_eq!(send(&outbox).await, (0, 2, 0));
        let sql = "UPDATE users SET email = 'ada@new.example', email_normalized = 'ada@new.example' WHERE name = 'Ada'";
        let database = &stage.installation.database;
        sea_orm::ConnectionTrait::execute_raw(database.writer(), database.statement(sql, [])).await.unwrap();
        stage.clock.advance(Duration::from_secs(60));
        assert_eq!(send(&outbox).await, (2, 0, 0));
        let sent: Vec<String> = memory.sent().into_iter().map(|mail| mail.to.address).collect();
        assert_eq!(sent, ["ada@new.example", "joao@example.com"]);
        let mut kept: Vec<String> =
            rows(&stage.installation).await.into_iter().map(|row| row.to_address).collect();
        kept.sort();
        assert_eq!(kept, sent, "where they went is on record");
    }
}

#[tokio::test]
async fn the_oldest_that_waits_is_told_though_a_thousand_are_due_before_it() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let database = &stage.installation.database;
        queue(&stage, "old").await;
        stage.clock.advance(Duration::from_secs(60 * 60));
        let put_off = "UPDATE outgoing_mails SET next_attempt_at = next_attempt_at + 7200000000";
        sea_orm::ConnectionTrait::execute_raw(database.writer(), database.statement(put_off, []))
            .await
            .unwrap();
        let old = rows(&stage.installation).await.remove(0);
        let now = stage.clock.now();
        let new: Vec<_> = (0..1_000)
            .map(|n| outgoing_mail::Model {
                id: stage.clock.new_id(),
                dedup_key: format!("new:{n}"),
                message_id: format!("new{n}@gate.example"),
                next_attempt_at: now,
                created_at: now,
                ..old.clone()
            })
            .map(|row| outgoing_mail::ActiveModel::from(row).reset_all())
            .collect();
        for some in new.chunks(50) {
            let insert = outgoing_mail::Entity::insert_many(some.iter().cloned());
            insert.exec_without_returning(database.writer()).await.unwrap();
        }
        let standing = portaria_domain::mail::standing(&stage.installation).await.unwrap();
        assert_eq!((standing.queued, standing.oldest), (1_000, Duration::from_secs(60 * 60)));
    }
}

#[tokio::test]
async fn a_letter_that_cannot_be_opened_keeps_nobody_waiting_and_is_given_up() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let ana = stage.person("Ana", &[]).await;
        let origin = portaria_domain::authentication::Origin::default();
        request_reset(&stage.installation, &ana.email, &origin).await.unwrap();
        answer_requests(&stage.installation).await.unwrap();
        let database = &stage.installation.database;
        let lost = database.statement("UPDATE mail_secrets SET sealing_key = 'lost'", []);
        sea_orm::ConnectionTrait::execute_raw(database.writer(), lost).await.unwrap();
        queue(&stage, "a").await;
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        assert_eq!(send(&outbox).await, (1, 1, 0));
        let mut given_up = 0;
        for _ in 0..60 {
            stage.clock.advance(Duration::from_secs(60 * 60));
            given_up += send(&outbox).await.2;
        }
        assert_eq!((given_up, memory.sent().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_file_is_erased_with_the_mail_that_it_went_along_with() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        for key in ["sent", "refused"] {
            let new = NewMail {
                workspace_id: Some(stage.workspace_id),
                dedup_key: key.to_owned(),
                to: Mailbox { name: None, address: "joao@example.com".to_owned() },
                subject: key.to_owned(),
                html: "<p>Olá</p>".to_owned(),
                text: "Olá".to_owned(),
            };
            let file = Attachment {
                name: "a.csv".to_owned(),
                media_type: "text/csv; charset=utf-8".to_owned(),
                content: "a;b".to_owned(),
            };
            let writer = stage.installation.database.writer();
            enqueue_with(writer, &stage.clock, &sender(), (new, Some(file))).await.unwrap();
        }
        let files = || mail_attachment::Entity::find().count(stage.installation.database.reader());
        let memory = MemoryTransport::default();
        let outbox = outbox(&stage, Mailer::Memory(memory.clone()));
        memory.fail_next(refused(451));
        memory.fail_next(refused(550));
        assert_eq!(send(&outbox).await, (0, 1, 1));
        assert_eq!(files().await.unwrap(), 1, "one will be needed again");
        stage.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(send(&outbox).await, (1, 0, 0));
        assert!(memory.sent()[0].attachment.is_some());
        assert_eq!(files().await.unwrap(), 0);
    }
}
