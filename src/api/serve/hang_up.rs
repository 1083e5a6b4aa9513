//! Tells a client that has closed its sending side from one that has closed the connection.
//!
//! Both look the same (a FIN) until something is sent: a client that still reads ignores an
//! interim response, and the system of one that is gone answers it with a reset. So while an
//! answer is not begun, such a client gets a `100 Continue` now and then, which RFC 9110 (section
//! 15.2) allows at any time. A stream that has begun sends comments instead, see
//! [`crate::api::keep_alive`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::exchange::Exchange;

/// How often to look whether a reset has come.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Checks before the first probe: most answers that a half-closed client waits for come sooner.
const CHECKS_BEFORE_PROBE: u32 = 2;
/// Checks from one probe to the next.
const CHECKS_BETWEEN_PROBES: u32 = 10;
const PROBE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Watches one connection.
#[derive(Debug, Default)]
pub(super) struct HangUpWatch {
    /// Set once the client has closed its sending side.
    next_check: Option<Pin<Box<Sleep>>>,
    n_checks: u32,
}

impl HangUpWatch {
    /// Fails when the client is gone. Call it when all that was to be written is written, and
    /// nothing of the next answer.
    pub(super) fn poll(
        &mut self,
        stream: &TcpStream,
        exchange: &Exchange,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let timer = match &mut self.next_check {
            Some(timer) => timer,
            None if has_ended(stream, cx)? => {
                exchange.half_closed();
                // A stream that has begun must look at that.
                cx.waker().wake_by_ref();
                self.next_check.insert(Box::pin(sleep(CHECK_INTERVAL)))
            }
            None => return Ok(()),
        };
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(Instant::now() + CHECK_INTERVAL);
            self.n_checks = self.n_checks.wrapping_add(1);
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            let since_first = self.n_checks.checked_sub(CHECKS_BEFORE_PROBE);
            let is_due = since_first.is_some_and(|n| n.is_multiple_of(CHECKS_BETWEEN_PROBES));
            if is_due && exchange.may_send_interim() {
                probe(stream)?;
            }
        }
        Ok(())
    }
}

/// Whether the client has closed its sending side and everything it sent was read.
fn has_ended(stream: &TcpStream, cx: &mut Context<'_>) -> io::Result<bool> {
    let mut byte = [0];
    match stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
        Poll::Ready(peeked) => Ok(peeked? == 0),
        Poll::Pending => Ok(false),
    }
}

fn probe(stream: &TcpStream) -> io::Result<()> {
    match stream.try_write(PROBE) {
        Ok(n) if n == PROBE.len() => Ok(()),
        // The client has not even read what was sent before. What follows must not be mixed
        // with half a probe.
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}
