//! Who types in which conversation, as far as a process has heard. Nothing of it is kept: who does not say it again is
//! taken to have stopped.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portaria_entity::id::{ConversationId, MemberId, WorkspaceId};
use portaria_entity::time::Timestamp;

use crate::conversation::{Act, ConversationRow, find, permit};
use crate::error::{Refusal, Result};
use crate::installation::Installation;
use crate::signal::Signal;
use crate::viewer::Viewer;

/// For so long somebody types who has said so once. Who goes on says it again each three seconds.
pub const LASTS: Duration = Duration::from_secs(6);
/// Who says it again sooner tells nobody anything new.
const AGAIN: Duration = Duration::from_secs(2);
/// So often may somebody say it within a window, in all conversations together.
const MOST: u32 = 30;
const WINDOW: Duration = Duration::from_secs(10);
/// More are not remembered at a time.
const CAPACITY: usize = 20_000;

type Place = (WorkspaceId, ConversationId);

/// Who types where, until when; and how often they have said so of late.
#[derive(Default)]
pub struct Typists(Mutex<Table>);

#[derive(Default)]
struct Table {
    typing: HashMap<Place, BTreeMap<MemberId, Timestamp>>,
    said: HashMap<(WorkspaceId, MemberId), Said>,
}

#[derive(Clone, Copy)]
struct Said {
    since: Timestamp,
    times: u32,
}

impl Typists {
    /// Who types in a conversation.
    pub fn of(&self, place: Place, now: Timestamp) -> Vec<MemberId> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(typing) = table.typing.get(&place) else { return Vec::new() };
        typing.iter().filter(|(_, until)| **until > now).map(|(member, _)| *member).collect()
    }

    /// Takes note of what is told, here or in another process.
    pub(crate) fn hear(&self, signal: Signal, now: Timestamp) {
        let Signal::Typing { workspace_id, conversation_id, member_id, is_typing } = signal else { return };
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (workspace_id, conversation_id);
        if is_typing {
            table.make_room(now);
            table.typing.entry(place).or_default().insert(member_id, now + LASTS);
        } else if let Some(typing) = table.typing.get_mut(&place) {
            typing.remove(&member_id);
            if typing.is_empty() {
                table.typing.remove(&place);
            }
        }
    }

    /// Counts that somebody says something; refuses who does so too often.
    fn count(&self, who: (WorkspaceId, MemberId), now: Timestamp) -> Result<()> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.said.len() >= CAPACITY {
            table.said.retain(|_, said| now.since(said.since) < WINDOW);
        }
        let said = table.said.entry(who).or_insert(Said { since: now, times: 0 });
        if now.since(said.since) >= WINDOW {
            *said = Said { since: now, times: 0 };
        }
        said.times = said.times.saturating_add(1);
        if said.times <= MOST {
            return Ok(());
        }
        let rest = WINDOW.saturating_sub(now.since(said.since)).as_millis().div_ceil(1_000);
        Err(Refusal::Throttled { seconds: u32::try_from(rest).unwrap_or(u32::MAX).max(1) }.into())
    }

    /// Whether it would tell anybody anything.
    fn is_news(&self, place: Place, member: MemberId, (is_typing, now): (bool, Timestamp)) -> bool {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = table.typing.get(&place).and_then(|typing| typing.get(&member)).copied();
        match until.filter(|until| *until > now) {
            Some(until) => !is_typing || until <= now + (LASTS - AGAIN),
            None => is_typing,
        }
    }
}

impl Table {
    /// Forgets who has stopped without saying so, when there are too many; then those of any conversation.
    fn make_room(&mut self, now: Timestamp) {
        if self.typing.len() < CAPACITY {
            return;
        }
        self.typing.retain(|_, typing| {
            typing.retain(|_, until| *until > now);
            !typing.is_empty()
        });
        if self.typing.len() >= CAPACITY
            && let Some(place) = self.typing.keys().next().copied()
        {
            self.typing.remove(&place);
        }
    }
}

/// Tells colleagues that the viewer types in a conversation, or does so no longer. For a person who may answer there.
pub async fn say(
    installation: &Installation,
    viewer: &Viewer,
    id: ConversationId,
    is_typing: bool,
) -> Result<ConversationRow> {
    let (typists, now) = (installation.signals.typists(), installation.clock.now());
    let (workspace_id, member_id) = (viewer.workspace_id, viewer.session()?.member_id);
    typists.count((workspace_id, member_id), now)?;
    let conversation = find(installation.database.reader(), viewer, id).await?;
    viewer.note_use(permit(viewer, &conversation, Act::Answer, now)?);
    // It may be named by what it was merged from.
    let conversation_id = conversation.row.id;
    if typists.is_news((workspace_id, conversation_id), member_id, (is_typing, now)) {
        installation.signals.tell(Signal::Typing { workspace_id, conversation_id, member_id, is_typing });
    }
    Ok(conversation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn place() -> Place {
        (WorkspaceId(Uuid::from_u128(1)), ConversationId(Uuid::from_u128(2)))
    }

    fn ana() -> MemberId {
        MemberId(Uuid::from_u128(3))
    }

    fn typing(is_typing: bool) -> Signal {
        let (workspace_id, conversation_id) = place();
        Signal::Typing { workspace_id, conversation_id, member_id: ana(), is_typing }
    }

    #[test]
    fn who_does_not_say_it_again_has_stopped() {
        let typists = Typists::default();
        typists.hear(typing(true), NOW);
        assert_eq!(typists.of(place(), NOW + LASTS / 2), [ana()]);
        typists.hear(typing(true), NOW + LASTS / 2);
        assert_eq!(typists.of(place(), NOW + LASTS), [ana()]);
        assert!(typists.of(place(), NOW + LASTS / 2 + LASTS).is_empty());
        typists.hear(typing(true), NOW);
        typists.hear(typing(false), NOW);
        assert!(typists.of(place(), NOW).is_empty());
    }

    #[test]
    fn what_is_no_news_is_not_told_again() {
        let typists = Typists::default();
        assert!(!typists.is_news(place(), ana(), (false, NOW)));
        assert!(typists.is_news(place(), ana(), (true, NOW)));
        typists.hear(typing(true), NOW);
        assert!(!typists.is_news(place(), ana(), (true, NOW + Duration::from_secs(1))));
        assert!(typists.is_news(place(), ana(), (true, NOW + Duration::from_secs(3))));
        assert!(typists.is_news(place(), ana(), (false, NOW)));
    }

    #[test]
    fn who_says_it_all_the_time_waits() {
        let typists = Typists::default();
        let who = (place().0, ana());
        for _ in 0..MOST {
            typists.count(who, NOW).unwrap();
        }
        let refused = typists.count(who, NOW + Duration::from_secs(4)).unwrap_err();
        assert!(matches!(refused, crate::Error::Refused(Refusal::Throttled { seconds: 6 })), "{refused:?}");
        typists.count(who, NOW + WINDOW).unwrap();
    }
}
