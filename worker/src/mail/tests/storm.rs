//! A mail server on its worst days, over real sockets, with two processes that send: nothing is lost, and nothing comes twice
//! but what the server took and was lost before it said so.

use std::collections::HashMap;
use std::time::Duration;

use portaria_entity::outgoing_mail::{self, MailStatus};
use portaria_testing::{Stage, databases};
use sea_orm::EntityTrait;
use tokio_util::sync::CancellationToken;

use super::server::{End, Manners, Server};
use super::*;

const HOUR: Duration = Duration::from_secs(60 * 60);

fn sender() -> Mailbox {
    Mailbox { name: None, address: "portaria@gate.example".to_owned() }
}

fn outbox(stage: &Stage, port: u16) -> Outbox {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        credentials: None,
        ca_file: None,
        timeout: Duration::from_millis(900),
        patience: Duration::from_millis(900),
    };
    let mailer = Mailer::Smtp(SmtpTransport::new(settings).unwrap());
    Outbox::with_mailer(stage.installation.clone(), mailer, sender())
}

async fn queue(stage: &Stage, count: usize) {
    for n in 0..count {
        let new = NewMail {
            workspace_id: Some(stage.workspace_id),
            dedup_key: format!("storm:{n}"),
            to: Mailbox { name: None, address: format!("reader{n}@example.com") },
            subject: format!("About {n}"),
            html: "<p>Olá</p>".to_owned(),
            text: "Olá".to_owned(),
        };
        let file = Attachment {
            name: "a.csv".to_owned(),
            media_type: "text/csv; charset=utf-8".to_owned(),
            content: "\u{feff}a;b\r\n".to_owned(),
        };
        let transaction = stage.installation.database.begin().await.unwrap();
        enqueue_with(&transaction, &stage.clock, &sender(), (new, Some(file))).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

async fn rows(stage: &Stage) -> Vec<outgoing_mail::Model> {
    outgoing_mail::Entity::find().all(stage.installation.database.reader()).await.unwrap()
}

/// How often each Message-ID is there.
fn copies(mails: &[String]) -> HashMap<String, usize> {
    let mut copies = HashMap::new();
    for mail in mails {
        let id = mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
        *copies.entry(id.trim_matches(['<', '>']).to_owned()).or_default() += 1;
    }
    copies
}

/// Everything that goes wrong, and now and then a good one.
fn moods() -> Vec<Manners> {
    let bad = [
        Manners { hangs_up: true, ..Manners::default() },
        Manners { greeting: Some("421 4.3.2 closing"), ..Manners::default() },
        Manners { greeting: Some("554 5.3.2 no service today"), ..Manners::default() },
        Manners { mail_from: Some("451 4.3.0 later"), ..Manners::default() },
        Manners { rcpt_to: Some("450 4.2.1 greylisted"), ..Manners::default() },
        Manners { end: End::Answer("452 4.3.1 disk full"), ..Manners::default() },
        Manners { end: End::Drop, ..Manners::default() },
        Manners { end: End::Silence, ..Manners::default() },
        Manners { delay: Duration::from_millis(400), ..Manners::default() },
        Manners { delay: Duration::from_millis(60), ..Manners::default() },
        Manners { ignores_quit: true, ..Manners::default() },
    ];
    // Each mood meets another mail in every round.
    (0..45).map(|n| bad[n * 7 % bad.len()]).chain((0..40).map(|_| Manners::default())).collect()
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_but_what_was_taken_without_a_word() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        queue(&stage, 12).await;
        let server = Server::start(moods()).await;
        let (one, two) = (outbox(&stage, server.port), outbox(&stage, server.port));
        let never = CancellationToken::new();
        for _ in 0..30 {
            let (a, b) = tokio::join!(one.send_queued(&never), two.send_queued(&never));
            assert_eq!(a.unwrap().given_up + b.unwrap().given_up, 0);
            if rows(&stage).await.iter().all(|row| row.status == MailStatus::Sent) {
                break;
            }
            stage.clock.advance(HOUR);
        }
        let heard = server.heard();
        let (all, unanswered) = (copies(&heard.mails), copies(&heard.unanswered));
        assert!(!unanswered.is_empty(), "the case was there");
        for row in rows(&stage).await {
            assert_eq!(row.status, MailStatus::Sent, "{row:?}");
            let lost = unanswered.get(&row.message_id).copied().unwrap_or(0);
            // What answered too late for our patience counts as unanswered.
            let late = heard.mails.len() - heard.unanswered.len() - all.len();
            let arrived = all[&row.message_id];
            assert!(
                arrived > lost && arrived <= 1 + lost + late,
                "{arrived} copies, {lost} lost, {late} late"
            );
        }
        assert_eq!(all.len(), 12);
        assert!(heard.mails.iter().all(|mail| mail.contains("multipart/mixed")));
    }
}

#[tokio::test]
async fn a_server_that_was_away_for_days_gets_each_mail_once_when_it_is_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let port = Server::start([]).await.port;
        tokio::time::sleep(Duration::from_millis(50)).await;
        queue(&stage, 3).await;
        let never = CancellationToken::new();
        let outbox = outbox(&stage, port);
        for _ in 0..40 {
            assert_eq!(outbox.send_queued(&never).await.unwrap().given_up, 0);
            stage.clock.advance(HOUR);
        }
        let server = Server::start_at(port, [Manners::default(); 5]).await;
        assert_eq!(outbox.send_queued(&never).await.unwrap().sent, 3);
        assert_eq!(copies(&server.heard().mails).values().copied().collect::<Vec<_>>(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn a_mail_that_waited_for_a_process_is_not_given_up_at_the_first_failure() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        queue(&stage, 1).await;
        stage.clock.advance(HOUR * 100);
        let busy = Manners { rcpt_to: Some("451 4.7.1 come back"), ..Manners::default() };
        let server = Server::start([busy, busy, Manners::default()]).await;
        let outbox = outbox(&stage, server.port);
        let never = CancellationToken::new();
        for expected in [(0, 1, 0), (0, 1, 0), (1, 0, 0)] {
            let sent = outbox.send_queued(&never).await.unwrap();
            assert_eq!((sent.sent, sent.put_off, sent.given_up), expected);
            stage.clock.advance(HOUR);
        }
    }
}

#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_set_right_holds_no_mail_back() {
    for test in databases().await {
        let stage = Stage::on(test).await;
        let now = stage.clock.now();
        stage.clock.set(now + HOUR * 24 * 365);
        queue(&stage, 2).await;
        stage.clock.set(now);
        let server = Server::start([Manners::default(); 3]).await;
        let sent = outbox(&stage, server.port).send_queued(&CancellationToken::new()).await.unwrap();
        assert_eq!((sent.sent, server.heard().mails.len()), (2, 2));
    }
}
