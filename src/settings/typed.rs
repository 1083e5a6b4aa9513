//! From values to what they mean.

use std::collections::HashMap;
use std::time::Duration;

use toml::{Table, Value};
use url::Url;

use super::layers::{Layers, Problem};
use super::{
    Aws, FromEnvironment, Log, LogFormat, Media, Models, Requests, Server, Settings, Upstream,
    identity,
};
use crate::access::host::HostPort;
use crate::aws::custom_host;
use crate::aws::endpoint::EndpointOptions;
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::aws::sdk::ServiceUrls;
use crate::json::counts::Limits;
use crate::models::{self, ModelProfile};
use crate::routing::ModelAlias;
use crate::translate::chat::UnsupportedParams;
use crate::upstream::media::AllowedHost;

/// Every value is read even if others are wrong, so that all problems are found.
pub(super) fn settings(
    mut layers: Layers,
    environment: &FromEnvironment,
) -> Result<Settings, Vec<Problem>> {
    let from = &mut layers;
    let server = server(from);
    let format = parsed(from, "log.format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be `text` or `json`".to_owned()),
    });
    let level = parsed(from, "log.level", |text| {
        text.parse().map_err(|_| "must be `error`, `warn`, `info`, `debug` or `trace`".to_owned())
    });
    let aws = aws(from, environment);
    let vault = identity::vault(from, environment);
    let auth = identity::auth(from);
    let connect_timeout = milliseconds(from, "upstream.connect_timeout_ms", 1);
    let first_byte_timeout = milliseconds(from, "upstream.first_byte_timeout_ms", 1);
    let idle_timeout = milliseconds(from, "upstream.idle_timeout_ms", 1);
    let custom_hosts = strings(from, "upstream.custom_hosts", custom_host_pattern);
    let media_fetch = boolean(from, "media.fetch");
    let media_max_bytes = positive(from, "media.max_bytes");
    let media_timeout = milliseconds(from, "media.timeout_ms", 1);
    let media_allowed_hosts =
        strings(from, "media.allowed_hosts", |text| AllowedHost::parse(&text));
    let unsupported_params = parsed(from, "requests.unsupported_params", |text| match text {
        "auto" => Ok(UnsupportedParams::Auto),
        "ignore" => Ok(UnsupportedParams::Ignore),
        "refuse" => Ok(UnsupportedParams::Refuse),
        _ => Err("must be `auto`, `ignore` or `refuse`".to_owned()),
    });
    let aliases = aliases(from);
    let families = families(from);
    let allow_unresolved_profiles = parsed(from, "models.unresolved_profiles", |text| match text {
        "refuse" => Ok(false),
        "unknown" => Ok(true),
        _ => Err("must be `refuse` or `unknown`".to_owned()),
    });

    let problems = layers.finish();
    let all = || {
        Some(Settings {
            server: server?,
            log: Log { format: format?, level: level? },
            vault: vault?,
            auth: auth?,
            aws: aws?,
            upstream: Upstream {
                connect_timeout: connect_timeout?,
                first_byte_timeout: first_byte_timeout?,
                idle_timeout: idle_timeout?,
                custom_hosts: custom_hosts?,
            },
            media: Media {
                fetch: media_fetch?,
                max_bytes: media_max_bytes?,
                timeout: media_timeout?,
                allowed_hosts: media_allowed_hosts?,
            },
            requests: Requests { unsupported_params: unsupported_params? },
            models: Models {
                aliases: aliases?,
                families: families?,
                allow_unresolved_profiles: allow_unresolved_profiles?,
            },
        })
    };
    match all() {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => Err(problems),
    }
}

/// `[server]`.
fn server(layers: &mut Layers) -> Option<Server> {
    let listen = parsed(layers, "server.listen", |text| {
        text.parse().map_err(|_| "must be an address and port, such as 127.0.0.1:8787".to_owned())
    });
    let allowed_hosts = strings(layers, "server.allowed_hosts", |host| {
        HostPort::parse(&host).ok_or_else(|| {
            "must be a host name or address, with or without a port, such as gateway.example".into()
        })
    });
    let max_connections = integer(layers, "server.max_connections", 0);
    let max_connections_per_address = integer(layers, "server.max_connections_per_address", 0);
    let max_body_bytes = positive(layers, "server.max_body_bytes");
    let max_buffered_bytes = integer(layers, "server.max_buffered_bytes", 0);
    let max_messages = positive(layers, "server.max_messages");
    let max_parts = positive(layers, "server.max_parts");
    let max_tools = positive(layers, "server.max_tools");
    let max_members = positive(layers, "server.max_members");
    let max_schema_values = positive(layers, "server.max_schema_values");
    let shutdown_grace = milliseconds(layers, "server.shutdown_grace_ms", 0);
    let sse_keep_alive = milliseconds(layers, "server.sse_keep_alive_ms", 0);
    let cors_allowed_origins = strings(layers, "server.cors_allowed_origins", |origin| {
        let is_origin = origin == "*" || (origin.contains("://") && !origin.ends_with('/'));
        if is_origin {
            Ok(origin)
        } else {
            Err("must be `*` or an origin such as https://app.example".to_owned())
        }
    });
    Some(Server {
        listen: listen?,
        allowed_hosts: allowed_hosts?,
        max_connections: max_connections?,
        max_connections_per_address: max_connections_per_address?,
        max_body_bytes: max_body_bytes?,
        max_buffered_bytes: Some(max_buffered_bytes?).filter(|bytes| *bytes > 0),
        limits: Limits {
            max_messages: max_messages?,
            max_parts: max_parts?,
            max_tools: max_tools?,
            max_members: max_members?,
            max_schema_values: max_schema_values?,
        },
        shutdown_grace: shutdown_grace?,
        sse_keep_alive: Some(sse_keep_alive?).filter(|interval| !interval.is_zero()),
        cors_allowed_origins: cors_allowed_origins?,
    })
}

/// `[aws]`.
fn aws(layers: &mut Layers, environment: &FromEnvironment) -> Option<Aws> {
    let region = parsed(layers, "aws.region", |text| {
        text.parse::<Region>().map_err(|error| format!("`{text}` is {error}"))
    });
    let lent = identity::lent(layers);
    let session_tag_keys = strings(layers, "aws.session_tag_keys", Ok);
    let endpoint_url = parsed(layers, "aws.endpoint_url_bedrock_runtime", url);
    let endpoint_url_bedrock = parsed(layers, "aws.endpoint_url_bedrock", url);
    let endpoint_url_sts = parsed(layers, "aws.endpoint_url_sts", url);
    let endpoint_url_kms = parsed(layers, "aws.endpoint_url_kms", url);
    let fips = boolean(layers, "aws.use_fips_endpoint");
    let dual_stack = boolean(layers, "aws.use_dualstack_endpoint");
    Some(Aws {
        region: region?,
        lent: lent?,
        session_tag_keys: session_tag_keys?,
        endpoint_url: endpoint_url?,
        endpoint_url_bedrock: endpoint_url_bedrock?,
        service_urls: ServiceUrls { sts: endpoint_url_sts?, kms: endpoint_url_kms? },
        endpoint_options: EndpointOptions { fips: fips?, dual_stack: dual_stack? },
        bearer_token: environment.bearer_token.clone(),
    })
}

pub(super) fn parsed<T>(
    layers: &mut Layers,
    key: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let given = layers.take(key)?;
    match parse(given.value.as_str().unwrap_or_default().trim()) {
        Ok(value) => Some(value),
        Err(message) => {
            layers.problem(key, &given.origin, message);
            None
        }
    }
}

pub(super) fn boolean(layers: &mut Layers, key: &str) -> Option<bool> {
    layers.take(key)?.value.as_bool()
}

fn integer<T: TryFrom<i64>>(layers: &mut Layers, key: &str, least: i64) -> Option<T> {
    let given = layers.take(key)?;
    let value = given.value.as_integer().filter(|value| *value >= least);
    let value = value.and_then(|value| T::try_from(value).ok());
    if value.is_none() {
        layers.problem(key, &given.origin, format!("must be a whole number from {least}"));
    }
    value
}

fn positive(layers: &mut Layers, key: &str) -> Option<usize> {
    integer(layers, key, 1)
}

fn milliseconds(layers: &mut Layers, key: &str, least: i64) -> Option<Duration> {
    integer(layers, key, least).map(Duration::from_millis)
}

pub(super) fn strings<T>(
    layers: &mut Layers,
    key: &str,
    check: impl Fn(String) -> Result<T, String>,
) -> Option<Vec<T>> {
    let given = layers.take(key)?;
    let mut checked = Vec::new();
    let mut all_good = true;
    for entry in given.value.as_array().into_iter().flatten() {
        let text = entry.as_str().ok_or_else(|| "must be an array of strings".to_owned());
        match text.and_then(|text| check(text.trim().to_owned())) {
            Ok(value) => checked.push(value),
            Err(message) => {
                all_good = false;
                layers.problem(key, &given.origin, format!("{entry}: {message}"));
            }
        }
    }
    all_good.then_some(checked)
}

fn url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(text) {
        Ok(url) if is_plain(&url) => Ok(Some(url.as_str().trim_end_matches('/').to_owned())),
        _ => Err(format!(
            "`{text}` is not a URL such as https://bedrock-runtime.us-east-1.amazonaws.com"
        )),
    }
}

fn custom_host_pattern(pattern: String) -> Result<String, String> {
    let pattern = pattern.to_ascii_lowercase();
    let host = pattern.strip_prefix("*.").unwrap_or(&pattern);
    match custom_host::check(host, &[host.to_owned()]) {
        Ok(url) if url == format!("https://{host}") => Ok(pattern),
        Err(error @ custom_host::Error::Forbidden) => Err(error.to_string()),
        _ => {
            Err("must be a host name, with a port if it is not 443; without scheme or path"
                .to_owned())
        }
    }
}

fn aliases(layers: &mut Layers) -> Option<HashMap<String, ModelAlias>> {
    const KEY: &str = "models.aliases";
    let given = layers.take(KEY)?;
    let mut aliases = HashMap::new();
    let mut all_good = true;
    for (name, value) in given.value.as_table().into_iter().flatten() {
        // `@slug/model` names a virtual key.
        let alias = if name.starts_with('@') {
            Err("must not begin with @, which names a virtual key".to_owned())
        } else {
            alias(value)
        };
        match alias {
            Ok(alias) => {
                aliases.insert(name.clone(), alias);
            }
            Err(message) => {
                all_good = false;
                layers.problem(&format!("{KEY}.{name:?}"), &given.origin, message);
            }
        }
    }
    all_good.then_some(aliases)
}

fn families(layers: &mut Layers) -> Option<HashMap<String, &'static ModelProfile>> {
    const KEY: &str = "models.families";
    let given = layers.take(KEY)?;
    let mut families = HashMap::new();
    let mut all_good = true;
    for (id, value) in given.value.as_table().into_iter().flatten() {
        match family(value) {
            Ok(profile) => {
                families.insert(id.clone(), profile);
            }
            Err(message) => {
                all_good = false;
                layers.problem(&format!("{KEY}.{id:?}"), &given.origin, message);
            }
        }
    }
    all_good.then_some(families)
}

fn family(value: &Value) -> Result<&'static ModelProfile, String> {
    value.as_str().and_then(models::hinted).ok_or_else(|| {
        "must be a model id or the beginning of one, such as \"anthropic.claude-sonnet-4-5\""
            .to_owned()
    })
}

fn alias(value: &Value) -> Result<ModelAlias, String> {
    let form = || {
        "must be a model id, or { model = \"<id>\", region = \"<region>\", family = \"<id>\" }"
            .to_owned()
    };
    let member = |table: &Table, name: &str| match table.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(form()),
    };
    let is_known = |name: &String| matches!(name.as_str(), "model" | "region" | "family");
    let (model, region, family) = match value {
        Value::String(model) => (model.clone(), None, None),
        Value::Table(table) if table.keys().all(is_known) => (
            member(table, "model")?.ok_or_else(form)?,
            member(table, "region")?,
            table.get("family").map(family).transpose()?,
        ),
        _ => return Err(form()),
    };
    let model_id = ModelId::parse(&model).map_err(|error| format!("`{model}` {error}"))?;
    let region = region
        .map(|text| text.parse().map_err(|error| format!("`{text}` is {error}")))
        .transpose()?;
    Ok(ModelAlias { model_id, region, family })
}
