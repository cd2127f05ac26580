//! How far a delivery is, which one brought a message, who else told of it, and what came for numbers that are not known.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMNS: &[(&str, &str)] = &[
    ("webhook_deliveries", "progress"),
    ("webhook_deliveries", "item_count"),
    ("webhook_deliveries", "channel_id"),
    ("messages", "source"),
    ("messages", "delivery_id"),
    ("message_statuses", "delivery_id"),
    ("episodes", "called_at"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("deliveries.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for index in ["webhook_deliveries_dead", "events_by_message"] {
            connection.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for (table, column) in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        for table in ["webhook_sightings", "foreign_items"] {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}
