//! Runs one text of DDL on either database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Fills in what differs between the databases and runs each statement.
pub async fn run(manager: &SchemaManager<'_>, ddl: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let (uuid, bytes, clustered, rows) = match connection.get_database_backend() {
        DbBackend::Postgres => ("UUID", "BYTEA", "", ""),
        DbBackend::Sqlite => ("BLOB", "BLOB", " WITHOUT ROWID", ""),
        other => return Err(DbErr::Migration(format!("{other:?} is not supported"))),
    };
    let text = ddl
        .lines()
        .filter(|line| !line.starts_with("--"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("{uuid}", uuid)
        .replace("{bytes}", bytes)
        .replace("{clustered}", clustered)
        .replace("{rows}", rows);
    for statement in text.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Makes the database itself refuse an operation (`UPDATE` or `DELETE`) on a table.
pub async fn refuse(manager: &SchemaManager<'_>, operation: &str, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let name = format!("{table}_refuse_{}", operation.to_lowercase());
    let reason = format!("{operation} on {table} is refused: its rows are kept");
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            connection
                .execute_unprepared(&format!(
                    "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION '{reason}'; END $$"
                ))
                .await?;
            connection
                .execute_unprepared(&format!(
                    "CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
                ))
                .await?;
        }
        _ => {
            connection
                .execute_unprepared(&format!(
                    "CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{reason}'); END"
                ))
                .await?;
        }
    }
    Ok(())
}

/// Takes back what [`refuse`] did, its table being gone.
pub async fn forget_refusal(manager: &SchemaManager<'_>, operation: &str, table: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() == DbBackend::Postgres {
        let name = format!("{table}_refuse_{}", operation.to_lowercase());
        connection.execute_unprepared(&format!("DROP FUNCTION IF EXISTS {name}()")).await?;
    }
    Ok(())
}
