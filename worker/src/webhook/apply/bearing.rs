//! What a message means to whoever looks after the conversation.

use crate::whatsapp::payload::{Direction, Message, MessageKind, Source};

/// What a message asks of its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// A customer waits for an answer.
    CallsForAnswer,
    /// A customer did something that needs no answer.
    Noted,
    /// The company answered.
    Answers,
    /// It belongs to the past, or to another application's present.
    Recorded,
}

impl Bearing {
    pub(super) fn of(message: &Message) -> Self {
        match (message.source, message.direction) {
            (Source::Live, Direction::Inbound) if !QUIET.contains(&message.kind) => Self::CallsForAnswer,
            (Source::Live, Direction::Inbound) => Self::Noted,
            (Source::Live | Source::Echo, Direction::Outbound) if !QUIET.contains(&message.kind) => {
                Self::Answers
            }
            // A reaction or a correction answers nothing.
            (Source::Live | Source::Echo, Direction::Outbound) => Self::Recorded,
            (Source::Echo, Direction::Inbound)
            | (Source::History | Source::Standby | Source::StandbyEcho, _) => Self::Recorded,
        }
    }
}

/// Kinds that call for no answer.
pub(super) const QUIET: [MessageKind; 5] =
    [MessageKind::Reaction, MessageKind::Edit, MessageKind::Revoke, MessageKind::System, MessageKind::Call];
