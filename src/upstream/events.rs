//! A stream of events as it comes from Bedrock.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::Body;

use super::ending::Ending;
use super::error::{Error, ErrorKind, Refusal};
use super::waits::Silence;
use crate::aws::event_stream::{Decoder, Frame, FrameKind, MAX_FRAME_BYTES};
use crate::bedrock::stream::StreamEvent;

/// The most bytes of unknown events between two known ones. AWS may add kinds of events, but none
/// that fill as much as one largest frame without any text.
const MAX_UNKNOWN_BYTES: usize = MAX_FRAME_BYTES;
/// How many bytes of events without effect are passed over before other tasks get a turn: an
/// upstream that sends nothing else at full speed must not keep a thread.
const MAX_PASSED_OVER_PER_POLL: usize = 64 * 1024;
/// Header names, lengths and checksums of a frame, about; counted with the payload.
const FRAME_OVERHEAD: usize = 64;

/// Events of one `ConverseStream` call. Dropping it closes the connection.
pub struct EventStream {
    body: reqwest::Body,
    decoder: Decoder,
    silence: Silence,
    request_id: Option<String>,
    phase: Phase,
    has_metadata: bool,
    /// Bytes of unknown events since the last known one.
    unknown_bytes: usize,
}

/// How far the answer is.
enum Phase {
    /// `messageStop` is still to come.
    Answering,
    /// `messageStop` was read; only `metadata` can follow.
    Stopped,
    /// Something other than `metadata` followed `messageStop`: `metadata` may still come, but is
    /// not waited for beyond the bounds.
    Noisy(Ending),
    /// The answer is complete; only the end of the body can follow.
    Complete(Ending),
    /// Nothing more is read.
    Over,
}

impl EventStream {
    pub(super) fn new(body: reqwest::Body, silence: Silence, request_id: Option<String>) -> Self {
        Self {
            body,
            decoder: Decoder::default(),
            silence,
            request_id,
            phase: Phase::Answering,
            has_metadata: false,
            unknown_bytes: 0,
        }
    }

    /// Bedrock's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The next event; `None` when the stream has ended in good order, which
    /// does not yet mean that the answer is complete. Pending means that nothing
    /// more can be had without waiting.
    ///
    /// After the last event of an answer the stream ends even if the upstream goes on sending or
    /// keeps the connection open, which is then closed.
    ///
    /// # Errors
    /// An exception of Bedrock's, a broken connection, a broken frame, too long a
    /// silence, or an end before any event; the stream is over then.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<StreamEvent>, Error>> {
        let result = ready!(self.poll_event(cx));
        if !matches!(result, Ok(Some(_))) {
            self.phase = Phase::Over;
            // Closes a connection that was not read to its end.
            self.body = reqwest::Body::default();
        }
        Poll::Ready(result.map_err(|kind| Error { kind, request_id: self.request_id.clone() }))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<StreamEvent>, ErrorKind>> {
        let mut passed_over = 0;
        loop {
            match &mut self.phase {
                Phase::Over => return Poll::Ready(Ok(None)),
                Phase::Complete(ending) => {
                    ready!(poll_rest(ending, &mut self.body, cx));
                    return Poll::Ready(Ok(None));
                }
                Phase::Noisy(ending) => {
                    if ending.poll(cx).is_ready() {
                        return Poll::Ready(Ok(None));
                    }
                }
                Phase::Answering | Phase::Stopped => {}
            }
            if let Some(frame) = self.decoder.next_frame().map_err(ErrorKind::EventStream)? {
                if let Some(event) = self.take(&frame)? {
                    self.silence.begun();
                    return Poll::Ready(Ok(Some(event)));
                }
                passed_over += frame.payload.len() + FRAME_OVERHEAD;
                if passed_over > MAX_PASSED_OVER_PER_POLL {
                    cx.waker().wake_by_ref();
                    return self.poll_silence(cx);
                }
                continue;
            }
            let Poll::Ready(read) = Pin::new(&mut self.body).poll_frame(cx) else {
                return self.poll_silence(cx);
            };
            self.silence.heard();
            match read.transpose()? {
                Some(read) => {
                    if let Some(bytes) = read.data_ref() {
                        self.decoder.push(bytes);
                    }
                }
                None => {
                    self.decoder.end().map_err(ErrorKind::EventStream)?;
                    return Poll::Ready(if self.silence.is_begun() {
                        Ok(None)
                    } else {
                        Err(ErrorKind::EmptyStream)
                    });
                }
            }
        }
    }

    /// Fails when the upstream is silent for too long. After `messageStop` and something else it
    /// is [`Ending`] that bounds the wait.
    fn poll_silence(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<StreamEvent>, ErrorKind>> {
        match self.phase {
            Phase::Noisy(_) => Poll::Pending,
            _ => self.silence.poll(cx).map(Err),
        }
    }

    /// The event of a frame, unless it has no effect, and what it means for the rest.
    fn take(&mut self, frame: &Frame) -> Result<Option<StreamEvent>, ErrorKind> {
        let event = event(frame)?;
        let n_bytes = frame.payload.len() + FRAME_OVERHEAD;
        self.unknown_bytes = if event.is_some() { 0 } else { self.unknown_bytes + n_bytes };
        if self.unknown_bytes > MAX_UNKNOWN_BYTES {
            return Err(ErrorKind::UnknownEvents);
        }
        let has_stopped = !matches!(self.phase, Phase::Answering);
        match event {
            Some(StreamEvent::Metadata(_)) => {
                self.has_metadata = true;
                if has_stopped {
                    self.phase = Phase::Complete(Ending::new());
                }
                Ok(event)
            }
            Some(StreamEvent::MessageStop(_)) if !has_stopped => {
                self.phase =
                    if self.has_metadata { Phase::Complete(Ending::new()) } else { Phase::Stopped };
                Ok(event)
            }
            event if !has_stopped => Ok(event),
            _ => {
                if let Phase::Noisy(ending) = &mut self.phase {
                    ending.discard(n_bytes);
                } else {
                    self.phase = Phase::Noisy(Ending::new());
                }
                Ok(None)
            }
        }
    }
}

/// Reads what follows a complete answer; ready when it has ended or a bound is reached. Neither a
/// broken connection nor an exception changes an answer that is complete.
fn poll_rest(ending: &mut Ending, body: &mut reqwest::Body, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        if ending.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(read)) => ending.discard(read.data_ref().map_or(0, bytes::Bytes::len).max(1)),
            Some(Err(_)) | None => return Poll::Ready(()),
        }
    }
}

/// `None` is an event of a kind that this version does not know.
fn event(frame: &Frame) -> Result<Option<StreamEvent>, ErrorKind> {
    match &frame.kind {
        FrameKind::Event(kind) => StreamEvent::parse(kind, &frame.payload).map_err(ErrorKind::from),
        FrameKind::Exception(kind) => {
            Err(ErrorKind::Refused(Refusal::from_exception(kind, &frame.payload)))
        }
        FrameKind::Error { code, message } => {
            let mut refusal = Refusal::from_exception(code, &frame.payload);
            if !message.is_empty() {
                refusal.message.clone_from(message);
            }
            Err(ErrorKind::Refused(refusal))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: FrameKind, payload: &'static [u8]) -> Frame {
        Frame { kind, payload: payload.into() }
    }

    #[test]
    fn both_kinds_of_error_frames_are_refusals() {
        let exception =
            frame(FrameKind::Exception("throttlingException".into()), br#"{"message":"slow"}"#);
        let error =
            frame(FrameKind::Error { code: "InternalError".into(), message: "oops".into() }, b"");
        for (frame, status, message) in [(exception, 429, "slow"), (error, 500, "oops")] {
            let Err(ErrorKind::Refused(refusal)) = event(&frame) else { panic!("not refused") };
            assert_eq!((refusal.status, refusal.message.as_str()), (status, message));
        }
    }

    #[test]
    fn an_unknown_event_is_passed_over() {
        assert!(event(&frame(FrameKind::Event("newThing".into()), b"{}")).unwrap().is_none());
    }
}
