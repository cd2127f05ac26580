//! A database per test, on each kind of database there is.

use portaria_domain::database::{Database, DatabaseOptions};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::postgres;

/// A fresh, migrated database that goes away with its owner.
pub struct TestDatabase {
    pub name: &'static str,
    pub options: DatabaseOptions,
    pub database: Database,
    _folder: Option<tempfile::TempDir>,
}

/// One fresh database of each kind: SQLite, and PostgreSQL where there is a server.
pub async fn databases() -> Vec<TestDatabase> {
    let mut databases = vec![TestDatabase::sqlite().await];
    databases.extend(TestDatabase::postgres().await);
    databases
}

impl TestDatabase {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = DatabaseOptions::new(format!("sqlite:{}", folder.path().join("test.db").display()));
        Self::open("SQLite", options, Some(folder)).await
    }

    /// `None` where there is no PostgreSQL server.
    pub async fn postgres() -> Option<Self> {
        let mut options = DatabaseOptions::new(Self::empty_postgres().await?);
        options.max_connections = 8;
        Some(Self::open("PostgreSQL", options, None).await)
    }

    /// URL of a new database without any schema; `None` where there is no PostgreSQL server.
    pub async fn empty_postgres() -> Option<String> {
        let server = tokio::task::spawn_blocking(postgres::server_url).await.expect("a server or none")?;
        let name = format!("portaria_{}", unique().simple());
        let admin =
            sea_orm::Database::connect(format!("{server}/postgres")).await.expect("the server answers");
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a new database");
        admin.close().await.expect("a closed connection");
        Some(format!("{server}/{name}"))
    }

    async fn open(name: &'static str, options: DatabaseOptions, folder: Option<tempfile::TempDir>) -> Self {
        let database = Database::connect(&options).await.expect("the database opens");
        database.migrate().await.expect("the schema is created");
        Self { name, options, database, _folder: folder }
    }
}

#[expect(clippy::disallowed_methods, reason = "a database's name need not follow the test's clock")]
fn unique() -> Uuid {
    Uuid::now_v7()
}
