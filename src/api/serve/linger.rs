//! Keeps a connection open after its last answer until the client has seen it.
//!
//! A connection that is closed while bytes of the client are unread or on their way is reset, and
//! a reset may discard the answer before the client has read it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long to wait for the client to close the connection.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// How many bytes to read and discard meanwhile: a client that sends more does not listen.
const MAX_BYTES: usize = 1024 * 1024;

/// What is left of both bounds.
#[derive(Debug)]
pub(super) struct Linger {
    bytes_left: usize,
    timer: Pin<Box<Sleep>>,
}

impl Linger {
    pub(super) fn new() -> Self {
        Self { bytes_left: MAX_BYTES, timer: Box::pin(sleep(MAX_WAIT)) }
    }

    /// Ready when the client has closed the connection or a bound is reached.
    pub(super) fn poll(&mut self, stream: &TcpStream, cx: &mut Context<'_>) -> Poll<()> {
        let mut discarded = [0; 4096];
        while self.bytes_left > 0 && self.timer.as_mut().poll(cx).is_pending() {
            if ready!(stream.poll_read_ready(cx)).is_err() {
                break;
            }
            match stream.try_read(&mut discarded) {
                Ok(0) => break,
                Ok(n) => self.bytes_left = self.bytes_left.saturating_sub(n),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

/// Lingers and closes the connection.
pub(super) async fn linger(stream: TcpStream) {
    let mut linger = Linger::new();
    poll_fn(|cx| linger.poll(&stream, cx)).await;
}
