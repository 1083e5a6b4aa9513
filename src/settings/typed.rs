//! From values to what they mean.

use std::collections::HashMap;
use std::time::Duration;

use secrecy::SecretString;
use toml::{Table, Value};
use url::Url;

use super::layers::{Layers, Problem};
use super::{Aws, Log, LogFormat, Media, Models, Requests, Server, Settings, Upstream};
use crate::aws::custom_host;
use crate::aws::endpoint::EndpointOptions;
use crate::aws::model_id::ModelId;
use crate::aws::region::Region;
use crate::models::{self, ModelProfile};
use crate::routing::ModelAlias;
use crate::translate::chat::UnsupportedParams;
use crate::upstream::media::AllowedHost;

/// Every value is read even if others are wrong, so that all problems are found.
pub(super) fn settings(
    mut layers: Layers,
    bearer_token: Option<SecretString>,
) -> Result<Settings, Vec<Problem>> {
    let from = &mut layers;
    let listen = parsed(from, "server.listen", |text| {
        text.parse().map_err(|_| "must be an address and port, such as 127.0.0.1:8787".to_owned())
    });
    let max_body_bytes = positive(from, "server.max_body_bytes");
    let max_messages = positive(from, "server.max_messages");
    let max_parts = positive(from, "server.max_parts");
    let max_tools = positive(from, "server.max_tools");
    let shutdown_grace = milliseconds(from, "server.shutdown_grace_ms", 0);
    let sse_keep_alive = milliseconds(from, "server.sse_keep_alive_ms", 0);
    let cors_allowed_origins = strings(from, "server.cors_allowed_origins", |origin| {
        let is_origin = origin == "*" || (origin.contains("://") && !origin.ends_with('/'));
        if is_origin {
            Ok(origin)
        } else {
            Err("must be `*` or an origin such as https://app.example".to_owned())
        }
    });
    let format = parsed(from, "log.format", |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be `text` or `json`".to_owned()),
    });
    let level = parsed(from, "log.level", |text| {
        text.parse().map_err(|_| "must be `error`, `warn`, `info`, `debug` or `trace`".to_owned())
    });
    let region = parsed(from, "aws.region", |text| {
        text.parse::<Region>().map_err(|error| format!("`{text}` is {error}"))
    });
    let allow_gateway_identity = boolean(from, "aws.allow_gateway_identity");
    let endpoint_url = parsed(from, "aws.endpoint_url_bedrock_runtime", endpoint_url);
    let fips = boolean(from, "aws.use_fips_endpoint");
    let dual_stack = boolean(from, "aws.use_dualstack_endpoint");
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

    let problems = layers.finish();
    let all = || {
        Some(Settings {
            server: Server {
                listen: listen?,
                max_body_bytes: max_body_bytes?,
                max_messages: max_messages?,
                max_parts: max_parts?,
                max_tools: max_tools?,
                shutdown_grace: shutdown_grace?,
                sse_keep_alive: Some(sse_keep_alive?).filter(|interval| !interval.is_zero()),
                cors_allowed_origins: cors_allowed_origins?,
            },
            log: Log { format: format?, level: level? },
            aws: Aws {
                region: region?,
                allow_gateway_identity: allow_gateway_identity?,
                endpoint_url: endpoint_url?,
                endpoint_options: EndpointOptions { fips: fips?, dual_stack: dual_stack? },
                bearer_token,
            },
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
            models: Models { aliases: aliases?, families: families? },
        })
    };
    match all() {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => Err(problems),
    }
}

fn parsed<T>(
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

fn boolean(layers: &mut Layers, key: &str) -> Option<bool> {
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

fn strings<T>(
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

fn endpoint_url(text: &str) -> Result<Option<String>, String> {
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
        match alias(value) {
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
