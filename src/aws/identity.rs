//! The gateway's own AWS identity: what the default credentials chain finds
//! where the gateway runs.
//!
//! The chain is `aws-config`'s: environment, shared profile, SSO, web identity,
//! container and instance metadata, credential process. It is asked when the
//! first request needs it, not at start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::{Mutex as AsyncMutex, OnceCell};

use super::credentials::Credentials;
use super::region::Region;

/// How long before their expiry temporary credentials are replaced: longer than
/// the clocks of two machines differ, shorter than the shortest session (15 minutes).
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// How long a failure of the chain is remembered, so that requests that come
/// together do not wait for one attempt each.
const FAILURE_MEMORY: Duration = Duration::from_secs(2);

/// The default chain has nothing to offer, or a source of it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the gateway's own AWS identity is not available")]
pub struct Error(#[source] Arc<CredentialsError>);

/// The gateway's own identity.
#[derive(Debug)]
pub struct GatewayIdentity(Source);

#[derive(Debug)]
enum Source {
    /// Given at start: `AWS_BEARER_TOKEN_BEDROCK`, or the emulator's demo identity.
    Fixed(Credentials),
    /// Found when needed.
    Chain(Chain),
}

#[derive(Debug)]
struct Chain {
    region: Region,
    provider: OnceCell<SharedCredentialsProvider>,
    known: Mutex<Known>,
    /// Held by the one request that asks the provider.
    asking: AsyncMutex<()>,
}

/// What the provider last said.
#[derive(Debug, Clone, Default)]
struct Known {
    credentials: Option<AwsCredentials>,
    failure: Option<(SystemTime, Error)>,
}

impl GatewayIdentity {
    /// An identity that is known.
    #[must_use]
    pub fn fixed(credentials: Credentials) -> Self {
        Self(Source::Fixed(credentials))
    }

    /// What the default chain finds when first needed. Sources that ask STS or SSO
    /// do so in `region`.
    #[must_use]
    pub fn default_chain(region: Region) -> Self {
        Self(Source::Chain(Chain::new(region, OnceCell::new())))
    }

    /// Credentials that are valid at `now`. They are asked for anew some minutes
    /// before they expire, by one request; the others use those that are known.
    ///
    /// # Errors
    /// There are none, and the chain has nothing to offer or a source of it failed.
    pub async fn credentials(&self, now: SystemTime) -> Result<Credentials, Error> {
        match &self.0 {
            Source::Fixed(credentials) => Ok(credentials.clone()),
            Source::Chain(chain) => chain.credentials(now).await.map(Credentials::SigV4),
        }
    }
}

impl Chain {
    fn new(region: Region, provider: OnceCell<SharedCredentialsProvider>) -> Self {
        Self { region, provider, known: Mutex::default(), asking: AsyncMutex::new(()) }
    }

    async fn credentials(&self, now: SystemTime) -> Result<AwsCredentials, Error> {
        if let Some(fresh) = self.known_for(now, REFRESH_BEFORE_EXPIRY) {
            return Ok(fresh);
        }
        let _turn = match self.known_for(now, Duration::ZERO) {
            None => self.asking.lock().await,
            Some(valid) => match self.asking.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(valid),
            },
        };
        // Another request may have had its turn before.
        if let Some(fresh) = self.known_for(now, REFRESH_BEFORE_EXPIRY) {
            return Ok(fresh);
        }
        let failure = match self.recent_failure(now) {
            Some(failure) => failure,
            None => match self.ask().await {
                Ok(found) => return Ok(found),
                Err(failure) => {
                    self.known().failure = Some((now, failure.clone()));
                    failure
                }
            },
        };
        self.known_for(now, Duration::ZERO).ok_or(failure)
    }

    async fn ask(&self) -> Result<AwsCredentials, Error> {
        let provider = self.provider.get_or_init(|| default_chain(&self.region)).await;
        let found = provider.provide_credentials().await.map_err(|error| Error(Arc::new(error)))?;
        *self.known() = Known { credentials: Some(found.clone()), failure: None };
        Ok(found)
    }

    /// The known credentials, if they are valid for longer than `ahead` from now.
    fn known_for(&self, now: SystemTime, ahead: Duration) -> Option<AwsCredentials> {
        let valid =
            |found: &&AwsCredentials| found.expiry().is_none_or(|expiry| now + ahead < expiry);
        self.known().credentials.as_ref().filter(valid).cloned()
    }

    fn recent_failure(&self, now: SystemTime) -> Option<Error> {
        let known = self.known();
        let (at, failure) = known.failure.as_ref()?;
        (now < *at + FAILURE_MEMORY).then(|| failure.clone())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // What is known stays known after a panic elsewhere.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn default_chain(region: &Region) -> SharedCredentialsProvider {
    let http_client: SharedHttpClient = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let config = ProviderConfig::without_region().with_http_client(http_client);
    // Said here, it need not be asked of the instance's metadata service.
    let region = aws_config::Region::new(region.as_str().to_owned());
    let chain = DefaultCredentialsChain::builder().configure(config).region(region).build().await;
    SharedCredentialsProvider::new(chain)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_credential_types::provider::future::ProvideCredentials as Provided;

    use super::*;

    /// Answers each call with the next of these: seconds of validity, or a failure.
    #[derive(Debug, Default)]
    struct Script {
        answers: Vec<Option<u64>>,
        calls: AtomicUsize,
    }

    impl ProvideCredentials for Script {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            Provided::new(async {
                tokio::task::yield_now().await;
                let call = self.calls.fetch_add(1, Ordering::Relaxed);
                match self.answers.get(call).copied().flatten() {
                    Some(valid) => {
                        let id = format!("AKID{call}");
                        Ok(AwsCredentials::new(
                            id,
                            "secret",
                            None,
                            Some(start() + Duration::from_secs(valid)),
                            "test",
                        ))
                    }
                    None => Err(CredentialsError::not_loaded("no more")),
                }
            })
        }
    }

    fn start() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    fn chain(answers: &[Option<u64>]) -> Chain {
        let script = Script { answers: answers.to_vec(), ..Script::default() };
        Chain::new(
            Region::us_east_1(),
            OnceCell::new_with(Some(SharedCredentialsProvider::new(script))),
        )
    }

    async fn id_at(chain: &Chain, seconds: u64) -> Option<String> {
        let found = chain.credentials(start() + Duration::from_secs(seconds)).await;
        found.ok().map(|found| found.access_key_id().to_owned())
    }

    #[tokio::test]
    async fn credentials_are_kept_and_replaced_ahead_of_their_expiry() {
        let chain = chain(&[Some(1000), Some(2000)]);
        assert_eq!(id_at(&chain, 0).await.as_deref(), Some("AKID0"));
        assert_eq!(id_at(&chain, 699).await.as_deref(), Some("AKID0"));
        assert_eq!(id_at(&chain, 700).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn what_is_still_valid_outlives_a_failure() {
        let chain = chain(&[Some(1000), None, None]);
        assert_eq!(id_at(&chain, 0).await.as_deref(), Some("AKID0"));
        assert_eq!(id_at(&chain, 800).await.as_deref(), Some("AKID0"));
        assert_eq!(id_at(&chain, 1000).await, None);
    }

    #[tokio::test]
    async fn a_failure_is_remembered_for_a_moment() {
        let chain = chain(&[None, Some(5000)]);
        assert_eq!(id_at(&chain, 0).await, None);
        assert_eq!(id_at(&chain, 1).await, None);
        assert_eq!(id_at(&chain, 2).await.as_deref(), Some("AKID1"));
    }

    #[tokio::test]
    async fn requests_that_come_together_ask_once() {
        let chain = chain(&[Some(1000)]);
        let ids = futures_util::future::join_all((0..100).map(|_| id_at(&chain, 0))).await;
        assert!(ids.iter().all(|id| id.as_deref() == Some("AKID0")));
    }
}
