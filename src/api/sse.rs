//! The body of a streamed answer: Bedrock's events in, server-sent events out.
//!
//! The call is part of the body, so that a client can be told that it is waited
//! for before Bedrock has said anything.
//!
//! It reads from Bedrock only when the client takes what is there, so a slow
//! client slows the model's stream and costs no memory; dropping it, as the
//! server does when the client leaves, closes the connection to Bedrock.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use http_body::Frame;
use serde::Serialize;
use tokio::time::Sleep;

use super::error::ApiError;
use super::keep_alive::{COMMENT, KeepAlive};
use super::serve::Exchange;
use crate::bedrock::response::TokenUsage;
use crate::bedrock::stream::StreamEvent;
use crate::openai::chat::Chunk;
use crate::routing::dispatch::Events;
use crate::telemetry::AccessRecord;
use crate::translate::chat::ChatStream;

/// When this much is ready, it is handed on, even if more could be read without
/// waiting: a bound on memory, and on how long one stream keeps a thread.
const MAX_BATCH_BYTES: usize = 16 * 1024;

/// How many events one poll takes: those that give the client nothing do not fill a batch, and an
/// upstream that sends nothing else must not keep a thread.
const MAX_EVENTS_PER_POLL: usize = 1024;

/// The task that reads the connection hands over one piece at a time. As long as
/// more comes without waiting, it goes out together, which saves a system call
/// per event; after so many polls that brought nothing more, what is there goes
/// out. Two, because the server asks twice each time it is woken.
const ENOUGH_POLLS_IN_VAIN: u8 = 2;

const DONE: &[u8] = b"data: [DONE]\n\n";

/// The time that a caller gave, and how much of it is left.
pub(super) struct Deadline {
    pub(super) timeout: Duration,
    pub(super) left: Pin<Box<Sleep>>,
}

/// A streamed answer.
pub(super) struct SseBody {
    events: Events,
    stream: ChatStream,
    deadline: Option<Deadline>,
    keep_alive: KeepAlive,
    exchange: Option<Exchange>,
    strict: bool,
    record: AccessRecord,
    out: BytesMut,
    polls_in_vain: u8,
    begun: bool,
    ended: bool,
}

impl SseBody {
    pub(super) fn new(
        events: Events,
        stream: ChatStream,
        deadline: Option<Deadline>,
        keep_alive: Option<Duration>,
        strict: bool,
        record: AccessRecord,
        exchange: Option<Exchange>,
    ) -> Self {
        Self {
            events,
            stream,
            deadline,
            keep_alive: KeepAlive::new(keep_alive),
            exchange,
            strict,
            record,
            out: BytesMut::new(),
            polls_in_vain: 0,
            begun: false,
            ended: false,
        }
    }

    /// Begins the call and waits for its first event, but no longer than a client
    /// may be left without a word. An error so far has a status of its own; once
    /// this has returned, the answer is a 200 and errors are told in band.
    pub(super) async fn begin(&mut self) -> Result<(), ApiError> {
        poll_fn(|cx| self.poll_begin(cx)).await?;
        self.keep_alive.begun(self.exchange.take());
        Ok(())
    }

    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        match self.events.poll_next(cx) {
            Poll::Ready(Ok(Some(event))) => self.push(&event),
            Poll::Ready(Ok(None)) => self.end(),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
            Poll::Pending => {
                if let Some(timeout) = self.poll_deadline(cx) {
                    return Poll::Ready(Err(ApiError::request_timeout(timeout)));
                }
                if !self.needs_comment(cx) {
                    return Poll::Pending;
                }
                self.out.put_slice(COMMENT);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// AWS's id of the request, if AWS has answered.
    pub(super) fn request_id(&self) -> Option<&str> {
        self.events.request_id()
    }

    fn push(&mut self, event: &StreamEvent) {
        if !self.begun {
            self.begun = true;
            self.record.upstream_request_id(self.events.request_id());
        }
        let out = &mut self.out;
        self.stream.push(event, &mut |chunk: &Chunk<'_>| write(out, chunk));
        if let StreamEvent::Metadata(metadata) = event {
            note_usage(&self.record, metadata.usage.as_ref());
        }
    }

    /// Bedrock's stream is over, in good order as far as the connection goes.
    fn end(&mut self) {
        let out = &mut self.out;
        match self.stream.end(&mut |chunk: &Chunk<'_>| write(out, chunk)) {
            Ok(()) => {
                self.out.put_slice(DONE);
                self.ended = true;
            }
            Err(fault) => self.fail(fault.into()),
        }
    }

    /// Tells the client in band: it is too late for a status. Neither a finish
    /// reason nor `[DONE]` follows, so that nobody takes the answer for whole.
    fn fail(&mut self, error: ApiError) {
        let error = error.of_provider(self.strict).noted(&self.record);
        write(&mut self.out, &error.into_body());
        self.ended = true;
    }

    /// The time that the caller gave, if it is over.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Option<Duration> {
        let deadline = self.deadline.as_mut()?;
        deadline.left.as_mut().poll(cx).is_ready().then_some(deadline.timeout)
    }

    fn needs_comment(&mut self, cx: &mut Context<'_>) -> bool {
        self.keep_alive.is_due(cx)
    }

    fn take(&mut self) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.keep_alive.sent();
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.out).freeze()))))
    }
}

impl http_body::Body for SseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.ended && this.out.is_empty() {
            return Poll::Ready(None);
        }
        if !this.ended
            && let Some(timeout) = this.poll_deadline(cx)
        {
            this.fail(ApiError::request_timeout(timeout));
        }
        let ready_before = this.out.len();
        let mut events_left = MAX_EVENTS_PER_POLL;
        while !this.ended && this.out.len() < MAX_BATCH_BYTES {
            let next = if events_left > 0 {
                events_left -= 1;
                this.events.poll_next(cx)
            } else {
                cx.waker().wake_by_ref();
                Poll::Pending
            };
            match next {
                Poll::Ready(Ok(Some(event))) => this.push(&event),
                Poll::Ready(Ok(None)) => this.end(),
                Poll::Ready(Err(error)) => this.fail(error.into()),
                Poll::Pending if this.out.is_empty() => {
                    if !this.needs_comment(cx) {
                        return Poll::Pending;
                    }
                    this.out.put_slice(COMMENT);
                    break;
                }
                Poll::Pending => {
                    this.polls_in_vain =
                        if this.out.len() > ready_before { 0 } else { this.polls_in_vain + 1 };
                    if this.polls_in_vain < ENOUGH_POLLS_IN_VAIN {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    break;
                }
            }
        }
        this.polls_in_vain = 0;
        this.take()
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.out.is_empty()
    }
}

impl IntoResponse for SseBody {
    fn into_response(self) -> Response {
        const HEADERS: [(HeaderName, HeaderValue); 3] = [
            (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            // Proxies of the nginx kind would hold pieces back otherwise.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        (HEADERS, Body::new(self)).into_response()
    }
}

/// Notes the token counts in the access line; cached tokens were read too.
pub(super) fn note_usage(record: &AccessRecord, usage: Option<&TokenUsage>) {
    if let Some(usage) = usage {
        record.tokens(usage.all_input_tokens(), usage.output_tokens);
    }
}

/// Writes one item. Nothing that is written here can fail to be JSON.
fn write(out: &mut BytesMut, item: &impl Serialize) {
    out.put_slice(b"data: ");
    let written = serde_json::to_writer(out.writer(), item);
    debug_assert!(written.is_ok(), "{written:?}");
    out.put_slice(b"\n\n");
}
