//! How a phone number sends.

use async_graphql::Enum;
use portaria_domain::channel_sending;
use portaria_guard::guarded;

use super::time::DateTime;

/// Why nothing is sent from a number.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "portaria_entity::channel_sending::StopReason")]
pub enum SendingStopReason {
    /// The access token is not good any more: give it a new one.
    Token,
    /// The token may not send from this number.
    Permission,
    /// Meta has locked or restricted the account.
    Restricted,
    /// Meta wants a payment method.
    Payment,
    /// The number is not registered with the Cloud API, or is gone.
    NotRegistered,
    /// Too many customers complained.
    Spam,
    /// Somebody stopped it here.
    ByHand,
}

pub struct ChannelSending(pub std::sync::Arc<channel_sending::ChannelSending>);

/// How a phone number sends.
#[guarded]
impl ChannelSending {
    /// How many messages a second go out at most.
    #[authenticated]
    fn messages_per_second(&self) -> i32 {
        self.0.row.messages_per_second
    }

    /// How many messages wait to be sent.
    #[authenticated]
    fn waiting(&self) -> u64 {
        self.0.waiting
    }

    /// Until when nothing goes out because Meta asked to be slower; null when it did not.
    #[authenticated]
    fn slowed_until(&self) -> Option<DateTime> {
        self.0.row.slowed_until.map(Into::into)
    }

    /// Since when nothing is sent; null while it is.
    #[authenticated]
    fn stopped_at(&self) -> Option<DateTime> {
        self.0.row.stopped_at.map(Into::into)
    }

    /// Why nothing is sent; null while it is.
    #[authenticated]
    fn stop_reason(&self) -> Option<SendingStopReason> {
        self.0.row.stop_reason.map(Into::into)
    }

    /// Meta's error code with which it was stopped; null where there was none.
    #[authenticated]
    fn stop_code(&self) -> Option<i64> {
        self.0.row.stop_code
    }

    /// When one message is tried, to see whether it still is stopped; null when it is not, or waits for somebody.
    #[authenticated]
    fn next_try_at(&self) -> Option<DateTime> {
        self.0.row.next_probe_at.filter(|_| self.0.row.stopped_at.is_some()).map(Into::into)
    }
}
