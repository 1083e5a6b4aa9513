//! Encodes events as frames of `application/vnd.amazon.eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::{Value, json};

use super::errors::{Kind, ServiceError};

/// Bytes of the checksum every frame ends with.
const CHECKSUM_LENGTH: usize = 4;

/// A normal event.
pub(super) fn event(name: &str, payload: &Value) -> Bytes {
    let headers =
        [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    encode(&headers, payload.to_string())
}

/// An error the API models, in place of an event.
pub(super) fn exception(error: &ServiceError) -> Bytes {
    let name = error.kind.event_name();
    let headers = [
        (":exception-type", name.as_str()),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    encode(&headers, exception_body(error))
}

/// An error of the model tells what the model said.
fn exception_body(error: &ServiceError) -> String {
    if error.kind != Kind::ModelStreamError {
        return error.body();
    }
    json!({
        "message": error.message,
        "originalMessage": "The emulated model gave up.",
        "originalStatusCode": 500,
    })
    .to_string()
}

/// An error the API does not model: everything is in the headers.
pub(super) fn unmodeled_error() -> Bytes {
    let kind = Kind::InternalServer;
    let headers = [
        (":error-code", "InternalServerError"),
        (":error-message", kind.default_message()),
        (":message-type", "error"),
    ];
    encode(&headers, String::new())
}

/// The same frame with a checksum that does not fit.
pub(super) fn corrupt(frame: &Bytes) -> Bytes {
    let mut bytes = frame.to_vec();
    if let Some(last) = bytes.len().checked_sub(CHECKSUM_LENGTH).and_then(|at| bytes.get_mut(at)) {
        *last ^= 0xff;
    }
    bytes.into()
}

fn encode(headers: &[(&str, &str)], payload: String) -> Bytes {
    let mut message = Message::new(payload.into_bytes());
    for (name, value) in headers {
        let value = HeaderValue::String((*value).to_owned().into());
        message = message.add_header(Header::new((*name).to_owned(), value));
    }
    let mut bytes = Vec::new();
    if let Err(error) = write_message_to(&message, &mut bytes) {
        // Payloads are bounded far below what the format allows.
        tracing::error!(%error, "a frame could not be encoded");
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, read_message_from};

    fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        let header = message.headers().iter().find(|header| header.name().as_str() == name)?;
        header.value().as_string().ok().map(|text| text.as_str())
    }

    #[test]
    fn events_can_be_decoded_again() {
        let frame = event("messageStart", &json!({"role": "assistant"}));
        let message = read_message_from(frame).unwrap();
        assert_eq!(header(&message, ":event-type"), Some("messageStart"));
        assert_eq!(header(&message, ":message-type"), Some("event"));
        assert_eq!(header(&message, ":content-type"), Some("application/json"));
        assert_eq!(&message.payload()[..], br#"{"role":"assistant"}"#);
    }

    #[test]
    fn exceptions_and_errors_carry_their_kind_in_headers() {
        let message = read_message_from(exception(&Kind::Throttling.error())).unwrap();
        assert_eq!(header(&message, ":exception-type"), Some("throttlingException"));
        assert_eq!(header(&message, ":event-type"), None);
        let message = read_message_from(unmodeled_error()).unwrap();
        assert_eq!(header(&message, ":message-type"), Some("error"));
        assert_eq!(header(&message, ":error-code"), Some("InternalServerError"));
        assert!(message.payload().is_empty());
    }

    #[test]
    fn a_corrupt_frame_is_noticed() {
        let frame = event("messageStop", &json!({"stopReason": "end_turn"}));
        assert!(matches!(
            MessageFrameDecoder::new().decode_frame(frame.clone()),
            Ok(DecodedFrame::Complete(_))
        ));
        assert!(MessageFrameDecoder::new().decode_frame(corrupt(&frame)).is_err());
    }
}
