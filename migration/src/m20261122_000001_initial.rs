//! The first schema: every table of the main job.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// In the order in which they are created; they are dropped in the opposite order.
const TABLES: &[&str] = &[
    "workspaces",
    "users",
    "members",
    "teams",
    "meta_apps",
    "meta_app_secrets",
    "channels",
    "team_members",
    "team_channels",
    "roles",
    "role_permissions",
    "grants",
    "sessions",
    "sign_in_events",
    "setup_tokens",
    "contacts",
    "contact_identities",
    "conversations",
    "episodes",
    "routing_decisions",
    "messages",
    "message_statuses",
    "webhook_deliveries",
    "webhook_changes",
    "webhook_refusals",
    "events",
    "relays",
    "activities",
    "audit_runs",
    "findings",
    "outgoing_mails",
];

/// What the database refuses: grants are closed and activities are only added.
const REFUSED: &[(&str, &str)] = &[("DELETE", "grants"), ("DELETE", "activities"), ("UPDATE", "activities")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("initial.sql")).await?;
        for (operation, table) in REFUSED {
            ddl::refuse(manager, operation, table).await?;
        }
        manager
            .get_connection()
            .execute_unprepared("INSERT INTO relays (id, last_seq, leased_until) VALUES (1, 0, 0)")
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            manager.get_connection().execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for (operation, table) in REFUSED {
            ddl::forget_refusal(manager, operation, table).await?;
        }
        Ok(())
    }
}
