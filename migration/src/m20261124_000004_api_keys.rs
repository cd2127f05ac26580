//! API keys with their grants.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const REFUSED: &str = "api_key_grants";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("api_keys.sql")).await?;
        ddl::refuse(manager, "DELETE", REFUSED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE activities DROP COLUMN actor_api_key_id").await?;
        for table in [REFUSED, "api_keys"] {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        ddl::forget_refusal(manager, "DELETE", REFUSED).await
    }
}
