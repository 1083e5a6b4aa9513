//! The gateway's own AWS identity: what the default credentials chain finds
//! where the gateway runs.
//!
//! The chain is `aws-config`'s: environment, shared profile, SSO, web identity,
//! container and instance metadata, credential process. It is asked when the
//! first request needs it, not at start.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::credentials::Credentials;
use super::fresh::Fresh;

/// The default chain has nothing to offer, or a source of it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the gateway's own AWS identity is not available")]
pub struct Error(#[source] Arc<CredentialsError>);

/// Where an access key was found, such as `EnvironmentVariable` or `WebIdentityToken`.
#[must_use]
pub fn source(key: &AwsCredentials) -> String {
    let debug = format!("{key:?}");
    // The one place where the SDK tells it.
    let named = debug.split_once("provider_name: \"").and_then(|(_, rest)| rest.split_once('"'));
    named.map_or_else(|| "unknown".to_owned(), |(name, _)| name.to_owned())
}

/// The gateway's own identity.
#[derive(Debug)]
pub struct GatewayIdentity {
    /// `AWS_BEARER_TOKEN_BEDROCK`, which Bedrock takes and no other service.
    bedrock: Option<Credentials>,
    provider: SharedCredentialsProvider,
    fresh: Fresh<Error>,
}

impl GatewayIdentity {
    /// What `provider` finds when it is first needed; Bedrock is called with `bedrock`
    /// in its place, if that is given.
    #[must_use]
    pub fn new(provider: SharedCredentialsProvider, bedrock: Option<Credentials>) -> Self {
        Self { bedrock, provider, fresh: Fresh::default() }
    }

    /// What Bedrock is called with, valid at `now`.
    ///
    /// # Errors
    /// The chain has nothing to offer, or a source of it failed.
    pub async fn credentials(&self, now: SystemTime) -> Result<Credentials, Error> {
        match &self.bedrock {
            Some(credentials) => Ok(credentials.clone()),
            None => self.access_key(now).await.map(Credentials::SigV4),
        }
    }

    /// What STS is called with, valid at `now`. Asked for anew some minutes before it
    /// expires, by one request; the others use what is known.
    ///
    /// # Errors
    /// As of [`Self::credentials`].
    pub async fn access_key(&self, now: SystemTime) -> Result<AwsCredentials, Error> {
        let ask = async {
            let found = self.provider.provide_credentials().await;
            found.map_err(|error| Error(Arc::new(error)))
        };
        self.fresh.credentials(now, ask).await
    }

    /// Forgets an access key that AWS says has expired before its time.
    pub fn forget(&self, expired: &AwsCredentials) {
        self.fresh.forget(expired);
    }
}
