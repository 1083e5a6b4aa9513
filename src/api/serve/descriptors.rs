//! How many connections the process's limit on file descriptors allows.

use tracing::{info, warn};

/// Descriptors that are not for client connections and the upstream connections that they need:
/// the vault's `SQLite` files (up to 10), calls of STS, KMS and key sets (up to 4), refused
/// connections that are not closed yet ([`super::refusal::MAX_LINGERING`]), and the runtime, the
/// listener, signals and standard streams (about 10).
const RESERVED_DESCRIPTORS: u64 = 48;
/// A client connection, and the connection to AWS that its request may need.
const DESCRIPTORS_PER_CONNECTION: u64 = 2;
/// The most connections, however many descriptors there are: a bound on memory.
const MAX_CONNECTIONS: usize = 16_384;

/// Raises the soft limit on file descriptors to the hard one and logs the result. Many systems
/// set the soft limit to 1024, for programs that still use `select(2)`.
pub fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if limit != raised
            && let Err(error) = setrlimit(Resource::Nofile, raised)
        {
            warn!(%error, "cannot raise the limit on file descriptors (RLIMIT_NOFILE)");
        }
        match descriptor_limit() {
            Some(limit) => info!(limit, "file descriptors that the process may open"),
            None => info!("the process may open any number of file descriptors"),
        }
    }
}

/// The soft limit; `None` if there is none.
fn descriptor_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// The most client connections at one time: `configured`, unless it is 0 or more than the
/// descriptors allow.
pub(super) fn max_connections(configured: usize) -> usize {
    let limit = descriptor_limit();
    let allowed = allowed_connections(limit);
    if configured > allowed {
        warn!(
            server.max_connections = configured,
            used = allowed,
            descriptors = limit,
            "server.max_connections is more than this process can serve; raise RLIMIT_NOFILE"
        );
    }
    if configured == 0 { allowed } else { configured.min(allowed) }
}

fn allowed_connections(descriptor_limit: Option<u64>) -> usize {
    let Some(limit) = descriptor_limit else { return MAX_CONNECTIONS };
    let connections = limit.saturating_sub(RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION;
    // One is worth a try, whatever the limit.
    usize::try_from(connections).unwrap_or(MAX_CONNECTIONS).clamp(1, MAX_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_upstream_calls_and_the_vault() {
        for (limit, connections) in [
            (Some(0), 1),
            (Some(48), 1),
            (Some(64), 8),
            (Some(1024), 488),
            (Some(32_816), 16_384),
            (Some(u64::MAX), 16_384),
            (None, 16_384),
        ] {
            assert_eq!(allowed_connections(limit), connections, "{limit:?}");
        }
    }

    #[test]
    fn the_setting_can_only_lower_the_bound() {
        let derived = max_connections(0);
        assert_eq!(max_connections(1), 1);
        assert_eq!(max_connections(usize::MAX), derived);
    }
}
