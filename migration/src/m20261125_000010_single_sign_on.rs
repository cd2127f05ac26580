//! Single sign-on: identity providers, role mappings, external identities.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// In the order in which nothing refers to them any more.
const TABLES: &[&str] = &[
    "single_sign_on_sessions",
    "single_sign_on_answers",
    "external_identities",
    "mapped_grants",
    "role_mappings",
    "identity_providers",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("single_sign_on.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.get_connection().execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}
