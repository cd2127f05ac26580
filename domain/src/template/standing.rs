//! How a template stands: whether it may be sent, and what is wrong if not.

use std::time::Duration;

use portaria_entity::alert::AlertSeverity;
use portaria_entity::id::TemplateId;
use portaria_entity::template::{Model, TemplateStatus as Status};
use portaria_entity::time::Timestamp;

/// Whether a template may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usability {
    Usable,
    /// It may be sent, and will be paused if customers go on liking it so little.
    LowQuality,
    /// Meta does not have it yet.
    NotSubmitted,
    /// Meta has not decided yet, or not said so.
    Undecided,
    Rejected,
    /// Until then, if Meta has said for how long.
    Paused {
        until: Option<Timestamp>,
    },
    Disabled,
    /// It is being deleted, put aside, or gone.
    Gone,
}

impl Usability {
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Usable | Self::LowQuality)
    }
}

/// How long Meta pauses a template the first and the second time; the third time it is disabled.
const PAUSES: [(&str, Duration); 2] =
    [("FIRST_PAUSE", Duration::from_secs(3 * 60 * 60)), ("SECOND_PAUSE", Duration::from_secs(6 * 60 * 60))];

/// By what Meta last said of it.
pub fn usability(row: &Model) -> Usability {
    match (row.status, &row.meta_id) {
        (Some(Status::Deleted | Status::PendingDeletion | Status::Archived), _) => Usability::Gone,
        (_, None) => Usability::NotSubmitted,
        (Some(Status::Approved), _) => Usability::Usable,
        (Some(Status::Flagged), _) => Usability::LowQuality,
        (Some(Status::Pending | Status::InAppeal) | None, _) => Usability::Undecided,
        (Some(Status::Rejected), _) => Usability::Rejected,
        (Some(Status::Paused), _) => Usability::Paused { until: paused_until(row) },
        (Some(Status::Disabled | Status::LimitExceeded | Status::Locked), _) => Usability::Disabled,
    }
}

fn paused_until(row: &Model) -> Option<Timestamp> {
    let reason = row.reason.as_deref()?.to_ascii_uppercase().replace(' ', "_");
    let pause = PAUSES.iter().find(|(name, _)| reason.contains(name)).map(|(_, pause)| *pause)?;
    Some(row.status_at? + pause)
}

/// What a status is to who looks after templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Bad(AlertSeverity),
    /// Nothing is wrong, or nothing any more.
    Over,
    /// It stays as it was.
    Undecided,
}

pub fn trouble(status: Status) -> Trouble {
    match status {
        Status::Disabled | Status::LimitExceeded => Trouble::Bad(AlertSeverity::Critical),
        Status::Paused | Status::Rejected | Status::Flagged | Status::Locked => {
            Trouble::Bad(AlertSeverity::Warning)
        }
        Status::Pending | Status::Approved | Status::Archived | Status::PendingDeletion | Status::Deleted => {
            Trouble::Over
        }
        // In appeal it still may not be used.
        Status::InAppeal => Trouble::Undecided,
    }
}

/// What an alert on a template's status is known by.
pub fn status_cause(template: TemplateId) -> String {
    format!("{template}:status")
}
