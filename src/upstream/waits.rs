//! How long a provider may keep the gateway waiting: three waits, each with a
//! bound of its own.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::error::ErrorKind;

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For a connection, name resolution and TLS included.
    pub connect: Duration,
    /// From the sending of a request until the head of its answer and, for a
    /// stream, its first event. Models think before they speak.
    pub first_byte: Duration,
    /// Between two pieces of an answer that has begun. Between two known events `first_byte` is
    /// the bound, if that is longer: pieces without such an event do not prolong it.
    pub idle: Duration,
}

/// Which wait was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// [`Waits::connect`].
    Connect,
    /// [`Waits::first_byte`].
    FirstByte,
    /// [`Waits::idle`].
    Idle,
    /// The bound between two known events.
    Event,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection to the provider was open",
            Self::FirstByte => "the provider had not begun to answer",
            Self::Idle => "the provider had stopped in the middle of its answer",
            Self::Event => "the provider had sent bytes but no further event of its answer",
        })
    }
}

impl Wait {
    /// The error that this wait ends in.
    pub(super) fn over(self, after: Duration) -> ErrorKind {
        ErrorKind::Timeout { wait: self, after }
    }
}

/// Notices that a stream is silent for too long. While something comes, it costs
/// no more than a flag: the timer is set when there is nothing to read.
pub(super) struct Silence {
    waits: Waits,
    wait: Wait,
    timer: Pin<Box<Sleep>>,
    is_set: bool,
    /// When the next known event must be there; `None` until it is waited for.
    next_event_by: Option<Instant>,
}

impl Silence {
    /// Of a stream whose request was sent at `sent`: one budget for the head of
    /// the answer and the first event.
    pub(super) fn new(waits: Waits, sent: Instant) -> Self {
        let left = waits.first_byte.saturating_sub(sent.elapsed());
        Self {
            waits,
            wait: Wait::FirstByte,
            timer: Box::pin(sleep(left)),
            is_set: true,
            next_event_by: None,
        }
    }

    /// An event is there.
    pub(super) fn begun(&mut self) {
        self.wait = Wait::Idle;
        self.is_set = false;
        self.next_event_by = None;
    }

    /// Whether an event was there.
    pub(super) fn is_begun(&self) -> bool {
        self.wait != Wait::FirstByte
    }

    /// A piece was read. It need not hold a whole event, so that the wait for the
    /// first one goes on.
    pub(super) fn heard(&mut self) {
        self.is_set &= self.wait == Wait::FirstByte;
    }

    /// Ready when the silence was too long. Call it when there is nothing to read.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ErrorKind> {
        let between_events = self.waits.first_byte.max(self.waits.idle);
        if !self.is_set {
            let now = Instant::now();
            // A wait that no clock can tell is none.
            let Some(idle_end) = now.checked_add(self.waits.idle) else { return Poll::Pending };
            if self.next_event_by.is_none() {
                self.next_event_by = now.checked_add(between_events);
            }
            let event_end = self.next_event_by.unwrap_or(idle_end);
            self.wait = if event_end < idle_end { Wait::Event } else { Wait::Idle };
            self.timer.as_mut().reset(idle_end.min(event_end));
            self.is_set = true;
        }
        ready!(self.timer.as_mut().poll(cx));
        let limit = match self.wait {
            Wait::Connect => self.waits.connect,
            Wait::FirstByte => self.waits.first_byte,
            Wait::Idle => self.waits.idle,
            Wait::Event => between_events,
        };
        Poll::Ready(self.wait.over(limit))
    }
}
