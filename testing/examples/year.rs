//! A company lives for a year (or `DAYS` days with `PEOPLE` people and the dice `SEED`), and the auditor comes every morning:
//! what was planted and found, what was said for nothing, and the mails. `benches/soak/year` runs it.

use std::time::Instant;

use portaria_entity::finding::AuditRule;
use portaria_entity::time::Timestamp;
use portaria_testing::TestDatabase;
use portaria_testing::company::{Company, Scale, Tally, at};
use sea_orm::Iterable;

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
    println!("{} people, {} days, seed {}, {}", scale.people, scale.days, scale.seed, database.name);
    let began = Instant::now();
    let mut company = Company::on(database, scale).await;
    for day in 0..scale.days {
        company.live_through(day).await;
        if day % 30 == 29 {
            eprintln!("day {}: {:.0} s", day + 1, began.elapsed().as_secs_f64());
        }
    }
    table(&company);
    let mails = company.mails();
    println!(
        "\nmails of each administrator: daily {} ({} without news, {} with nothing at all), or weekly {} ({} without news); \
         at once {}",
        mails.daily,
        mails.daily_without_news,
        mails.daily_empty,
        mails.weekly,
        mails.weekly_without_news,
        mails.at_once
    );
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
