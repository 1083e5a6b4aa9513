//! Keeps an issuer's keys: loads them when they are first needed, and anew when
//! they are old or a token names one that is not among them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jsonwebtoken::Algorithm;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::error::{JwtError, KeysError};
use super::key_set::{Key, KeySet, NoKey};
use super::options::JwksSource;
use crate::upstream::document::DocumentFetcher;

/// What a key set may hold, in bytes: a hundred keys with their certificates.
const MAX_KEY_SET_BYTES: usize = 256 * 1024;
/// How long one load may take: requests wait for it.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long keys are used before they are loaded anew: how long a key that the
/// issuer withdrew is still believed.
const REFRESH_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// The least time between two loads while there are keys that can be used, so
/// that tokens with invented key names, or an issuer that is down, cost little.
const MIN_RELOAD_INTERVAL: Duration = Duration::from_secs(30);
/// How long keys are used that cannot be loaded anew: over a night in which the
/// issuer is down, but not for ever.
const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a failure is remembered while there are no keys, so that requests
/// that come together do not wait for one load each.
const FAILURE_MEMORY: Duration = Duration::from_secs(2);

/// Gets a document by its URL: [`DocumentFetcher`], or what a test puts there.
pub trait FetchDocument: Send + Sync {
    /// The document at `url`, of at most `max_bytes` bytes, within `limit`.
    ///
    /// # Errors
    /// It cannot be had; the error does not tell the URL.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        max_bytes: usize,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Bytes, Box<dyn std::error::Error + Send + Sync>>>;
}

impl FetchDocument for DocumentFetcher {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        max_bytes: usize,
        limit: Duration,
    ) -> BoxFuture<'a, Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async move { Ok(self.get(url, max_bytes, limit).await?) })
    }
}

/// The keys of one issuer.
pub(super) struct KeyStore {
    source: JwksSource,
    fetcher: Box<dyn FetchDocument>,
    known: Mutex<Known>,
    /// Held by the one request that loads.
    loading: AsyncMutex<()>,
}

/// What the loads so far came to.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The keys, and when they were loaded.
    set: Option<(SystemTime, Arc<KeySet>)>,
    /// Why the last load failed, if it did.
    failure: Option<Arc<KeysError>>,
    last_load: Option<SystemTime>,
    n_loads: u64,
}

impl KeyStore {
    pub(super) fn new(source: JwksSource, fetcher: Box<dyn FetchDocument>) -> Self {
        Self { source, fetcher, known: Mutex::default(), loading: AsyncMutex::new(()) }
    }

    /// The keys that are believed at `now`. One request loads them if they are due;
    /// the others use those that are known, or wait if there are none.
    pub(super) async fn current(&self, now: SystemTime) -> Result<Arc<KeySet>, JwtError> {
        let before = self.known().clone();
        let usable = before.usable(now);
        let turn = match &usable {
            Some(set) if !before.is_due(now) => return Ok(Arc::clone(set)),
            Some(set) => match self.loading.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(Arc::clone(set)),
            },
            None if before.has_just_failed(now) => return Err(before.unavailable()),
            None => self.loading.lock().await,
        };
        let after = self.load_once(before.n_loads, now, turn).await;
        after.usable(now).ok_or_else(|| after.unavailable())
    }

    /// The key for a token that says this of itself. A name that is not known has
    /// the keys loaded anew, if that was not done a moment ago.
    pub(super) async fn key(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: SystemTime,
    ) -> Result<Arc<Key>, JwtError> {
        let mut set = self.current(now).await?;
        let mut found = set.find(kid, algorithm);
        if let Err(NoKey::Unknown) = found {
            let known = self.reloaded(now).await;
            set = known.usable(now).ok_or_else(|| known.unavailable())?;
            found = set.find(kid, algorithm);
            // The key may be one that could not be loaded.
            if found.is_err() && known.failure.is_some() {
                return Err(known.unavailable());
            }
        }
        if set.is_empty() {
            let error = KeysError::NoUsableKeys(set.n_listed);
            return Err(JwtError::KeysUnavailable(Arc::new(error)));
        }
        found.map_err(|no_key| match no_key {
            NoKey::Unknown | NoKey::Unnamed => JwtError::UnknownKey,
            NoKey::OtherAlgorithm => JwtError::UnsupportedAlgorithm,
        })
    }

    /// What is known after a load, unless the last one was a moment ago.
    async fn reloaded(&self, now: SystemTime) -> Known {
        let before = self.known().clone();
        if !before.may_reload(now) {
            return before;
        }
        let turn = self.loading.lock().await;
        self.load_once(before.n_loads, now, turn).await
    }

    /// Loads, unless somebody did who had the turn before: who waited for a load
    /// takes what it came to. `n_loads` is how many there were when waiting began.
    async fn load_once(
        &self,
        n_loads: u64,
        now: SystemTime,
        _turn: AsyncMutexGuard<'_, ()>,
    ) -> Known {
        if self.known().n_loads == n_loads {
            let loaded = self.load().await;
            let mut known = self.known();
            known.n_loads += 1;
            known.last_load = Some(now);
            match loaded {
                Ok(set) => {
                    known.set = Some((now, Arc::new(set)));
                    known.failure = None;
                }
                Err(error) => known.failure = Some(Arc::new(error)),
            }
        }
        self.known().clone()
    }

    async fn load(&self) -> Result<KeySet, KeysError> {
        let text = match &self.source {
            JwksSource::Url(url) => {
                let fetched = self.fetcher.fetch(url, MAX_KEY_SET_BYTES, LOAD_TIMEOUT).await;
                fetched.map_err(KeysError::Fetch)?
            }
            JwksSource::File(path) => read(path.clone()).await?,
        };
        KeySet::parse(&text)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is known stays known after a panic elsewhere.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The keys, if they are not too old to be believed.
    fn usable(&self, now: SystemTime) -> Option<Arc<KeySet>> {
        let (at, set) = self.set.as_ref()?;
        (apart(*at, now) < MAX_STALENESS).then(|| Arc::clone(set))
    }

    fn is_due(&self, now: SystemTime) -> bool {
        let is_old = self.set.as_ref().is_none_or(|(at, _)| apart(*at, now) >= REFRESH_INTERVAL);
        is_old && self.may_reload(now)
    }

    fn may_reload(&self, now: SystemTime) -> bool {
        self.last_load.is_none_or(|at| apart(at, now) >= MIN_RELOAD_INTERVAL)
    }

    fn has_just_failed(&self, now: SystemTime) -> bool {
        self.failure.is_some() && self.last_load.is_some_and(|at| apart(at, now) < FAILURE_MEMORY)
    }

    fn unavailable(&self) -> JwtError {
        let failure = self.failure.clone();
        JwtError::KeysUnavailable(failure.unwrap_or_else(|| Arc::new(KeysError::NotLoaded)))
    }
}

/// The time between two moments. A request may have read the clock before another
/// whose load it uses, and a clock that is set back must not stop all loads.
fn apart(one: SystemTime, other: SystemTime) -> Duration {
    other.duration_since(one).unwrap_or_else(|error| error.duration())
}

/// Reads a file on a thread that may wait.
async fn read(path: PathBuf) -> Result<Bytes, KeysError> {
    let read = timeout(LOAD_TIMEOUT, spawn_blocking(move || read_blocking(&path))).await;
    let read = read.map_err(|_| KeysError::Timeout(LOAD_TIMEOUT))?;
    read.map_err(|error| KeysError::Read(io::Error::other(error)))?
}

fn read_blocking(path: &Path) -> Result<Bytes, KeysError> {
    // Opening a pipe would wait for somebody to write.
    if !path.metadata().map_err(KeysError::Read)?.is_file() {
        return Err(KeysError::NotAFile);
    }
    let mut text = Vec::new();
    let one_more = u64::try_from(MAX_KEY_SET_BYTES + 1).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(KeysError::Read)?;
    file.take(one_more).read_to_end(&mut text).map_err(KeysError::Read)?;
    if text.len() > MAX_KEY_SET_BYTES {
        return Err(KeysError::TooLarge(MAX_KEY_SET_BYTES));
    }
    Ok(text.into())
}
