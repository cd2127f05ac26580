//! Which app secrets deliveries are signed with, so that an old one is ended when nothing uses it any more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use portaria_domain::meta_app::{self, MetaAppCredentials};
use portaria_domain::{Installation, Result};
use portaria_entity::id::{MetaAppSecretId, WorkspaceId};
use portaria_entity::time::Timestamp;

/// Uses in a minute count as one.
const MINUTE: i64 = 60_000_000;

/// Uses that are to be written down.
pub(crate) struct SecretUse {
    installation: Installation,
    used: Mutex<HashMap<(WorkspaceId, MetaAppSecretId), Used>>,
}

#[derive(Clone, Copy)]
struct Used {
    at: Timestamp,
    written: Option<Timestamp>,
}

impl SecretUse {
    pub(super) fn new(installation: Installation) -> Self {
        Self { installation, used: Mutex::default() }
    }

    pub(super) fn note(&self, app: &MetaAppCredentials, secret_index: usize) {
        let Some(secret) = app.secrets.get(secret_index) else { return };
        let now = self.installation.clock.now();
        let at = Timestamp(now.0 - now.0.rem_euclid(MINUTE));
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.entry((app.app.workspace_id, secret.id)).or_insert(Used { at, written: None }).at = at;
    }

    /// Writes down what was used since the last time.
    pub(crate) async fn flush(&self) -> Result<()> {
        let due: Vec<_> = {
            let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.iter()
                .filter(|(_, used)| used.written != Some(used.at))
                .map(|(key, used)| (*key, used.at))
                .collect()
        };
        for (key, at) in due {
            meta_app::note_use(&self.installation, key, at).await?;
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(used) = used.get_mut(&key) {
                used.written = Some(at);
            }
        }
        Ok(())
    }
}
