//! Frames of `application/vnd.amazon.eventstream`.
//!
//! Bytes in, frames out, however the bytes are cut. The format and both its
//! checksums are `aws-smithy-eventstream`'s; the bound on a frame's size is ours.
//!
//! Source: <https://smithy.io/2.0/aws/amazon-eventstream.html>.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::{Buf, Bytes, BytesMut};

/// The largest frame that is waited for. AWS's own implementations stop at 16
/// MiB; without a bound, a wrong length would have the gateway buffer 4 GiB.
pub const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;

/// Total length, length of headers, checksum of both; and the checksum at the end.
const MIN_FRAME_BYTES: usize = 16;

/// The bytes are not an event stream.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A length that no frame has.
    #[error("a frame claims to be {0} bytes long")]
    Length(usize),
    /// A checksum is wrong, or the headers are malformed.
    #[error("a frame is corrupt")]
    Corrupt(#[source] aws_smithy_eventstream::error::Error),
    /// The bytes end in the middle of a frame.
    #[error("the stream ends in the middle of a frame")]
    Truncated,
}

/// One frame, as far as Bedrock uses them.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// JSON.
    pub payload: Bytes,
}

/// What a frame is, by its `:message-type`.
#[derive(Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// An event; the value of `:event-type`.
    Event(String),
    /// A modelled error; the value of `:exception-type`.
    Exception(String),
    /// An error outside the model.
    Error {
        /// The value of `:error-code`.
        code: String,
        /// The value of `:error-message`.
        message: String,
    },
}

/// Cuts bytes into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
}

impl Decoder {
    /// Adds bytes as they were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame; `None` if more bytes are needed.
    ///
    /// # Errors
    /// The bytes are not an event stream; nothing more can be read from them.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        let Some(mut prelude) = self.buffer.get(..4) else { return Ok(None) };
        let length = prelude.get_u32() as usize;
        if !(MIN_FRAME_BYTES..=MAX_FRAME_BYTES).contains(&length) {
            return Err(Error::Length(length));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let bytes = self.buffer.split_to(length).freeze();
        read_message_from(bytes).map(|message| Some(frame(message))).map_err(Error::Corrupt)
    }

    /// Says that no more bytes will come.
    ///
    /// # Errors
    /// They end in the middle of a frame.
    pub fn end(&self) -> Result<(), Error> {
        if self.buffer.is_empty() { Ok(()) } else { Err(Error::Truncated) }
    }
}

fn frame(message: Message) -> Frame {
    let header = |wanted: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == wanted);
        found.and_then(|header| header.value().as_string().ok()).map_or("", |value| value.as_str())
    };
    let kind = match header(":message-type") {
        "exception" => FrameKind::Exception(header(":exception-type").to_owned()),
        "error" => FrameKind::Error {
            code: header(":error-code").to_owned(),
            message: header(":error-message").to_owned(),
        },
        _ => FrameKind::Event(header(":event-type").to_owned()),
    };
    Frame { kind, payload: message.payload().clone() }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};

    use super::*;

    fn encoded(headers: &[(&str, &str)], payload: &'static [u8]) -> Vec<u8> {
        let mut message = Message::new(payload);
        for (name, value) in headers {
            let value = HeaderValue::String((*value).to_owned().into());
            message = message.add_header(Header::new((*name).to_owned(), value));
        }
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn stream() -> Vec<u8> {
        let mut bytes =
            encoded(&[(":message-type", "event"), (":event-type", "messageStart")], b"{}");
        bytes.extend(encoded(&[(":message-type", "event"), (":event-type", "x")], b"{\"a\":1}"));
        bytes.extend(encoded(
            &[(":message-type", "exception"), (":exception-type", "throttlingException")],
            b"{}",
        ));
        bytes
    }

    fn drain(decoder: &mut Decoder) -> Vec<Frame> {
        std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
    }

    #[test]
    fn every_split_gives_the_same_frames() {
        let bytes = stream();
        let mut whole = Decoder::default();
        whole.push(&bytes);
        let expected = drain(&mut whole);
        assert_eq!(expected.len(), 3);
        assert_eq!(expected[2].kind, FrameKind::Exception("throttlingException".into()));
        for at in 0..=bytes.len() {
            let mut decoder = Decoder::default();
            decoder.push(&bytes[..at]);
            let mut frames = drain(&mut decoder);
            decoder.push(&bytes[at..]);
            frames.extend(drain(&mut decoder));
            assert_eq!(frames, expected, "split at {at}");
            decoder.end().unwrap();
        }
        for size in 1..=11 {
            let mut decoder = Decoder::default();
            let mut frames = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                frames.extend(drain(&mut decoder));
            }
            assert_eq!(frames, expected, "pieces of {size}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = encoded(&[(":message-type", "event"), (":event-type", "x")], b"{\"a\":1}");
        for i in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[i / 8] ^= 1 << (i % 8);
            let mut decoder = Decoder::default();
            decoder.push(&broken);
            // A longer length than there are bytes is a wait, which the end of the body turns into an error.
            let noticed = match decoder.next_frame() {
                Err(_) => true,
                Ok(None) => decoder.end().is_err(),
                Ok(Some(_)) => false,
            };
            assert!(noticed, "bit {i}");
        }
    }

    #[test]
    fn a_frame_beyond_the_bound_is_refused_before_it_is_buffered() {
        let mut decoder = Decoder::default();
        decoder.push(&[0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(decoder.next_frame(), Err(Error::Length(0xffff_ffff))));
    }
}
