//! Wiring: from settings to a gateway that serves.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use url::{Host, Url};

use crate::api::{self, AppState, Limits};
use crate::aws::credentials::Credentials;
use crate::aws::identity::GatewayIdentity;
use crate::routing;
use crate::routing::dispatch::Dispatcher;
use crate::settings::{Media, Settings};
use crate::upstream::bedrock::BedrockClient;
use crate::upstream::media::{MediaFetcher, MediaOptions};
use crate::upstream::{HttpOptions, Tls, Waits};

/// A gateway that is built and not yet serving.
#[derive(Debug)]
pub struct Gateway {
    state: AppState,
    settings: Settings,
}

impl Gateway {
    /// Builds a gateway. Nothing is connected to and nobody is asked for
    /// credentials until a request needs it.
    ///
    /// # Errors
    /// The system's certificates cannot be loaded.
    pub fn build(settings: Settings) -> io::Result<Self> {
        let identity = match &settings.aws.bearer_token {
            Some(token) => GatewayIdentity::fixed(Credentials::Bearer(token.clone())),
            None => GatewayIdentity::default_chain(settings.aws.region.clone()),
        };
        Self::build_with_identity(settings, identity)
    }

    /// Builds a gateway whose own identity is known.
    ///
    /// # Errors
    /// The system's certificates cannot be loaded.
    pub fn build_with_identity(settings: Settings, identity: GatewayIdentity) -> io::Result<Self> {
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
        let state = AppState {
            dispatcher: Arc::new(Dispatcher::new(client, identity)),
            routing: Arc::new(routing_settings(&settings)),
            media: media.map_err(io::Error::other)?,
            max_body_bytes: settings.server.max_body_bytes,
            limits: Limits {
                max_messages: settings.server.max_messages,
                max_parts: settings.server.max_parts,
                max_tools: settings.server.max_tools,
            },
            unsupported_params: settings.requests.unsupported_params,
            sse_keep_alive: settings.server.sse_keep_alive,
            cors_allowed_origins: settings.server.cors_allowed_origins.clone().into(),
        };
        Ok(Self { state, settings })
    }

    /// Serves on `listener` until `shutdown` is done and running requests have
    /// finished or their time is over.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let service = api::forgiving(api::router(self.state));
        api::serve::serve(listener, service, self.settings.server.shutdown_grace, shutdown).await;
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
        allow_gateway_identity: settings.aws.allow_gateway_identity,
    }
}
