//! All virtual keys and gateway keys as they are at one moment, in memory.
//!
//! A request then costs two look-ups in maps, whether what it names is there or
//! not; what is sealed is opened when it is first used. The database is asked
//! whether anything has changed when a request comes and that was last asked more
//! than [`FRESH_FOR`] ago, so a gateway without requests does nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::api_key::{ApiKey, Hash, Hasher};
use super::virtual_key::VirtualKey;
use crate::store::{ApiKeyRow, VirtualKeyRow};

/// How long a snapshot is used without asking whether it still holds. A command
/// that takes a key back waits for longer than this before it says so.
pub const FRESH_FOR: Duration = Duration::from_millis(100);

/// What there is.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) revision: i64,
    virtual_keys: HashMap<String, Arc<VirtualKey>>,
    api_keys: HashMap<Hash, Arc<ApiKey>>,
    /// In the order of their making.
    listed_virtual_keys: Vec<Arc<VirtualKey>>,
    listed_api_keys: Vec<Arc<ApiKey>>,
}

impl Snapshot {
    /// Before the database was read.
    pub(super) fn unread() -> Self {
        // No revision of a database is negative.
        Self { revision: -1, ..Self::default() }
    }

    /// What was opened in `before` stays open where its row is still the same.
    pub(super) fn new(
        revision: i64,
        virtual_keys: Vec<VirtualKeyRow>,
        api_keys: Vec<ApiKeyRow>,
        before: &Self,
    ) -> Self {
        let virtual_key = |row: VirtualKeyRow| {
            let known = before.virtual_keys.get(&row.slug).filter(|known| *known.row() == row);
            known.map_or_else(|| Arc::new(VirtualKey::from_row(row)), Arc::clone)
        };
        let listed_virtual_keys: Vec<_> = virtual_keys.into_iter().map(virtual_key).collect();
        let mut by_hash = HashMap::new();
        let mut listed_api_keys = Vec::new();
        for row in api_keys {
            let Ok(hash) = Hash::try_from(row.hash.as_slice()) else { continue };
            let known = before.api_keys.get(&hash).filter(|known| *known.row() == row);
            let key = known.map_or_else(|| Arc::new(ApiKey::from_row(row)), Arc::clone);
            by_hash.insert(hash, Arc::clone(&key));
            listed_api_keys.push(key);
        }
        let by_slug = |key: &Arc<VirtualKey>| (key.row().slug.clone(), Arc::clone(key));
        Self {
            revision,
            virtual_keys: listed_virtual_keys.iter().map(by_slug).collect(),
            api_keys: by_hash,
            listed_virtual_keys,
            listed_api_keys,
        }
    }

    /// A virtual key by its slug.
    #[must_use]
    pub fn virtual_key(&self, slug: &str) -> Option<&Arc<VirtualKey>> {
        self.virtual_keys.get(slug)
    }

    /// All virtual keys, oldest first.
    #[must_use]
    pub fn virtual_keys(&self) -> &[Arc<VirtualKey>] {
        &self.listed_virtual_keys
    }

    /// All gateway keys, oldest first, revoked ones included.
    #[must_use]
    pub fn api_keys(&self) -> &[Arc<ApiKey>] {
        &self.listed_api_keys
    }

    /// A gateway key by its id.
    #[must_use]
    pub fn api_key(&self, id: &str) -> Option<&Arc<ApiKey>> {
        self.listed_api_keys.iter().find(|key| key.row().id == id)
    }

    /// The gateway key that a caller presents. How long this takes tells nothing:
    /// it is looked up by a hash that nobody outside can compute.
    pub(super) fn presented(&self, key: &str, hasher: &Hasher) -> Option<&Arc<ApiKey>> {
        let hash = hasher.hash(key);
        self.api_keys.get(&hash).filter(|known| known.is(&hash))
    }
}
