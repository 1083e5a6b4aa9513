//! Structured output, of answers and of strict tools: what a schema may say.

use serde_json::Value;

use super::{Outcome, Subject, unsupported};
use crate::emulator::body::text_member;
use crate::emulator::errors::ServiceError;
use crate::emulator::families::StructuredOutput;

/// How deep a schema is looked at.
const MAX_DEPTH: usize = 64;
/// Keywords of numbers that Anthropic's models do not take.
const OF_NUMBERS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/// Keywords of arrays that they do not take.
const OF_ARRAYS: &[&str] = &["maxItems", "contains"];

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    let path = "/outputConfig/textFormat/structure/jsonSchema";
    let Some(text) = subject.body.0.pointer(path).and_then(|format| text_member(format, "schema"))
    else {
        return Ok(());
    };
    match subject.family.structured_output {
        StructuredOutput::Accepted => {}
        StructuredOutput::Extra => {
            return Err(ServiceError::from_model(
                "output_config.format: Extra inputs are not permitted",
            ));
        }
        StructuredOutput::Unsupported => return Err(unsupported("outputConfig.textFormat")),
    }
    let schema: Result<Value, _> = serde_json::from_str(text);
    let refusal = match &schema {
        Ok(schema) => inspect(schema, subject.family.claude).err(),
        Err(_) => Some("schema is not valid JSON".to_owned()),
    };
    match refusal {
        Some(what) => Err(ServiceError::from_model(format!("output_config.format.schema: {what}"))),
        None => Ok(()),
    }
}

/// What is wrong with a schema, in the words of the model's API.
pub(super) fn inspect(schema: &Value, claude: bool) -> Result<(), String> {
    within(schema, claude, 0)
}

fn within(schema: &Value, claude: bool, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("schema is nested too deeply".to_owned());
    }
    let parts: Vec<&Value> = match schema {
        Value::Object(members) => {
            keywords(schema, claude)?;
            members.values().collect()
        }
        Value::Array(entries) => entries.iter().collect(),
        _ => return Ok(()),
    };
    parts.into_iter().try_for_each(|part| within(part, claude, depth + 1))
}

fn keywords(schema: &Value, claude: bool) -> Result<(), String> {
    let Some(kind) = text_member(schema, "type") else {
        return Ok(());
    };
    if kind == "object" && schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Err(
            "For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned()
        );
    }
    let refused = match kind {
        _ if !claude => return Ok(()),
        "array" => OF_ARRAYS,
        "integer" | "number" => OF_NUMBERS,
        _ => return Ok(()),
    };
    if let Some(word) = refused.iter().find(|word| schema.get(word).is_some()) {
        return Err(format!("For '{kind}' type, property '{word}' is not supported"));
    }
    if kind == "array"
        && schema.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1)
    {
        return Err(format!(
            "For '{kind}' type, 'minItems' values other than 0 or 1 are not supported"
        ));
    }
    Ok(())
}
