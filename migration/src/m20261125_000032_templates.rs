//! Templates are written here, approved, and sent to Meta: one may be there before Meta knows of it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &[&str] = &[
    "DROP TABLE template_syncs",
    "DROP TABLE template_channels",
    "DROP TABLE template_alternatives",
    "DROP TABLE template_submissions",
    "DROP TABLE template_versions",
    "DROP INDEX templates_by_name",
    "ALTER TABLE templates DROP COLUMN definition_at",
    "ALTER TABLE templates DROP COLUMN definition",
    "DELETE FROM templates WHERE meta_id IS NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::allow_null(manager, "templates", "meta_id TEXT").await?;
        ddl::run(manager, include_str!("templates.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in BEFORE {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        ddl::refuse_null(manager, "templates", "meta_id TEXT").await
    }
}
