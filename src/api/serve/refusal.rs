//! Answers connections beyond a limit, and logs how many there were.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use super::connection_limits::{ConnectionLimits, Full};
use super::linger::linger;
use super::raw_response::raw_response;
use crate::api::error::ApiError;

/// Refused connections that are kept until the client has read its answer. Few, since each has a
/// descriptor (`descriptors::RESERVED_DESCRIPTORS`); others are closed at once.
pub(super) const MAX_LINGERING: usize = 16;
/// How often refusals are logged at most: an attack must not fill the log.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Refuses connections.
#[derive(Debug)]
pub(super) struct Refusals {
    gateway_is_full: Vec<u8>,
    address_is_full: Vec<u8>,
    max: usize,
    max_per_address: usize,
    lingering: JoinSet<()>,
    /// Refused since the last log line, by either limit.
    n_gateway: u64,
    n_address: u64,
    /// When the next line may be logged.
    next_log: Instant,
}

impl Refusals {
    pub(super) fn new(limits: &ConnectionLimits) -> Self {
        Self {
            gateway_is_full: raw_response(ApiError::gateway_is_full()),
            address_is_full: raw_response(ApiError::address_is_full()),
            max: limits.max(),
            max_per_address: limits.max_per_address(),
            lingering: JoinSet::new(),
            n_gateway: 0,
            n_address: 0,
            next_log: Instant::now(),
        }
    }

    /// Answers a connection and closes it, without waiting for it.
    pub(super) fn refuse(&mut self, stream: TcpStream, full: Full) {
        match full {
            Full::Gateway => self.n_gateway += 1,
            Full::Address => self.n_address += 1,
        }
        if Instant::now() >= self.next_log {
            self.log();
        }
        while self.lingering.try_join_next().is_some() {}
        match self.answer(stream, full) {
            Ok(stream) if self.lingering.len() < MAX_LINGERING => {
                self.lingering.spawn(linger(stream));
            }
            Ok(_) => {}
            Err(error) => debug!(%error, "a refused connection was gone before its answer"),
        }
    }

    /// Writes the answer: the send buffer of a new connection has room for it, so that neither
    /// this nor anybody else waits.
    fn answer(&self, stream: TcpStream, full: Full) -> std::io::Result<TcpStream> {
        let answer = match full {
            Full::Gateway => &self.gateway_is_full,
            Full::Address => &self.address_is_full,
        };
        let mut stream = stream.into_std()?;
        stream.write_all(answer)?;
        stream.shutdown(Shutdown::Write)?;
        TcpStream::from_std(stream)
    }

    /// Whether there is something to be logged later, see [`Self::log_when_due`].
    pub(super) fn has_unlogged(&self) -> bool {
        self.n_gateway + self.n_address > 0
    }

    /// Logs what was refused since the last line, once that may be.
    pub(super) async fn log_when_due(&mut self) {
        sleep_until(self.next_log).await;
        self.log();
    }

    fn log(&mut self) {
        warn!(
            server.max_connections = self.max,
            refused = std::mem::take(&mut self.n_gateway),
            server.max_connections_per_address = self.max_per_address,
            refused_by_address = std::mem::take(&mut self.n_address),
            "refused connections: as many are open as the limits allow"
        );
        self.next_log = Instant::now() + LOG_INTERVAL;
    }
}
