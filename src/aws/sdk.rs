//! What the AWS SDK's own clients (STS, KMS) and its credentials chain share.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, future::ProvideCredentials as Provided,
};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

use super::endpoint::EndpointOptions;
use super::region::Region;

/// How long one try of a call of STS or KMS may take: they answer in milliseconds,
/// and a request of a client waits for it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long all tries together may take.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where AWS's other services are, in place of the region's own addresses.
#[derive(Debug, Clone, Default)]
pub struct ServiceUrls {
    /// `AWS_ENDPOINT_URL_STS`.
    pub sts: Option<String>,
    /// `AWS_ENDPOINT_URL_KMS`.
    pub kms: Option<String>,
}

/// Region, endpoints, HTTP client and credentials of the gateway itself.
///
/// The HTTP client is made when it is first needed: it reads the system's
/// certificates, which a gateway that needs none of this should not wait for.
#[derive(Debug)]
pub struct SdkContext {
    region: Region,
    urls: ServiceUrls,
    endpoint_options: EndpointOptions,
    http_client: OnceLock<SharedHttpClient>,
    credentials: SharedCredentialsProvider,
}

impl SdkContext {
    /// Calls are made as what AWS's default chain finds.
    #[must_use]
    pub fn new(region: Region, urls: ServiceUrls, endpoint_options: EndpointOptions) -> Self {
        let credentials = SharedCredentialsProvider::new(DefaultChain {
            region: region.clone(),
            chain: OnceCell::new(),
        });
        Self::with_credentials(region, urls, endpoint_options, credentials)
    }

    /// Calls are made as `credentials` say.
    #[must_use]
    pub fn with_credentials(
        region: Region,
        urls: ServiceUrls,
        endpoint_options: EndpointOptions,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        Self { region, urls, endpoint_options, http_client: OnceLock::new(), credentials }
    }

    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    pub(super) fn endpoint_options(&self) -> EndpointOptions {
        self.endpoint_options
    }

    pub(super) fn endpoint_url_sts(&self) -> Option<&str> {
        self.urls.sts.as_deref()
    }

    pub(super) fn endpoint_url_kms(&self) -> Option<&str> {
        self.urls.kms.as_deref()
    }

    pub(super) fn http_client(&self) -> SharedHttpClient {
        self.http_client.get_or_init(http_client).clone()
    }

    /// The gateway's own, as its chain finds them; not cached here.
    #[must_use]
    pub fn credentials(&self) -> SharedCredentialsProvider {
        self.credentials.clone()
    }

    pub(super) fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build()
    }
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_https()
}

/// `aws-config`'s chain, put together when it is first asked.
#[derive(Debug)]
struct DefaultChain {
    region: Region,
    chain: OnceCell<DefaultCredentialsChain>,
}

impl DefaultChain {
    async fn ask(&self) -> Result<aws_credential_types::Credentials, CredentialsError> {
        let chain = self
            .chain
            .get_or_init(|| async {
                let config = ProviderConfig::without_region().with_http_client(http_client());
                // Said here, it need not be asked of the instance's metadata service.
                let region = aws_config::Region::new(self.region.as_str().to_owned());
                DefaultCredentialsChain::builder().configure(config).region(region).build().await
            })
            .await;
        chain.provide_credentials().await
    }
}

impl ProvideCredentials for DefaultChain {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.ask())
    }
}
