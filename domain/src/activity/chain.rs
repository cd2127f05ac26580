//! The chain over a workspace's activities: each seal is a keyed MAC over the activity, its place, and the seal before.
//!
//! Activities are inserted unchained, many at once, with a place in a queue that commits with them; one sealer at a time
//! links what is queued. Between the commit and the seal, a second or so, a row that is taken out together with its place
//! in the queue leaves no trace. The key is outside the database: who owns only the database can cut the chain's tail, and
//! then a head that was written down elsewhere (it is in every audit mail) tells.

use portaria_entity::activity;
use portaria_entity::id::{ActivityId, WorkspaceId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::details::Message;
use crate::database::Database;
use crate::error::Result;
use crate::installation::Installation;

/// How many are sealed in one transaction.
const BATCH: u64 = 500;
const UNSEALED: &str = "NOT EXISTS (SELECT 1 FROM activity_seals s \
                        WHERE s.workspace_id = activities.workspace_id AND s.activity_id = activities.id)";

/// The last seal of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub sequence: i64,
    pub mac: Vec<u8>,
}

impl Head {
    /// What a chain begins from.
    pub fn origin() -> Self {
        Self { sequence: 0, mac: Vec::new() }
    }

    /// The head as it is written down elsewhere: `17:9f86d081884c7d65`.
    pub fn digest(&self) -> String {
        let hex: String = self.mac.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{}:{hex}", self.sequence)
    }
}

/// Gives an activity its place in the queue, in the transaction that inserts it.
pub(super) async fn enqueue(
    transaction: &impl ConnectionTrait,
    workspace: WorkspaceId,
    id: ActivityId,
) -> Result<()> {
    let sql = "INSERT INTO activity_queue (workspace_id, activity_id) VALUES ($1, $2)";
    let backend = transaction.get_database_backend();
    let values = [workspace.0.into(), id.0.into()];
    transaction.execute_raw(sea_orm::Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// What a seal covers.
pub(super) fn message(row: &activity::Model, sequence: i64, previous: &[u8]) -> Vec<u8> {
    let mut message = Message::default();
    message.field("version", b"1");
    message.field("sequence", &sequence.to_be_bytes());
    message.field("previous", previous);
    message.field("workspace", row.workspace_id.0.as_bytes());
    message.field("id", row.id.0.as_bytes());
    message.field("at", &row.at.0.to_be_bytes());
    message.text("member", row.actor_member_id.map(|id| id.to_string()).as_deref());
    message.text("api_key", row.actor_api_key_id.map(|id| id.to_string()).as_deref());
    message.text("directory", row.actor_directory_id.map(|id| id.to_string()).as_deref());
    message.text("session", row.session_id.map(|id| id.to_string()).as_deref());
    message.field("action", row.action.as_bytes());
    message.field("subject", row.subject.as_bytes());
    message.text("before", row.before.as_deref());
    message.text("after", row.after.as_deref());
    message.text("address", row.address.as_deref());
    if let Some(hash) = &row.details_hash {
        message.field("details", hash);
    }
    message.bytes().to_vec()
}

/// Seals all that is queued, in every workspace; answers how many that were.
pub async fn seal(installation: &Installation) -> Result<u64> {
    let database = &installation.database;
    let waiting = database.statement("SELECT DISTINCT workspace_id FROM activity_queue", []);
    let (mut sealed, mut outcome) = (0, Ok(()));
    for row in database.reader().query_all_raw(waiting).await? {
        // A chain that somebody has broken keeps no other from being sealed.
        match seal_all(installation, row.try_get_by_index(0)?).await {
            Ok(count) => sealed += count,
            Err(error) => outcome = Err(error),
        }
    }
    outcome.map(|()| sealed)
}

async fn seal_all(installation: &Installation, workspace: WorkspaceId) -> Result<u64> {
    let mut sealed = 0;
    loop {
        match seal_batch(installation, workspace).await? {
            0 => return Ok(sealed),
            count => sealed += count,
        }
    }
}

async fn seal_batch(installation: &Installation, workspace: WorkspaceId) -> Result<u64> {
    let database = &installation.database;
    let transaction = database.begin().await?;
    let current = installation.keys.current();
    let key = current.as_str();
    let begin = "INSERT INTO activity_chains (workspace_id, sequence, mac, sealing_key) VALUES ($1, 0, $2, $3) \
                 ON CONFLICT (workspace_id) DO UPDATE SET sequence = activity_chains.sequence";
    // Whoever else seals this chain waits here.
    let values = [workspace.0.into(), Vec::<u8>::new().into(), key.into()];
    transaction.execute_raw(database.statement(begin, values)).await?;
    let mut head = stored_head(&transaction, database, workspace).await?;
    let queued =
        "SELECT activity_id FROM activity_queue WHERE workspace_id = $1 ORDER BY activity_id LIMIT $2";
    let values = [workspace.0.into(), BATCH.cast_signed().into()];
    let mut ids: Vec<ActivityId> = Vec::new();
    for row in transaction.query_all_raw(database.statement(queued, values)).await? {
        ids.push(row.try_get_by_index(0)?);
    }
    let rows = activity::Entity::find()
        .filter(activity::Column::WorkspaceId.eq(workspace))
        .filter(activity::Column::Id.is_in(ids.iter().copied()))
        .filter(Expr::cust(UNSEALED))
        .order_by_asc(activity::Column::Id)
        .all(&transaction)
        .await?;
    for row in rows {
        let sequence = head.sequence + 1;
        let mac = installation.keys.mac(key, &message(&row, sequence, &head.mac))?.to_vec();
        let sql = "INSERT INTO activity_seals (workspace_id, sequence, activity_id, mac, sealing_key) VALUES ($1, $2, $3, $4, $5)";
        let values = [workspace.0.into(), sequence.into(), row.id.0.into(), mac.clone().into(), key.into()];
        transaction.execute_raw(database.statement(sql, values)).await?;
        head = Head { sequence, mac };
    }
    // What was queued a second time has its seal. What is queued and gone was never sealed: the verification cannot know it, but nothing waits for it for ever.
    for id in &ids {
        let sql = "DELETE FROM activity_queue WHERE workspace_id = $1 AND activity_id = $2";
        transaction.execute_raw(database.statement(sql, [workspace.0.into(), id.0.into()])).await?;
    }
    let sql = "UPDATE activity_chains SET sequence = $2, mac = $3, sealing_key = $4 WHERE workspace_id = $1";
    let values = [workspace.0.into(), head.sequence.into(), head.mac.into(), key.into()];
    transaction.execute_raw(database.statement(sql, values)).await?;
    transaction.commit().await?;
    Ok(ids.len() as u64)
}

async fn stored_head(
    connection: &impl ConnectionTrait,
    database: &Database,
    workspace: WorkspaceId,
) -> Result<Head> {
    let sql = "SELECT sequence, mac FROM activity_chains WHERE workspace_id = $1";
    match connection.query_one_raw(database.statement(sql, [workspace.0.into()])).await? {
        Some(row) => Ok(Head { sequence: row.try_get_by_index(0)?, mac: row.try_get_by_index(1)? }),
        None => Ok(Head::origin()),
    }
}

/// The last seal as the database has it.
pub async fn head(installation: &Installation, workspace: WorkspaceId) -> Result<Head> {
    stored_head(installation.database.reader(), &installation.database, workspace).await
}
