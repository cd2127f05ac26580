//! Keeps transactions that speak of the same customer or message from running at the same time.

use std::collections::BTreeSet;

use portaria_entity::id::WorkspaceId;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::installation::Installation;

/// Keeps these locks apart from those taken for other purposes.
const CLASS: i32 = 716_471_202;
/// Names share so many locks: enough to be apart, few enough for the largest delivery to take them all.
const LOCKS: u16 = 4_096;

/// Waits for the turn of all these names at once (identities of customers, ids of messages), in one order for all; it ends
/// with the transaction. To be taken before any row is locked. On SQLite there is but one writer anyway.
pub async fn take<'a>(
    installation: &Installation,
    transaction: &DatabaseTransaction,
    workspace: WorkspaceId,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<()> {
    let locks: BTreeSet<u16> = names.into_iter().map(|name| lock(workspace, name)).collect();
    if installation.database.is_sqlite() || locks.is_empty() {
        return Ok(());
    }
    // One text for however many.
    let wanted = locks.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let sql = "SELECT pg_advisory_xact_lock($1, wanted) FROM unnest(string_to_array($2, ',')::int[]) AS locks (wanted)";
    transaction.query_all_raw(installation.database.statement(sql, [CLASS.into(), wanted.into()])).await?;
    Ok(())
}

fn lock(workspace: WorkspaceId, name: &str) -> u16 {
    let hash = Sha256::new_with_prefix(workspace.0.as_bytes()).chain_update(name).finalize();
    u16::from_be_bytes([hash[0], hash[1]]) % LOCKS
}
