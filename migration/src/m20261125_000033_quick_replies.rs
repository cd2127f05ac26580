//! Quick replies and written guidelines, with their versions, and who has read which.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What was in force when is only added to.
const KEPT: [&str; 3] = ["quick_reply_versions", "guideline_versions", "guideline_acknowledgements"];
const TABLES: [&str; 6] = [
    "message_quick_replies",
    "guideline_acknowledgements",
    "guideline_versions",
    "guidelines",
    "quick_reply_versions",
    "quick_replies",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("quick_replies.sql")).await?;
        for table in KEPT {
            ddl::refuse(manager, "UPDATE", table).await?;
            ddl::refuse(manager, "DELETE", table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.get_connection().execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for table in KEPT {
            ddl::forget_refusal(manager, "UPDATE", table).await?;
            ddl::forget_refusal(manager, "DELETE", table).await?;
        }
        Ok(())
    }
}
