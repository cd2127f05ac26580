//! `portaria simulate`: drives a running installation as Meta would, and says how it answered; with `--serve` it is all
//! of Meta, for whoever builds on Portaria without an account there.

mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use portaria_simulator::{
    BusinessNumber, FaultPercents, Pace, SenderConfig, SimulateOptions, Summary, simulate,
};
use tokio_util::sync::CancellationToken;

use crate::config::Secret;
use crate::stopping;

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The callback, as in Meta's dashboard: http://127.0.0.1:8080/webhooks/whatsapp/KEY
    #[arg(long, alias = "webhook-url", required_unless_present = "serve", requires = "app_secret_file")]
    url: Option<String>,
    #[arg(long, value_name = "FILE", requires = "verify_token_file")]
    app_secret_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    verify_token_file: Option<PathBuf>,
    /// A number to write to, as registered: Meta's id, the account's id and the number. May be repeated.
    #[arg(long = "number", value_name = "PHONE_NUMBER_ID:WABA_ID:NUMBER", required = true, value_parser = parse_number)]
    numbers: Vec<BusinessNumber>,
    /// Milliseconds between deliveries; 0: as fast as they are answered.
    #[arg(long, default_value_t = 1_000, conflicts_with = "serve")]
    every: u64,
    /// How many deliveries at most.
    #[arg(long, conflicts_with = "serve")]
    deliveries: Option<u64>,
    /// How many seconds at most.
    #[arg(long)]
    seconds: Option<u64>,
    /// How many may be under way at once.
    #[arg(long, default_value_t = 4, conflicts_with = "serve")]
    concurrency: usize,
    /// Percentage that is delivered twice.
    #[arg(long, default_value_t = 0, conflicts_with = "serve")]
    duplicates: u8,
    /// Percentage that is held back until after the next.
    #[arg(long, default_value_t = 0, conflicts_with = "serve")]
    reordered: u8,
    /// Percentage that is signed wrongly, and must be refused.
    #[arg(long, default_value_t = 0, conflicts_with = "serve")]
    forged: u8,
    /// Decides customers, messages and faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Be all of Meta on this address: answer the Graph's requests, let customers write, read and reply.
    #[arg(long, value_name = "ADDRESS")]
    serve: Option<SocketAddr>,
    #[command(flatten)]
    serving: serve::ServeArgs,
}

fn parse_number(text: &str) -> Result<BusinessNumber, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [phone_number_id, waba_id, number] = parts[..] else {
        return Err("a number is PHONE_NUMBER_ID:WABA_ID:NUMBER".to_owned());
    };
    Ok(BusinessNumber {
        waba_id: waba_id.to_owned(),
        phone_number_id: phone_number_id.to_owned(),
        display_phone_number: number.chars().filter(char::is_ascii_digit).collect(),
        verified_name: "Simulated".to_owned(),
    })
}

pub async fn run(wanted: SimulateArgs) -> Result<()> {
    if wanted.serve.is_some() {
        return serve::run(&wanted).await;
    }
    let sender = callback(&wanted)?.context("--url is missing")?;
    let options = SimulateOptions {
        seed: wanted.seed,
        pace: match wanted.every {
            0 => Pace::Unthrottled,
            milliseconds => Pace::Every(Duration::from_millis(milliseconds)),
        },
        duration: wanted.seconds.map(Duration::from_secs),
        deliveries: wanted.deliveries,
        concurrency: wanted.concurrency,
        faults: FaultPercents {
            duplicate: wanted.duplicates,
            reorder: wanted.reordered,
            forged: wanted.forged,
        },
        ..SimulateOptions::new(sender, wanted.numbers)
    };
    let stop = CancellationToken::new();
    stopping::on_signal(stop.clone())?;
    let summary = simulate(options, stop).await.context("the simulation could not begin")?;
    print!("{}", table(&summary));
    if summary.forged_accepted > 0 {
        bail!("{} forged deliveries were accepted", summary.forged_accepted);
    }
    Ok(())
}

/// Where webhooks go, and what they are signed with.
fn callback(wanted: &SimulateArgs) -> Result<Option<SenderConfig>> {
    let Some(url) = &wanted.url else { return Ok(None) };
    let app_secret = wanted.app_secret_file.as_ref().context("--app-secret-file is missing")?;
    let verify_token = wanted.verify_token_file.as_ref().context("--verify-token-file is missing")?;
    let (app_secret, verify_token) = (Secret::from_file(app_secret)?, Secret::from_file(verify_token)?);
    Ok(Some(SenderConfig::new(url, app_secret.reveal(), verify_token.reveal())))
}

fn table(summary: &Summary) -> String {
    let rows = [
        ("deliveries sent", summary.sent.to_string()),
        ("messages in them", summary.messages.to_string()),
        ("statuses in them", summary.statuses.to_string()),
        ("accepted", summary.accepted.to_string()),
        ("refused", summary.refused.to_string()),
        ("not answered", summary.unreachable.to_string()),
        ("attempts beyond the first", summary.retried.to_string()),
        ("delivered twice", summary.duplicated.to_string()),
        ("delivered late", summary.reordered.to_string()),
        ("forged and refused", summary.forged_refused.to_string()),
        ("forged and accepted", summary.forged_accepted.to_string()),
        ("median answer", format!("{:?}", summary.p50)),
        ("99 of 100 within", format!("{:?}", summary.p99)),
        ("slowest answer", format!("{:?}", summary.max)),
    ];
    lines(&rows)
}

fn lines(rows: &[(&str, String)]) -> String {
    rows.iter().map(|(name, figure)| format!("{name:<28}{figure:>14}\n")).collect()
}
