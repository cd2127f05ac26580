//! Routing that remembers, waits for what it needs, and has targets. Causes of decisions are no longer checked by the
//! database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const CAUSES: &str = "'new_episode', 'drain', 'access_lost'";

const TABLES: &[&str] = &[
    "member_skills",
    "conversation_labels",
    "labels",
    "business_hours",
    "team_routings",
    "workspace_routings",
    "presences",
    "escalations",
    "episode_declines",
];

const INDEXES: &[&str] = &[
    "conversations_snoozed",
    "episodes_response_at_risk",
    "episodes_resolution_at_risk",
    "routing_decisions_by_at",
];

const COLUMNS: &[(&str, &[&str])] = &[
    ("conversations", &["last_assignee_id", "snoozed_until", "escalated_at"]),
    (
        "episodes",
        &[
            "waiting_reason",
            "first_response_due_at",
            "resolution_due_at",
            "first_response_risk_at",
            "resolution_risk_at",
        ],
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("routing.sql")).await?;
        ddl::open(manager, "routing_decisions", "cause").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::hold_to(manager, "routing_decisions", "cause", CAUSES).await?;
        let connection = manager.get_connection();
        for table in TABLES {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for index in INDEXES {
            connection.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for (table, columns) in COLUMNS {
            for column in *columns {
                connection.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
            }
        }
        Ok(())
    }
}
