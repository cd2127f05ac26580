//! An open subscription: events in their order, without a gap, and the session on whose behalf they are read.
//!
//! What comes over the broadcast of this process is checked against the numbers of events, which have no holes. Whatever is
//! missing (because a client goes on from a cursor, or was slow) is read from the outbox.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, ID};
use portaria_domain::Installation;
use portaria_domain::conversation;
use portaria_domain::event::{EventCursor, Published, Sight};
use portaria_domain::viewer::Viewer;
use portaria_entity::id::{ConversationId, WorkspaceId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::id::parse_optional;
use super::standing::{RECHECK, Standing};
use crate::error::{Problem, Result};
use crate::live::Live;

/// The events from the moment on in which a subscription was asked for.
pub struct FromNow(Mutex<Option<Beginning>>);

/// Where a subscription begins: behind the last event that this process had seen.
struct Beginning {
    after: Option<i64>,
    receiver: Receiver<Published>,
}

impl Beginning {
    fn of(installation: &Installation) -> Self {
        // The number first: what is published in between is found to be missing, and read.
        let after = installation.events.seen();
        Self { after, receiver: installation.events.subscribe() }
    }
}

impl FromNow {
    pub fn of(installation: &Installation) -> Self {
        Self(Mutex::new(Some(Beginning::of(installation))))
    }

    fn take(&self) -> Option<Beginning> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

pub struct Follower {
    pub(super) standing: Standing,
    receiver: Receiver<Published>,
    /// The number of the last event that was looked at; none before the first, when it begins with what comes.
    last: Option<i64>,
    /// Read from the outbox, to be looked at before anything else.
    missed: VecDeque<Published>,
    /// Up to where the outbox has to be read.
    until: Option<i64>,
    workspace_id: WorkspaceId,
    /// The conversation that was asked for, and the one that it has become part of.
    only: Option<[ConversationId; 2]>,
}

impl Follower {
    /// Begins behind the event of a cursor; without one, now.
    pub async fn new(ctx: &Context<'_>, only: Option<&ID>, after: Option<&str>) -> Result<Self> {
        let (standing, viewer) = Standing::new(ctx)?;
        let only = match parse_optional(only)? {
            None => None,
            Some(id) => {
                let reader = standing.installation.database.reader();
                Some([id, conversation::stands_for(reader, viewer.workspace_id, id).await?])
            }
        };
        let begin = ctx.data_opt::<FromNow>().and_then(FromNow::take);
        let Beginning { after: seen, receiver } =
            begin.unwrap_or_else(|| Beginning::of(&standing.installation));
        let mut follower = Self {
            workspace_id: viewer.workspace_id,
            standing,
            receiver,
            last: seen,
            missed: VecDeque::new(),
            until: None,
            only,
        };
        if let Some(after) = after {
            follower.go_back(viewer, after, seen).await?;
        }
        Ok(follower)
    }

    /// Goes back to a cursor. One from before what is kept, or of who could see something else then, has expired: there is
    /// no telling what was missed.
    async fn go_back(&mut self, viewer: &Viewer, after: &str, seen: Option<i64>) -> Result<()> {
        let cursor = EventCursor::from_text(after, &self.standing.installation.keys)?;
        if !cursor.is_of(viewer) || !self.standing.installation.events.reaches_back_to(cursor.seq).await? {
            return Err(Problem::CursorExpired);
        }
        self.last = Some(cursor.seq);
        let newest = self.standing.installation.events.last_seq().await?;
        self.until = Some(seen.map_or(newest, |seen| seen.max(newest)));
        Ok(())
    }

    /// The next event of the viewer's workspace that is wanted, with the viewer as they are then.
    pub async fn next(&mut self) -> Result<(Published, Arc<Viewer>)> {
        loop {
            let published = self.next_in_order().await?;
            self.standing.recheck().await?;
            let wanted =
                self.only.is_none_or(|only| published.conversation_id.is_some_and(|id| only.contains(&id)));
            if published.workspace_id == self.workspace_id && wanted {
                return Ok((published, self.standing.viewer().await?));
            }
        }
    }

    /// The next event of any workspace; of those that were missed, of this one.
    async fn next_in_order(&mut self) -> Result<Published> {
        loop {
            if let Some(published) = self.missed.pop_front() {
                self.last = Some(published.seq);
                return Ok(published);
            }
            if let (Some(until), Some(last)) = (self.until, self.last) {
                self.read_missed(last, until).await?;
                continue;
            }
            match tokio::time::timeout(RECHECK, self.receiver.recv()).await {
                Ok(Ok(published)) => match self.last {
                    // Read from the outbox already.
                    Some(last) if published.seq <= last => {}
                    Some(last) if published.seq > last + 1 => self.until = Some(published.seq),
                    Some(_) | None => {
                        self.last = Some(published.seq);
                        return Ok(published);
                    }
                },
                // What was pushed out is in the outbox: the next that comes shows what is missing.
                Ok(Err(RecvError::Lagged(_))) => {
                    metrics::counter!("portaria_subscriptions_behind_total").increment(1);
                }
                Ok(Err(RecvError::Closed)) => return Err(Problem::Unavailable),
                Err(_) => drop(self.standing.viewer().await?),
            }
        }
    }

    async fn read_missed(&mut self, last: i64, until: i64) -> Result<()> {
        let events = self.standing.installation.events.between(self.workspace_id, (last, until)).await?;
        if events.is_empty() {
            // Everything up to there is accounted for, whosever it was.
            self.last = Some(until);
            self.until = None;
        }
        self.missed.extend(events);
        Ok(())
    }

    /// What an event is about.
    pub async fn sight(&self, published: &Published) -> Result<Sight> {
        Ok(self.standing.installation.events.sight(published).await?)
    }

    /// The place behind an event, for who wants to go on from there.
    pub fn cursor(&self, viewer: &Viewer, published: &Published) -> Result<String> {
        Ok(EventCursor::new(viewer, published.seq).to_text(&self.standing.installation.keys)?)
    }

    /// An event, to be answered as a request of its own.
    pub fn live<T>(&self, viewer: Arc<Viewer>, event: T) -> Live<T> {
        self.standing.live(viewer, event)
    }
}
