//! Access reviews that are called off, grants that took the place of those under review, and who gave a key its secret.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "ALTER TABLE api_keys DROP COLUMN rotated_by",
    "ALTER TABLE access_review_items DROP COLUMN successor_id",
    "ALTER TABLE access_reviews DROP COLUMN cancellation_reason",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("review_endings.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
