//! What Meta tells of accounts, numbers, templates and groups: each fact has its time, and an older one never replaces a newer.

use portaria_entity::id::{ChannelId, ContactId, TemplateId, WorkspaceId};
use portaria_entity::time::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use crate::database::Database;
use crate::error::Result;

/// Whose facts they are: a row that is there.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    BusinessAccount(&'a str),
    Channel(ChannelId),
    Template(TemplateId),
    Group(ContactId),
}

impl About<'_> {
    fn place(&self) -> (&'static str, &'static str, Value) {
        match self {
            Self::BusinessAccount(waba) => ("business_accounts", "waba_id", (*waba).into()),
            Self::Channel(id) => ("channel_facts", "channel_id", id.0.into()),
            Self::Template(id) => ("templates", "id", id.0.into()),
            Self::Group(contact) => ("contact_groups", "contact_id", contact.0.into()),
        }
    }
}

/// One fact: a column's name, and what it is from now on.
pub type Fact<'a> = (&'static str, Option<&'a str>);

/// Of two values of a column that are told of one second the later one here counts, whichever came first: what is still undecided
/// before what was decided, and what forbids more after what forbids less. What is not here counts least, and among such the
/// order of their letters decides.
const GRAVITY: [(&str, &[&str]); 7] = [
    (
        "status",
        &[
            "pending",
            "in_appeal",
            "active",
            "approved",
            "flagged",
            "restricted",
            "suspended",
            "paused",
            "locked",
            "limit_exceeded",
            "rejected",
            "scheduled_for_disable",
            "disabled",
            "offboarded",
            "archived",
            "pending_deletion",
            "deleted",
        ],
    ),
    ("quality", &["UNKNOWN", "GREEN", "UNFLAGGED", "YELLOW", "FLAGGED", "RED"]),
    ("review", &["PENDING", "DEFERRED", "APPROVED", "REJECTED"]),
    ("name_decision", &["PENDING", "PENDING_REVIEW", "DEFERRED", "APPROVED", "DECLINED", "REJECTED"]),
    ("throughput", &["ONBOARDING", "UPGRADE", "THROUGHPUT_UPGRADE", "DOWNGRADE"]),
    ("username_status", &["reserved", "approved", "deleted"]),
    (
        "messaging_limit",
        &[
            "TIER_UNLIMITED",
            "UNLIMITED",
            "TIER_100K",
            "TIER_10K",
            "TIER_2K",
            "TIER_1K",
            "TIER_250",
            "TIER_50",
        ],
    ),
];

fn gravity(column: &str) -> &'static [&'static str] {
    GRAVITY.iter().find(|(name, _)| *name == column).map_or(&[], |(_, values)| values)
}

/// What is known is less grave than `$3`, or as grave and before it in the alphabet.
fn outweighed(column: &str, value: Option<&str>) -> String {
    let order = gravity(column);
    let new = order.iter().position(|known| Some(*known) == value).map_or(0, |place| place + 1);
    let alphabet = format!("COALESCE({column}, '') < COALESCE($3, '')");
    if order.is_empty() {
        return alphabet;
    }
    let cases: String = order
        .iter()
        .enumerate()
        .map(|(place, known)| format!(" WHEN '{known}' THEN {}", place + 1))
        .collect();
    let old = format!("CASE {column}{cases} ELSE 0 END");
    format!("({old} < {new} OR {old} = {new} AND {alphabet})")
}

/// Writes what belongs to a fact that was news, so that of two of one second the same one decides of both.
pub async fn accompany(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, about): (WorkspaceId, About<'_>),
    (column, value): Fact<'_>,
    at: Timestamp,
) -> Result<()> {
    let (table, key, id) = about.place();
    let sql =
        format!("UPDATE {table} SET {column} = $3, {column}_at = $4 WHERE workspace_id = $1 AND {key} = $2");
    let values = [workspace.0.into(), id, value.map(str::to_owned).into(), at.0.into()];
    connection.execute_raw(database.statement(&sql, values)).await?;
    Ok(())
}

/// Writes a fact unless a newer one is known; of two of the same second the graver, whichever comes first. Whether it is news.
pub async fn put(
    connection: &impl ConnectionTrait,
    database: &Database,
    (workspace, about): (WorkspaceId, About<'_>),
    (column, value): Fact<'_>,
    at: Timestamp,
) -> Result<bool> {
    let (table, key, id) = about.place();
    let sql = format!(
        "UPDATE {table} SET {column} = $3, {column}_at = $4 WHERE workspace_id = $1 AND {key} = $2 \
         AND ({column}_at IS NULL OR {column}_at < $4 OR {column}_at = $4 AND {})",
        outweighed(column, value)
    );
    let values = [workspace.0.into(), id, value.map(str::to_owned).into(), at.0.into()];
    Ok(connection.execute_raw(database.statement(&sql, values)).await?.rows_affected() > 0)
}
