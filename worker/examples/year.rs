//! A company lives for a year (or `DAYS` days with `PEOPLE` people and the dice `SEED`) while Portaria's own schedule, alarms
//! and mails run beside it, here once an hour: what was planted and found, what was said for nothing, and the mails, which are
//! kept in the folder `MAILS` if that is given. `benches/soak/year` runs it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use portaria_domain::activity::chain;
use portaria_domain::audit::sweep::Sweeper;
use portaria_entity::finding::AuditRule;
use portaria_entity::time::Timestamp;
use portaria_testing::TestDatabase;
use portaria_testing::company::{Company, Scale, Tally, at};
use portaria_worker::alerting::Alerting;
use portaria_worker::mail::{FileTransport, Mailbox, Mailer, Outbox};
use portaria_worker::schedule::Auditor;
use sea_orm::Iterable;
use tokio_util::sync::CancellationToken;

/// Portaria's own schedule, alarms and mails, as they run beside the company.
struct Auditing {
    auditor: Auditor,
    alerting: Alerting,
    outbox: Outbox,
    sweeper: Sweeper,
}

impl Auditing {
    fn of(company: &Company, mails: &Path) -> Self {
        let installation = company.stage.installation.clone();
        let sender =
            Mailbox { name: Some("Portaria".to_owned()), address: "portaria@estrela.example".to_owned() };
        let mailer = Mailer::File(FileTransport::new(mails));
        let outbox = Outbox::with_mailer(installation.clone(), mailer, sender.clone());
        Self {
            auditor: Auditor::with_outbox(installation.clone(), outbox.clone()),
            alerting: Alerting::new(installation, sender),
            outbox,
            sweeper: Sweeper::new().expect("a sweeper"),
        }
    }

    /// What runs all day, here once an hour.
    async fn look(&mut self, company: &Company) {
        // A broken chain is no reason not to look at the rest.
        drop(chain::seal(&company.stage.installation).await);
        self.sweeper.sweep(&company.stage.installation).await.expect("swept");
        self.auditor.tick().await.expect("what was due is done");
        self.alerting.tell().await.expect("told");
        self.outbox.send_queued(&CancellationToken::new()).await.expect("sent");
    }
}

#[tokio::main]
async fn main() {
    let number = |name: &str, otherwise: i64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let year = Scale::YEAR;
    let scale = Scale {
        people: number("PEOPLE", year.people),
        days: number("DAYS", year.days),
        seed: number("SEED", year.seed),
    };
    let database = match std::env::var("DATABASE").as_deref() {
        Ok("PostgreSQL") => TestDatabase::postgres().await.expect("a PostgreSQL server"),
        _ => TestDatabase::sqlite().await,
    };
    let own = tempfile::tempdir().expect("a folder");
    let mails = std::env::var("MAILS").map_or_else(|_| own.path().to_owned(), PathBuf::from);
    println!("{} people, {} days, seed {}, {}", scale.people, scale.days, scale.seed, database.name);
    let began = Instant::now();
    let mut company = Company::on(database, scale).await;
    let mut auditing = Auditing::of(&company, &mails);
    for day in 0..scale.days {
        company.begin(day);
        // The company begins at nine of its first day.
        let hours = if day == 0 { 0..0 } else { -15..9 };
        for hour in hours {
            company.live_until(at(day, hour * 60)).await;
            auditing.look(&company).await;
        }
        company.note_findings().await;
        if day % 30 == 29 {
            eprintln!("day {}: {:.0} s", day + 1, began.elapsed().as_secs_f64());
        }
    }
    table(&company);
    println!(
        "\ndays without news: {} of {}. Mails of each administrator:",
        company.days_without_news(),
        scale.days
    );
    for mails in company.mails().await {
        println!("  {}: {} of {}", mails.to, mails.count, mails.kind);
    }
    details(&company);
}

const HEAD: [&str; 8] =
    ["rule", "planted", "found", "recall", "days late", "right", "false alarms", "precision"];

fn table(company: &Company) {
    let (mut whole, mut known) = (Tally::default(), Tally::default());
    line(&HEAD.map(str::to_owned));
    for (rule, tally) in company.tallies() {
        line(&cells(&rule, &tally));
        add(&mut whole, &tally);
        if AuditRule::iter().any(|one| <&str>::from(one) == rule) {
            add(&mut known, &tally);
        }
    }
    line(&cells("rules that there are", &known));
    line(&cells("all that was planted", &whole));
}

fn add(sum: &mut Tally, tally: &Tally) {
    sum.planted += tally.planted;
    sum.found += tally.found;
    sum.right += tally.right;
    for (severity, count) in &tally.wrong {
        *sum.wrong.entry(severity.clone()).or_default() += count;
    }
}

fn cells(rule: &str, tally: &Tally) -> [String; 8] {
    let share = |part: Option<f64>| part.map_or_else(|| "-".to_owned(), |part| format!("{part:.2}"));
    let latest = tally.days_late.iter().copied().reduce(f64::max);
    let wrong: Vec<String> =
        tally.wrong.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
    [
        rule.to_owned(),
        tally.planted.to_string(),
        tally.found.to_string(),
        share(tally.recall()),
        latest.map_or_else(|| "-".to_owned(), |days| format!("{days:.1}")),
        tally.right.to_string(),
        if wrong.is_empty() { "0".to_owned() } else { wrong.join(" ") },
        share(tally.precision()),
    ]
}

fn line([rule, planted, found, recall, late, right, wrong, precision]: &[String; 8]) {
    println!("{rule:<36} {planted:>7} {found:>6} {recall:>7} {late:>10} {right:>6} {precision:>10}  {wrong}");
}

fn details(company: &Company) {
    let day = |time: Timestamp| (time.0 - at(0, 0).0) / 86_400_000_000;
    println!("\nmissed:");
    for planted in company.missed() {
        println!("  day {:>3}: {} of {:?}", day(planted.at), planted.rule, planted.whom);
    }
    println!("\nfalse alarms:");
    for opened in company.false_alarms() {
        println!("  day {:>3}: {} {} {}", day(opened.at), opened.severity, opened.rule, opened.cause);
    }
}
