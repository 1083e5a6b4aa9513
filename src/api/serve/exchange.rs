//! What the bytes of a connection and its requests need to know of each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::http::Version;

/// The state of one connection; cheap to clone. Requests have it among their extensions.
///
/// Everything that uses it runs in the connection's task, so that no ordering is needed.
#[derive(Debug, Clone, Default)]
pub(in crate::api) struct Exchange(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Counts twice a request: when it is handed over, and when the head of its answer is known.
    turns: AtomicU32,
    may_send_interim: AtomicBool,
    is_half_closed: AtomicBool,
}

impl Exchange {
    /// A request is handed over.
    pub(super) fn begin(&self, version: Version) {
        self.0.turns.fetch_add(1, Ordering::Relaxed);
        // HTTP/1.0 has no interim responses.
        self.0.may_send_interim.store(version == Version::HTTP_11, Ordering::Relaxed);
    }

    /// The head of its answer is known.
    pub(super) fn answered(&self) {
        self.0.turns.fetch_add(1, Ordering::Relaxed);
        self.0.may_send_interim.store(false, Ordering::Relaxed);
    }

    /// Changes with each request and each answer.
    pub(super) fn turn(&self) -> u32 {
        self.0.turns.load(Ordering::Relaxed)
    }

    /// Whether a request awaits the head of its answer.
    pub(super) fn awaits_answer(&self) -> bool {
        self.turn() % 2 == 1
    }

    /// Whether an interim response may be sent: an HTTP/1.1 request awaits its answer.
    pub(super) fn may_send_interim(&self) -> bool {
        self.0.may_send_interim.load(Ordering::Relaxed)
    }

    /// The client will send nothing more: it waits for its answer only, or is gone.
    pub(super) fn half_closed(&self) {
        self.0.is_half_closed.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(in crate::api) fn is_half_closed(&self) -> bool {
        self.0.is_half_closed.load(Ordering::Relaxed)
    }
}
