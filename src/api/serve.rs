//! Accepts connections until told to stop, then lets running requests finish.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::Incoming;

/// How long a client may take to send the head of a request, and how long an idle
/// connection is kept. Longer than load balancers keep theirs (60 s at AWS), so
/// that they do not send a request into a connection that is being closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// Connections at one time; others wait in the system's queue. With the
/// connections to AWS, half of the file descriptors that systems give a service.
const MAX_CONNECTIONS: usize = 16_384;
/// The largest head of a request: room for an inline config and the headers of
/// proxies, and what one connection may make the gateway hold.
const MAX_HEAD_BYTES: usize = 256 * 1024;
/// How long to rest when the system has no more file descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `service` on `listener` until `shutdown` is done, then gives requests
/// that are under way `grace` to finish; after that they are cut off.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    grace: Duration,
    shutdown: impl Future<Output = ()>,
) where
    S: tower::Service<Incoming, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    server.http2().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accept => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        // Pieces of a stream are small and must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection was gone before it was served");
            continue;
        }
        let service = TowerToHyperService::new(service.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                debug!(error, "a connection ended early");
            }
        });
    }
    drop(listener);
    finish(connections, grace).await;
}

async fn finish(connections: GracefulShutdown, grace: Duration) {
    let n_open = connections.count();
    if n_open > 0 {
        info!(connections = n_open, grace_ms = grace.as_millis(), "letting requests finish");
    }
    if timeout(grace, connections.shutdown()).await.is_err() {
        warn!("requests were still running when the time to finish was over");
    }
}

/// One client's connection may fail without meaning; the lack of descriptors
/// lasts until somebody closes one.
async fn pause_after(error: &io::Error) {
    let of_one_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !of_one_client {
        warn!(%error, "cannot accept a connection");
        sleep(ACCEPT_PAUSE).await;
    }
}
