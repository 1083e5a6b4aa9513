//! The bytes of a client's connection, as the server library reads and writes them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

use super::exchange::Exchange;
use super::hang_up::HangUpWatch;
use super::head_bytes::HeadBytes;
use super::linger::Linger;
use super::rejections::Rejections;
use crate::limits::BufferedBytes;

/// A connection whose writes are bounded in time, whose hang-up is noticed while an answer is
/// awaited, whose long heads take no more memory than there is, and on which hyper's own
/// rejections have a body.
#[derive(Debug)]
pub(super) struct ClientIo {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    exchange: Exchange,
    head_bytes: HeadBytes,
    hang_up: HangUpWatch,
    rejections: Rejections,
    linger: Option<Linger>,
}

impl ClientIo {
    pub(super) fn new(
        stream: TcpStream,
        write_timeout: Duration,
        exchange: Exchange,
        buffered: Arc<BufferedBytes>,
    ) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(write_timeout));
        Self {
            stream: Box::pin(stream),
            exchange,
            head_bytes: HeadBytes::new(buffered),
            hang_up: HangUpWatch::default(),
            rejections: Rejections::default(),
            linger: None,
        }
    }
}

impl AsyncRead for ClientIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buffer.filled().len();
        ready!(this.stream.as_mut().poll_read(cx, buffer))?;
        let read = buffer.filled().get(filled..).unwrap_or_default();
        this.rejections.read(read, &this.exchange);
        Poll::Ready(this.head_bytes.read(read.len(), &this.exchange))
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let stream = this.stream.as_mut();
        match ready!(this.rejections.poll_replace(stream, &[IoSlice::new(bytes)], cx))? {
            Some(n) => Poll::Ready(Ok(n)),
            None => this.stream.as_mut().poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match ready!(this.rejections.poll_replace(this.stream.as_mut(), slices, cx))? {
            Some(n) => Poll::Ready(Ok(n)),
            None => this.stream.as_mut().poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls this whenever it has written all there is, and also when there was nothing.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.stream.as_mut().poll_flush(cx))?;
        this.rejections.forget(&this.exchange);
        let stream = this.stream.as_ref().get_ref().get_ref();
        Poll::Ready(this.hang_up.poll(stream, &this.exchange, cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(this.stream.as_mut().poll_shutdown(cx))?;
            if !this.rejections.has_replaced() {
                return Poll::Ready(Ok(()));
            }
        }
        // Bytes of what was rejected may be unread.
        let linger = this.linger.get_or_insert_with(Linger::new);
        linger.poll(this.stream.as_ref().get_ref().get_ref(), cx).map(Ok)
    }
}
