//! Passkeys, recovery codes, what a workspace demands of its people, and second factors that were reset.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// In the order in which they are created; they are dropped in the opposite order.
const TABLES: &[&str] = &[
    "passkeys",
    "passkey_challenges",
    "recovery_codes",
    "security_policies",
    "security_policy_roles",
    "second_factor_resets",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("factors.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in TABLES.iter().rev() {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}
