//! The database: SQLite for one machine, PostgreSQL for more. Readers never wait for writers.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portaria_migration::{Migrator, MigratorTrait};
use sea_orm::sea_query::Expr;
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait, Value,
};

use crate::error::{Error, Result};

/// How long what can wait for the next poll waits for a connection.
const APART_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the database is and how many connections it may be given.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// `sqlite:path/to/file.db` or `postgres://...`.
    pub url: String,
    pub max_connections: u32,
    /// How long a request waits for a connection before it is told that the database is busy.
    pub acquire_timeout: Duration,
}

impl DatabaseOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 16, acquire_timeout: Duration::from_secs(5) }
    }
}

/// An open database. On SQLite all writes of the process go through one connection, in turn.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Database {
    pub async fn connect(options: &DatabaseOptions) -> Result<Self> {
        let statements = Arc::new(AtomicU64::new(0));
        let (mut reader, mut writer) = if options.url.starts_with("sqlite:") {
            create_parent_folder(&options.url)?;
            let writer = sea_orm::Database::connect(sqlite(options, 1)).await?;
            (sea_orm::Database::connect(sqlite(options, options.max_connections)).await?, writer)
        } else if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
            let pool = sea_orm::Database::connect(postgres(options)).await?;
            (pool.clone(), pool)
        } else {
            return Err(Error::BadInput("database.url must start with sqlite: or postgres:".to_owned()));
        };
        for connection in [&mut reader, &mut writer] {
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
        }
        Ok(Self { reader, writer, statements })
    }

    /// For reading. Never write through it.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For a single writing statement; several belong into a transaction.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a writing transaction. It is rolled back when it is dropped without a commit.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    pub fn is_sqlite(&self) -> bool {
        self.backend() == DbBackend::Sqlite
    }

    /// A statement in SQL that both databases understand, with `$1`, `$2`, ... for its values.
    pub fn statement<I: IntoIterator<Item = Value>>(&self, sql: &str, values: I) -> Statement {
        Statement::from_sql_and_values(self.backend(), sql, values)
    }

    /// How many statements have been run so far.
    pub fn statement_count(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Brings the schema up to date. On PostgreSQL an advisory lock keeps two processes from doing so at once.
    pub async fn migrate(&self) -> Result<()> {
        if self.is_sqlite() {
            Migrator::up(&self.writer, None).await?;
            return Ok(());
        }
        const LOCK: &str = "SELECT pg_advisory_xact_lock(7164712)";
        let lock = self.begin().await?;
        sea_orm::ConnectionTrait::execute_unprepared(&lock, LOCK).await?;
        Migrator::up(&self.writer, None).await?;
        lock.commit().await?;
        Ok(())
    }

    /// Whether the schema is the one that this program knows.
    pub async fn is_migrated(&self) -> Result<bool> {
        Ok(Migrator::get_pending_migrations(&self.reader).await?.is_empty())
    }

    /// A pool of its own to a PostgreSQL database, opened as it is needed; none to SQLite.
    pub(crate) fn apart(&self, connections: u32) -> Option<PgPool> {
        if self.is_sqlite() {
            return None;
        }
        let options = self.reader.get_postgres_connection_pool().connect_options();
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(APART_TIMEOUT);
        Some(pool.connect_lazy_with((*options).clone()))
    }

    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader.ping().await?)
    }

    /// Closes every connection; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) -> Result<()> {
        self.reader.clone().close().await?;
        Ok(self.writer.clone().close().await?)
    }
}

fn sqlite(options: &DatabaseOptions, connections: u32) -> ConnectOptions {
    let mut connect = ConnectOptions::new(format!("{}?mode=rwc", options.url));
    connect
        .max_connections(connections)
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("busy_timeout", "10000")
                // Sixteen of these fill up as the file grows: what more there is to keep, the system keeps.
                .pragma("cache_size", "-4000")
                .pragma("temp_store", "MEMORY")
        });
    connect
}

fn postgres(options: &DatabaseOptions) -> ConnectOptions {
    let mut connect = ConnectOptions::new(options.url.clone());
    connect
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| {
            // Statements are planned once for each connection, some while tables are small yet: they must use their indexes
            // all the same. And none of ours is worth compiling.
            postgres.options([("random_page_cost", "1.1"), ("jit", "off")])
        });
    connect
}

/// Fills up with the last of them to a power of two, so that lists of all lengths are few statements.
pub fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        values.resize(values.len().next_power_of_two(), last);
    }
    values
}

/// Cuts into pieces that each have a power of two, for the same reason; the longest first, of 64 at most.
pub fn in_powers_of_two<T>(mut values: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << values.len().min(64).checked_ilog2()?;
        let (piece, rest) = values.split_at_checked(length)?;
        values = rest;
        Some(piece)
    })
}

/// A value written into the statement itself: an index over a part of a table serves only who names that part so.
pub(crate) fn literal(value: impl Into<Value>) -> Expr {
    Expr::Constant(value.into())
}

fn create_parent_folder(url: &str) -> Result<()> {
    let path = PathBuf::from(url.trim_start_matches("sqlite:").trim_start_matches("//"));
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent)
            .map_err(|e| Error::internal(format!("folder {} for the database: {e}", parent.display()))),
        _ => Ok(()),
    }
}
