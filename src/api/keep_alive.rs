//! Signs of life in a stream that has nothing to say.
//!
//! Proxies and clients take a connection on which nothing comes for a minute for
//! dead, while a model may think for several. A comment is what server-sent
//! events have for this; clients pass it over. It also shows whether a client that
//! has closed its sending side is still there.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::serve::Exchange;

/// A line that means nothing, and the end of its item.
pub(super) const COMMENT: &[u8] = b": keep-alive\n\n";

/// The interval for a client that has closed its sending side: if it is gone, the system answers
/// the comment with a reset, and the call of the model ends.
const HALF_CLOSED_INTERVAL: Duration = Duration::from_secs(1);

/// Measures for how long nothing was sent.
pub(super) struct KeepAlive {
    /// `None` for no comments.
    interval: Option<Duration>,
    exchange: Option<Exchange>,
    timer: Pin<Box<Sleep>>,
    /// The interval that the timer is set for.
    set_for: Option<Duration>,
}

impl KeepAlive {
    pub(super) fn new(interval: Option<Duration>) -> Self {
        let timer = Box::pin(sleep(HALF_CLOSED_INTERVAL));
        Self { interval, exchange: None, timer, set_for: None }
    }

    /// The answer has begun, so that only comments can still show whether the client is there.
    pub(super) fn begun(&mut self, exchange: Option<Exchange>) {
        self.exchange = exchange;
    }

    /// Something is sent. Costs no more than a flag, since it is called for each
    /// piece.
    pub(super) fn sent(&mut self) {
        self.set_for = None;
    }

    /// Whether a comment is due. Call it when there is nothing to send.
    pub(super) fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(interval) = self.interval_now() else { return false };
        if self.set_for != Some(interval) {
            // An interval that no clock can tell is none.
            let Some(end) = Instant::now().checked_add(interval) else { return false };
            self.timer.as_mut().reset(end);
            self.set_for = Some(interval);
        }
        matches!(self.timer.as_mut().poll(cx), Poll::Ready(()))
    }

    fn interval_now(&self) -> Option<Duration> {
        if self.exchange.as_ref().is_some_and(Exchange::is_half_closed) {
            let usual = self.interval.unwrap_or(HALF_CLOSED_INTERVAL);
            return Some(usual.min(HALF_CLOSED_INTERVAL));
        }
        self.interval
    }
}
