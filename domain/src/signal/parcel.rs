//! What goes to other processes at once: less than PostgreSQL carries in one notification, which is 8,000 bytes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Signal;

/// Each takes up to about 170 bytes.
const AT_ONCE: usize = 40;
/// More than wait to be carried are lost, the oldest first.
const MOST: usize = 2_000;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parcel {
    /// Of which process.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub committed: bool,
    #[serde(default)]
    pub arrived: bool,
    #[serde(default)]
    pub queued: bool,
    #[serde(default)]
    pub signals: VecDeque<Signal>,
}

impl Parcel {
    pub(super) fn add(&mut self, signal: Signal) {
        if self.signals.len() >= MOST {
            self.signals.pop_front();
        }
        self.signals.push_back(signal);
    }

    /// Takes out as much as goes at once; nothing when nothing was said.
    pub(super) fn take(&mut self) -> Option<Self> {
        if !self.committed && !self.arrived && !self.queued && self.signals.is_empty() {
            return None;
        }
        let rest = self.signals.split_off(self.signals.len().min(AT_ONCE));
        let taken = std::mem::take(self);
        self.signals = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portaria_entity::id::{ConversationId, MemberId, WorkspaceId};
    use uuid::Uuid;

    #[test]
    fn a_parcel_fits_whatever_was_said() {
        let mut all = Parcel { committed: true, arrived: true, ..Parcel::default() };
        for number in 0..5_000_u128 {
            let id = Uuid::from_u128(u128::MAX - number);
            all.add(Signal::Typing {
                workspace_id: WorkspaceId(id),
                conversation_id: ConversationId(id),
                member_id: MemberId(id),
                is_typing: false,
            });
        }
        let mut carried = 0;
        while let Some(parcel) = all.take() {
            let parcel = Parcel { from: Uuid::nil().to_string(), ..parcel };
            let text = serde_json::to_string(&parcel).unwrap();
            assert!(text.len() < 8_000, "{}", text.len());
            assert_eq!(serde_json::from_str::<Parcel>(&text).unwrap(), parcel);
            carried += parcel.signals.len();
        }
        assert_eq!(carried, MOST, "and what waits is bounded");
        assert_eq!(all.take(), None);
    }
}
