//! Accepts connections until told to stop, then lets running requests finish.

mod client_io;
mod connection_limits;
mod descriptors;
mod exchange;
mod hang_up;
mod head_bytes;
mod linger;
mod raw_response;
mod refusal;
mod rejections;

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt as _;
use tracing::{debug, info, warn};

use self::client_io::ClientIo;
use self::connection_limits::ConnectionLimits;
pub use self::descriptors::raise_descriptor_limit;
pub(in crate::api) use self::exchange::Exchange;
use self::refusal::Refusals;
use super::{Incoming, Peer};
use crate::limits::BufferedBytes;

/// How long a client may take to send the head of a request, and how long an idle
/// connection is kept. Longer than load balancers keep theirs (60 s at AWS), so
/// that they do not send a request into a connection that is being closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// The largest head of a request that is read, and what one connection may make
/// the gateway hold; `limits.rs` has a lower bound that is told more precisely.
const MAX_HEAD_BYTES: usize = 256 * 1024;
/// How long a client may leave what it asked for unread before its connection,
/// and with it the model's, is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long to rest when the system has no more file descriptors to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often it is logged at most that no connection can be accepted.
const ACCEPT_LOG_INTERVAL: Duration = Duration::from_secs(1);

/// How to serve.
#[derive(Debug, Clone, Copy)]
pub struct ServeOptions {
    /// How long running requests may take to finish at the end.
    pub grace: Duration,
    /// The most connections at one time; 0 for as many as the file descriptors allow.
    pub max_connections: usize,
    /// The most connections from one address; 0 for half of all.
    pub max_connections_per_address: usize,
}

/// Serves `service` over HTTP/1.1 on `listener` until `shutdown` is done, then gives requests
/// that are under way a time to finish; after that they are cut off. Connections beyond a limit
/// get a short answer and are closed. Long heads are reserved for in `buffered`.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    options: ServeOptions,
    buffered: &Arc<BufferedBytes>,
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
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    // A client that has closed its sending side gets its answer; `hang_up.rs` notices those that
    // are gone.
    server.half_close(true);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let max = descriptors::max_connections(options.max_connections);
    let limits = ConnectionLimits::new(max, options.max_connections_per_address);
    info!(max, max_per_address = limits.max_per_address(), "client connections at one time");
    let mut refusals = Refusals::new(&limits);
    let mut accept_errors = AcceptErrors::default();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = refusals.log_when_due(), if refusals.has_unlogged() => continue,
            () = &mut shutdown => break,
        };
        // Those that have ended are let go of as others come.
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                accept_errors.pause_after(&error).await;
                continue;
            }
        };
        let place = match limits.admit(peer.ip()) {
            Ok(place) => place,
            Err(full) => {
                refusals.refuse(stream, full);
                continue;
            }
        };
        // Pieces of a stream are small and must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection was gone before it was served");
            continue;
        }
        let exchange = Exchange::default();
        let service = exchanging(service.clone(), peer.ip(), exchange.clone());
        let service = TowerToHyperService::new(service);
        let io = TokioIo::new(ClientIo::new(stream, WRITE_TIMEOUT, exchange, Arc::clone(buffered)));
        let connection = graceful.watch(server.serve_connection(io, service));
        connections.spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    finish(graceful, connections, options.grace).await;
}

/// The service for one connection: its requests know where they come from and how the connection
/// is, and the connection knows whether an answer is awaited.
fn exchanging<S, B>(
    service: S,
    peer: IpAddr,
    exchange: Exchange,
) -> impl tower::Service<Incoming, Response = S::Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static
where
    S: tower::Service<Incoming, Response = http::Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: 'static,
{
    let of_answer = exchange.clone();
    service
        .map_response(move |response| {
            of_answer.answered();
            response
        })
        .map_request(move |mut request: Incoming| {
            exchange.begin(request.version());
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(exchange.clone());
            request
        })
}

async fn finish(graceful: GracefulShutdown, mut connections: JoinSet<()>, grace: Duration) {
    let n_open = graceful.count();
    if n_open > 0 {
        info!(connections = n_open, grace_ms = grace.as_millis(), "letting requests finish");
    }
    if timeout(grace, graceful.shutdown()).await.is_err() {
        warn!("requests were still running when the time to finish was over");
    }
    // Drops what is left, and with it the calls of Bedrock.
    connections.shutdown().await;
}

/// What is done about connections that cannot be accepted.
#[derive(Debug, Default)]
struct AcceptErrors {
    last_logged: Option<Instant>,
}

impl AcceptErrors {
    /// One client's connection may fail without meaning; the lack of descriptors
    /// lasts until somebody closes one.
    async fn pause_after(&mut self, error: &io::Error) {
        let of_one_client = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
        );
        if of_one_client {
            return;
        }
        if self.last_logged.is_none_or(|last| last.elapsed() >= ACCEPT_LOG_INTERVAL) {
            warn!(%error, "cannot accept a connection");
            self.last_logged = Some(Instant::now());
        }
        sleep(ACCEPT_PAUSE).await;
    }
}
