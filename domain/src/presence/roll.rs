//! How the members of a workspace are to be found, read once in a process however many follow it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use portaria_entity::id::{MemberId, WorkspaceId};
use tokio::time::Instant;

use super::{Presence, of_members};
use crate::clock::Clock;
use crate::database::Database;
use crate::error::Result;

type Members = Arc<HashMap<MemberId, Presence>>;
/// What was read last, and when that was begun.
type Page = Arc<tokio::sync::Mutex<Option<(Instant, Members)>>>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Roll {
    database: Database,
    clock: Clock,
    pages: Arc<Mutex<HashMap<WorkspaceId, Page>>>,
}

impl Roll {
    pub(crate) fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, pages: Arc::default() }
    }

    /// The members of a workspace, as read since then. It tells of whatever was committed before.
    pub async fn since(&self, workspace: WorkspaceId, since: Instant) -> Result<Members> {
        let page = self.page(workspace);
        let mut page = page.lock().await;
        if let Some((read_at, members)) = &*page
            && *read_at >= since
        {
            return Ok(members.clone());
        }
        let read_at = Instant::now();
        let now = self.clock.now();
        let members = Arc::new(of_members(self.database.reader(), &self.database, workspace, now).await?);
        *page = Some((read_at, members.clone()));
        Ok(members)
    }

    fn page(&self, workspace: WorkspaceId) -> Page {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).entry(workspace).or_default().clone()
    }
}
