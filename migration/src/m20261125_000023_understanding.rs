//! What Meta says beside messages: consents, accounts, numbers, templates, groups, and what is not known yet.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const DOWN: &str = "DROP INDEX messages_reacting;
DROP TABLE message_senders;
DROP TABLE contact_groups;
DROP TABLE unknown_contents;
DROP TABLE templates;
DROP TABLE channel_facts;
DROP TABLE business_accounts;
DROP TABLE consents;
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("understanding.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
