//! When an app secret was last used; and refusals of new causes, which the type in `entity` checks from now on.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const CAUSES: &str =
    "'unknown_app', 'missing_signature', 'malformed_signature', 'wrong_signature', 'too_large'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, "ALTER TABLE meta_app_secrets ADD COLUMN last_used_at BIGINT;\n").await?;
        ddl::open(manager, "webhook_refusals", "cause").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::hold_to(manager, "webhook_refusals", "cause", CAUSES).await?;
        ddl::run(manager, "ALTER TABLE meta_app_secrets DROP COLUMN last_used_at;\n").await
    }
}
