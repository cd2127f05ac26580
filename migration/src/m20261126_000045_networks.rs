//! From which network somebody signed in, beside the address: a connection has as many addresses of IPv6 as it likes.

use std::net::{IpAddr, Ipv6Addr};

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};

use crate::ddl;

const TABLES: [&str; 2] = ["sign_in_events", "sessions"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("networks.sql")).await?;
        for table in TABLES {
            fill(manager.get_connection(), table).await?;
        }
        ddl::run(manager, include_str!("network_lookups.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for sql in [
            "DROP INDEX sign_in_events_succeeded",
            "CREATE INDEX sign_in_events_succeeded ON sign_in_events (user_id, \"at\", address, workspace_id, outcome) \
             WHERE outcome = 'succeeded'",
            "DROP INDEX sign_in_events_by_network_at",
            "CREATE INDEX sign_in_events_by_address_at ON sign_in_events (address, \"at\")",
            "ALTER TABLE sessions DROP COLUMN carried_over",
            "ALTER TABLE sessions DROP COLUMN network",
            "ALTER TABLE sign_in_events DROP COLUMN network",
        ] {
            connection.execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

/// Says of the rows that are there what will be said of new ones.
async fn fill(connection: &SchemaManagerConnection<'_>, table: &str) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    connection.execute_unprepared(&format!("UPDATE {table} SET network = address")).await?;
    let index = format!("CREATE INDEX {table}_to_fill ON {table} (address)");
    connection.execute_unprepared(&index).await?;
    let addresses = format!("SELECT DISTINCT address FROM {table} WHERE address LIKE '%:%'");
    for row in connection.query_all_raw(Statement::from_string(backend, addresses)).await? {
        let address: String = row.try_get_by_index(0)?;
        let sql = format!("UPDATE {table} SET network = $1 WHERE address = $2");
        let values = [network(&address).into(), address.into()];
        connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    connection.execute_unprepared(&format!("DROP INDEX {table}_to_fill")).await?;
    Ok(())
}

fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => format!("{}/64", Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}
