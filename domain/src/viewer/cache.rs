//! Viewers by token, kept while nothing about them can have changed; and who used the API last, until it is written down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portaria_entity::id::{ApiKeyId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{Principal, Viewer, load};
use crate::api_key::{Refused, Used, note_refusal, note_use};
use crate::authentication::Origin;
use crate::clock::Clock;
use crate::country::Countries;
use crate::database::Database;
use crate::error::Result;
use crate::permission_use::Recorder;
use crate::session::usage::{self, Places};
use crate::token::TokenHash;

/// A cached viewer is not trusted when the access epochs could not be read for so long.
const EPOCH_TRUST: Duration = Duration::from_secs(1);

/// So many addresses of a key are kept until they are written down.
const ADDRESSES: usize = 32;

/// Whether looking a viewer up is a use of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Somebody asked for something.
    Counts,
    /// An open subscription looks again by itself: that keeps no session from lying idle.
    DoesNotCount,
}

struct Cached {
    viewer: Arc<Viewer>,
    epoch: i64,
    /// By this process or, as of the last reading, by another.
    last_used_at: Timestamp,
}

/// A use that is not written down yet.
struct Touch {
    viewer: Arc<Viewer>,
    at: Timestamp,
    /// Addresses and user agents, of a key; the last one last.
    from: Vec<(String, String)>,
    /// Where a session was used, that was opened elsewhere.
    places: Places,
}

impl Touch {
    fn note(&mut self, origin: &Origin) {
        let is_known =
            |(address, agent): &(String, String)| *address == origin.address && *agent == origin.user_agent;
        if origin.address.is_empty() || self.from.last().is_some_and(is_known) {
            return;
        }
        self.from.retain(|(address, _)| *address != origin.address);
        if self.from.len() >= ADDRESSES {
            self.from.remove(0);
        }
        self.from.push((origin.address.clone(), origin.user_agent.clone()));
    }

    /// Takes in what came before it and could not be written.
    fn after(&mut self, earlier: Self) {
        let later = std::mem::replace(&mut self.from, earlier.from);
        for (address, agent) in later {
            self.note(&Origin { address, user_agent: agent, ..Origin::default() });
        }
        self.places.after(earlier.places);
    }
}

#[derive(Default)]
struct State {
    viewers: HashMap<TokenHash, Cached>,
    /// The access epochs as last read, and when that was.
    epochs: HashMap<WorkspaceId, i64>,
    epochs_read_at: Option<tokio::time::Instant>,
    /// Who used the API since that was last written down.
    touched: HashMap<TokenHash, Touch>,
    /// Which keys were tried from where they may not be used.
    refused: HashMap<(WorkspaceId, ApiKeyId), Refused>,
}

/// Viewers by token, valid while their workspace's access epoch stands still.
#[derive(Clone)]
pub struct ViewerCache {
    database: Database,
    clock: Clock,
    uses: Recorder,
    countries: Countries,
    state: Arc<Mutex<State>>,
}

impl ViewerCache {
    pub fn new(database: Database, clock: Clock) -> Self {
        let uses = Recorder::new(database.clone(), clock.clone());
        Self { database, clock, uses, countries: Countries::default(), state: Arc::default() }
    }

    /// The same, which knows in which country a session is used.
    #[must_use]
    pub fn with_countries(self, countries: Countries) -> Self {
        Self { countries, ..self }
    }

    /// Where it is noted which permissions are used.
    pub fn permission_uses(&self) -> &Recorder {
        &self.uses
    }

    /// The viewer behind a token that is used from an unknown place.
    pub async fn resolve(&self, token: TokenHash) -> Result<Option<Arc<Viewer>>> {
        self.resolve_from(token, &Origin::default(), Use::Counts).await
    }

    /// The viewer behind a token, or `None` when the token opens nothing (any more), or not from there.
    pub async fn resolve_from(
        &self,
        token: TokenHash,
        origin: &Origin,
        usage: Use,
    ) -> Result<Option<Arc<Viewer>>> {
        let now = self.clock.now();
        let found = match self.cached(token, now) {
            Some(viewer) => Some(viewer),
            None => self.read(token, now).await?,
        };
        let Some(viewer) = found else { return Ok(None) };
        if let Principal::ApiKey(key) = viewer.principal
            && !viewer.networks.admit(&origin.address)
        {
            self.note_refused((viewer.workspace_id, key), now, &origin.address);
            return Ok(None);
        }
        if usage == Use::Counts {
            self.touch(token, &viewer, now, origin);
        }
        Ok(Some(viewer))
    }

    fn cached(&self, token: TokenHash, now: Timestamp) -> Option<Arc<Viewer>> {
        let mut guard = self.state();
        let state = &mut *guard;
        if state.epochs_read_at.is_none_or(|at| at.elapsed() > EPOCH_TRUST) {
            return None;
        }
        let cached = state.viewers.get(&token)?;
        let viewer = cached.viewer.clone();
        let current = state.epochs.get(&viewer.workspace_id) == Some(&cached.epoch)
            && viewer.expires_at > now
            // When it seems idle, another process may know of a later use.
            && !viewer.is_idle(cached.last_used_at, now)
            && viewer.access.next_change().is_none_or(|at| at > now);
        if !current {
            state.viewers.remove(&token);
            return None;
        }
        Some(viewer)
    }

    async fn read(&self, token: TokenHash, now: Timestamp) -> Result<Option<Arc<Viewer>>> {
        let loaded = load((&self.database, &self.uses), token, now).await?;
        let mut state = self.state();
        let Some(loaded) = loaded else {
            state.viewers.remove(&token);
            return Ok(None);
        };
        let (viewer, epoch) = (Arc::new(loaded.viewer), loaded.epoch);
        let unwritten = state.touched.get(&token).map(|touch| touch.at);
        let last_used_at = loaded.last_used_at.max(unwritten.unwrap_or_default());
        if viewer.expires_at <= now || viewer.is_idle(last_used_at, now) {
            state.viewers.remove(&token);
            return Ok(None);
        }
        // A viewer read before an epoch that is already known is stale: use it for nothing but this answer.
        let known = *state.epochs.entry(viewer.workspace_id).or_insert(epoch);
        if epoch >= known {
            state.epochs.insert(viewer.workspace_id, epoch);
            state.viewers.insert(token, Cached { viewer: viewer.clone(), epoch, last_used_at });
        }
        Ok(Some(viewer))
    }

    fn touch(&self, token: TokenHash, viewer: &Arc<Viewer>, at: Timestamp, origin: &Origin) {
        // Looked at before anybody has to wait.
        let elsewhere = viewer.opened.as_deref().and_then(|opened| opened.elsewhere(origin, at));
        let mut state = self.state();
        if let Some(cached) = state.viewers.get_mut(&token) {
            cached.last_used_at = cached.last_used_at.max(at);
        }
        let touch = state.touched.entry(token).or_insert_with(|| Touch {
            viewer: viewer.clone(),
            at,
            from: Vec::new(),
            places: Places::default(),
        });
        (touch.viewer, touch.at) = (viewer.clone(), at);
        if let Principal::ApiKey(_) = viewer.principal {
            touch.note(origin);
        }
        if let Some(elsewhere) = elsewhere {
            touch.places.note(elsewhere);
        }
    }

    fn note_refused(&self, key: (WorkspaceId, ApiKeyId), at: Timestamp, address: &str) {
        metrics::counter!("portaria_api_key_address_refusals_total").increment(1);
        let mut state = self.state();
        let refused =
            state.refused.entry(key).or_insert_with(|| Refused { key, count: 0, at, address: String::new() });
        refused.count += 1;
        refused.at = at;
        address.clone_into(&mut refused.address);
    }

    /// Takes note that access in a workspace has changed, at once in this process.
    pub fn access_changed(&self, workspace: WorkspaceId) {
        let mut state = self.state();
        state.viewers.retain(|_, cached| cached.viewer.workspace_id != workspace);
        if let Some(epoch) = state.epochs.get_mut(&workspace) {
            *epoch += 1;
        }
    }

    /// Reads the access epochs of all workspaces; to be called every 250 ms.
    pub async fn refresh_epochs(&self) -> Result<()> {
        let started = tokio::time::Instant::now();
        let statement = self.database.statement("SELECT id, access_epoch FROM workspaces", []);
        let rows = self.database.reader().query_all_raw(statement).await?;
        let epochs = rows
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect::<Result<HashMap<WorkspaceId, i64>>>()?;
        let mut state = self.state();
        // What this process itself has changed meanwhile may be ahead of what was read.
        for (workspace, epoch) in epochs {
            let known = state.epochs.entry(workspace).or_insert(epoch);
            *known = epoch.max(*known);
        }
        state.epochs_read_at = Some(started);
        Ok(())
    }

    /// Writes down when sessions and keys were last used; to be called about every minute. What could not be written is
    /// kept for the next time: until then a session that is in use would look idle to other processes.
    pub async fn flush_last_use(&self) -> Result<()> {
        let (touched, refused) = {
            let mut state = self.state();
            (std::mem::take(&mut state.touched), std::mem::take(&mut state.refused))
        };
        let written = self.write(&touched, &refused).await;
        if written.is_err() {
            let mut state = self.state();
            for (token, earlier) in touched {
                match state.touched.get_mut(&token) {
                    Some(later) => later.after(earlier),
                    None => drop(state.touched.insert(token, earlier)),
                }
            }
            for (key, earlier) in refused {
                match state.refused.get_mut(&key) {
                    Some(later) => later.count += earlier.count,
                    None => drop(state.refused.insert(key, earlier)),
                }
            }
        }
        written
    }

    async fn write(
        &self,
        touched: &HashMap<TokenHash, Touch>,
        refused: &HashMap<(WorkspaceId, ApiKeyId), Refused>,
    ) -> Result<()> {
        if touched.is_empty() && refused.is_empty() {
            return Ok(());
        }
        // In one order in every process, and a member before their sessions, as who suspends them goes.
        let mut touched: Vec<&Touch> = touched.values().collect();
        touched.sort_by_key(|Touch { viewer, .. }| {
            (viewer.workspace_id, viewer.member_id(), viewer.api_key_id())
        });
        let transaction = self.database.begin().await?;
        for touch in touched {
            self.write_use(&transaction, touch).await?;
        }
        for refused in refused.values() {
            note_refusal(&transaction, (&self.database, &self.clock), refused).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn write_use(&self, transaction: &DatabaseTransaction, touch: &Touch) -> Result<()> {
        let (workspace, at) = (touch.viewer.workspace_id, touch.at);
        match &touch.viewer.principal {
            Principal::Member(session) => {
                let sql = "UPDATE members SET last_active_at = $3 WHERE workspace_id = $1 AND id = $2 \
                           AND (last_active_at IS NULL OR last_active_at < $3)";
                let values = [workspace.0.into(), session.member_id.0.into(), at.0.into()];
                transaction.execute_raw(self.database.statement(sql, values)).await?;
                let sql = "UPDATE sessions SET last_used_at = $3 \
                           WHERE workspace_id = $1 AND id = $2 AND last_used_at < $3";
                let values = [workspace.0.into(), session.session_id.0.into(), at.0.into()];
                transaction.execute_raw(self.database.statement(sql, values)).await?;
                let Some(opened) = &touch.viewer.opened else { return Ok(()) };
                let (key, by) = ((workspace, session.session_id), (&self.database, &self.countries));
                usage::note(transaction, by, key, (opened, &touch.places)).await
            }
            Principal::ApiKey(key) => {
                let used = Used { key: (workspace, *key), at, from: &touch.from };
                note_use(transaction, &self.database, used).await
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
