//! Requests that no context window holds.

use serde_json::Value;

use super::{Outcome, Subject};
use crate::emulator::body::{content, items};
use crate::emulator::errors::ServiceError;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    // A larger window can be asked for by flag.
    let has_flags = subject.body.additional("anthropic_beta").is_some();
    if has_flags || characters(subject) <= subject.family.max_characters {
        return Ok(());
    }
    Err(ServiceError::from_model(if subject.family.claude {
        "Input is too long for requested model."
    } else {
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again."
    }))
}

/// Characters of all texts; media are not looked into.
fn characters(subject: Subject<'_>) -> usize {
    let turns = subject.body.messages().iter().flat_map(content);
    let results = turns
        .clone()
        .filter_map(|block| block.get("toolResult"))
        .flat_map(|result| items(result, "content"));
    subject
        .body
        .system()
        .iter()
        .chain(turns)
        .chain(results)
        .filter_map(|block| block.get("text").and_then(Value::as_str))
        .map(|text| text.chars().count())
        .sum()
}
