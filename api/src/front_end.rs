//! Which pages are the workspaces' front ends. Every request of one asks, so the list is kept for a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portaria_domain::front_end::origin_of;
use portaria_domain::{Installation, workspace};
use portaria_entity::id::WorkspaceId;
use tokio::time::Instant;

use crate::error::Result;

const KEPT: Duration = Duration::from_secs(1);

/// Workspaces with the origins of their front ends.
type Known = Arc<[(WorkspaceId, String)]>;

#[derive(Debug, Default)]
pub struct FrontEnds(Mutex<Option<(Instant, Known)>>);

impl FrontEnds {
    /// Whether an origin is that of a front end of the workspace, or of any.
    pub async fn include(
        &self,
        installation: &Installation,
        origin: &str,
        workspace: Option<WorkspaceId>,
    ) -> Result<bool> {
        let Some(origin) = normal(origin) else { return Ok(false) };
        let known = self.known(installation).await?;
        Ok(known.iter().any(|(id, front)| *front == origin && workspace.is_none_or(|one| one == *id)))
    }

    async fn known(&self, installation: &Installation) -> Result<Known> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, known)) = kept.filter(|(read_at, _)| read_at.elapsed() < KEPT) {
            return Ok(known);
        }
        let read_at = Instant::now();
        let rows = workspace::all(installation.database.reader()).await?;
        let origin = |row: portaria_entity::workspace::Model| {
            Some((row.id, origin_of(row.front_end_url.as_deref()?)?))
        };
        let known: Known = rows.into_iter().filter_map(origin).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((read_at, known.clone()));
        Ok(known)
    }
}

/// An origin as browsers send it; `null` and the like are none.
pub fn normal(origin: &str) -> Option<String> {
    origin_of(origin).filter(|known| known.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_as_browsers_send_it() {
        assert_eq!(normal("https://a.example").as_deref(), Some("https://a.example"));
        for none in ["https://a.example/path", "https://a.example/", "null"] {
            assert_eq!(normal(none), None, "{none}");
        }
    }
}
