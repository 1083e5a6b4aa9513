//! Something that is opened once, by one of those who need it.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::error::Error;

/// Something that opens when it is first needed. If that fails, it is tried again by
/// those who come later; those who waited take the failure, since many that each tried
/// would wait for all before them.
#[derive(Debug)]
pub(super) struct Once<T> {
    opened: OnceLock<Arc<T>>,
    /// How often it failed, and how the last time.
    failed: Mutex<(u64, Option<Arc<Error>>)>,
    /// Held by the one who opens.
    opening: AsyncMutex<()>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        let failed = Mutex::new((0, None));
        Self { opened: OnceLock::new(), failed, opening: AsyncMutex::new(()) }
    }
}

impl<T> Once<T> {
    /// What there is, opened by `open` if it is not.
    pub(super) async fn get(
        &self,
        open: impl Future<Output = Result<T, Error>>,
    ) -> Result<Arc<T>, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        let (failures, _) = self.failed();
        let _turn = self.opening.lock().await;
        if let Some(opened) = self.opened.get() {
            return Ok(Arc::clone(opened));
        }
        if let (now, Some(failure)) = self.failed()
            && now != failures
        {
            return Err(Error::Shared(failure));
        }
        match open.await {
            Ok(opened) => Ok(Arc::clone(self.opened.get_or_init(|| Arc::new(opened)))),
            Err(error) => {
                let error = Arc::new(error);
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                *failed = (failed.0 + 1, Some(Arc::clone(&error)));
                Err(Error::Shared(error))
            }
        }
    }

    fn failed(&self) -> (u64, Option<Arc<Error>>) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_hundred_who_wait_share_what_one_comes_to() {
        let (once, calls) = (Once::default(), AtomicUsize::new(0));
        let open = |result: Result<u8, Error>| {
            let calls = &calls;
            async move {
                tokio::task::yield_now().await;
                calls.fetch_add(1, Ordering::Relaxed);
                result
            }
        };
        let fail = || once.get(open(Err(Error::NoMasterKey)));
        let all = futures_util::future::join_all((0..100).map(|_| fail())).await;
        assert!(all.iter().all(Result::is_err));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        let succeed = || once.get(open(Ok(7)));
        let all = futures_util::future::join_all((0..100).map(|_| succeed())).await;
        assert!(all.iter().all(|opened| opened.as_ref().is_ok_and(|opened| **opened == 7)));
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
