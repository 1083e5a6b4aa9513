//! A stream of events as it comes from Bedrock.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::Body;

use super::error::{Error, ErrorKind, Refusal};
use super::waits::Silence;
use crate::aws::event_stream::{Decoder, Frame, FrameKind};
use crate::bedrock::stream::StreamEvent;

/// Events of one `ConverseStream` call. Dropping it closes the connection.
pub struct EventStream {
    body: reqwest::Body,
    decoder: Decoder,
    silence: Silence,
    request_id: Option<String>,
}

impl EventStream {
    pub(super) fn new(body: reqwest::Body, silence: Silence, request_id: Option<String>) -> Self {
        Self { body, decoder: Decoder::default(), silence, request_id }
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
    /// # Errors
    /// An exception of Bedrock's, a broken connection, a broken frame, too long a
    /// silence, or an end before any event; the stream is over then.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<StreamEvent>, Error>> {
        let result = ready!(self.poll_event(cx));
        Poll::Ready(result.map_err(|kind| Error { kind, request_id: self.request_id.clone() }))
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<StreamEvent>, ErrorKind>> {
        loop {
            while let Some(frame) = self.decoder.next_frame().map_err(ErrorKind::EventStream)? {
                if let Some(event) = event(&frame)? {
                    self.silence.begun();
                    return Poll::Ready(Ok(Some(event)));
                }
            }
            let Poll::Ready(read) = Pin::new(&mut self.body).poll_frame(cx) else {
                return self.silence.poll(cx).map(Err);
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
