//! The keys by which seals were made: one that is not there leaves its seals unchecked, so that a name is worth forging.

use portaria_entity::id::WorkspaceId;
use sea_orm::ConnectionTrait;

use super::{Flaw, PAGE, Walk};
use crate::error::Result;
use crate::installation::Installation;

impl Walk<'_> {
    /// Whether a key is there; that it is not is told once. It may have come a moment ago.
    pub(super) fn has_key(&mut self, key: &str) -> Result<bool> {
        let keys = &self.installation.keys;
        if keys.has(key) {
            return Ok(true);
        }
        let flaw = Flaw::KeyMissing { key: key.to_owned() };
        if self.verdict.flaws.contains(&flaw) {
            return Ok(false);
        }
        keys.refresh()?;
        if !keys.has(key) {
            self.verdict.flaws.push(flaw);
        }
        Ok(keys.has(key))
    }

    /// Another key comes into use when it is new, and is followed by newer ones only: a name that stands among seals of one
    /// key was put there.
    pub(super) fn comes_to(&mut self, key: &str) {
        let keyless = std::mem::take(&mut self.keyless);
        if self.key.as_deref() == Some(key) {
            let altered = keyless.into_iter();
            let flaws = altered.map(|(sequence, activity)| Flaw::Altered { sequence, activity });
            self.verdict.flaws.extend(flaws);
        } else {
            self.key = Some(key.to_owned());
        }
    }
}

/// By which keys the seals next to a part were made, the nearest first.
pub(super) const BEFORE: &str = "SELECT sequence, sealing_key FROM activity_seals \
     WHERE workspace_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3";
pub(super) const AFTER: &str = "SELECT sequence, sealing_key FROM activity_seals \
     WHERE workspace_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
/// So far it is looked for one that is there: a key may be missing that sealed for years.
const PAGES_BESIDE: usize = 100;

/// The nearest key beside a part that is there.
pub(super) async fn neighbour(
    installation: &Installation,
    workspace: WorkspaceId,
    (sql, mut from): (&str, i64),
) -> Result<Option<String>> {
    let database = &installation.database;
    // Mostly it is the very first.
    for limit in std::iter::once(1).chain(std::iter::repeat_n(PAGE, PAGES_BESIDE)) {
        let values = [workspace.0.into(), from.into(), limit.into()];
        let rows = database.reader().query_all_raw(database.statement(sql, values)).await?;
        for row in &rows {
            let key: String = row.try_get_by_index(1)?;
            if installation.keys.has(&key) {
                return Ok(Some(key));
            }
            from = row.try_get_by_index(0)?;
        }
        if rows.is_empty() {
            break;
        }
    }
    Ok(None)
}
