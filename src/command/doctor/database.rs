//! What the database tells.

use anyhow::Result;
use portaria_domain::clock::Clock;
use portaria_domain::database::Database;
use portaria_domain::signal::Signals;
use sea_orm::ConnectionTrait;

use super::Remark;
use crate::config::Config;
use crate::{keys, opening};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const MINUTE: i64 = 60 * 1_000_000;

/// Something that is counted: any at all is a remark.
struct Count {
    /// May use `$1`, a time.
    sql: &'static str,
    /// How long ago that time is.
    before: i64,
    remark: fn(i64) -> Remark,
}

const WITHOUT_ADMINISTRATOR: &str = "
SELECT COUNT(*) FROM workspaces w WHERE $1 > 0 AND NOT EXISTS (
    SELECT 1 FROM grants g
    JOIN roles r ON r.workspace_id = g.workspace_id AND r.id = g.role_id AND r.built_in = 'administrator'
    JOIN members m ON m.workspace_id = g.workspace_id AND m.id = g.member_id AND m.status = 'active'
    JOIN users u ON u.id = m.user_id AND u.password_hash IS NOT NULL
    WHERE g.workspace_id = w.id AND g.channel_id IS NULL AND g.team_id IS NULL
      AND g.closed_at IS NULL AND g.valid_from <= $1 AND (g.valid_until IS NULL OR g.valid_until > $1))";

const COUNTS: &[Count] = &[
    Count {
        sql: WITHOUT_ADMINISTRATOR,
        before: 0,
        remark: |n| {
            Remark::Weak(format!(
                "{n} workspaces have no administrator who can sign in: see `portaria admin member`"
            ))
        },
    },
    Count {
        sql: "SELECT COUNT(*) FROM meta_apps a WHERE NOT EXISTS (SELECT 1 FROM meta_app_secrets s \
              WHERE s.workspace_id = a.workspace_id AND s.meta_app_id = a.id AND (s.expires_at IS NULL OR s.expires_at > $1))",
        before: 0,
        remark: |n| {
            Remark::Wrong(format!("{n} Meta apps have no valid secret: everything they deliver is refused"))
        },
    },
    Count {
        sql: "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'dead' AND $1 > 0",
        before: 0,
        remark: |n| Remark::Weak(format!("{n} deliveries were given up; their bytes are kept")),
    },
    Count {
        sql: "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending' AND next_attempt_at < $1",
        before: 5 * MINUTE,
        remark: |n| {
            Remark::Wrong(format!("{n} deliveries have waited for more than 5 minutes: does a worker run?"))
        },
    },
    Count {
        sql: "SELECT COUNT(*) FROM outgoing_mails WHERE status = 'failed' AND $1 > 0",
        before: 0,
        remark: |n| Remark::Weak(format!("{n} mails were given up")),
    },
    Count {
        sql: "SELECT COUNT(*) FROM outgoing_mails WHERE status = 'queued' AND created_at < $1",
        before: 15 * MINUTE,
        remark: |n| {
            Remark::Wrong(format!(
                "{n} mails have waited for more than 15 minutes: can the mail server be reached?"
            ))
        },
    },
    Count {
        sql: "SELECT COUNT(*) FROM workspaces w WHERE w.created_at < $1 AND NOT EXISTS (SELECT 1 FROM audit_runs a \
              WHERE a.workspace_id = w.id AND a.finished_at >= $1)",
        before: 2 * DAY,
        remark: |n| {
            Remark::Wrong(format!("{n} workspaces were not audited for two days: does an auditor run?"))
        },
    },
];

pub async fn look_at(config: &Config) -> Vec<Remark> {
    let database = match opening::connect(config).await {
        Ok(database) => database,
        Err(error) => return vec![Remark::Wrong(format!("{error:#}"))],
    };
    let remarks =
        look_into(config, &database).await.unwrap_or_else(|error| vec![Remark::Wrong(format!("{error:#}"))]);
    // Nothing was written; a connection that does not close is of no consequence here.
    let _ = database.close().await;
    remarks
}

async fn look_into(config: &Config, database: &Database) -> Result<Vec<Remark>> {
    if !database.is_migrated().await? {
        let text =
            "the schema is not that of this version: `portaria serve` or `migrate` brings it up to date";
        return Ok(vec![Remark::Wrong(text.to_owned())]);
    }
    let mut remarks =
        vec![Remark::Good(format!("{:?} answers and has the schema of this version", database.backend()))];
    remarks.push(match keys::open(config, database).await {
        Ok(_) => Remark::Good("every secret in the database has its key".to_owned()),
        Err(error) => Remark::Wrong(format!("{error:#}")),
    });
    if Signals::new(Clock::system()).are_heard(database).await? == Some(false) {
        let text = "PostgreSQL's notifications do not come through (by a pooler that hands out connections by transaction?): \
                    other processes' events take a quarter of a second, and who types is seen within a process only";
        remarks.push(Remark::Weak(text.to_owned()));
    }
    let now = Clock::system().now().0;
    if count(database, "SELECT COUNT(*) FROM users WHERE $1 > 0", now).await? == 0 {
        remarks.push(Remark::Weak("nobody can sign in yet: see `portaria admin setup-token`".to_owned()));
        return Ok(remarks);
    }
    if count(database, "SELECT COUNT(*) FROM channels WHERE $1 > 0", now).await? == 0 {
        remarks.push(Remark::Weak("no phone number is registered: see `portaria admin channel`".to_owned()));
    }
    for wanted in COUNTS {
        let found = count(database, wanted.sql, now - wanted.before).await?;
        if found > 0 {
            remarks.push((wanted.remark)(found));
        }
    }
    Ok(remarks)
}

async fn count(database: &Database, sql: &str, time: i64) -> Result<i64> {
    let row = database.reader().query_one_raw(database.statement(sql, [time.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}
