//! Events of who has a conversation: whom it went to, why, and who did it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const COLUMNS: [&str; 5] = ["assignee_id", "cause", "choice", "by_member_id", "by_api_key_id"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("assignments.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DELETE FROM events WHERE kind = 'conversation_assigned'").await?;
        for column in COLUMNS {
            connection.execute_unprepared(&format!("ALTER TABLE events DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}
