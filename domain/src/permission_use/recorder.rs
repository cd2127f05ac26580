//! Notes in memory which permissions are used, and writes it down every few seconds: each permission of each principal once a day, however
//! often it is used. What a killed process had not written is lost: seconds of the first use on a day. A day, in UTC, begins with the first
//! writing in it: what is used seconds before that and the day before counts for the day before.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portaria_entity::id::WorkspaceId;
use portaria_entity::time::Timestamp;
use portaria_entity::{api_key_permission_use, member_permission_use};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::Whose;
use crate::clock::Clock;
use crate::database::{Database, in_powers_of_two};
use crate::error::{Error, Result};
use crate::permission::{Permission, PermissionSet};
use crate::trouble::Trouble;

/// In microseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// What one principal has used today: a bit for each permission.
#[derive(Debug, Default)]
pub struct Uses([AtomicU64; 2]);

impl Uses {
    /// Takes note of a use. What was noted before costs a look.
    pub fn note(&self, used: PermissionSet) {
        for (noted, bits) in self.0.iter().zip(used.words()) {
            if bits & !noted.load(Relaxed) != 0 {
                noted.fetch_or(bits, Relaxed);
            }
        }
    }

    fn noted(&self) -> PermissionSet {
        PermissionSet::of_words([self.0[0].load(Relaxed), self.0[1].load(Relaxed)])
    }

    fn take(&self) -> PermissionSet {
        PermissionSet::of_words([self.0[0].swap(0, Relaxed), self.0[1].swap(0, Relaxed)])
    }
}

/// One principal's, and what of it is written down already.
#[derive(Default)]
struct Entry {
    uses: Arc<Uses>,
    written: PermissionSet,
}

#[derive(Default)]
struct State {
    /// When the day began that all of it is about.
    day: Timestamp,
    entries: HashMap<(WorkspaceId, Whose), Entry>,
}

/// Something to be written down.
#[derive(Clone, Copy)]
struct Use {
    workspace: WorkspaceId,
    whose: Whose,
    permission: Permission,
}

/// Keeps a few bytes for each principal that asks for anything on a day.
#[derive(Clone)]
pub struct Recorder {
    database: Database,
    clock: Clock,
    state: Arc<Mutex<State>>,
}

impl Recorder {
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, state: Arc::default() }
    }

    /// Where the uses of a principal are noted, in whichever session.
    pub fn of(&self, workspace: WorkspaceId, whose: Whose) -> Arc<Uses> {
        self.state().entries.entry((workspace, whose)).or_default().uses.clone()
    }

    /// Takes note of a use by somebody who is not asking just now.
    pub fn note(&self, workspace: WorkspaceId, whose: Whose, used: PermissionSet) {
        self.of(workspace, whose).note(used);
    }

    /// Writes down what was used for the first time today; to be called every few seconds. What could not be written is kept for the
    /// next time.
    pub async fn flush(&self) -> Result<()> {
        let now = self.clock.now();
        let day = Timestamp(now.0 - now.0.rem_euclid(DAY));
        let pending = self.pending(day);
        if pending.is_empty() {
            return Ok(());
        }
        match self.write(&pending, now, day).await {
            Err(error) if is_lasting(&error) => self.write_each(&pending, now, day).await?,
            outcome => outcome?,
        }
        self.written(&pending, day);
        metrics::counter!("portaria_permission_uses_written_total").increment(pending.len() as u64);
        Ok(())
    }

    /// What is not written yet, in one order in every process.
    fn pending(&self, day: Timestamp) -> Vec<Use> {
        let mut state = self.state();
        if state.day != day {
            state.day = day;
            state.entries.retain(|_, entry| {
                // What was noted since the last time is of today, give or take seconds.
                let fresh = entry.uses.take().without(entry.written);
                entry.uses.note(fresh);
                entry.written = PermissionSet::EMPTY;
                Arc::strong_count(&entry.uses) > 1 || !fresh.is_empty()
            });
        }
        let mut pending = Vec::new();
        for ((workspace, whose), entry) in &state.entries {
            let fresh = entry.uses.noted().without(entry.written).without(PermissionSet::BASIC);
            let one = |permission| Use { workspace: *workspace, whose: *whose, permission };
            pending.extend(fresh.iter().map(one));
        }
        pending.sort_unstable_by_key(|used| (used.workspace, used.whose, used.permission));
        pending
    }

    fn written(&self, pending: &[Use], day: Timestamp) {
        let mut state = self.state();
        if state.day != day {
            return;
        }
        for used in pending {
            if let Some(entry) = state.entries.get_mut(&(used.workspace, used.whose)) {
                entry.written = entry.written.union(PermissionSet::of(&[used.permission]));
            }
        }
    }

    async fn write(&self, pending: &[Use], now: Timestamp, day: Timestamp) -> Result<()> {
        let transaction = self.database.begin().await?;
        let by_members: Vec<Use> = of_kind(pending, |whose| matches!(whose, Whose::Member(_)));
        let by_keys: Vec<Use> = of_kind(pending, |whose| matches!(whose, Whose::ApiKey(_)));
        for piece in in_powers_of_two(&by_members) {
            write_members(&transaction, piece, now, day).await?;
        }
        for piece in in_powers_of_two(&by_keys) {
            write_keys(&transaction, piece, now, day).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Something is wrong with one of them, such as a principal whose row is gone: it does not keep the others from being written.
    async fn write_each(&self, pending: &[Use], now: Timestamp, day: Timestamp) -> Result<()> {
        for used in pending {
            match self.write(std::slice::from_ref(used), now, day).await {
                Err(error) if is_lasting(&error) => {
                    tracing::error!(%error, permission = %used.permission, "the use of a permission could not be written down");
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_kind(pending: &[Use], wanted: impl Fn(Whose) -> bool) -> Vec<Use> {
    pending.iter().filter(|used| wanted(used.whose)).copied().collect()
}

/// Whether trying again would not help.
fn is_lasting(error: &Error) -> bool {
    matches!(error, Error::Database(error) if Trouble::of(error) == Trouble::Fault)
}

async fn write_members(
    connection: &impl ConnectionTrait,
    uses: &[Use],
    now: Timestamp,
    day: Timestamp,
) -> Result<()> {
    use member_permission_use::{ActiveModel, Column, Entity};
    let rows = uses.iter().filter_map(|used| {
        let Whose::Member(member_id) = used.whose else { return None };
        Some(ActiveModel {
            workspace_id: Set(used.workspace),
            member_id: Set(member_id),
            permission: Set(used.permission.key().to_owned()),
            first_used_at: Set(now),
            last_used_at: Set(now),
        })
    });
    let later = OnConflict::columns([Column::WorkspaceId, Column::MemberId, Column::Permission])
        .update_column(Column::LastUsedAt)
        .action_and_where(Expr::col((Alias::new("member_permission_uses"), Column::LastUsedAt)).lt(day.0))
        .to_owned();
    Entity::insert_many(rows).on_conflict(later).exec_without_returning(connection).await?;
    Ok(())
}

async fn write_keys(
    connection: &impl ConnectionTrait,
    uses: &[Use],
    now: Timestamp,
    day: Timestamp,
) -> Result<()> {
    use api_key_permission_use::{ActiveModel, Column, Entity};
    let rows = uses.iter().filter_map(|used| {
        let Whose::ApiKey(api_key_id) = used.whose else { return None };
        Some(ActiveModel {
            workspace_id: Set(used.workspace),
            api_key_id: Set(api_key_id),
            permission: Set(used.permission.key().to_owned()),
            first_used_at: Set(now),
            last_used_at: Set(now),
        })
    });
    let later = OnConflict::columns([Column::WorkspaceId, Column::ApiKeyId, Column::Permission])
        .update_column(Column::LastUsedAt)
        .action_and_where(Expr::col((Alias::new("api_key_permission_uses"), Column::LastUsedAt)).lt(day.0))
        .to_owned();
    Entity::insert_many(rows).on_conflict(later).exec_without_returning(connection).await?;
    Ok(())
}
