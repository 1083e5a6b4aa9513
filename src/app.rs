//! Wiring: from settings to a gateway that serves.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvidedCredentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::net::TcpListener;
use tracing::info;
use url::{Host, Url};

use crate::access::jwt::JwtVerifier;
use crate::access::{Access, AuditLog};
use crate::api::serve::ServeOptions;
use crate::api::{self, AppState, LoopbackOnly};
use crate::aws::credentials::Credentials;
use crate::aws::identity::{self, GatewayIdentity};
use crate::aws::kms::DataKeys;
use crate::aws::roles::Roles;
use crate::aws::sdk::SdkContext;
use crate::limits::{BufferedBytes, HeavyWork, usable_memory};
use crate::routing;
use crate::routing::dispatch::Dispatcher;
use crate::routing::profiles::Profiles;
use crate::settings::{Media, Settings};
use crate::telemetry::chain;
use crate::upstream::bedrock::BedrockClient;
use crate::upstream::document::DocumentFetcher;
use crate::upstream::media::{MediaFetcher, MediaOptions};
use crate::upstream::{HttpOptions, Tls, Waits};
use crate::vault::master_key::MasterKeys;
use crate::vault::{self, Vault};

/// A gateway that is built and not yet serving.
#[derive(Debug)]
pub struct Gateway {
    state: AppState,
    identity: Arc<GatewayIdentity>,
    settings: Settings,
}

impl Gateway {
    /// Builds a gateway. Nobody is asked for credentials meanwhile, unless KMS holds the
    /// vault's master key.
    ///
    /// # Errors
    /// The system's certificates cannot be loaded, or the vault does not open.
    pub async fn build(settings: Settings) -> io::Result<Self> {
        let bedrock = settings.aws.bearer_token.clone().map(Credentials::Bearer);
        Self::build_as(settings, None, bedrock).await
    }

    /// Builds a gateway whose own identity is known.
    ///
    /// # Errors
    /// As of [`Self::build`].
    pub async fn build_with_identity(
        settings: Settings,
        credentials: Credentials,
    ) -> io::Result<Self> {
        let (provider, bedrock) = match credentials {
            Credentials::SigV4(key) => (SharedCredentialsProvider::new(key), None),
            bearer @ Credentials::Bearer(_) => {
                (SharedCredentialsProvider::new(Nobody), Some(bearer))
            }
        };
        Self::build_as(settings, Some(provider), bedrock).await
    }

    /// `provider` takes the place of the default chain, and `bedrock` that of what is
    /// found for Bedrock.
    async fn build_as(
        settings: Settings,
        provider: Option<SharedCredentialsProvider>,
        bedrock: Option<Credentials>,
    ) -> io::Result<Self> {
        let sdk = Arc::new(sdk_context(&settings, provider));
        let identity = GatewayIdentity::new(sdk.credentials(), bedrock);
        let vault = open_vault_to_serve(&settings, &sdk).await?;
        Self::assemble(settings, &sdk, identity, vault)
    }

    fn assemble(
        settings: Settings,
        sdk: &Arc<SdkContext>,
        identity: GatewayIdentity,
        vault: Option<Vault>,
    ) -> io::Result<Self> {
        let tls = Tls::load().map_err(io::Error::other)?;
        let options = HttpOptions {
            waits: Waits {
                connect: settings.upstream.connect_timeout,
                first_byte: settings.upstream.first_byte_timeout,
                idle: settings.upstream.idle_timeout,
            },
            use_proxies: !is_on_this_machine(settings.aws.endpoint_url.as_deref()),
        };
        let client = BedrockClient::try_new(options, &tls).map_err(io::Error::other)?;
        let media = MediaFetcher::try_new(media_options(&settings), &tls);
        let identity = Arc::new(identity);
        let roles = Roles::new(Arc::clone(sdk), Arc::clone(&identity));
        let profiles = Profiles::new(
            settings.aws.endpoint_url_bedrock.clone(),
            settings.aws.endpoint_options,
            settings.models.allow_unresolved_profiles,
        );
        let jwt = match &settings.auth.jwt {
            Some(jwt) => {
                let fetcher = DocumentFetcher::try_new(options, &tls).map_err(io::Error::other)?;
                Some(JwtVerifier::new(jwt.clone(), fetcher))
            }
            None => None,
        };
        let audit = AuditLog::new(vault.as_ref().map(|vault| vault.store().clone()));
        let state = AppState {
            access: Arc::new(Access::new(vault.map(Arc::new), jwt, settings.auth.anonymous)),
            loopback_only: None,
            audit: Arc::new(audit),
            dispatcher: Arc::new(Dispatcher::new(client, Arc::clone(&identity), roles, profiles)),
            routing: Arc::new(routing_settings(&settings)),
            media: media.map_err(io::Error::other)?,
            max_body_bytes: settings.server.max_body_bytes,
            buffered: Arc::new(BufferedBytes::new(max_buffered_bytes(&settings))),
            heavy: Arc::new(HeavyWork::default()),
            limits: settings.server.limits,
            unsupported_params: settings.requests.unsupported_params,
            sse_keep_alive: settings.server.sse_keep_alive,
            cors_allowed_origins: settings.server.cors_allowed_origins.clone().into(),
        };
        Ok(Self { state, identity, settings })
    }

    /// The vault, if there is one.
    #[must_use]
    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.state.access.vault()
    }

    /// Whether callers that nobody knows could use what is the gateway's own.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub async fn lends_to_strangers(&self) -> io::Result<bool> {
        let snapshot = match self.state.access.vault() {
            Some(vault) => Some(vault.latest().await.map_err(io::Error::other)?),
            None => None,
        };
        Ok(self.settings.aws.lent.allow_gateway_identity
            && self.state.access.serves_anonymous(snapshot.as_deref()))
    }

    /// Says in the log where the gateway's own identity comes from, if anybody may use
    /// it; never what it is.
    pub fn report_identity(&self) {
        let may_be_used = self.settings.aws.lent.allow_gateway_identity
            || !self.settings.aws.lent.assumable_roles.is_empty()
            || self.state.access.vault().is_some();
        if !may_be_used {
            return;
        }
        let identity = Arc::clone(&self.identity);
        // Metadata services of the cloud may take seconds, which nobody should wait for.
        tokio::spawn(async move {
            match identity.access_key(SystemTime::now()).await {
                Ok(found) => {
                    let source = identity::source(&found);
                    info!(source, "the gateway has an AWS identity of its own");
                }
                Err(error) => {
                    let cause = chain(&error);
                    info!(cause, "the gateway has no AWS identity of its own");
                }
            }
        });
    }

    /// Serves on `listener` until `shutdown` is done and running requests have
    /// finished or their time is over.
    pub async fn serve(mut self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let address = listener.local_addr();
        let is_local = address.is_ok_and(|address| address.ip().to_canonical().is_loopback());
        if is_local && self.settings.aws.lent.allow_gateway_identity {
            let hosts = self.settings.server.allowed_hosts.clone();
            let origins = Arc::clone(&self.state.cors_allowed_origins);
            self.state.loopback_only = Some(Arc::new(LoopbackOnly::new(hosts, origins)));
        }
        let audit = Arc::clone(&self.state.audit);
        let buffered = Arc::clone(&self.state.buffered);
        let service = api::forgiving(api::router(self.state));
        let server = &self.settings.server;
        let options = ServeOptions {
            grace: server.shutdown_grace,
            max_connections: server.max_connections,
            max_connections_per_address: server.max_connections_per_address,
        };
        api::serve::serve(listener, service, options, &buffered, shutdown).await;
        audit.close().await;
    }
}

/// The same as [`open_vault`], where new records are sealed too.
async fn open_vault_to_serve(settings: &Settings, sdk: &SdkContext) -> io::Result<Option<Vault>> {
    let vault = open_vault(settings, sdk).await?;
    if let Some(vault) = &vault {
        let checked = vault.check_sealing().await;
        checked.map_err(|error| io::Error::other(format!("the vault: {}", chain(&error))))?;
    }
    Ok(vault)
}

/// Opens the vault that the settings describe; `None` if they describe none.
///
/// # Errors
/// There is a database and no master key, or one that does not fit; or either cannot
/// be read.
pub async fn open_vault(settings: &Settings, sdk: &SdkContext) -> io::Result<Option<Vault>> {
    let Some(data_dir) = &settings.vault.data_dir else {
        return if settings.vault.has_master_key() {
            let message = "there is no place for the vault: set vault.data_dir";
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        } else {
            Ok(None)
        };
    };
    if !settings.vault.has_master_key() {
        return if vault::exists(data_dir) {
            let error = vault::Error::NoMasterKey;
            Err(io::Error::other(format!("the vault in {}: {error}", data_dir.display())))
        } else {
            Ok(None)
        };
    }
    let opened = async {
        let kms = settings.vault.kms_key_id.clone().map(|id| DataKeys::new(sdk, id));
        let masters = MasterKeys::load(&settings.vault.master_keys, kms)?;
        Vault::open(data_dir, masters).await
    };
    let opened: Result<Vault, vault::Error> = opened.await;
    opened.map(Some).map_err(|error| {
        io::Error::other(format!("the vault in {}: {}", data_dir.display(), chain(&error)))
    })
}

/// What the AWS SDK's own clients go by; `credentials` in place of the default chain.
#[must_use]
pub fn sdk_context(
    settings: &Settings,
    credentials: Option<SharedCredentialsProvider>,
) -> SdkContext {
    let aws = &settings.aws;
    let (region, urls) = (aws.region.clone(), aws.service_urls.clone());
    match credentials {
        None => SdkContext::new(region, urls, aws.endpoint_options),
        Some(credentials) => {
            SdkContext::with_credentials(region, urls, aws.endpoint_options, credentials)
        }
    }
}

/// No access key.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> ProvidedCredentials<'a>
    where
        Self: 'a,
    {
        let nobody = CredentialsError::not_loaded("a bearer token signs nothing");
        ProvidedCredentials::ready(Err(nobody))
    }
}

/// No proxy reaches this machine's own addresses, such as the emulator's.
fn is_on_this_machine(endpoint_url: Option<&str>) -> bool {
    let url = endpoint_url.and_then(|url| Url::parse(url).ok());
    url.is_some_and(|url| match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    })
}

/// How much is assumed where the system does not tell how much memory there is.
const ASSUMED_MEMORY: usize = 512 * 1024 * 1024;

/// Half of the memory is left for connections, answers and the program itself.
fn max_buffered_bytes(settings: &Settings) -> usize {
    let default = || usable_memory().unwrap_or(ASSUMED_MEMORY) / 2;
    settings.server.max_buffered_bytes.unwrap_or_else(default)
}

fn media_options(settings: &Settings) -> MediaOptions {
    let Media { fetch, max_bytes, timeout, allowed_hosts } = settings.media.clone();
    let connect_timeout = settings.upstream.connect_timeout;
    MediaOptions { enabled: fetch, max_bytes, timeout, connect_timeout, allowed_hosts }
}

fn routing_settings(settings: &Settings) -> routing::Settings {
    routing::Settings {
        region: settings.aws.region.clone(),
        endpoint_url: settings.aws.endpoint_url.clone(),
        endpoint_options: settings.aws.endpoint_options,
        custom_hosts: settings.upstream.custom_hosts.clone(),
        aliases: settings.models.aliases.clone(),
        families: settings.models.families.clone(),
        lent: settings.aws.lent.clone(),
        session_tag_keys: settings.aws.session_tag_keys.clone(),
    }
}
