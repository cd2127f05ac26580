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

/// Writes a fact unless a newer one is known; of two of the same second one decides, whichever comes first. Whether it is news.
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
         AND ({column}_at IS NULL OR {column}_at < $4 OR {column}_at = $4 AND COALESCE({column}, '') < COALESCE($3, ''))"
    );
    let values = [workspace.0.into(), id, value.map(str::to_owned).into(), at.0.into()];
    Ok(connection.execute_raw(database.statement(&sql, values)).await?.rows_affected() > 0)
}
