//! Signs of life in a stream that has nothing to say.
//!
//! Proxies and clients take a connection on which nothing comes for a minute for
//! dead, while a model may think for several. A comment is what server-sent
//! events have for this; clients pass it over.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A line that means nothing, and the end of its item.
pub(super) const COMMENT: &[u8] = b": keep-alive\n\n";

/// Measures for how long nothing was sent.
pub(super) struct KeepAlive {
    interval: Duration,
    timer: Pin<Box<Sleep>>,
    is_set: bool,
}

impl KeepAlive {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, timer: Box::pin(sleep(interval)), is_set: false }
    }

    /// Something is sent. Costs no more than a flag, since it is called for each
    /// piece.
    pub(super) fn sent(&mut self) {
        self.is_set = false;
    }

    /// Whether a comment is due. Call it when there is nothing to send.
    pub(super) fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.is_set {
            // An interval that no clock can tell is none.
            let Some(end) = Instant::now().checked_add(self.interval) else { return false };
            self.timer.as_mut().reset(end);
            self.is_set = true;
        }
        matches!(self.timer.as_mut().poll(cx), Poll::Ready(()))
    }
}
