//! Tells a test what arrived at the emulator and how each request ended.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::mpsc;

use super::auth::Caller;

/// A request the emulator received, and what became of it.
///
/// Sent once for every request when it is over; a request that `emulator.hang`
/// holds is reported a first time as [`Outcome::Held`]. When the channel is full
/// reports are dropped: the emulator never waits for an observer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Observed {
    /// The `x-amzn-requestid` of the answer.
    pub request_id: String,
    /// The operation, as a command line spells it: `converse`, `converse-stream`,
    /// `get-inference-profile`, `assume-role`, `assume-role-with-web-identity`,
    /// `get-caller-identity`, `generate-data-key`,
    /// `generate-data-key-without-plaintext`, `encrypt`, `decrypt`, `re-encrypt`,
    /// `describe-key`; or the path when it is none of these.
    pub operation: String,
    /// Id of the model or the profile, decoded; empty when the operation is for none.
    pub model_id: String,
    /// ARN of the user or the assumed role that called; `None` as long as nobody
    /// has proved who they are.
    pub caller: Option<String>,
    /// Every header as it arrived, secrets included.
    pub headers: HeaderMap,
    /// The body as it arrived.
    pub body: Bytes,
    /// How the request ended.
    pub outcome: Outcome,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// One whole answer was handed to the connection.
    Answered {
        /// HTTP status of the answer.
        status: u16,
    },
    /// A stream was sent to its end.
    StreamEnded {
        /// Writes that were made; frames, unless the model splits or merges.
        frames_sent: usize,
    },
    /// The emulator cut the connection, as the model id asked for.
    Cut {
        /// Writes that were made before.
        frames_sent: usize,
    },
    /// `emulator.hang` holds the request; another report follows.
    Held,
    /// The client went away before the end.
    ClientLeft {
        /// Writes that were made before.
        frames_sent: usize,
    },
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("Observed")
            .field("request_id", &self.request_id)
            .field("operation", &self.operation)
            .field("model_id", &self.model_id)
            .field("caller", &self.caller)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .field("outcome", &self.outcome)
            .finish()
    }
}

/// Reports one request; when it is dropped unfinished, the client left.
pub(super) struct Watch {
    observer: Option<mpsc::Sender<Observed>>,
    request: Option<Observed>,
    frames_sent: AtomicUsize,
}

impl Watch {
    pub(super) fn new(observer: Option<mpsc::Sender<Observed>>, request: Observed) -> Self {
        Self { observer, request: Some(request), frames_sent: AtomicUsize::new(0) }
    }

    /// The body has arrived.
    pub(super) fn received(&mut self, body: Bytes) {
        if let Some(request) = &mut self.request {
            request.body = body;
        }
    }

    /// The operation is known; the path did not say it.
    pub(super) fn named(&mut self, operation: &str) {
        if let Some(request) = &mut self.request {
            operation.clone_into(&mut request.operation);
        }
    }

    /// The caller is known.
    pub(super) fn known(&mut self, caller: &Caller) {
        if let Some(request) = &mut self.request {
            request.caller = Some(caller.principal.arn());
        }
    }

    /// A write was handed to the connection.
    pub(super) fn sent(&self) {
        self.frames_sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn frames_sent(&self) -> usize {
        self.frames_sent.load(Ordering::Relaxed)
    }

    /// Reports something that is not the end.
    pub(super) fn note(&self, outcome: Outcome) {
        if let (Some(observer), Some(request)) = (&self.observer, &self.request) {
            let _ = observer.try_send(Observed { outcome, ..request.clone() });
        }
    }

    /// Reports the end.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        if let (Some(observer), Some(request)) = (&self.observer, self.request.take()) {
            let _ = observer.try_send(Observed { outcome, ..request });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let frames_sent = self.frames_sent();
        self.finish(Outcome::ClientLeft { frames_sent });
    }
}
