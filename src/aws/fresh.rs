//! Temporary credentials that are kept fresh.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use tokio::sync::Mutex as AsyncMutex;

/// How long before their expiry credentials are replaced: longer than the clocks
/// of two machines differ, shorter than the shortest session (15 minutes). Half of
/// their time for those that live shorter.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// How long a failure is remembered, so that requests that come together do not
/// wait for one attempt each.
const FAILURE_MEMORY: Duration = Duration::from_secs(2);

/// What a source of credentials last said. Asked by one request at a time.
#[derive(Debug)]
pub(super) struct Fresh<E> {
    known: Mutex<Known<E>>,
    /// Held by the one request that asks.
    asking: AsyncMutex<()>,
}

#[derive(Debug)]
struct Known<E> {
    /// How many times the source was asked, to the end.
    attempts: u64,
    /// With the time when they are due to be replaced.
    credentials: Option<(Credentials, Option<SystemTime>)>,
    failure: Option<(SystemTime, E)>,
}

impl<E> Default for Fresh<E> {
    fn default() -> Self {
        let known = Mutex::new(Known { attempts: 0, credentials: None, failure: None });
        Self { known, asking: AsyncMutex::new(()) }
    }
}

impl<E: Clone> Fresh<E> {
    /// Credentials that are valid at `now`. Those that are about to expire are asked
    /// for anew by one request; the others use what is known.
    ///
    /// # Errors
    /// There are none, and asking fails.
    pub(super) async fn credentials(
        &self,
        now: SystemTime,
        ask: impl Future<Output = Result<Credentials, E>>,
    ) -> Result<Credentials, E> {
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let attempts = self.known().attempts;
        let _turn = match self.valid(now) {
            None => self.asking.lock().await,
            Some(valid) => match self.asking.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(valid),
            },
        };
        // Another request may have had its turn before.
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let failure = match self.recent_failure(now, attempts) {
            Some(failure) => failure,
            None => {
                let begun = Instant::now();
                let asked = ask.await;
                // Requests that come later count from the end of an attempt that took long.
                let ended = now + begun.elapsed();
                let mut known = self.known();
                known.attempts += 1;
                match asked {
                    Ok(found) => {
                        let due = found.expiry().map(|expiry| replacement_time(now, expiry));
                        known.credentials = Some((found.clone(), due));
                        known.failure = None;
                        return Ok(found);
                    }
                    Err(failure) => {
                        known.failure = Some((ended, failure.clone()));
                        failure
                    }
                }
            }
        };
        self.valid(now).ok_or(failure)
    }

    /// Forgets credentials that were refused, unless others have taken their place.
    pub(super) fn forget(&self, refused: &Credentials) {
        let mut known = self.known();
        let is_known = |(known, _): &(Credentials, _)| {
            known.access_key_id() == refused.access_key_id()
                && known.session_token() == refused.session_token()
        };
        if known.credentials.as_ref().is_some_and(is_known) {
            known.credentials = None;
        }
    }

    fn fresh(&self, now: SystemTime) -> Option<Credentials> {
        let known = self.known();
        let (credentials, due) = known.credentials.as_ref()?;
        due.is_none_or(|due| now < due).then(|| credentials.clone())
    }

    fn valid(&self, now: SystemTime) -> Option<Credentials> {
        let known = self.known();
        let (credentials, _) = known.credentials.as_ref()?;
        credentials.expiry().is_none_or(|expiry| now < expiry).then(|| credentials.clone())
    }

    /// A failure of a moment ago, or of an attempt that this request has waited for: it
    /// takes what that came to, since many that each made their own would wait for all
    /// before them. `attempts` is how many there were when it began to wait.
    fn recent_failure(&self, now: SystemTime, attempts: u64) -> Option<E> {
        let known = self.known();
        let (at, failure) = known.failure.as_ref()?;
        let has_waited = known.attempts != attempts;
        (has_waited || now < *at + FAILURE_MEMORY).then(|| failure.clone())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known<E>> {
        // What is known stays known after a panic elsewhere.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replacement_time(now: SystemTime, expiry: SystemTime) -> SystemTime {
    let lifetime = expiry.duration_since(now).unwrap_or_default();
    expiry.checked_sub(REFRESH_BEFORE_EXPIRY.min(lifetime / 2)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers each call with the next of these: seconds of validity, or a failure.
    #[derive(Debug, Default)]
    struct Script {
        answers: Vec<Option<u64>>,
        calls: AtomicUsize,
        fresh: Fresh<()>,
    }

    impl Script {
        fn new(answers: &[Option<u64>]) -> Self {
            Self { answers: answers.to_vec(), ..Self::default() }
        }

        async fn answer(&self, now: SystemTime) -> Result<Credentials, ()> {
            tokio::task::yield_now().await;
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let valid = self.answers.get(call).copied().flatten().ok_or(())?;
            let expiry = Some(now + Duration::from_secs(valid));
            Ok(Credentials::new(format!("AKID{call}"), "secret", None, expiry, "test"))
        }

        /// The id of the key at so many seconds.
        async fn id_at(&self, seconds: u64) -> Option<String> {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
            let found = self.fresh.credentials(now, self.answer(now)).await;
            found.ok().map(|found| found.access_key_id().to_owned())
        }
    }

    #[tokio::test]
    async fn credentials_are_kept_and_replaced_ahead_of_their_expiry() {
        let script = Script::new(&[Some(1000), Some(2000)]);
        assert_eq!(script.id_at(0).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(699).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(700).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn those_that_live_shortly_are_used_for_half_of_it() {
        let script = Script::new(&[Some(10), Some(10)]);
        assert_eq!(script.id_at(0).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(4).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(5).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn requests_that_wait_for_a_failure_do_not_try_again_each() {
        let script = Script::new(&[]);
        let ids = futures_util::future::join_all((0..100).map(|_| script.id_at(0))).await;
        assert!(ids.iter().all(Option::is_none));
        assert_eq!(script.calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_refused_is_asked_for_anew_once() {
        let script = Script::new(&[Some(1000), Some(1000)]);
        assert_eq!(script.id_at(0).await.as_deref(), Some("AKID0"));
        let refused = Credentials::new("AKID0", "secret", None, None, "test");
        script.fresh.forget(&refused);
        assert_eq!(script.id_at(1).await.as_deref(), Some("AKID1"));
        // Requests that were under way bring the same news later.
        script.fresh.forget(&refused);
        assert_eq!(script.id_at(2).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn what_is_still_valid_outlives_a_failure() {
        let script = Script::new(&[Some(1000), None, None]);
        assert_eq!(script.id_at(0).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(800).await.as_deref(), Some("AKID0"));
        assert_eq!(script.id_at(1000).await, None);
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_a_moment() {
        let script = Script::new(&[None, Some(5000)]);
        assert_eq!(script.id_at(0).await, None);
        assert_eq!(script.id_at(1).await, None);
        assert_eq!(script.id_at(3).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn requests_that_come_together_ask_once() {
        let script = Script::new(&[Some(1000)]);
        let ids = futures_util::future::join_all((0..100).map(|_| script.id_at(0))).await;
        assert!(ids.iter().all(|id| id.as_deref() == Some("AKID0")));
    }
}
