//! The mark beside the database: what the vault still knows when its database is gone.
//!
//! It is sealed under the master key and says which vault the database holds, how often
//! that had changed, and whether it ever had gateway keys. A database that is missing,
//! truncated, older or another vault's does not match it. It is written after each
//! change, so it may lag behind the database, and never runs ahead of it.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::warn;

use super::Vault;
use super::envelope::{self, Place};
use super::error::Error;
use super::master_key::MasterKeys;
use super::private_file::{self, failed_at};
use crate::store::{self, Identity, Store};
use crate::telemetry::chain;

/// The mark's file in the data directory.
pub const FILE_NAME: &str = "bedrock-gateway.mark";
const PLACE: Place<'_> = Place { table: "vault", id: FILE_NAME, field: "mark" };
/// The longest file that is read; a mark has some hundred bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// How long a change that is committed waits for its mark, which may need KMS and the
/// database's lock. The next change writes the mark otherwise.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a mark contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    vault_id: String,
    pub(super) had_keys: bool,
    revision: i64,
}

/// The mark of one database.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    /// What was last read or written. Held by the one that writes.
    content: Mutex<Option<Content>>,
}

/// Whether a data directory has a mark.
#[must_use]
pub fn exists(directory: &Path) -> bool {
    directory.join(FILE_NAME).exists()
}

impl Mark {
    /// Reads the mark of a data directory, if it has one.
    ///
    /// # Errors
    /// It does not open, or KMS could not be reached.
    pub(super) async fn read(directory: &Path, masters: &MasterKeys) -> Result<Self, Error> {
        let path = directory.join(FILE_NAME);
        let content = match read_file(&path)? {
            None => None,
            Some(sealed) => Some(open(&path, &sealed, masters).await?),
        };
        Ok(Self { path, content: Mutex::new(content) })
    }

    /// What was last read or written.
    pub(super) async fn content(&self) -> Option<Content> {
        self.content.lock().await.clone()
    }

    /// Opens the database that the mark belongs to; without a mark, any.
    ///
    /// # Errors
    /// It does not match the mark, or cannot be used.
    pub(super) async fn open_store(&self, directory: &Path) -> Result<Store, Error> {
        let opened = match self.content().await {
            None => Store::open(directory).await,
            Some(content) => {
                let known =
                    Identity { vault_id: Some(content.vault_id), revision: content.revision };
                Store::open_known(directory, &known).await
            }
        };
        opened.map_err(|error| match error {
            store::Error::Mismatch(mismatch) => Error::Mismatch {
                database: Store::file_in(directory),
                mark: self.path.clone(),
                mismatch,
            },
            other => other.into(),
        })
    }
}

impl Vault {
    /// Brings the mark up to date after a change. The change stands, whatever becomes of
    /// the mark.
    pub(super) async fn keep_mark(&self) {
        let written = timeout(WRITE_TIMEOUT, self.write_mark(false)).await;
        let cause = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => format!("it took longer than {} s", WRITE_TIMEOUT.as_secs()),
        };
        warn!(
            path = %self.mark.path.display(),
            cause,
            "the mark beside the database was not written; the next change writes it"
        );
    }

    /// Writes the mark if it lags behind what is known, or in any case.
    ///
    /// # Errors
    /// It cannot be sealed or written.
    pub(super) async fn write_mark(&self, in_any_case: bool) -> Result<(), Error> {
        let mut content = self.mark.content.lock().await;
        let (revision, had_keys) = (self.snapshot.load().revision, self.had_keys());
        let is_due = match &*content {
            // A vault in which nothing was ever kept may go.
            None => revision > 0 || had_keys,
            Some(known) => {
                in_any_case || known.revision < revision || (had_keys && !known.had_keys)
            }
        };
        if !is_due {
            return Ok(());
        }
        // First, as KMS may take its time, which nobody should wait for.
        let data_key = self.masters.new_data_key(&PLACE.to_string()).await?;
        // Meanwhile no other process writes a mark, nor changes what it says.
        let held = self.store.hold().await?;
        let new = Content {
            vault_id: self.vault_id.clone(),
            had_keys: had_keys || held.has_api_keys,
            revision: held.revision,
        };
        let text = serde_json::to_vec(&new).map_err(|_| self.broken_mark())?;
        let sealed = envelope::seal_under(&data_key, PLACE, &text)?;
        let (path, database) = (self.mark.path.clone(), self.store.file().to_owned());
        let written = spawn_blocking(move || {
            let written = private_file::replace(&path, &database, &sealed);
            // Not before, even where nobody waits any more.
            drop(held);
            written
        });
        written.await.map_err(|_| self.broken_mark())??;
        *content = Some(new);
        Ok(())
    }

    fn broken_mark(&self) -> Error {
        Error::BrokenMark { path: self.mark.path.clone() }
    }
}

fn read_file(path: &Path) -> Result<Option<String>, Error> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed_at(path)(error)),
    };
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Error::BrokenMark { path: path.to_owned() })
        }
        Err(error) => Err(failed_at(path)(error)),
    }
}

async fn open(path: &Path, sealed: &str, masters: &MasterKeys) -> Result<Content, Error> {
    let broken = || Error::BrokenMark { path: path.to_owned() };
    let text = match envelope::open(masters, PLACE, sealed).await {
        Ok(text) => text,
        Err(Error::Broken { .. }) => return Err(broken()),
        Err(other) => return Err(other),
    };
    serde_json::from_slice(&text).map_err(|_| broken())
}
