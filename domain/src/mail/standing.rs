//! How it stands with mail, for who runs the installation: numbers only, no address and no workspace.

use std::time::Duration;

use portaria_entity::time::Timestamp;

use crate::error::Result;
use crate::installation::Installation;

/// What is written of a mail that was not sent because its reader may not read it any more. That is no failure.
pub const WITHDRAWN: &str = "withdrawn: its reader may not read it any more";

/// Mails given up so long ago are nobody's business any more.
const RECENT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// More than so many are told as so many.
const MOST: i64 = 1_000;

/// The queue of mails as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Waiting to be sent.
    pub queued: u64,
    /// For how long the oldest of them has.
    pub oldest: Duration,
    /// Given up within a week.
    pub given_up: u64,
    /// Of these, reports of the audit.
    pub reports: u64,
}

pub async fn standing(installation: &Installation) -> Result<Standing> {
    let now = installation.clock.now();
    // The longest waiting have been tried the most often, and are due the latest.
    let queued = "SELECT COUNT(*), MIN(created_at) FROM (SELECT created_at FROM outgoing_mails \
                  WHERE status = 'queued' ORDER BY created_at LIMIT $1) q";
    let row = one(installation, queued, [MOST.into()]).await?;
    let oldest: Option<Timestamp> = row.try_get_by_index(1)?;
    let given_up = "SELECT COUNT(*), COUNT(r) FROM (SELECT p.mail_id AS r FROM outgoing_mails m \
                    LEFT JOIN audit_reports p ON p.mail_id = m.id \
                    WHERE m.status = 'failed' AND m.created_at > $2 AND COALESCE(m.error, '') <> $3 LIMIT $1) q";
    let values = [MOST.into(), (now - RECENT).0.into(), WITHDRAWN.into()];
    let lost = one(installation, given_up, values).await?;
    Ok(Standing {
        queued: row.try_get_by_index::<i64>(0)?.unsigned_abs(),
        oldest: oldest.map_or(Duration::ZERO, |oldest| now.since(oldest)),
        given_up: lost.try_get_by_index::<i64>(0)?.unsigned_abs(),
        reports: lost.try_get_by_index::<i64>(1)?.unsigned_abs(),
    })
}

async fn one<const N: usize>(
    installation: &Installation,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<sea_orm::QueryResult> {
    let database = &installation.database;
    let row =
        sea_orm::ConnectionTrait::query_one_raw(database.reader(), database.statement(sql, values)).await?;
    row.ok_or_else(|| crate::error::Error::internal("a count is a row"))
}
