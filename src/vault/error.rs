//! What can go wrong with the vault.

use std::path::PathBuf;

use crate::aws::kms;
use crate::store;

/// Why the vault could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// AWS KMS, which holds the master key.
    #[error(transparent)]
    Kms(#[from] kms::Error),
    /// A record was sealed under a master key that is not here.
    #[error(
        "the master key `{id}` is missing: this database was sealed with another master key than the one that is set"
    )]
    UnknownMasterKey {
        /// Its id, which tells nothing of the key.
        id: String,
    },
    /// There is a database and nothing to open it with.
    #[error(
        "there is no master key: set `vault.master_key_file`, `BEDROCK_GATEWAY_VAULT_MASTER_KEY` or `vault.kms_key_id`; `bedrock-gateway master-key create FILE` makes one"
    )]
    NoMasterKey,
    /// The text of a master key is none.
    #[error("{origin}: a master key is 32 bytes in base64, one to a line; the first one seals")]
    MalformedMasterKey {
        /// Where it was read.
        origin: String,
    },
    /// The file of the master key, or the mark beside the database, cannot be used.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        #[source]
        error: std::io::Error,
    },
    /// Another process rotates the same file.
    #[error("{path} is locked: another rotation of this file is under way; wait for its end")]
    RotationUnderWay {
        /// The locked file.
        path: PathBuf,
    },
    /// A new file would belong to somebody else than the one that it replaces.
    #[error(
        "{path}: its owner and group cannot be kept, so that gateways might not read it any more: run this as the user it belongs to"
    )]
    FileOwner {
        /// Which.
        path: PathBuf,
    },
    /// An envelope does not open: it was altered or moved.
    #[error("the sealed record {place} does not open: it was altered, or is not its own")]
    Broken {
        /// Which.
        place: String,
    },
    /// The database could not be read a moment ago.
    #[error("the database could not be read a moment ago")]
    Unreadable(#[source] std::sync::Arc<Error>),
    /// The database does not match the mark beside it.
    #[error(
        "{database} does not match the mark {mark}: {mismatch}; restore the database, or, if an older backup was put in its place on purpose, remove the mark: a database with gateway keys stays closed to unknown callers without it"
    )]
    Mismatch {
        /// The database.
        database: PathBuf,
        /// The mark.
        mark: PathBuf,
        /// How they differ.
        mismatch: store::Mismatch,
    },
    /// The mark beside the database does not open.
    #[error(
        "{path} does not open: it was altered, or belongs to another vault; restore it, or remove it if the database beside it is the right one"
    )]
    BrokenMark {
        /// The mark.
        path: PathBuf,
    },
    /// The database is no longer the one that was opened.
    #[error(
        "{path} is not the database that was opened: it was replaced, or an older copy was put in its place; stop the gateway, restore the database and start it again"
    )]
    Replaced {
        /// The database.
        path: PathBuf,
    },
    /// What somebody else's attempt came to, for which this one waited.
    #[error(transparent)]
    Shared(std::sync::Arc<Error>),
    /// What was to be changed has been changed by somebody else in the meantime.
    #[error("somebody else has just changed it; try again")]
    Conflict,
}

impl Error {
    /// What failed, where several waited for it.
    #[must_use]
    pub fn root(&self) -> &Self {
        match self {
            Self::Shared(error) | Self::Unreadable(error) => error.root(),
            own => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_root_is_what_failed_for_the_first() {
        let shared = Error::Shared(Arc::new(Error::Shared(Arc::new(Error::Conflict))));
        assert!(matches!(shared.root(), Error::Conflict));
        assert!(matches!(Error::Unreadable(Arc::new(shared)).root(), Error::Conflict));
        assert!(matches!(Error::NoMasterKey.root(), Error::NoMasterKey));
    }
}
