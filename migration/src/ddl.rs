//! Runs one text of DDL on either database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

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

/// Lets a text column take any value that its enumeration may come to have.
pub async fn open(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_check");
            connection.execute_unprepared(&sql).await?;
            Ok(())
        }
        _ => {
            make_anew(manager, table, |definition| {
                let start = definition.find(&format!(" CHECK ({column} IN ("))?;
                let end = start + definition[start..].find("))")? + 2;
                Some(definition[..start].to_owned() + &definition[end..])
            })
            .await
        }
    }
}

/// Holds a text column to these values, quoted and separated by commas. Rows with others go.
pub async fn hold_to(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    values: &str,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared(&format!("DELETE FROM {table} WHERE {column} NOT IN ({values})")).await?;
    let check = format!("CHECK ({column} IN ({values}))");
    match connection.get_database_backend() {
        DbBackend::Postgres => {
            let sql = format!("ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_check {check}");
            connection.execute_unprepared(&sql).await?;
            Ok(())
        }
        _ => {
            make_anew(manager, table, |definition| {
                let declared = format!(" {column} TEXT NOT NULL");
                let end = definition.find(&declared)? + declared.len();
                Some(format!("{} {check}{}", &definition[..end], &definition[end..]))
            })
            .await
        }
    }
}

/// Lets a column (its name and type) be null. Nothing may refer to its table.
pub async fn allow_null(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    nullability(manager, table, column, ["DROP NOT NULL", " NOT NULL", ""]).await
}

/// Takes that back: no row has a null there.
pub async fn refuse_null(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    nullability(manager, table, column, ["SET NOT NULL", "", " NOT NULL"]).await
}

async fn nullability(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    [action, before, after]: [&str; 3],
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    if connection.get_database_backend() == DbBackend::Postgres {
        let name = column.split(' ').next().unwrap_or(column);
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {name} {action}");
        connection.execute_unprepared(&sql).await?;
        return Ok(());
    }
    make_anew(manager, table, |definition| {
        let declared = format!(" {column}{before},");
        definition
            .contains(&declared)
            .then(|| definition.replacen(&declared, &format!(" {column}{after},"), 1))
    })
    .await
}

/// SQLite cannot change a check: the table is made anew from its own definition, with its rows and indexes. Nothing may
/// refer to it.
async fn make_anew(
    manager: &SchemaManager<'_>,
    table: &str,
    change: impl Fn(&str) -> Option<String>,
) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sql = format!("SELECT type, sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL");
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    let mut definition = None;
    let mut others = Vec::new();
    for row in &rows {
        let text: String = row.try_get_by_index(1)?;
        match row.try_get_by_index::<String>(0)?.as_str() {
            "table" => definition = Some(text),
            _ => others.push(text),
        }
    }
    let unknown = || DbErr::Migration(format!("{table} is not defined as expected"));
    let definition = definition.ok_or_else(unknown)?;
    let body = change(&definition[definition.find('(').ok_or_else(unknown)?..]).ok_or_else(unknown)?;
    for sql in [
        format!("CREATE TABLE {table}_anew {body}"),
        format!("INSERT INTO {table}_anew SELECT * FROM {table}"),
        format!("DROP TABLE {table}"),
        format!("ALTER TABLE {table}_anew RENAME TO {table}"),
    ]
    .into_iter()
    .chain(others)
    {
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}
