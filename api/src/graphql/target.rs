//! Targets of a conversation's stretch.

use std::sync::Arc;

use async_graphql::Context;
use portaria_entity::episode::Model;
use portaria_entity::time::Timestamp;
use portaria_guard::guarded;

use super::time::DateTime;
use crate::request::Request;

pub struct ConversationTargets(pub Arc<Model>);

/// Whether something was done, or is still not done, after it was due.
fn is_missed(due: Option<Timestamp>, done: Option<Timestamp>, now: Timestamp) -> bool {
    due.is_some_and(|due| done.unwrap_or(now) > due)
}

/// By when the team means to have answered and to be done, in minutes of its business hours, and how that stands.
#[guarded]
impl ConversationTargets {
    /// By when the customer should have a first answer; null where the team has no such target.
    #[authenticated]
    fn first_response_due_at(&self) -> Option<DateTime> {
        self.0.first_response_due_at.map(Into::into)
    }

    /// When they had it; null as long as they have none.
    #[authenticated]
    fn first_response_at(&self) -> Option<DateTime> {
        self.0.first_response_at.map(Into::into)
    }

    /// Whether that was too late, or is overdue.
    #[authenticated]
    fn first_response_missed(&self, ctx: &Context<'_>) -> bool {
        is_missed(self.0.first_response_due_at, self.0.first_response_at, Request::of(ctx).now)
    }

    /// Since when the time stands still, because the conversation is put off; null while it goes on. What is due is told as it
    /// will be when it is open again at its time.
    #[authenticated]
    fn paused_since(&self) -> Option<DateTime> {
        self.0.put_off_at.map(Into::into)
    }

    /// By when it should be resolved; null where the team has no such target.
    #[authenticated]
    fn resolution_due_at(&self) -> Option<DateTime> {
        self.0.resolution_due_at.map(Into::into)
    }

    /// When it was; null as long as it is not.
    #[authenticated]
    fn resolved_at(&self) -> Option<DateTime> {
        self.0.resolved_at.map(Into::into)
    }

    /// Whether that was too late, or is overdue.
    #[authenticated]
    fn resolution_missed(&self, ctx: &Context<'_>) -> bool {
        is_missed(self.0.resolution_due_at, self.0.resolved_at, Request::of(ctx).now)
    }
}
