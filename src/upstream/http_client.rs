//! HTTP clients with every wait bounded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;

use super::waits::Waits;
use crate::aws::custom_host::may_connect;

/// Connections kept open to one host while nobody uses them; enough for a burst
/// to find the connections of the one before, few enough not to use up ports.
const MAX_IDLE_CONNECTIONS_PER_HOST: usize = 256;
/// Shorter than load balancers keep an idle connection (60 s at AWS), so that a
/// request seldom meets one that is being closed.
const IDLE_CONNECTION_LIFETIME: Duration = Duration::from_secs(50);

/// How to reach a provider.
#[derive(Debug, Clone, Copy)]
pub struct HttpOptions {
    /// For how long.
    pub waits: Waits,
    /// Whether the proxies that the environment names are used.
    pub use_proxies: bool,
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be built")]
pub struct BuildError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The clients that are needed.
#[derive(Debug, Clone)]
pub(super) struct HttpClients {
    /// For the hosts that the settings name.
    pub(super) ordinary: Connections,
    /// For hosts that a caller names: what such a name resolves to is checked, and
    /// a proxy, which would resolve it itself, is not used.
    pub(super) guarded: Connections,
}

/// Two clients of one kind.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    /// Keeps its connections for the next request.
    pub(super) pooled: reqwest::Client,
    /// Opens one for every request.
    pub(super) fresh: reqwest::Client,
}

impl HttpClients {
    pub(super) fn try_new(options: HttpOptions, tls: &Tls) -> Result<Self, BuildError> {
        // The waits for an answer are the caller's business: reqwest knows one
        // bound for all of them.
        let pooled = || {
            builder(tls, options.waits.connect)
                .pool_idle_timeout(IDLE_CONNECTION_LIFETIME)
                .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS_PER_HOST)
        };
        let ordinary = || if options.use_proxies { pooled() } else { pooled().no_proxy() };
        let resolver = Arc::new(GuardedResolver { allows: may_connect });
        let guarded = || pooled().no_proxy().dns_resolver(Arc::clone(&resolver));
        Ok(Self {
            ordinary: Connections::try_new(ordinary)?,
            guarded: Connections::try_new(guarded)?,
        })
    }
}

impl Connections {
    fn try_new(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Self, BuildError> {
        let fresh = builder().pool_max_idle_per_host(0);
        Ok(Self { pooled: build(builder())?, fresh: build(fresh)? })
    }
}

/// How connections are secured; cheap to clone. The system's certificates are
/// costly to read, which is done once for all clients.
#[derive(Debug, Clone)]
pub struct Tls(ClientConfig);

impl Tls {
    /// Reads the system's certificates.
    ///
    /// # Errors
    /// They cannot be loaded.
    pub fn load() -> Result<Self, BuildError> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(|error| BuildError(error.into()))?
            .with_no_client_auth();
        Ok(Self(config))
    }
}

/// What all clients have in common.
pub(super) fn builder(tls: &Tls, connect_timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.0.clone())
        .user_agent(concat!("bedrock-gateway/", env!("CARGO_PKG_VERSION")))
        // A redirect could lead a signed request, with the prompt in it, anywhere;
        // where redirects are wanted, each is checked first.
        .redirect(redirect::Policy::none())
        .connect_timeout(connect_timeout)
}

pub(super) fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, BuildError> {
    builder.build().map_err(|error| BuildError(error.into()))
}

/// Hands out those addresses of a name that may be connected to, and no others:
/// what was checked is what the connection is opened to.
pub(super) struct GuardedResolver {
    pub(super) allows: fn(IpAddr) -> bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows = self.allows;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name resolves to no address that may be reached".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_guarded_client_does_not_reach_this_machine_by_name() {
        let guard = GuardedResolver { allows: may_connect };
        assert!(guard.resolve("localhost".parse().unwrap()).await.is_err());
        let open = GuardedResolver { allows: |_| true };
        assert!(open.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
