//! Remembers tokens that were verified, so that the next request with one costs
//! no signature check.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use moka::Expiry;
use moka::future::Cache;
use sha2::{Digest as _, Sha256};

use super::claims::{Identity, LEEWAY};
use super::key_set::Key;

/// What the cache may hold, in bytes of the tokens that it remembers: some tens of
/// thousands of common size. What is kept of each is about as long.
const MAX_CACHED_BYTES: u64 = 32 * 1024 * 1024;
/// What an entry takes besides, in bytes.
const ENTRY_BYTES: usize = 512;

/// SHA-256 of a token: the token itself is not kept.
pub(super) type Fingerprint = [u8; 32];

/// Tokens that were verified.
pub(super) struct Verified(Cache<Fingerprint, Entry>);

/// What is remembered of a token.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) identity: Arc<Identity>,
    /// The key that signed it, on which the entry stands.
    pub(super) key: Arc<Key>,
    weight: u32,
    /// How long the token is good from when it was verified.
    lives: Duration,
}

impl Verified {
    pub(super) fn new() -> Self {
        let cache = Cache::builder().max_capacity(MAX_CACHED_BYTES);
        let cache = cache.weigher(|_, entry: &Entry| entry.weight).expire_after(WithItsToken);
        Self(cache.build())
    }

    pub(super) fn fingerprint(token: &str) -> Fingerprint {
        Sha256::digest(token).into()
    }

    /// What is remembered. It may be over, or its key withdrawn: that is for the
    /// caller to look at.
    pub(super) async fn get(&self, fingerprint: &Fingerprint) -> Option<Entry> {
        self.0.get(fingerprint).await
    }

    pub(super) async fn insert(
        &self,
        token: &str,
        fingerprint: Fingerprint,
        (identity, key): (Arc<Identity>, Arc<Key>),
        now: SystemTime,
    ) {
        let weight = u32::try_from(token.len() + ENTRY_BYTES).unwrap_or(u32::MAX);
        let lives = identity.expires_at.duration_since(now).unwrap_or_default();
        let lives = lives.saturating_add(LEEWAY);
        self.0.insert(fingerprint, Entry { identity, key, weight, lives }).await;
    }

    pub(super) async fn remove(&self, fingerprint: &Fingerprint) {
        self.0.invalidate(fingerprint).await;
    }
}

/// Frees the room of an entry when its token is over. Whether it is over is
/// decided by the caller's clock, not by this.
struct WithItsToken;

impl Expiry<Fingerprint, Entry> for WithItsToken {
    fn expire_after_create(&self, _: &Fingerprint, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.lives)
    }

    fn expire_after_update(
        &self,
        _: &Fingerprint,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lives)
    }
}
