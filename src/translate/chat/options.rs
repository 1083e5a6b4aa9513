//! What a request says beside the conversation: guardrail, service tier,
//! performance, variables of a stored prompt, fields of the model's own answer.

use std::collections::BTreeMap;

use super::error::{Error, quoted};
use crate::bedrock::request::{
    GuardrailConfiguration, PerformanceConfiguration, PromptVariable, ServiceTier,
};
use crate::json::string_or::StringOr;
use crate::openai::chat;

/// How many fields of the model's own answer may be asked for.
const MAX_RESPONSE_FIELDS: usize = 10;
/// How long the pointer to one may be.
const MAX_RESPONSE_FIELD: usize = 256;
/// What Bedrock takes as the id or ARN of a guardrail at most.
const MAX_GUARDRAIL_ID: usize = 2048;

pub(super) fn guardrail(
    config: &chat::GuardrailConfig,
    stream: bool,
) -> Result<Option<GuardrailConfiguration<'_>>, Error> {
    let at = |member: &str| format!("guardrail_config.{member}");
    let id = config.guardrail_identifier.as_deref();
    if id.is_some_and(|id| !is_guardrail(id)) {
        return Err(Error::at(
            at("guardrailIdentifier"),
            "must be the id of a guardrail (lower case letters and digits) or its ARN",
        ));
    }
    let version = config.guardrail_version.as_deref();
    if version.is_some_and(|version| !is_guardrail_version(version)) {
        return Err(Error::at(at("guardrailVersion"), "must be a number such as `1`, or `DRAFT`"));
    }
    if id.is_some() != version.is_some() {
        let missing = if id.is_some() { "guardrailVersion" } else { "guardrailIdentifier" };
        return Err(Error::at(
            at(missing),
            "a guardrail needs both `guardrailIdentifier` and `guardrailVersion`",
        ));
    }
    let trace = config.trace.as_deref();
    let traces = ["enabled", "disabled", "enabled_full"];
    one_of(trace, &traces, at("trace"))?;
    let mode = config.stream_processing_mode.as_deref();
    one_of(mode, &["sync", "async"], at("streamProcessingMode"))?;
    if id.is_none() {
        // Without a guardrail there is nothing to configure.
        return Ok(None);
    }
    Ok(Some(GuardrailConfiguration {
        guardrail_identifier: id,
        guardrail_version: version,
        trace,
        // Converse has no such member; for a whole answer it has no meaning.
        stream_processing_mode: mode.filter(|_| stream),
    }))
}

fn is_guardrail(id: &str) -> bool {
    let is_id = |id: &str| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_arn = || {
        let parts: Vec<&str> = id.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", partition, "bedrock", _, _, resource]
        if partition.starts_with("aws")
            && resource.split_once('/').is_some_and(|(kind, id)| {
                matches!(kind, "guardrail" | "guardrail-profile") && !id.is_empty()
            }))
    };
    !id.is_empty() && id.len() <= MAX_GUARDRAIL_ID && (is_id(id) || is_arn())
}

fn is_guardrail_version(version: &str) -> bool {
    version == "DRAFT"
        || (version.len() <= 8
            && version.bytes().all(|b| b.is_ascii_digit())
            && !version.starts_with('0')
            && !version.is_empty())
}

fn one_of(value: Option<&str>, known: &[&str], place: String) -> Result<(), Error> {
    match value {
        Some(value) if !known.contains(&value) => Err(Error::at(
            place,
            format!("`{}` is none of `{}`", quoted(value), known.join("`, `")),
        )),
        _ => Ok(()),
    }
}

/// `auto` leaves the choice to Bedrock, which it has as well when nothing is said.
pub(super) fn service_tier(tier: Option<&str>) -> Result<Option<ServiceTier>, Error> {
    const TIERS: [&str; 4] = ["default", "flex", "priority", "reserved"];
    match tier {
        None | Some("auto") => Ok(None),
        Some(tier) => match TIERS.into_iter().find(|known| *known == tier) {
            Some(kind) => Ok(Some(ServiceTier { kind })),
            None => Err(Error::at(
                "service_tier",
                format!(
                    "`{}` is none of `auto`, `default`, `flex`, `priority` and `reserved`",
                    quoted(tier)
                ),
            )),
        },
    }
}

pub(super) fn performance(
    config: Option<&chat::PerformanceConfig>,
) -> Result<Option<PerformanceConfiguration>, Error> {
    let Some(latency) = config.and_then(|config| config.latency.as_deref()) else {
        return Ok(None);
    };
    match ["standard", "optimized"].into_iter().find(|known| *known == latency) {
        Some(latency) => Ok(Some(PerformanceConfiguration { latency })),
        None => Err(Error::at(
            "performance_config.latency",
            format!("`{}` is none of `standard` and `optimized`", quoted(latency)),
        )),
    }
}

pub(super) fn prompt_variables(
    variables: Option<&BTreeMap<String, StringOr<chat::PromptVariable>>>,
) -> BTreeMap<&str, PromptVariable<'_>> {
    let text = |value| match value {
        &StringOr::String(ref text) | &StringOr::Other(chat::PromptVariable { ref text }) => text,
    };
    let variables = variables.into_iter().flatten();
    variables.map(|(name, value)| (name.as_str(), PromptVariable { text: text(value) })).collect()
}

pub(super) fn response_fields(paths: Option<&[String]>) -> Result<&[String], Error> {
    const PARAM: &str = "additional_model_response_field_paths";
    let paths = paths.unwrap_or_default();
    if paths.len() > MAX_RESPONSE_FIELDS {
        return Err(Error::at(PARAM, format!("Bedrock takes at most {MAX_RESPONSE_FIELDS}")));
    }
    let is_pointer = |path: &String| path.starts_with('/') && path.len() <= MAX_RESPONSE_FIELD;
    match paths.iter().position(|path| !is_pointer(path)) {
        None => Ok(paths),
        Some(i) => Err(Error::at(
            format_args!("{PARAM}[{i}]"),
            "must be a JSON pointer such as `/stop_sequence`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guardrails_are_known_by_id_or_arn() {
        for id in ["abc123", "arn:aws:bedrock:us-east-1:111122223333:guardrail/abc123"] {
            assert!(is_guardrail(id), "{id}");
        }
        for id in ["", "ABC", "a b", "arn:aws:s3:::x", "arn:aws:bedrock:us-east-1:1:guardrail/"] {
            assert!(!is_guardrail(id), "{id}");
        }
        for (version, good) in
            [("1", true), ("DRAFT", true), ("0", false), ("", false), ("x", false)]
        {
            assert_eq!(is_guardrail_version(version), good, "{version}");
        }
    }
}
