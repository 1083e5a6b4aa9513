//! Replaces the answers that the server library writes by itself.
//!
//! hyper refuses what is not HTTP with a status and an empty body, and has no hook for it. Its
//! answer is told from the gateway's own by what it lacks: every answer of the gateway has a trace
//! id. Only the first bytes of a write are looked at, unless they are those of a 4xx.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::StatusCode;
use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use super::MAX_HEAD_BYTES;
use super::exchange::Exchange;
use super::raw_response::raw_response;
use crate::api::error::ApiError;
use crate::api::http_rules::is_chunked;
use crate::api::middleware::TRACE_ID;

/// How much of a request's head is remembered, to tell why it was refused.
const MAX_REMEMBERED_BYTES: usize = 8 * 1024;

/// Watches what is read from and written to one connection.
#[derive(Debug, Default)]
pub(super) struct Rejections {
    /// The beginning of the head of the request that is being read.
    head: Vec<u8>,
    /// The turn of the exchange in which that is.
    turn: u32,
    replacement: Option<Replacement>,
    has_replaced: bool,
}

#[derive(Debug)]
struct Replacement {
    bytes: Bytes,
    /// The length of what it takes the place of.
    replaced: usize,
}

impl Rejections {
    /// Remembers bytes that were read, if they are of a request's head.
    pub(super) fn read(&mut self, bytes: &[u8], exchange: &Exchange) {
        if exchange.turn() != self.turn {
            self.turn = exchange.turn();
            self.head = Vec::new();
        }
        if !exchange.awaits_answer() {
            let room = MAX_REMEMBERED_BYTES - self.head.len().min(MAX_REMEMBERED_BYTES);
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    /// Forgets the head of a request that was accepted.
    pub(super) fn forget(&mut self, exchange: &Exchange) {
        if exchange.turn() != self.turn && self.head.capacity() > 0 {
            self.head = Vec::new();
        }
    }

    /// Whether an answer was replaced, after which the connection ends.
    pub(super) fn has_replaced(&self) -> bool {
        self.has_replaced
    }

    /// Writes another answer in place of one of hyper's own, and returns the length of that one;
    /// `None` for everything else, of which nothing is written here.
    pub(super) fn poll_replace<W: AsyncWrite>(
        &mut self,
        mut writer: Pin<&mut W>,
        written: &[IoSlice<'_>],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<usize>>> {
        let mut replacement = match self.replacement.take().or_else(|| self.replacement_of(written))
        {
            Some(replacement) => replacement,
            None => return Poll::Ready(Ok(None)),
        };
        self.has_replaced = true;
        while replacement.bytes.has_remaining() {
            match writer.as_mut().poll_write(cx, &replacement.bytes) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => replacement.bytes.advance(n),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    // The same bytes are offered again when more can be written.
                    self.replacement = Some(replacement);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(Some(replacement.replaced)))
    }

    fn replacement_of(&self, written: &[IoSlice<'_>]) -> Option<Replacement> {
        let [first, rest @ ..] = written else { return None };
        let status = rejection_status(first)?;
        if !rest.iter().all(|slice| slice.is_empty()) {
            return None;
        }
        let error = if has_unsupported_transfer_encoding(&self.head) {
            ApiError::unsupported_transfer_encoding()
        } else {
            rejection(status)
        };
        Some(Replacement { bytes: raw_response(error).into(), replaced: first.len() })
    }
}

/// The status of an answer that hyper has written by itself.
fn rejection_status(bytes: &[u8]) -> Option<StatusCode> {
    // Cheap, and enough for nearly all writes.
    if !bytes.starts_with(b"HTTP/1.") || bytes.get(8..10) != Some(b" 4") {
        return None;
    }
    let head = bytes.strip_suffix(b"\r\n\r\n")?;
    let head = std::str::from_utf8(head).ok()?;
    let mut headers = head.split("\r\n").skip(1);
    let is_bare = headers.clone().any(|header| header == "content-length: 0")
        && !headers.any(|header| header.is_empty() || header.starts_with(TRACE_ID.as_str()));
    if is_bare { StatusCode::from_bytes(bytes.get(9..12)?).ok() } else { None }
}

fn rejection(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            "headers_too_large",
            format!("the head of the request has more than {MAX_HEAD_BYTES} bytes or 100 headers"),
        ),
        StatusCode::URI_TOO_LONG => {
            ("uri_too_long", "the URL of the request is longer than 65534 bytes".to_owned())
        }
        _ => (
            "invalid_http",
            "the request is not valid HTTP/1.1: the request line or a header is malformed"
                .to_owned(),
        ),
    };
    ApiError::request(status, code, message)
}

/// Whether the head of a request, or what there is of it, has a transfer coding other than
/// `chunked`, of which hyper refuses some by itself.
fn has_unsupported_transfer_encoding(head: &[u8]) -> bool {
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.take_while(|line| !line.is_empty()).any(|line| {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        name.eq_ignore_ascii_case(b"transfer-encoding") && !is_chunked(value)
    })
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    const REJECTED: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";

    /// Takes so many bytes each time, and is not ready every second time.
    struct Narrow {
        taken: Vec<u8>,
        width: usize,
        is_ready: bool,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.is_ready = !self.is_ready;
            if !self.is_ready {
                return Poll::Pending;
            }
            let n = bytes.len().min(self.width);
            self.taken.extend_from_slice(&bytes[..n]);
            Poll::Ready(Ok(n))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// What was written in place of these slices, if anything.
    fn replaced(head: &[u8], written: &[&[u8]], width: usize) -> Option<String> {
        let mut rejections = Rejections::default();
        for piece in head.chunks(7) {
            rejections.read(piece, &Exchange::default());
        }
        let slices: Vec<_> = written.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let mut writer = Narrow { taken: Vec::new(), width, is_ready: false };
        let mut cx = Context::from_waker(Waker::noop());
        let length = loop {
            let polled = rejections.poll_replace(Pin::new(&mut writer), &slices, &mut cx);
            if let Poll::Ready(result) = polled {
                break result.unwrap();
            }
        };
        assert_eq!(length.is_some(), rejections.has_replaced());
        assert!(length.is_none_or(|length| length == written[0].len()));
        length.map(|_| String::from_utf8(writer.taken).unwrap())
    }

    #[test]
    fn rejections_get_an_error_object_whatever_the_writer_takes() {
        for width in [1, 10, 10_000] {
            for written in [&[REJECTED][..], &[REJECTED, b""]] {
                let answer = replaced(b"", written, width).unwrap();
                let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
                assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
                assert!(head.contains("content-type: application/json"), "{head}");
                assert!(head.contains("connection: close"), "{head}");
                assert!(body.contains(r#""code":"invalid_http""#), "{body}");
            }
        }
    }

    #[test]
    fn every_status_has_a_code() {
        for (status, code) in
            [("400 x", "invalid_http"), ("414 x", "uri_too_long"), ("431 x", "headers_too_large")]
        {
            let text = String::from_utf8(REJECTED.to_vec()).unwrap();
            let written = text.replace("400 Bad Request", status);
            let answer = replaced(b"", &[written.as_bytes()], 100).unwrap();
            assert!(answer.contains(&status[..3]) && answer.contains(code), "{answer}");
        }
    }

    #[test]
    fn other_writes_are_left_alone() {
        let own = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-portkey-trace-id: a\r\n\r\n";
        let with_body = [REJECTED, b"x"].concat();
        let two = [REJECTED, REJECTED].concat();
        for written in [
            &[own.as_bytes()][..],
            &[b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"],
            &[b"HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n"],
            &[b"{\"a\": \"HTTP/1.1 400\"}"],
            &[&REJECTED[..40]],
            &[&REJECTED[40..]],
            &[&with_body],
            &[&two],
            &[REJECTED, b"more"],
            &[b"", REJECTED],
            &[b"H"],
            &[b""],
            &[],
        ] {
            assert_eq!(replaced(b"", written, 100), None, "{written:?}");
        }
    }

    #[test]
    fn an_unsupported_transfer_coding_is_named() {
        for (head, code) in [
            ("POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n", "501"),
            ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:gzip\r\n\r\n", "501"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nb@d header\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nb@d: x\r\n\r\nTransfer-Encoding: identity\r\n", "400"),
            ("", "400"),
        ] {
            let answer = replaced(head.as_bytes(), &[REJECTED], 1000).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{head}: {answer}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let exchange = Exchange::default();
        let mut rejections = Rejections::default();
        for _ in 0..100 {
            rejections.read(&[b'x'; 1000], &exchange);
        }
        assert_eq!(rejections.head.len(), MAX_REMEMBERED_BYTES);
        exchange.begin(axum::http::Version::HTTP_11);
        rejections.forget(&exchange);
        assert_eq!(rejections.head.capacity(), 0);
        // Nor is anything of a body remembered.
        rejections.read(b"body", &exchange);
        assert!(rejections.head.is_empty());
        exchange.answered();
        rejections.read(b"GET", &exchange);
        assert_eq!(rejections.head, b"GET");
    }
}
