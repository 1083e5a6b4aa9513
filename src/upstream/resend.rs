//! When a request whose connection broke is sent once more.
//!
//! Connections are closed by load balancers, deployments and NAT tables without
//! anybody being at fault, and most often just when they are used again. A call of
//! a model has no effect but its answer, so that a second one does no harm beyond
//! its price, which is why AWS's SDKs repeat it too. It goes out once, over a
//! connection that was not kept, and only if nothing of an answer was seen: not
//! after a wait of more than [`MAX_ELAPSED`] (the model may still be at work, and
//! would be asked to do it twice), not where no connection opens, and not after a
//! status.
//!
//! A head that breaks off in its middle counts as no answer: the HTTP client does
//! not tell it from a connection that was closed without a word.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// How long after it was sent a request may be sent once more. What breaks a
/// connection that was closed already shows at once; later, the model may be at
/// work, and whatever lost the connection may lose the next one too.
pub(super) const MAX_ELAPSED: Duration = Duration::from_secs(10);

/// What broke the connection, if the request may be sent once more.
pub(super) fn broken_connection(error: &reqwest::Error) -> Option<String> {
    if error.is_connect() || error.is_timeout() {
        return None;
    }
    std::iter::successors(error.source(), |error| (*error).source())
        .find(|cause| is_broken_connection(*cause))
        .map(ToString::to_string)
}

fn is_broken_connection(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message() || error.is_canceled() || error.is_closed();
    }
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                // TLS that ends without saying so.
                | io::ErrorKind::UnexpectedEof
        )
    })
}
