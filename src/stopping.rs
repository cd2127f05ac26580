//! Being told to stop: the first signal ends the service in order, a later one ends the process at once.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Signals within so short a time are one request to stop, sent to the process and to its group.
const SAME_REQUEST: Duration = Duration::from_millis(500);
/// What a shell calls a process that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Cancels the token at the first SIGINT or SIGTERM.
pub fn on_signal(stop: CancellationToken) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        tracing::info!("stopping; a second signal ends at once");
        stop.cancel();
        tokio::time::sleep(SAME_REQUEST).await;
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        either(&mut interrupt, &mut terminate).await;
        tracing::warn!("ended by a second signal, with work unfinished");
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
