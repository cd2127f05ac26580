//! Invitations, emergency access, and the deletion of roles and teams.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// In the order in which they are created; they are dropped in the opposite order.
const TABLES: &[&str] =
    &["invitations", "invitation_grants", "emergency_eligibilities", "emergency_activations"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("people.sql")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in TABLES.iter().rev() {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for table in ["teams", "roles"] {
            connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN deleted_at")).await?;
        }
        Ok(())
    }
}
