//! Contacts that were found to be one person become one, and that can be undone.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const DOWN: &str = "DROP TABLE contact_merge_parts;
DROP TABLE contact_merges;
DROP INDEX conversations_merged;
DROP INDEX contacts_merged;
ALTER TABLE conversations DROP COLUMN merged_into_id;
ALTER TABLE contacts DROP COLUMN merged_into_id;
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("merging.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
