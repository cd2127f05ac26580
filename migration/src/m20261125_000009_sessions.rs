//! Limits of sessions, devices that people have signed in from, and what API keys need to be rotated and tied to addresses.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMNS: &[&str] = &[
    "previous_token_hash",
    "previous_ends_at",
    "allowed_addresses",
    "last_used_address",
    "last_used_agent",
    "refused_count",
    "last_refused_at",
    "last_refused_address",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("sessions.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // Without its allowed addresses a key would be good from anywhere, and its old secret was to end.
        let tied = "UPDATE api_keys SET revoked_at = created_at WHERE allowed_addresses <> '' AND revoked_at IS NULL";
        connection.execute_unprepared(tied).await?;
        connection.execute_unprepared("DROP INDEX api_keys_by_previous_token").await?;
        for column in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE api_keys DROP COLUMN {column}")).await?;
        }
        connection.execute_unprepared("ALTER TABLE sessions DROP COLUMN confined").await?;
        for table in ["known_devices", "session_policies"] {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}
