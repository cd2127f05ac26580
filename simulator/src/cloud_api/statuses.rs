//! What becomes of a message the stand-in took: its statuses, delivered as webhooks after a while.

use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::desk::SentMessage;
use crate::clock::UnixClock;
use crate::customer::Customer;
use crate::number::BusinessNumber;
use crate::payload::{Change, Envelope, Status, StatusState};
use crate::sender::{Fault, Sender};

/// Which statuses follow a message, and when.
#[derive(Clone)]
pub struct StatusPlan {
    /// To whom they are delivered.
    pub sender: Sender,
    /// What time they bear.
    pub clock: UnixClock,
    /// Each status with the time after the one before.
    pub steps: Vec<(Duration, StatusState)>,
}

impl StatusPlan {
    /// Sent, delivered and read within a few seconds.
    pub fn read_soon(sender: Sender, clock: UnixClock) -> Self {
        let steps = vec![
            (Duration::from_millis(200), StatusState::Sent),
            (Duration::from_millis(800), StatusState::Delivered),
            (Duration::from_secs(3), StatusState::Read),
        ];
        Self { sender, clock, steps }
    }

    /// Delivers them one after another until the shutdown. An undeliverable one does not stop the next.
    pub(super) async fn follow(
        self,
        message: SentMessage,
        number: BusinessNumber,
        customer: Customer,
        shutdown: CancellationToken,
    ) {
        let repeated = message.request.get("biz_opaque_callback_data").and_then(Value::as_str);
        for (after, state) in self.steps {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(after) => {}
            }
            let mut status = Status::new(&message.id, state, self.clock.now(), customer.clone());
            status.biz_opaque_callback_data = repeated.map(ToOwned::to_owned);
            let body = Envelope::of(Change::statuses(&number, &[status])).to_bytes();
            let outcome = self.sender.deliver(&body, Fault::None).await;
            tracing::debug!(fate = ?outcome.fate, attempts = outcome.attempts, "status webhook");
        }
    }
}
