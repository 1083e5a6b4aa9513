//! A local stand-in for Amazon Bedrock Runtime.
mod answer;
mod auth;
mod body;
mod cache;
mod clock;
mod delivery;
mod errors;
mod families;
mod faults;
mod frames;
pub mod identity;
mod model_id;
mod observe;
mod reply;
mod rules;
mod server;
mod shapes;
mod signature;
mod sigv4;
mod state;
mod stream;
mod validate;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub use identity::Identity;
pub use observe::{Observed, Outcome};

/// Who may call, and what the emulator goes by.
#[derive(Clone)]
pub struct Options {
    /// The caller that is accepted.
    pub identity: Identity,
    /// The only region requests may be signed for; `None` accepts any.
    pub region: Option<String>,
    /// Where the time comes from that signatures are checked against.
    pub clock: fn() -> SystemTime,
    /// Where every request is reported when it is over.
    pub observer: Option<mpsc::Sender<Observed>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            identity: Identity::default(),
            region: None,
            clock: SystemTime::now,
            observer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("identity", &self.identity)
            .field("region", &self.region)
            .field("observed", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}

/// Serves on `listener` until `shutdown` is done.
///
/// Requests that are still running then get about two seconds to finish.
///
/// # Errors
///
/// None at present: a connection that fails ends alone.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    server::run(listener, Arc::new(state::State::new(options)), shutdown).await
}
