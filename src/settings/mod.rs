//! The operator's settings: read once at start, from every source, with every
//! problem reported.
//!
//! `config/default.toml` is both the documentation and the defaults. What it
//! holds is what there is; `layers.rs` lays the other sources over it, and the
//! types here say what the values mean.

mod identity;
mod layers;
mod typed;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use layers::{Layers, Problem};

use crate::access::Anonymous;
use crate::access::host::HostPort;
use crate::access::jwt::JwtOptions;
use crate::aws::endpoint::EndpointOptions;
use crate::aws::region::Region;
use crate::aws::sdk::ServiceUrls;
use crate::json::counts::Limits;
use crate::models::ModelProfile;
use crate::routing::ModelAlias;
use crate::routing::lending::Lent;
use crate::translate::chat::UnsupportedParams;
use crate::upstream::media::AllowedHost;
use crate::vault::master_key::MasterKeyOptions;

/// The defaults, with a comment for each.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Names and values of environment variables.
pub type Environment = BTreeMap<String, String>;

/// Every setting.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `[server]`.
    pub server: Server,
    /// `[log]`.
    pub log: Log,
    /// `[vault]`.
    pub vault: Vault,
    /// `[auth]`.
    pub auth: Auth,
    /// `[aws]`.
    pub aws: Aws,
    /// `[upstream]`.
    pub upstream: Upstream,
    /// `[media]`.
    pub media: Media,
    /// `[requests]`.
    pub requests: Requests,
    /// `[models]`.
    pub models: Models,
}

/// How requests are read.
#[derive(Debug, Clone, Copy)]
pub struct Requests {
    /// What happens to parameters that have no counterpart on Bedrock.
    pub unsupported_params: UnsupportedParams,
}

/// What names of models mean.
#[derive(Debug, Clone)]
pub struct Models {
    /// Names that clients may use.
    pub aliases: HashMap<String, ModelAlias>,
    /// What kind of model an opaque id or ARN means.
    pub families: HashMap<String, &'static ModelProfile>,
    /// Whether a model is called whose inference profile cannot be looked up.
    pub allow_unresolved_profiles: bool,
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Hosts beside loopback ones that callers may name where that is checked.
    pub allowed_hosts: Vec<HostPort>,
    /// The most client connections at one time; 0 for as many as the file descriptors allow.
    pub max_connections: usize,
    /// The most client connections from one address; 0 for half of all.
    pub max_connections_per_address: usize,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// The most bytes that all requests together may hold; `None` for a share of the
    /// memory that the process may use.
    pub max_buffered_bytes: Option<usize>,
    /// How many values a request's body may hold.
    pub limits: Limits,
    /// How long running requests may take to finish at the end.
    pub shutdown_grace: Duration,
    /// How long a stream may be silent before the client gets a comment.
    pub sse_keep_alive: Option<Duration>,
    /// Whose web pages may call; `*` for any.
    pub cors_allowed_origins: Vec<String>,
}

/// How to log.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// The least severe level that is written.
    pub level: tracing::Level,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Where the vault lies and what opens it.
#[derive(Debug, Clone)]
pub struct Vault {
    /// The folder of the database; `None` where no place for it is known.
    pub data_dir: Option<PathBuf>,
    /// Master keys that are held here.
    pub master_keys: MasterKeyOptions,
    /// A key of KMS that takes their place.
    pub kms_key_id: Option<String>,
}

impl Vault {
    /// Whether anything is said about master keys.
    #[must_use]
    pub fn has_master_key(&self) -> bool {
        self.master_keys.text.is_some()
            || self.master_keys.file.is_some()
            || self.kms_key_id.is_some()
    }
}

/// Who may call.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Whether callers that nobody knows are served.
    pub anonymous: Anonymous,
    /// Whether they may be lent the gateway's identity where other machines reach it.
    pub allow_public_anonymous: bool,
    /// How JWTs are checked.
    pub jwt: Option<JwtOptions>,
}

/// How to reach AWS and as whom.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Region for requests that name none.
    pub region: Region,
    /// What the gateway lends of its own identity.
    pub lent: Lent,
    /// Metadata that become tags of the sessions of roles.
    pub session_tag_keys: Vec<String>,
    /// Replaces the address of Bedrock Runtime; no slash at the end.
    pub endpoint_url: Option<String>,
    /// Replaces the address of Bedrock's control plane; no slash at the end.
    pub endpoint_url_bedrock: Option<String>,
    /// Replace those of other services.
    pub service_urls: ServiceUrls,
    /// Which of AWS's own addresses to use.
    pub endpoint_options: EndpointOptions,
    /// `AWS_BEARER_TOKEN_BEDROCK`, from the environment only.
    pub bearer_token: Option<SecretString>,
}

/// How long to wait for AWS, and where else callers may go.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// For a connection.
    pub connect_timeout: Duration,
    /// For an answer to begin.
    pub first_byte_timeout: Duration,
    /// Between two pieces of it.
    pub idle_timeout: Duration,
    /// Hosts that callers may name, in lower case.
    pub custom_hosts: Vec<String>,
}

/// What requests may name by URL.
#[derive(Debug, Clone)]
pub struct Media {
    /// Whether URLs are fetched at all.
    pub fetch: bool,
    /// The largest content of one.
    pub max_bytes: usize,
    /// For one URL, redirects included.
    pub timeout: Duration,
    /// Hosts that need not be public.
    pub allowed_hosts: Vec<AllowedHost>,
}

/// Where settings come from, in order of rising precedence; the defaults come first.
#[derive(Debug, Default)]
pub struct Sources<'a> {
    /// Name and text of a file.
    pub file: Option<(String, String)>,
    /// The environment.
    pub environment: Option<&'a Environment>,
    /// Flags: key and value, and how the flag is spelled.
    pub flags: Vec<(String, String, &'static str)>,
}

impl Settings {
    /// Reads all sources.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn load(sources: &Sources<'_>) -> Result<Self, Vec<Problem>> {
        let mut layers = Layers::defaults();
        if let Some((name, text)) = &sources.file {
            layers.add_file(name, text);
        }
        if let Some(environment) = sources.environment {
            layers.add_environment(environment);
        }
        for (key, value, flag) in &sources.flags {
            layers.add_flag(key, value, flag);
        }
        typed::settings(layers, &FromEnvironment::read(sources.environment))
    }
}

/// What comes from the environment and is no setting.
#[derive(Debug, Default)]
struct FromEnvironment {
    bearer_token: Option<SecretString>,
    master_key: Option<SecretString>,
    /// Where programs of this user keep what outlives them.
    data_dir: Option<PathBuf>,
}

impl FromEnvironment {
    fn read(environment: Option<&Environment>) -> Self {
        let get = |name: &str| {
            let text = environment?.get(name)?;
            (!text.trim().is_empty()).then_some(text.as_str())
        };
        let folder =
            |name: &str, below: &str| get(name).map(|path| PathBuf::from(path).join(below));
        Self {
            bearer_token: get("AWS_BEARER_TOKEN_BEDROCK").map(SecretString::from),
            master_key: get("BEDROCK_GATEWAY_VAULT_MASTER_KEY").map(SecretString::from),
            data_dir: get("STATE_DIRECTORY")
                // systemd joins several with colons.
                .and_then(|folders| folders.split(':').next())
                .map(PathBuf::from)
                .or_else(|| folder("XDG_DATA_HOME", env!("CARGO_PKG_NAME")))
                .or_else(|| folder("HOME", concat!(".local/share/", env!("CARGO_PKG_NAME")))),
        }
    }
}

#[cfg(test)]
mod tests;
