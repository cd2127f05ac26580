//! The simulated Meta on an address of its own, until it is told to stop.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use portaria_simulator::clock::UnixClock;
use portaria_simulator::meta::{Failures, Limits, Manners, ReviewPlan, Rules};
use portaria_simulator::{FaultPlan, Figures, Meta, MetaOptions, Template};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{SimulateArgs, callback, lines};
use crate::config::{Secret, load};
use crate::{stopping, telemetry};

/// How the simulated Meta is; docs/SIMULATOR.md tells more.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --serve")]
pub struct ServeArgs {
    /// The only access token it takes; without one it takes every token.
    #[arg(long, value_name = "FILE", requires = "serve")]
    access_token_file: Option<PathBuf>,
    /// How many customers there are.
    #[arg(long, default_value_t = 50, requires = "serve")]
    customers: u64,
    /// How many messages a simulated minute they write of their own accord, all together.
    #[arg(long, default_value_t = 2, requires = "serve")]
    rate: u32,
    /// How many times as fast as the world's its time goes: 1440 is a day a minute, 0 stands still.
    #[arg(long, default_value_t = 1, requires = "serve")]
    speed: u32,
    /// Something that goes wrong: slow=5%:2s, error=1%, unavailable=1%, cut-before=1%, cut-after=1%, garbage=1%,
    /// doubled=5%, reordered=5%, forged=1%, storm=10m:30s, token-revoked=10m, account-restricted=1h, retry-after.
    #[arg(long = "fault", value_name = "NAME=SHARE", requires = "serve")]
    faults: Vec<String>,
    /// Messages a second from a number.
    #[arg(long, default_value_t = 80, requires = "serve")]
    throughput: u32,
    /// Requests an hour that manage an account.
    #[arg(long, default_value_t = 200, requires = "serve")]
    management: u32,
    /// Customers a rolling day that may be opened with; 0 is without limit.
    #[arg(long, default_value_t = 250, requires = "serve")]
    portfolio: u32,
    /// Percentage of new templates that are rejected.
    #[arg(long, default_value_t = 0, requires = "serve")]
    rejected_templates: u8,
    /// Percentage of messages read that customers answer.
    #[arg(long, default_value_t = 60, requires = "serve")]
    replies: u8,
    /// Refuse at once what Meta mostly takes and then tells to have failed (131047, 131026 and the like).
    #[arg(long, requires = "serve")]
    fail_at_once: bool,
}

pub async fn run(wanted: &SimulateArgs) -> Result<()> {
    let seconds = wanted.seconds.map(Duration::from_secs);
    let options = options(wanted)?;
    start_logs()?;
    let has_callback = options.callback.is_some();
    let number = options.numbers.first().map(|number| number.phone_number_id.clone()).unwrap_or_default();
    let stop = CancellationToken::new();
    stopping::on_signal(stop.clone())?;
    let meta = Meta::bind(options, &stop).await.context("the simulator could not begin")?;
    if let Err(error) = meta.handshake().await {
        println!("The callback did not answer Meta's handshake ({error}); webhooks are tried nevertheless.");
    }
    print!("{}", introduction(&meta, wanted, &number));
    if !has_callback {
        println!("Without --url no webhooks are posted; GET /simulator/webhooks shows them.\n");
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(seconds.unwrap_or(Duration::MAX)) => {}
    }
    let figures = meta.figures();
    meta.stop().await;
    print!("{}", table(&figures));
    if figures.forged_accepted > 0 {
        bail!("{} forged deliveries were accepted", figures.forged_accepted);
    }
    Ok(())
}

fn options(wanted: &SimulateArgs) -> Result<MetaOptions> {
    let serving = &wanted.serving;
    let address = wanted.serve.context("--serve is missing")?;
    let mut faults = FaultPlan::default();
    for fault in &serving.faults {
        faults.add(fault).map_err(|wrong| anyhow::anyhow!("--fault {fault}: {wrong}"))?;
    }
    let token = serving.access_token_file.as_deref().map(Secret::from_file).transpose()?;
    let mut rules = Rules::default();
    if serving.fail_at_once {
        rules.failures = Failures::AtOnce;
    }
    Ok(MetaOptions {
        access_tokens: token.map(|token| token.reveal().to_owned()).into_iter().collect(),
        callback: callback(wanted)?,
        cast: serving.customers,
        clock: UnixClock::paced_from_now(serving.speed),
        faults,
        limits: Limits {
            throughput: serving.throughput,
            management: serving.management,
            portfolio: (serving.portfolio > 0).then_some(serving.portfolio),
            ..Limits::default()
        },
        manners: Manners { per_minute: serving.rate, reply_percent: serving.replies, ..Manners::default() },
        review: ReviewPlan { reject_percent: serving.rejected_templates, ..ReviewPlan::default() },
        rules,
        seed: wanted.seed,
        templates: Template::examples(),
        ..MetaOptions::new(address, wanted.numbers.clone())
    })
}

/// A line for each request and each webhook, on standard error; neither has content.
fn start_logs() -> Result<()> {
    let mut log = load(None, [])?.log;
    "warn,portaria_simulator=info".clone_into(&mut log.level);
    telemetry::start_logs(&log)
}

fn introduction(meta: &Meta, wanted: &SimulateArgs, number: &str) -> String {
    let url = meta.base_url();
    let with_phone = meta.customers().into_iter().find(|customer| customer.wa_id.is_some());
    let phone = with_phone.and_then(|customer| customer.wa_id).unwrap_or_else(|| "5511950000001".to_owned());
    let (customers, speed, seed) = (wanted.serving.customers, wanted.serving.speed, wanted.seed);
    format!(
        "
A simulated Meta is running: {customers} customers, time {speed} times as fast, seed {seed}.

  Graph API      {url}   (in place of https://graph.facebook.com)
  Its other side {url}/simulator   (what can be looked at and done)

Let a customer write, answer them, and see what became of it:

curl -s {url}/simulator/customers/{phone} -d '{{\"do\":\"text\",\"text\":\"Oi!\",\"number\":\"{number}\"}}'

curl -s {url}/v23.0/{number}/messages -H 'authorization: Bearer any' -H 'content-type: application/json' \\
  -d '{{\"messaging_product\":\"whatsapp\",\"to\":\"{phone}\",\"type\":\"text\",\"text\":{{\"body\":\"Olá!\"}}}}'

curl -s {url}/simulator/state

Ctrl-C ends it and prints its figures.

"
    )
}

fn table(figures: &Figures) -> String {
    let counted = &figures.counted;
    let sum = |object: &Value| {
        let values = object.as_object().map(|object| object.values().filter_map(Value::as_u64).sum::<u64>());
        values.unwrap_or_default().to_string()
    };
    let webhook = |key: &str| counted["webhooks"][key].to_string();
    let mut rows = vec![
        ("requests", sum(&counted["requests"])),
        ("refused", sum(&counted["refusals"])),
        ("spoilt on purpose", sum(&counted["faults"])),
        ("limits run into", sum(&counted["limits_run_into"])),
        ("messages taken", counted["messages_taken"].to_string()),
        ("taken more than once", counted["callback_data_taken_twice"].to_string()),
        ("messages from customers", counted["messages_from_customers"].to_string()),
        ("statuses", sum(&counted["statuses"])),
        ("webhooks", webhook("made")),
        ("accepted", webhook("accepted")),
        ("still waiting", webhook("waiting")),
        ("attempts that failed", webhook("failed_attempts")),
        ("given up after a week", webhook("given_up_after_seven_days")),
        ("forged and refused", webhook("forged_and_refused")),
        ("forged and accepted", webhook("forged_and_accepted")),
    ];
    rows.extend([
        ("median answer", format!("{:?}", figures.p50)),
        ("99 of 100 within", format!("{:?}", figures.p99)),
        ("slowest answer", format!("{:?}", figures.max)),
    ]);
    lines(&rows)
}
