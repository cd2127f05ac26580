//! Looks after deliveries at intervals, in every process that works on them.

use std::time::Duration;

use portaria_domain::{Installation, webhook_delivery};
use tokio_util::sync::CancellationToken;

const INTERVAL: Duration = Duration::from_secs(5);

pub(crate) async fn watch(installation: Installation, shutdown: CancellationToken) {
    let mut told = webhook_delivery::Told::default();
    loop {
        if let Err(error) = webhook_delivery::look_after(&installation, &mut told).await {
            tracing::warn!(%error, "deliveries could not be looked after");
        }
        if tokio::time::timeout(INTERVAL, shutdown.cancelled()).await.is_ok() {
            return;
        }
    }
}
