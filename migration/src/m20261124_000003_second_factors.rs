//! Second factors, and the outcomes of signing in that they bring.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &str = "'succeeded', 'unknown_email', 'wrong_password', 'no_password', 'not_a_member'";
const ADDED: &str = "'second_factor_missing', 'wrong_code', 'throttled'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, include_str!("second_factors.sql")).await?;
        permit_outcomes(manager, &format!("{BEFORE}, {ADDED}")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection
            .execute_unprepared(&format!("DELETE FROM sign_in_events WHERE outcome IN ({ADDED})"))
            .await?;
        permit_outcomes(manager, BEFORE).await?;
        connection.execute_unprepared("DROP TABLE second_factors").await?;
        Ok(())
    }
}

/// SQLite cannot change a check: the table is made anew with its rows.
async fn permit_outcomes(manager: &SchemaManager<'_>, outcomes: &str) -> Result<(), DbErr> {
    match manager.get_connection().get_database_backend() {
        DbBackend::Postgres => {
            let ddl = format!(
                "ALTER TABLE sign_in_events DROP CONSTRAINT sign_in_events_outcome_check;\n\
                 ALTER TABLE sign_in_events ADD CONSTRAINT sign_in_events_outcome_check CHECK (outcome IN ({outcomes}))"
            );
            ddl::run(manager, &ddl).await
        }
        _ => ddl::run(manager, &include_str!("sign_in_events.sql").replace("{outcomes}", outcomes)).await,
    }
}
