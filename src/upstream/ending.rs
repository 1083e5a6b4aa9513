//! When to stop reading a stream whose answer is complete.
//!
//! `ConverseStream` ends its answer with `messageStop` and then `metadata`. Bytes after that carry
//! nothing, but the end of the HTTP body is usually among them, and only a connection whose body
//! was read to its end can be reused. So the rest is read, within two small bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How long to wait for the end of the body once the answer is complete. The last HTTP chunk
/// follows the last event at once.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// How many bytes to read and discard meanwhile: far above the last HTTP chunk and its trailers.
const MAX_BYTES: usize = 16 * 1024;

/// What is left of both bounds.
pub(super) struct Ending {
    bytes_left: usize,
    timer: Pin<Box<Sleep>>,
}

impl Ending {
    /// The bounds, of which nothing is used yet.
    pub(super) fn new() -> Self {
        Self { bytes_left: MAX_BYTES, timer: Box::pin(sleep(MAX_WAIT)) }
    }

    /// Counts bytes that carry nothing.
    pub(super) fn discard(&mut self, n_bytes: usize) {
        self.bytes_left = self.bytes_left.saturating_sub(n_bytes);
    }

    /// Ready when either bound is reached.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.bytes_left == 0 { Poll::Ready(()) } else { self.timer.as_mut().poll(cx) }
    }
}
