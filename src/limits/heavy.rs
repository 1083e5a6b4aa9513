//! Work on large bodies, away from the threads that serve everybody.

use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

/// Bodies of more bytes are worked on aside: that takes a millisecond or more, which is
/// long for all requests that share the thread.
const LARGE_BODY_BYTES: usize = 128 * 1024;

/// Runs work on bodies: small ones where it is asked for, large ones on threads of their
/// own, one for each core at most, which also bounds what they take while they are read.
#[derive(Debug)]
pub struct HeavyWork {
    places: Semaphore,
}

impl Default for HeavyWork {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { places: Semaphore::new(cores) }
    }
}

impl HeavyWork {
    /// Runs work on a body of so many bytes.
    pub async fn run<T>(&self, body_bytes: usize, work: impl FnOnce() -> T) -> T {
        if body_bytes <= LARGE_BODY_BYTES {
            return work();
        }
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread => block_in_place(work),
            // There is no other thread that could take over meanwhile.
            _ => work(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn other_tasks_go_on_while_a_large_body_is_worked_on() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
        let (answered, other_has_answered) = channel();
        runtime.unwrap().block_on(async {
            let heavy = Arc::new(HeavyWork::default());
            let working = tokio::spawn(async move {
                // Ends only once the other task, which has no thread but this one, has run.
                heavy.run(LARGE_BODY_BYTES + 1, move || other_has_answered.recv().is_ok()).await
            });
            tokio::spawn(async move { answered.send(()) }).await.unwrap().unwrap();
            assert!(working.await.unwrap());
        });
    }

    #[tokio::test]
    async fn small_bodies_and_runtimes_of_one_thread_need_no_other() {
        let heavy = HeavyWork::default();
        for bytes in [0, LARGE_BODY_BYTES, LARGE_BODY_BYTES + 1] {
            assert_eq!(heavy.run(bytes, || bytes).await, bytes);
        }
    }
}
