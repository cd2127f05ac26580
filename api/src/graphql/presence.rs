//! Who comes and goes, followed as it changes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use portaria_domain::event::Published;
use portaria_domain::permission::PermissionSet;
use portaria_domain::presence::Presence;
use portaria_domain::signal::Signal;
use portaria_domain::viewer::Viewer;
use portaria_entity::event::EventKind;
use portaria_entity::id::{MemberId, WorkspaceId};
use portaria_guard::guarded;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::member::Member;
use super::standing::{RECHECK, Standing};
use crate::error::{Problem, Result};
use crate::guard::Subject;
use crate::live::Live;
use crate::request::Request;

/// What is said within so long is looked at together.
const TOGETHER: Duration = Duration::from_millis(100);
/// So often it is looked at anyway: that somebody has gone without a word, nobody says.
const ANYWAY: Duration = Duration::from_secs(10);

pub struct PresenceChange(MemberId);

impl Subject for PresenceChange {
    fn held(&self, viewer: &Viewer) -> PermissionSet {
        viewer.access.everywhere()
    }
}

/// That a member has come or gone, or begins or ceases to take conversations.
#[guarded]
impl PresenceChange {
    /// The member as they are now.
    #[requires(MemberRead)]
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        Ok(Request::of(ctx).loaders()?.member(self.0).await?.map(Member))
    }
}

/// An open subscription to who comes and goes.
pub struct PresenceFollower {
    standing: Standing,
    signals: Receiver<Signal>,
    events: Receiver<Published>,
    workspace_id: WorkspaceId,
    /// What was told last, or was so when it began.
    known: Arc<HashMap<MemberId, Presence>>,
    /// Who is to be told of.
    changed: VecDeque<MemberId>,
    looked_at: Instant,
}

impl PresenceFollower {
    pub async fn new(ctx: &Context<'_>) -> Result<Self> {
        let (standing, viewer) = Standing::new(ctx)?;
        let installation = &standing.installation;
        let (signals, events) = (installation.signals.subscribe(), installation.events.subscribe());
        let looked_at = Instant::now();
        let known = installation.roll.since(viewer.workspace_id, looked_at).await?;
        let (workspace_id, changed) = (viewer.workspace_id, VecDeque::new());
        Ok(Self { standing, signals, events, workspace_id, known, changed, looked_at })
    }

    /// The next member whose presence is another than was told last.
    pub async fn next(&mut self) -> Result<Live<PresenceChange>> {
        loop {
            if let Some(member) = self.changed.pop_front() {
                let viewer = self.standing.viewer().await?;
                return Ok(self.standing.live(viewer, PresenceChange(member)));
            }
            self.standing.recheck().await?;
            let said = tokio::time::timeout(RECHECK, self.is_said()).await;
            let is_due = self.looked_at.elapsed() > ANYWAY;
            match said {
                Ok(said) => said?,
                Err(_) if !is_due => continue,
                Err(_) => {}
            }
            tokio::time::sleep(TOGETHER).await;
            // What was said until now is seen by the one look.
            while self.signals.try_recv().is_ok() {}
            while self.events.try_recv().is_ok() {}
            self.look(Instant::now()).await?;
        }
    }

    /// Returns once something is said that may be a change of somebody's presence.
    async fn is_said(&mut self) -> Result<()> {
        loop {
            tokio::select! {
                signal = self.signals.recv() => match signal {
                    Ok(Signal::Presence { workspace_id, .. }) if workspace_id == self.workspace_id => return Ok(()),
                    Ok(Signal::Missed) | Err(RecvError::Lagged(_)) => return Ok(()),
                    Ok(Signal::Presence { .. } | Signal::Typing { .. }) => {}
                    Err(RecvError::Closed) => return Err(Problem::Unavailable),
                },
                event = self.events.recv() => match event {
                    // Whoever changes their availability changes who may be given what.
                    Ok(event) if event.kind == EventKind::AccessChanged && event.workspace_id == self.workspace_id => return Ok(()),
                    Err(RecvError::Lagged(_)) => return Ok(()),
                    Ok(_) => {}
                    Err(RecvError::Closed) => return Err(Problem::Unavailable),
                },
            }
        }
    }

    async fn look(&mut self, since: Instant) -> Result<()> {
        self.looked_at = Instant::now();
        let now = self.standing.installation.roll.since(self.workspace_id, since).await?;
        let changed = now.iter().filter(|(member, presence)| self.known.get(member) != Some(presence));
        let mut changed: Vec<_> = changed.map(|(member, _)| *member).collect();
        changed.extend(self.known.keys().filter(|member| !now.contains_key(member)));
        changed.sort_unstable();
        self.changed.extend(changed);
        self.known = now;
        Ok(())
    }
}
