//! Access reviews: campaigns, what they ask about, and what was decided. The database refuses to change a closed one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: &[&str] = &[
    "access_review_people",
    "access_review_items",
    "access_review_reviewers",
    "access_reviews",
    "access_review_schedule_reviewers",
    "access_review_schedules",
];
const KEPT: &[&str] = &["access_reviews", "access_review_items"];

/// A table, when it is refused, and whether the review that a row belongs to is closed.
struct Closed {
    table: &'static str,
    operation: &'static str,
    condition: &'static str,
}

const OF_CLOSED: &str = "EXISTS (SELECT 1 FROM access_reviews r WHERE r.workspace_id = ROW.workspace_id \
                         AND r.id = ROW.review_id AND r.closed_at IS NOT NULL)";
const CLOSED: &[Closed] = &[
    Closed { table: "access_reviews", operation: "UPDATE", condition: "ROW.closed_at IS NOT NULL" },
    Closed { table: "access_review_items", operation: "UPDATE", condition: OF_CLOSED },
    Closed { table: "access_review_items", operation: "INSERT", condition: OF_CLOSED },
    Closed { table: "access_review_reviewers", operation: "INSERT", condition: OF_CLOSED },
    Closed { table: "access_review_reviewers", operation: "DELETE", condition: OF_CLOSED },
];

impl Closed {
    fn name(&self) -> String {
        format!("{}_closed_{}", self.table, self.operation.to_lowercase())
    }

    fn statements(&self, backend: DbBackend) -> Vec<String> {
        let (name, table, operation) = (self.name(), self.table, self.operation);
        let reason = format!("{operation} on {table} is refused: the review is closed");
        let row = if operation == "INSERT" { "NEW" } else { "OLD" };
        let condition = self.condition.replace("ROW", row);
        match backend {
            DbBackend::Postgres => vec![
                format!(
                    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                     IF {condition} THEN RAISE EXCEPTION '{reason}'; END IF; \
                     IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
                ),
                format!(
                    "CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
                ),
            ],
            _ => vec![format!(
                "CREATE TRIGGER {name} BEFORE {operation} ON {table} WHEN {condition} \
                 BEGIN SELECT RAISE(ABORT, '{reason}'); END"
            )],
        }
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("access_reviews.sql")).await?;
        let connection = manager.get_connection();
        for closed in CLOSED {
            for statement in closed.statements(connection.get_database_backend()) {
                connection.execute_unprepared(&statement).await?;
            }
        }
        for table in KEPT {
            ddl::refuse(manager, "DELETE", table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for table in TABLES {
            connection.execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        for table in KEPT {
            ddl::forget_refusal(manager, "DELETE", table).await?;
        }
        if connection.get_database_backend() == DbBackend::Postgres {
            for closed in CLOSED {
                let sql = format!("DROP FUNCTION IF EXISTS {}()", closed.name());
                connection.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }
}
