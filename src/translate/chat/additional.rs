//! Portkey's fields for what Converse itself does not name: `thinking`, `top_k`,
//! `anthropic_beta`, `additional_model_request_fields`, `guardrail_config`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::error::Error;
use crate::bedrock::request::{AdditionalFields, GuardrailConfiguration};
use crate::json::raw_object::RawObject;
use crate::json::string_or::StringOr;
use crate::openai::chat::GuardrailConfig;

/// The fields of a request that end in `additionalModelRequestFields`.
pub(super) struct Additional<'a> {
    pub(super) fields: Option<&'a RawObject>,
    pub(super) thinking: Option<&'a RawObject>,
    pub(super) top_k: Option<i64>,
    pub(super) anthropic_beta: Option<&'a StringOr<Vec<String>>>,
}

/// The caller's own `additional_model_request_fields` with the named fields
/// laid over them; taken apart only if there is something to lay over.
pub(super) fn request_fields<'a>(
    additional: &Additional<'a>,
    beta_of_headers: &[String],
) -> Result<Option<AdditionalFields<'a>>, Error> {
    let Additional { fields, thinking, top_k, anthropic_beta } = *additional;
    let fields = fields.filter(|fields| !fields.is_empty());
    let mut flags: Vec<&str> = beta_of_headers.iter().map(String::as_str).collect();
    match anthropic_beta {
        None => {}
        Some(StringOr::String(list)) => flags.extend(list.split(',').map(str::trim)),
        Some(StringOr::Other(list)) => flags.extend(list.iter().map(|flag| flag.trim())),
    }
    if thinking.is_none() && top_k.is_none() && flags.iter().all(|flag| flag.is_empty()) {
        return Ok(fields.map(|fields| AdditionalFields::Raw(fields.as_raw())));
    }
    let mut merged: BTreeMap<String, Cow<'a, RawValue>> = fields
        .map(RawObject::members)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, Cow::Borrowed(value)))
        .collect();
    if let Some(thinking) = thinking {
        merged.insert("thinking".to_owned(), Cow::Borrowed(thinking.as_raw()));
    }
    if let Some(top_k) = top_k {
        merged.insert("top_k".to_owned(), raw("top_k", &top_k)?);
    }
    if let Some(flags) = with_flags_of_fields(flags, merged.get(BETA))? {
        merged.insert(BETA.to_owned(), raw(BETA, &flags)?);
    }
    Ok(Some(AdditionalFields::Merged(merged)))
}

const BETA: &str = "anthropic_beta";

/// Flags from everywhere, each once, those of headers first. `None` if only the
/// caller's own additional fields have any: they stand as they are.
fn with_flags_of_fields(
    flags: Vec<&str>,
    own: Option<&Cow<'_, RawValue>>,
) -> Result<Option<Vec<String>>, Error> {
    let mut seen = HashSet::new();
    let mut all: Vec<String> = Vec::new();
    let mut add = |flag: &str| {
        if !flag.is_empty() && seen.insert(flag.to_owned()) {
            all.push(flag.to_owned());
        }
    };
    flags.into_iter().for_each(&mut add);
    if let Some(own) = own {
        let own: Vec<String> = serde_json::from_str(own.get()).map_err(|_| {
            Error::at(
                "additional_model_request_fields.anthropic_beta",
                "must be an array of strings",
            )
        })?;
        own.iter().for_each(|flag| add(flag));
    }
    Ok((!all.is_empty()).then_some(all))
}

fn raw<'a>(param: &str, value: &impl Serialize) -> Result<Cow<'a, RawValue>, Error> {
    to_raw_value(value).map(Cow::Owned).map_err(|error| Error::at(param, error.to_string()))
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
