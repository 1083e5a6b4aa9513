//! HTTP clients with every wait bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls::ClientConfig;
use rustls::crypto::ring;
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

/// The clients that are needed. They share what is costly to make: the system's
/// certificates are read once.
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
    pub(super) fn try_new(options: HttpOptions) -> Result<Self, BuildError> {
        let tls = tls()?;
        let ordinary = || {
            let ordinary = builder(options, tls.clone());
            if options.use_proxies { ordinary } else { ordinary.no_proxy() }
        };
        let guarded =
            || builder(options, tls.clone()).no_proxy().dns_resolver(Arc::new(GuardedResolver));
        Ok(Self {
            ordinary: Connections::try_new(ordinary)?,
            guarded: Connections::try_new(guarded)?,
        })
    }
}

impl Connections {
    fn try_new(builder: impl Fn() -> reqwest::ClientBuilder) -> Result<Self, BuildError> {
        let build = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| BuildError(error.into()))
        };
        let fresh = builder().pool_max_idle_per_host(0);
        Ok(Self { pooled: build(builder())?, fresh: build(fresh)? })
    }
}

fn tls() -> Result<ClientConfig, BuildError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| BuildError(error.into()))?
        .with_no_client_auth();
    Ok(config)
}

fn builder(options: HttpOptions, tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("bedrock-gateway/", env!("CARGO_PKG_VERSION")))
        // A redirect could lead a signed request, with the prompt in it, anywhere.
        .redirect(redirect::Policy::none())
        .connect_timeout(options.waits.connect)
        // The waits for an answer are the caller's business: reqwest knows one
        // bound for all of them.
        .pool_idle_timeout(IDLE_CONNECTION_LIFETIME)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS_PER_HOST)
}

struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| may_connect(address.ip())).collect();
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
        let resolved = GuardedResolver.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err());
    }
}
