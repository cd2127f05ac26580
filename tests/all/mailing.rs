//! A mail and `kill -9`: none is lost, and only one that a server had taken and had not been able to say so comes again, as
//! the same mail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portaria_domain::database::Database;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::program::{PATIENCE, Program, databases};

/// When the one who sends is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The server knows from whom and to whom, and has not been told what.
    BeforeData,
    /// It has all of the mail, and has not said so.
    Taken,
    /// It has said so a moment ago.
    Answered,
}

/// Which process to kill, when in its conversation about a mail to whom.
#[derive(Clone, Debug)]
struct Order {
    moment: Moment,
    to: &'static str,
    process: u32,
}

/// To whom, and what.
type Taken = (String, String);

/// A mail server that can kill its client.
struct Post {
    port: u16,
    order: Arc<Mutex<Option<Order>>>,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Post {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (order, taken) = (Arc::default(), Arc::default());
        let (orders, mails) = (Arc::clone(&order), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whoever is killed in the middle ends its own conversation only.
                drop(converse(stream, &orders, &mails));
            }
        });
        Self { port, order, taken }
    }

    /// What was taken for somebody, in order.
    fn mails_to(&self, address: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        taken.iter().filter(|(to, _)| to == address).map(|(_, mail)| mail.clone()).collect()
    }
}

fn converse(
    stream: TcpStream,
    order: &Mutex<Option<Order>>,
    taken: &Mutex<Vec<Taken>>,
) -> std::io::Result<()> {
    let (mut hears, mut says) = (BufReader::new(stream.try_clone()?), stream);
    let mut say = |line: &str| says.write_all(format!("{line}\r\n").as_bytes());
    say("220 mail.test ESMTP")?;
    let mut to = String::new();
    loop {
        let command = line(&mut hears)?;
        match command.split([' ', ':', '\r']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "" => return Ok(()),
            "QUIT" => return say("221 bye"),
            "RCPT" => {
                to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                say("250 ok")?;
            }
            "DATA" => {
                kill_at(Moment::BeforeData, &to, order);
                say("354 go ahead")?;
                let mut mail = String::new();
                loop {
                    let next = line(&mut hears)?;
                    match next.as_str() {
                        "" => return Ok(()),
                        ".\r\n" => break,
                        _ => mail.push_str(next.strip_prefix('.').unwrap_or(&next)),
                    }
                }
                taken.lock().unwrap().push((to.clone(), mail));
                kill_at(Moment::Taken, &to, order);
                say("250 taken")?;
                kill_at(Moment::Answered, &to, order);
            }
            _ => say("250 ok")?,
        }
    }
}

fn line(hears: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    hears.read_line(&mut line)?;
    Ok(line)
}

fn kill_at(moment: Moment, to: &str, order: &Mutex<Option<Order>>) {
    let due = order.lock().unwrap().take_if(|order| order.moment == moment && order.to == to);
    if let Some(Order { process, .. }) = due {
        let killed = std::process::Command::new("kill").args(["-KILL", &process.to_string()]).status();
        assert!(killed.unwrap().success());
    }
}

async fn run(database: &Database, sql: &str) -> u64 {
    database.writer().execute_raw(database.statement(sql, [])).await.unwrap().rows_affected()
}

/// Waits until everything that was queued has gone out.
async fn all_gone(program: &Program) {
    let beside = program.database().await;
    let began = Instant::now();
    while run(&beside, "UPDATE outgoing_mails SET attempts = attempts WHERE status = 'queued'").await > 0 {
        assert!(began.elapsed() < PATIENCE, "{}", program.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_mail_survives_kill_9_and_comes_again_only_where_a_server_could_not_say_that_it_has_it() {
    for database in databases().await {
        let post = Post::open();
        let mut program = Program::new(database)
            .with("PORTARIA_MAIL__TRANSPORT", "smtp")
            .with("PORTARIA_MAIL__SMTP__HOST", "127.0.0.1")
            .with("PORTARIA_MAIL__SMTP__PORT", &post.port.to_string())
            .with("PORTARIA_MAIL__SMTP__SECURITY", "none");
        program.start().await;
        program.set_up().await;
        // Among them the letter to the first administrator.
        all_gone(&program).await;
        for (moment, to) in [
            (Moment::BeforeData, "ada@example.com"),
            (Moment::Taken, "ana@example.com"),
            (Moment::Answered, "bia@example.com"),
        ] {
            let process = program.process_id();
            let before = post.mails_to(to).len();
            *post.order.lock().unwrap() = Some(Order { moment, to, process });
            let ask = "mutation($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { userErrors { code } } }";
            let asked = program.ask(None, ask, json!({ "i": { "email": to } })).await;
            assert_eq!(asked["data"]["requestPasswordReset"]["userErrors"], json!([]), "{asked}");
            program.wait_until_killed();

            let beside = program.database().await;
            // The lease of the one who was killed runs out.
            run(&beside, "UPDATE outgoing_mails SET leased_until = 1 WHERE leased_until IS NOT NULL").await;
            program.start().await;
            all_gone(&program).await;
            let mails = post.mails_to(to).split_off(before);
            let expected = match moment {
                Moment::BeforeData => 1..=1,
                Moment::Taken => 2..=2,
                Moment::Answered => 1..=2,
            };
            assert!(expected.contains(&mails.len()), "{moment:?}: {}", mails.len());
            assert!(
                mails.iter().all(|mail| *mail == mails[0]),
                "{moment:?}: the same mail, and the same Message-ID"
            );
            assert!(mails[0].contains("Message-ID: <"), "{}", mails[0]);
        }
        program.stop();
    }
}
