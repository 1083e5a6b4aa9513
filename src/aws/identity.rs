//! The gateway's own AWS identity: what the default credentials chain finds
//! where the gateway runs.
//!
//! The chain is `aws-config`'s: environment, shared profile, SSO, web identity,
//! container and instance metadata, credential process. It is asked when the
//! first request needs it, not at start.

use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::{OnceCell, RwLock};

use super::credentials::Credentials;

/// How long before their expiry temporary credentials are replaced: longer than
/// the clocks of two machines differ, shorter than the shortest session (15 minutes).
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);

/// The default chain has nothing to offer, or a source of it failed.
#[derive(Debug, thiserror::Error)]
#[error("the gateway's own AWS identity is not available")]
pub struct Error(#[source] CredentialsError);

/// The gateway's own identity.
#[derive(Debug)]
pub struct GatewayIdentity(Source);

#[derive(Debug)]
enum Source {
    /// Given at start: `AWS_BEARER_TOKEN_BEDROCK`, or the emulator's demo identity.
    Fixed(Credentials),
    /// Found when needed, and kept until shortly before it expires.
    Chain { chain: OnceCell<DefaultCredentialsChain>, cached: RwLock<Option<AwsCredentials>> },
}

impl GatewayIdentity {
    /// An identity that is known.
    #[must_use]
    pub fn fixed(credentials: Credentials) -> Self {
        Self(Source::Fixed(credentials))
    }

    /// What the default chain finds when first needed.
    #[must_use]
    pub fn default_chain() -> Self {
        Self(Source::Chain { chain: OnceCell::new(), cached: RwLock::new(None) })
    }

    /// Credentials that are valid at `now` and for some minutes more.
    ///
    /// Requests that come together ask the chain once.
    ///
    /// # Errors
    /// The chain has nothing to offer, or a source of it failed.
    pub async fn credentials(&self, now: SystemTime) -> Result<Credentials, Error> {
        let (chain, cached) = match &self.0 {
            Source::Fixed(credentials) => return Ok(credentials.clone()),
            Source::Chain { chain, cached } => (chain, cached),
        };
        if let Some(fresh) = cached.read().await.as_ref().filter(|found| is_fresh(found, now)) {
            return Ok(Credentials::SigV4(fresh.clone()));
        }
        let mut cached = cached.write().await;
        // Another request may have been first.
        if let Some(fresh) = cached.as_ref().filter(|found| is_fresh(found, now)) {
            return Ok(Credentials::SigV4(fresh.clone()));
        }
        let chain = chain.get_or_init(default_chain).await;
        let found = chain.provide_credentials().await.map_err(Error)?;
        *cached = Some(found.clone());
        Ok(Credentials::SigV4(found))
    }
}

fn is_fresh(credentials: &AwsCredentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| now + REFRESH_BEFORE_EXPIRY < expiry)
}

async fn default_chain() -> DefaultCredentialsChain {
    let http_client: SharedHttpClient = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let config = ProviderConfig::without_region().with_http_client(http_client);
    DefaultCredentialsChain::builder().configure(config).build().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_replaced_ahead_of_their_expiry() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let expiring = |after| {
            AwsCredentials::new(
                "AKID",
                "secret",
                None,
                Some(now + Duration::from_secs(after)),
                "test",
            )
        };
        assert!(is_fresh(&expiring(301), now));
        assert!(!is_fresh(&expiring(300), now));
        assert!(is_fresh(&AwsCredentials::new("AKID", "secret", None, None, "test"), now));
    }
}
