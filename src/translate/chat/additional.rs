//! `additionalModelRequestFields`: what Converse itself does not name.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::error::Error;
use crate::bedrock::request::AdditionalFields;
use crate::json::raw_object::RawObject;
use crate::json::string_or::StringOr;
use crate::models::TopK;

/// What goes into `additionalModelRequestFields`.
pub(super) struct Additional<'a> {
    /// The caller's own fields, the ground on which the others are laid.
    pub(super) fields: Option<&'a RawObject>,
    /// Fields of OpenAI's that the model knows itself.
    pub(super) native: Vec<(&'a str, &'a RawValue)>,
    /// How to think.
    pub(super) reasoning: Vec<(&'static str, Value)>,
    /// Whether `thinking` among the caller's own fields has been read, and is said,
    /// or left out, by `reasoning`.
    pub(super) replaces_thinking: bool,
    pub(super) top_k: Option<(TopK, i64)>,
    /// Whether one call of a tool is to be made at a time.
    pub(super) single_calls: bool,
    /// Anthropic's beta flags.
    pub(super) beta: Vec<&'a str>,
}

impl<'a> Additional<'a> {
    /// The caller's own fields with the named ones laid over them; taken apart
    /// only if there is something to lay over.
    pub(super) fn into_fields(self) -> Result<Option<AdditionalFields<'a>>, Error> {
        let Self { fields, native, reasoning, replaces_thinking, top_k, single_calls, beta } = self;
        let fields = fields.filter(|fields| !fields.is_empty());
        let has_none = native.is_empty()
            && reasoning.is_empty()
            && !replaces_thinking
            && top_k.is_none()
            && !single_calls
            && beta.is_empty();
        if has_none {
            return Ok(fields.map(|fields| AdditionalFields::Raw(fields.as_raw())));
        }
        let own = fields.map(RawObject::members).into_iter().flatten();
        let mut merged: BTreeMap<String, Cow<'a, RawValue>> =
            own.map(|(name, value)| (name, Cow::Borrowed(value))).collect();
        if replaces_thinking {
            merged.remove("thinking");
        }
        for (name, value) in native {
            merged.insert(name.to_owned(), Cow::Borrowed(value));
        }
        for (name, value) in reasoning {
            // An effort joins what else the caller says about the answer.
            let value =
                if name == "output_config" { laid_over(&merged, name, value) } else { value };
            merged.insert(name.to_owned(), raw(name, &value)?);
        }
        match top_k {
            None | Some((TopK::None, _)) => {}
            Some((TopK::Member(name), k)) => {
                merged.insert(name.to_owned(), raw(name, &k)?);
            }
            Some((TopK::InferenceConfig, k)) => {
                const NAME: &str = "inferenceConfig";
                let value = laid_over(&merged, NAME, json!({ "topK": k }));
                merged.insert(NAME.to_owned(), raw(NAME, &value)?);
            }
        }
        if single_calls {
            let choice = json!({ "type": "auto", "disable_parallel_tool_use": true });
            merged.insert("tool_choice".to_owned(), raw("tool_choice", &choice)?);
        }
        if let Some(flags) = with_flags_of_fields(beta, merged.get(BETA))? {
            merged.insert(BETA.to_owned(), raw(BETA, &flags)?);
        }
        Ok((!merged.is_empty()).then_some(AdditionalFields::Merged(merged)))
    }
}

/// An object with the members that the caller's own object of this name has.
fn laid_over(fields: &BTreeMap<String, Cow<'_, RawValue>>, name: &str, value: Value) -> Value {
    let own = fields.get(name).and_then(|own| serde_json::from_str::<Map<_, _>>(own.get()).ok());
    match (own, value) {
        (Some(mut own), Value::Object(over)) => {
            own.extend(over);
            own.into()
        }
        (_, value) => value,
    }
}

const BETA: &str = "anthropic_beta";

/// Beta flags of headers, then of the body, without empty ones.
pub(super) fn beta_flags<'a>(
    of_headers: &'a [String],
    of_body: Option<&'a StringOr<Box<[Box<str>]>>>,
) -> Vec<&'a str> {
    let mut flags: Vec<&str> = of_headers.iter().map(String::as_str).collect();
    match of_body {
        None => {}
        Some(StringOr::String(list)) => flags.extend(list.split(',').map(str::trim)),
        Some(StringOr::Other(list)) => flags.extend(list.iter().map(|flag| flag.trim())),
    }
    flags.retain(|flag| !flag.is_empty());
    flags
}

/// Flags from everywhere, each once, those of headers first. `None` if only the
/// caller's own additional fields have any: they stand as they are.
fn with_flags_of_fields(
    flags: Vec<&str>,
    own: Option<&Cow<'_, RawValue>>,
) -> Result<Option<Vec<String>>, Error> {
    if flags.is_empty() {
        return Ok(None);
    }
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
    Ok(Some(all))
}

fn raw<'a>(param: &str, value: &impl Serialize) -> Result<Cow<'a, RawValue>, Error> {
    to_raw_value(value).map(Cow::Owned).map_err(|error| Error::at(param, error.to_string()))
}
