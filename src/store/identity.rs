//! Which database it is: whether it is the one that was there before.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use sqlx::{Sqlite, Transaction};

use super::{Error, Store};

/// The name of the value that tells one vault from another.
pub const VAULT_ID: &str = "vault_id";

/// What tells a database from others, and from its own past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which vault it holds; `None` before the vault was made.
    pub vault_id: Option<String>,
    /// How often virtual keys and gateway keys have changed; never decreases.
    pub revision: i64,
}

/// How a database differs from the one that was there before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The file is not there.
    #[error("there is no database")]
    Missing,
    /// The file has no content.
    #[error("the database is an empty file")]
    Empty,
    /// The tables are not there.
    #[error("the database contains no vault")]
    NoVault,
    /// It is another vault's.
    #[error("the database contains another vault")]
    OtherVault,
    /// It is the same vault's, as it was before.
    #[error(
        "the database is older than the mark (revision {found} instead of {expected} or later), as after the loss of its `-wal` file or with an older copy"
    )]
    Older {
        /// Its revision.
        found: i64,
        /// The least revision that it had.
        expected: i64,
    },
}

impl Identity {
    /// Holds a database against what is known of it.
    fn check(&self, found: &Self) -> Result<(), Mismatch> {
        if found.vault_id != self.vault_id {
            return Err(Mismatch::OtherVault);
        }
        if found.revision < self.revision {
            return Err(Mismatch::Older { found: found.revision, expected: self.revision });
        }
        Ok(())
    }
}

/// A database that nobody changes for as long as this lives.
#[derive(Debug)]
pub struct Held {
    /// Rolled back in the end: it only holds the lock for writing.
    _transaction: Transaction<'static, Sqlite>,
    /// How often virtual keys and gateway keys have changed.
    pub revision: i64,
    /// Whether there are gateway keys, revoked ones included.
    pub has_api_keys: bool,
}

impl Store {
    /// As [`Self::open`], for a database that was there before: it is looked at before
    /// anything is written, so that what is left of a broken one can still be saved.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if it is another one, and as of [`Self::open`].
    pub async fn open_known(directory: &Path, known: &Identity) -> Result<Self, Error> {
        let file = Self::file_in(directory);
        match fs::metadata(&file) {
            Ok(metadata) if metadata.len() == 0 => return Err(Mismatch::Empty.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Mismatch::Missing.into());
            }
            Ok(_) | Err(_) => {}
        }
        let store = Self::connect_to_look(&file).await?;
        let checked = store.check(known).await;
        // Or a write-ahead log would stay beside what is put in its place.
        store.close().await;
        checked?;
        Self::open(directory).await
    }

    /// What tells the database from others.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let query = "SELECT number, (SELECT value FROM vault_values WHERE name = ?) FROM revision";
        let (revision, vault_id) =
            sqlx::query_as(query).bind(VAULT_ID).fetch_one(&self.pool).await?;
        Ok(Identity { vault_id, revision })
    }

    /// Keeps everybody from changing the database, other processes included.
    ///
    /// # Errors
    /// Others were changing it for too long, or it cannot be read.
    pub async fn hold(&self) -> Result<Held, Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let query = "SELECT number, EXISTS (SELECT * FROM api_keys) FROM revision";
        let (revision, has_api_keys) = sqlx::query_as(query).fetch_one(&mut *transaction).await?;
        Ok(Held { _transaction: transaction, revision, has_api_keys })
    }

    async fn check(&self, known: &Identity) -> Result<(), Error> {
        let query = "SELECT count(*) FROM sqlite_schema \
                     WHERE type = 'table' AND name IN ('vault_values', 'revision')";
        let tables: i64 = sqlx::query_scalar(query).fetch_one(&self.pool).await?;
        if tables != 2 {
            return Err(Mismatch::NoVault.into());
        }
        Ok(known.check(&self.identity().await?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_database_and_another_one_are_told_apart() {
        let identity = |id: &str, revision| Identity { vault_id: Some(id.into()), revision };
        let known = identity("a", 5);
        assert_eq!(known.check(&identity("a", 5)), Ok(()));
        assert_eq!(known.check(&identity("a", 6)), Ok(()));
        assert_eq!(known.check(&identity("b", 9)), Err(Mismatch::OtherVault));
        let older = Mismatch::Older { found: 4, expected: 5 };
        assert_eq!(known.check(&identity("a", 4)), Err(older));
        let unnamed = Identity { vault_id: None, revision: 9 };
        assert_eq!(known.check(&unnamed), Err(Mismatch::OtherVault));
    }
}
