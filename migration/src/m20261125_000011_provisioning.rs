//! Provisioning from a company's directory: credentials, the people and groups it knows, mappings, and their effects.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// In the order in which they are created; they are dropped in the opposite order.
const TABLES: &[&str] = &[
    "directory_credentials",
    "directory_approvals",
    "directory_users",
    "directory_groups",
    "directory_group_members",
    "directory_mappings",
    "directory_effects",
];
/// What was approved and what groups stood for is closed, never deleted.
const REFUSED: &[&str] = &["directory_approvals", "directory_mappings"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("provisioning.sql")).await?;
        for table in REFUSED {
            ddl::refuse(manager, "DELETE", table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("ALTER TABLE activities DROP COLUMN actor_directory_id").await?;
        connection.execute_unprepared("ALTER TABLE invitations DROP COLUMN directory_user_id").await?;
        for table in TABLES.iter().rev() {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for table in REFUSED {
            ddl::forget_refusal(manager, "DELETE", table).await?;
        }
        Ok(())
    }
}
