//! The vault: virtual keys and gateway keys, sealed at rest.
//!
//! The database holds envelopes and keyed hashes; the master key is elsewhere.
//! Running gateways hold a [`Snapshot`] and open what they need of it.

pub mod api_key;
pub mod credentials;
mod envelope;
mod error;
pub mod mark;
pub mod master_key;
mod once;
mod private_file;
mod rotate;
pub mod rotation_lock;
mod snapshot;
mod virtual_key;
mod write;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use uuid::Uuid;

use self::api_key::{ApiKey, Defaults, Hasher};
use self::credentials::ProviderCredentials;
use self::envelope::Place;
pub use self::error::Error;
use self::mark::Mark;
use self::master_key::MasterKeys;
pub use self::rotate::Rotated;
pub use self::snapshot::{FRESH_FOR, Snapshot};
pub use self::virtual_key::{Status, VirtualKey, matches};
pub use self::write::{NewApiKey, NewVirtualKey};
use crate::store::{Store, VAULT_ID};

/// Where the sealed key of the hashes lies. It opens with the right master key
/// only, so that a wrong one is found when the vault is opened.
const HASH_KEY: &str = "api_key_hash_key";
const HASH_KEY_PLACE: Place<'_> = Place { table: "vault_values", id: HASH_KEY, field: "value" };

/// The open vault.
#[derive(Debug)]
pub struct Vault {
    store: Store,
    masters: MasterKeys,
    hasher: Hasher,
    snapshot: ArcSwap<Snapshot>,
    opened: Instant,
    /// When the snapshot was last known to hold: milliseconds after `opened`.
    known_to_hold: AtomicU64,
    /// How often the database could not be read, and why the last time.
    failures: StdMutex<(u64, Option<Arc<Error>>)>,
    /// Which vault it is, as the database says too.
    vault_id: String,
    mark: Mark,
    /// Whether there ever were gateway keys.
    had_keys: AtomicBool,
    /// Held by the one request that asks the database.
    asking: Mutex<()>,
}

impl Vault {
    /// Opens the vault in a data directory, and makes one where there never was one.
    ///
    /// # Errors
    /// The master key is not the one that the vault was sealed with or cannot be used,
    /// or the database cannot, or it does not match the mark beside it.
    pub async fn open(directory: &Path, masters: MasterKeys) -> Result<Self, Error> {
        let mark = Mark::read(directory, &masters).await?;
        let store = mark.open_store(directory).await?;
        let sealed = match store.value(HASH_KEY).await? {
            Some(sealed) => sealed,
            None => {
                let key = envelope::random_key();
                let sealed = envelope::seal(&masters, HASH_KEY_PLACE, key.as_slice()).await?;
                store.add_value(HASH_KEY, &sealed).await?;
                // Another process may have been first.
                store.value(HASH_KEY).await?.unwrap_or(sealed)
            }
        };
        let key = envelope::open(&masters, HASH_KEY_PLACE, &sealed).await?;
        let key = <[u8; 32]>::try_from(key.as_slice());
        let key = key.map_err(|_| Error::Broken { place: HASH_KEY_PLACE.to_string() })?;
        let vault_id = vault_id(&store).await?;
        let had_keys = mark.content().await.is_some_and(|content| content.had_keys);
        let vault = Self {
            store,
            masters,
            hasher: Hasher::new(key.into()),
            snapshot: ArcSwap::from_pointee(Snapshot::unread()),
            opened: Instant::now(),
            known_to_hold: AtomicU64::new(0),
            failures: StdMutex::default(),
            vault_id,
            mark,
            had_keys: AtomicBool::new(had_keys),
            asking: Mutex::new(()),
        };
        vault.look().await?;
        vault.check_opening()?;
        // A vault of an earlier version has none yet.
        vault.keep_mark().await;
        Ok(vault)
    }

    /// What there is, as it was at most [`FRESH_FOR`] before `now`.
    ///
    /// # Errors
    /// The database cannot be read: then nobody can say what still holds.
    pub async fn snapshot(&self, now: Instant) -> Result<Arc<Snapshot>, Error> {
        if !self.is_fresh(now) {
            let (failures, _) = self.failures();
            let _turn = self.asking.lock().await;
            // Another request may have had its turn before.
            if !self.is_fresh(now) {
                if let (now, Some(error)) = self.failures()
                    && now != failures
                {
                    // So would this one, after as long a wait.
                    return Err(Error::Unreadable(error));
                }
                self.look().await?;
            }
        }
        Ok(self.snapshot.load_full())
    }

    /// The store below.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether there ever were gateway keys, also if none is left: such a gateway must
    /// not serve unknown callers.
    #[must_use]
    pub fn had_keys(&self) -> bool {
        self.had_keys.load(Ordering::Acquire)
    }

    /// The gateway key that a caller presents, whatever its status.
    #[must_use]
    pub fn presented<'a>(&self, snapshot: &'a Snapshot, key: &str) -> Option<&'a Arc<ApiKey>> {
        snapshot.presented(key, &self.hasher)
    }

    /// What a virtual key opens.
    ///
    /// # Errors
    /// It does not open, or KMS could not be reached.
    pub async fn credentials(&self, key: &VirtualKey) -> Result<Arc<ProviderCredentials>, Error> {
        key.open(&self.masters).await
    }

    /// What requests with a gateway key get.
    ///
    /// # Errors
    /// They do not open, or KMS could not be reached.
    pub async fn defaults(&self, key: &ApiKey) -> Result<Arc<Defaults>, Error> {
        key.defaults(&self.masters).await
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let known = self.known_to_hold.load(Ordering::Acquire);
        let age = self.milliseconds(now).checked_sub(known);
        age.is_none_or(|age| u128::from(age) < FRESH_FOR.as_millis())
    }

    fn milliseconds(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }

    fn failures(&self) -> (u64, Option<Arc<Error>>) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the database, and reads it anew if it has changed.
    async fn look(&self) -> Result<(), Error> {
        self.read().await.map_err(|error| {
            let error = Arc::new(error);
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            *failures = (failures.0 + 1, Some(Arc::clone(&error)));
            Error::Shared(error)
        })
    }

    async fn read(&self) -> Result<(), Error> {
        let asked = self.milliseconds(Instant::now());
        let identity = self.store.identity().await?;
        let (revision, known) = (identity.revision, self.snapshot.load_full());
        // New connections open whatever lies at the database's path.
        if identity.vault_id.as_ref() != Some(&self.vault_id) || revision < known.revision {
            return Err(Error::Replaced { path: self.store.file().to_owned() });
        }
        if revision != known.revision {
            // What changes between these reads has a higher revision, and is read again.
            let virtual_keys = self.store.virtual_keys().await?;
            let api_keys = self.store.api_keys().await?;
            if !api_keys.is_empty() {
                self.had_keys.store(true, Ordering::Release);
            }
            let snapshot = Snapshot::new(revision, virtual_keys, api_keys, &known);
            self.snapshot.store(Arc::new(snapshot));
        }
        self.known_to_hold.store(asked, Ordering::Release);
        Ok(())
    }

    /// Looks after a change of one's own, so that it holds at once.
    async fn changed(&self) -> Result<(), Error> {
        let turn = self.asking.lock().await;
        self.look().await?;
        // Requests need not wait for the mark.
        drop(turn);
        self.keep_mark().await;
        Ok(())
    }
}

/// Whether a data directory has a vault, or had one.
#[must_use]
pub fn exists(directory: &Path) -> bool {
    Store::exists(directory) || mark::exists(directory)
}

/// Which vault a database holds: it gets a random id when it is first opened.
async fn vault_id(store: &Store) -> Result<String, Error> {
    if let Some(vault_id) = store.value(VAULT_ID).await? {
        return Ok(vault_id);
    }
    store.add_value(VAULT_ID, &Uuid::new_v4().to_string()).await?;
    // Another process may have been first.
    let vault_id = store.value(VAULT_ID).await?;
    vault_id.ok_or_else(|| Error::Replaced { path: store.file().to_owned() })
}

#[cfg(test)]
mod tests;
