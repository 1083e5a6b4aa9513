//! Portkey's fields for what Converse itself does not name: `thinking`, `top_k`,
//! `anthropic_beta`, `additional_model_request_fields`, `guardrail_config`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::Error;
use crate::bedrock::request::GuardrailConfiguration;
use crate::openai::chat::GuardrailConfig;
use crate::openai::string_or::StringOr;

/// The fields of a request that end in `additionalModelRequestFields`.
pub(super) struct Additional<'a> {
    pub(super) fields: Option<&'a Map<String, Value>>,
    pub(super) thinking: Option<&'a Map<String, Value>>,
    pub(super) top_k: Option<i64>,
    pub(super) anthropic_beta: Option<&'a StringOr<Vec<String>>>,
}

/// The caller's own `additional_model_request_fields` with the named fields
/// laid over them. Copied only if there is something to lay over.
pub(super) fn request_fields<'a>(
    additional: &Additional<'a>,
    beta_of_headers: &[String],
) -> Result<Option<Cow<'a, Map<String, Value>>>, Error> {
    let Additional { fields, thinking, top_k, anthropic_beta } = *additional;
    let beta = beta_flags(beta_of_headers, anthropic_beta, fields)?;
    let mut fields = fields.map(Cow::Borrowed);
    let mut set = |name: &str, value: Value| {
        fields.get_or_insert_default().to_mut().insert(name.to_owned(), value);
    };
    if let Some(thinking) = thinking {
        set("thinking", Value::Object(thinking.clone()));
    }
    if let Some(top_k) = top_k {
        set("top_k", top_k.into());
    }
    if !beta.is_empty() {
        set("anthropic_beta", beta.into());
    }
    Ok(fields.filter(|fields| !fields.is_empty()))
}

/// Flags from everywhere, each once, those of headers first. Empty if only the
/// caller's own additional fields have any: they stand as they are.
fn beta_flags<'a>(
    headers: &'a [String],
    body: Option<&'a StringOr<Vec<String>>>,
    fields: Option<&'a Map<String, Value>>,
) -> Result<Vec<&'a str>, Error> {
    let mut flags: Vec<&str> = headers.iter().map(String::as_str).collect();
    match body {
        None => {}
        Some(StringOr::String(list)) => flags.extend(list.split(',').map(str::trim)),
        Some(StringOr::Other(list)) => flags.extend(list.iter().map(|flag| flag.trim())),
    }
    if !flags.is_empty()
        && let Some(own) = fields.and_then(|fields| fields.get("anthropic_beta"))
    {
        let own = own.as_array().ok_or_else(|| {
            Error::at(
                "additional_model_request_fields.anthropic_beta",
                "must be an array of strings",
            )
        })?;
        flags.extend(own.iter().filter_map(Value::as_str));
    }
    let mut seen = std::collections::HashSet::new();
    flags.retain(|flag| !flag.is_empty() && seen.insert(*flag));
    Ok(flags)
}

pub(super) fn guardrail(config: &GuardrailConfig, stream: bool) -> GuardrailConfiguration<'_> {
    GuardrailConfiguration {
        guardrail_identifier: config.guardrail_identifier.as_deref(),
        guardrail_version: config.guardrail_version.as_deref(),
        trace: config.trace.as_deref(),
        // Converse has no such member; for a whole answer it has no meaning.
        stream_processing_mode: config.stream_processing_mode.as_deref().filter(|_| stream),
    }
}
