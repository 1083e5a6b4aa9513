//! Fields of a request that have no counterpart on Bedrock, each with the reason.
//!
//! They are ignored and reported in the header `x-portkey-ignored-params`, or
//! refused where the answer would mean something else without them; the setting
//! `requests.unsupported_params` can choose one or the other for all. A value that
//! asks for nothing (`n: 1`, `logprobs: false`, a penalty of 0) is neither.
//!
//! Fields that nobody knows are tolerated and reported in the same way.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::error::Error;
use super::report::Report;
use crate::models::ModelProfile;

/// What becomes of a field.
enum Verdict {
    /// The answer is what was asked for without it.
    Ignore,
    /// It would not be.
    Refuse,
}
use Verdict::{Ignore, Refuse};

/// Name, values that ask for nothing, what becomes of it, and why.
const FIELDS: &[(&str, &[&str], Verdict, &str)] = &[
    ("audio", &[], Ignore, "Bedrock's answers are text; `modalities` says whether sound is wanted"),
    ("frequency_penalty", &["0"], Ignore, "Converse has no penalties"),
    ("logit_bias", &["{}"], Ignore, "Converse has no access to single tokens"),
    (
        "logprobs",
        &["false"],
        Refuse,
        "Bedrock tells no probabilities; leave `logprobs` out or send false",
    ),
    (
        "modalities",
        &["[\"text\"]", "[]"],
        Refuse,
        "Bedrock's answers are text; leave `modalities` out or send [\"text\"]",
    ),
    ("n", &["1"], Refuse, "Bedrock gives exactly one answer to a request; leave `n` out or send 1"),
    ("prediction", &[], Ignore, "predicted output only makes answers faster, and Bedrock has none"),
    ("presence_penalty", &["0"], Ignore, "Converse has no penalties"),
    (
        "prompt_cache_key",
        &[],
        Ignore,
        "Bedrock caches at the points that `cache_control` sets, without keys",
    ),
    (
        "prompt_cache_retention",
        &[],
        Ignore,
        "Bedrock caches for the `ttl` that `cache_control` says",
    ),
    ("safety_identifier", &[], Ignore, "Bedrock does not ask who the caller's user is"),
    ("seed", &[], Ignore, "Converse has no seed"),
    ("store", &["false"], Ignore, "Bedrock stores no answers"),
    (
        "top_logprobs",
        &["0"],
        Refuse,
        "Bedrock tells no probabilities; leave `top_logprobs` out or send 0",
    ),
    (
        "user",
        &["\"\""],
        Ignore,
        "Bedrock does not ask who the caller's user is; `metadata` can say so to the caller's own logs",
    ),
    ("verbosity", &["\"medium\""], Ignore, "Bedrock's models have no such switch"),
    (
        "web_search_options",
        &[],
        Refuse,
        "Bedrock does not search the web for a chat; Amazon Nova does with the tool {\"type\": \"system_tool\", \"system_tool\": {\"name\": \"nova_grounding\"}}",
    ),
];

const UNKNOWN: &str = "this field is known neither to OpenAI nor to Bedrock";

/// Takes out of the fields without an owner those that the model itself knows,
/// and passes over or refuses the others.
pub(super) fn native<'a>(
    other: &'a BTreeMap<String, Box<RawValue>>,
    profile: &ModelProfile,
    report: &mut Report,
) -> Result<Vec<(&'a str, &'a RawValue)>, Error> {
    let mut native = Vec::new();
    for (name, value) in other {
        if profile.native_fields.contains(&name.as_str()) {
            native.push((name.as_str(), &**value));
            continue;
        }
        match FIELDS.iter().find(|(field, ..)| field == name) {
            Some((_, neutral, ..)) if neutral.iter().any(|none| is_same(none, value)) => {}
            Some((_, _, Ignore, why)) => report.ignore(name, why)?,
            Some((_, _, Refuse, why)) => report.refuse(name, why)?,
            // A place has to be something that can be seen.
            None if name.is_empty() => report.ignore("\"\"", UNKNOWN)?,
            None => report.ignore(name, UNKNOWN)?,
        }
    }
    Ok(native)
}

/// Whether two JSON texts say the same; `0` and `0.0` do.
fn is_same(expected: &str, value: &RawValue) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (parse(expected), parse(value.get())) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models;

    fn told(body: &str, model: &str) -> Result<(Vec<String>, usize), String> {
        let other: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
        let mut report = Report::default();
        match native(&other, models::profile(model), &mut report) {
            Ok(native) => Ok((report.into_places(), native.len())),
            Err(error) => Err(error.param),
        }
    }

    #[test]
    fn every_field_is_listed_once() {
        assert!(FIELDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn what_asks_for_nothing_is_not_reported() {
        let body = r#"{"n":1,"logprobs":false,"presence_penalty":0.0,"logit_bias":{ },"store":false,"modalities":["text"]}"#;
        assert_eq!(told(body, "x"), Ok((vec![], 0)));
    }

    #[test]
    fn what_does_not_matter_is_reported_and_what_does_is_refused() {
        assert_eq!(
            told(r#"{"seed":0,"user":"u","wat":1}"#, "x"),
            Ok((vec!["seed".into(), "user".into(), "wat".into()], 0))
        );
        for (body, param) in
            [(r#"{"n":2}"#, "n"), (r#"{"n":"x"}"#, "n"), (r#"{"logprobs":true}"#, "logprobs")]
        {
            assert_eq!(told(body, "x"), Err(param.into()));
        }
    }

    #[test]
    fn a_model_may_know_a_field_itself() {
        assert_eq!(told(r#"{"seed":7}"#, "cohere.command-r-v1:0"), Ok((vec![], 1)));
    }
}
