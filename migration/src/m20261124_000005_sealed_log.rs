//! The activity log as a chain that shows what was altered, removed or reordered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] =
    &["activity_details", "activity_queue", "activity_seals", "activity_chains", "phone_reveals"];
/// Details may be erased, and never changed.
const REFUSED: &[(&str, &str)] =
    &[("UPDATE", "activity_details"), ("UPDATE", "activity_seals"), ("DELETE", "activity_seals")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("sealed_log.sql")).await?;
        for (operation, table) in REFUSED {
            ddl::refuse(manager, operation, table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in TABLES {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for (operation, table) in REFUSED {
            ddl::forget_refusal(manager, operation, table).await?;
        }
        connection.execute_unprepared("ALTER TABLE activities DROP COLUMN details_hash").await?;
        Ok(())
    }
}
