//! What outlives the process: one `SQLite` database in the data directory.
//!
//! Rows in, rows out. What is secret in them is sealed before it comes here, and
//! nobody here could open it. A change and the audit row that tells of it are one
//! transaction; a transaction that was acknowledged survives a crash of the
//! process and of the machine (write-ahead log, `synchronous = FULL`).
//!
//! Source: <https://sqlite.org/wal.html>, <https://sqlite.org/pragma.html#pragma_synchronous>.

mod api_keys;
mod audit;
mod files;
mod identity;
mod values;
mod virtual_keys;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use api_keys::ApiKeyRow;
pub use audit::{AuditQuery, AuditRow, Visible};
pub use identity::{Held, Identity, Mismatch, VAULT_ID};
pub use values::json_list;
pub use virtual_keys::VirtualKeyRow;

/// The database's file in the data directory.
const FILE_NAME: &str = "bedrock-gateway.db";
/// Connections at most: `SQLite` writes one at a time, and reads are short.
const MAX_CONNECTIONS: u32 = 4;
/// How long a write waits for another process's, such as a command's.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is refused.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Virtual keys at most: all are held in memory while the gateway runs.
pub const MAX_VIRTUAL_KEYS: i64 = 10_000;
/// Gateway keys at most that are not revoked: likewise.
pub const MAX_API_KEYS: i64 = 100_000;
/// Audit rows of what was done at most; the oldest go first.
pub const MAX_AUDIT_ROWS: i64 = 1_000_000;
/// Audit rows of what was refused at most; the oldest go first.
pub const MAX_REFUSED_ROWS: i64 = 100_000;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row with the same name is there.
    #[error("there is one with this name already")]
    Duplicate,
    /// The table is full.
    #[error("there are {0} already, which is the most this gateway keeps")]
    Full(i64),
    /// The data directory or a file in it cannot be used.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        #[source]
        error: std::io::Error,
    },
    /// The database is of a later version of the gateway, or was altered.
    #[error("the database does not fit this version of the gateway")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database is not the one that was there before.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The database cannot be read or written.
    #[error("the database cannot be used")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refused) if refused.is_unique_violation() => Self::Duplicate,
            _ => Self::Database(error),
        }
    }
}

/// The open database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    file: Arc<Path>,
}

impl Store {
    /// Whether a data directory holds a database.
    #[must_use]
    pub fn exists(directory: &Path) -> bool {
        Self::file_in(directory).exists()
    }

    /// Opens the database of a data directory, makes it where there is none, and
    /// brings it up to date. Nobody but the process's own user may read either.
    ///
    /// # Errors
    /// The directory cannot be used, or the database is not ours.
    pub async fn open(directory: &Path) -> Result<Self, Error> {
        files::prepare_directory(directory)?;
        let file = Self::file_in(directory);
        files::prepare_file(&file)?;
        let store = Self::connect(&file).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Connects to a database that is there.
    async fn connect(file: &Path) -> Result<Self, Error> {
        let options = Self::options(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        Self::connect_with(file, options).await
    }

    /// The same for whoever only looks: the database stays as it is.
    async fn connect_to_look(file: &Path) -> Result<Self, Error> {
        Self::connect_with(file, Self::options(file)).await
    }

    fn options(file: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
    }

    async fn connect_with(file: &Path, options: SqliteConnectOptions) -> Result<Self, Error> {
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        Ok(Self { pool, file: file.into() })
    }

    async fn migrate(&self) -> Result<(), Error> {
        sqlx::migrate!("src/store/migrations").run(&self.pool).await.map_err(Error::Migrate)
    }

    /// The database's file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The file that the database of a data directory has.
    #[must_use]
    pub fn file_in(directory: &Path) -> PathBuf {
        directory.join(FILE_NAME)
    }

    /// Writes a copy of the database as it is now; running gateways go on.
    ///
    /// # Errors
    /// The file is there already or cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), Error> {
        // `SQLite` takes names as texts; another one would not be private.
        let name = to.to_str().ok_or_else(|| {
            let error = std::io::Error::other("the name of a backup must be UTF-8");
            Error::File { path: to.to_owned(), error }
        })?;
        files::create_private(to)?;
        // `SQLite` writes into an empty file that is there, and into no other.
        let written = sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await;
        if written.is_err() {
            // It would pass for a backup, and keep the next one from being written.
            drop(std::fs::remove_file(to));
        }
        written?;
        Ok(())
    }

    /// Waits for what is being written and lets go of the files.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Seconds since 1970 as a row holds them.
pub(crate) type Seconds = i64;

#[cfg(test)]
mod tests;
