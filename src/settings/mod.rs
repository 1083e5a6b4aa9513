//! The operator's settings: read once at start, from every source, with every
//! problem reported.
//!
//! `config/default.toml` is both the documentation and the defaults. What it
//! holds is what there is; `layers.rs` lays the other sources over it, and the
//! types here say what the values mean.

mod layers;
mod typed;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

pub use layers::{Layers, Problem};

use crate::aws::endpoint::EndpointOptions;
use crate::aws::region::Region;
use crate::models::ModelProfile;
use crate::routing::ModelAlias;
use crate::translate::chat::UnsupportedParams;
use crate::upstream::media::AllowedHost;

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
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// How many messages a request may hold.
    pub max_messages: usize,
    /// How many content parts and tool calls, over all messages.
    pub max_parts: usize,
    /// How many tools.
    pub max_tools: usize,
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

/// How to reach AWS and as whom.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Region for requests that name none.
    pub region: Region,
    /// Whether callers without credentials use the gateway's own.
    pub allow_gateway_identity: bool,
    /// Replaces the address of Bedrock Runtime; no slash at the end.
    pub endpoint_url: Option<String>,
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
        let bearer_token = sources
            .environment
            .and_then(|environment| environment.get("AWS_BEARER_TOKEN_BEDROCK"))
            .filter(|token| !token.trim().is_empty())
            .map(|token| SecretString::from(token.as_str()));
        typed::settings(layers, bearer_token)
    }
}

#[cfg(test)]
mod tests;
