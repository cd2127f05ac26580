//! Signals over PostgreSQL's LISTEN and NOTIFY, on connections of their own. A notification holds up every commit of the
//! database for a moment, so none belongs to a transaction of anything else, and what is said meanwhile goes together.

use std::convert::Infallible;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgListener, PgPool};
use sea_orm::sqlx::{self, query};
use tokio_util::sync::CancellationToken;

use super::Signals;
use super::parcel::Parcel;

/// One listens, one speaks.
pub(super) const CONNECTIONS: u32 = 2;
const CHANNEL: &str = "portaria";
/// Between two notifications of a process.
const PAUSE: Duration = Duration::from_millis(10);
/// For so long is waited for what was said.
const PATIENCE: Duration = Duration::from_secs(3);
/// Before a connection that could not be made is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Hears other processes until `shutdown`, over whatever happens to the connection.
pub(super) async fn listen(signals: &Signals, pool: &PgPool, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        tokio::select! {
            () = shutdown.cancelled() => return,
            heard = hear(signals, pool) => {
                let Err(error) = heard;
                metrics::counter!("portaria_signal_connections_lost_total").increment(1);
                tracing::warn!(%error, "other processes are not heard: their events are polled for");
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

async fn hear(signals: &Signals, pool: &PgPool) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // What was said before is not known.
    signals.missed();
    loop {
        match listener.try_recv().await? {
            Some(notification) => match serde_json::from_str::<Parcel>(notification.payload()) {
                Ok(parcel) if parcel.from == signals.0.origin => {}
                Ok(parcel) => signals.receive(&parcel),
                // Of a version that says what this one does not know.
                Err(_) => signals.missed(),
            },
            // The connection was lost, and is there again.
            None => {
                metrics::counter!("portaria_signal_connections_lost_total").increment(1);
                signals.missed();
            }
        }
    }
}

/// Whether what one connection says is heard by another: not through a pooler that hands them out by transaction.
pub(super) async fn is_heard(pool: &PgPool, said_by: &str) -> Result<bool, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // Whoever else listens finds nothing in it.
    let parcel = Parcel { from: said_by.to_owned(), ..Parcel::default() };
    notify(pool, &parcel).await?;
    let heard = async {
        loop {
            let notification = listener.recv().await?;
            if notification.payload().contains(said_by) {
                return Ok(true);
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap_or(Ok(false))
}

/// Tells other processes what is said in this one until `shutdown`. What cannot be told is found by their polls.
pub(super) async fn speak(signals: &Signals, pool: &PgPool, shutdown: &CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = signals.0.said.notified() => {}
        }
        while let Some(parcel) = signals.outgoing() {
            let parcel = Parcel { from: signals.0.origin.clone(), ..parcel };
            if let Err(error) = notify(pool, &parcel).await {
                tracing::debug!(%error, "other processes could not be told");
                break;
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn notify(pool: &PgPool, parcel: &Parcel) -> Result<(), sqlx::Error> {
    let payload = serde_json::to_string(parcel).map_err(|error| sqlx::Error::Encode(error.into()))?;
    query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(payload).execute(pool).await?;
    metrics::counter!("portaria_signals_sent_total").increment(1);
    Ok(())
}
