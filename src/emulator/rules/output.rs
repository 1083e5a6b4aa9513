//! Structured output: what a schema may say.

use serde_json::Value;

use super::{Outcome, Subject};
use crate::emulator::body::text_member;
use crate::emulator::errors::ServiceError;

/// How deep a schema is looked at.
const MAX_DEPTH: usize = 64;
/// Keywords Anthropic's models do not take, by type.
const UNSUPPORTED_KEYWORDS: &[(&str, &[&str])] = &[
    ("array", &["maxItems"]),
    ("integer", &["minimum", "maximum", "multipleOf"]),
    ("number", &["minimum", "maximum", "multipleOf"]),
];

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    let path = "/outputConfig/textFormat/structure/jsonSchema";
    let Some(text) = subject.body.0.pointer(path).and_then(|format| text_member(format, "schema"))
    else {
        return Ok(());
    };
    let Ok(schema) = serde_json::from_str::<Value>(text) else {
        return Err(refused("schema is not valid JSON"));
    };
    inspect(&schema, subject.family.claude, 0)
}

fn inspect(schema: &Value, claude: bool, depth: usize) -> Outcome {
    if depth > MAX_DEPTH {
        return Err(refused("schema is nested too deeply"));
    }
    let parts: Vec<&Value> = match schema {
        Value::Object(members) => {
            keywords(schema, claude)?;
            members.values().collect()
        }
        Value::Array(entries) => entries.iter().collect(),
        _ => return Ok(()),
    };
    parts.into_iter().try_for_each(|part| inspect(part, claude, depth + 1))
}

fn keywords(schema: &Value, claude: bool) -> Outcome {
    let Some(kind) = text_member(schema, "type") else {
        return Ok(());
    };
    if kind == "object" && schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(refused(
            "For 'object' type, 'additionalProperties' must be explicitly set to false",
        ));
    }
    if !claude {
        return Ok(());
    }
    let refused_words = UNSUPPORTED_KEYWORDS
        .iter()
        .filter(|(of, _)| *of == kind)
        .flat_map(|(_, words)| words.iter());
    match refused_words.into_iter().find(|word| schema.get(word).is_some()) {
        Some(word) => {
            Err(refused(&format!("For '{kind}' type, property '{word}' is not supported")))
        }
        None => Ok(()),
    }
}

fn refused(what: &str) -> ServiceError {
    ServiceError::from_model(format!("output_config.format.schema: {what}"))
}
