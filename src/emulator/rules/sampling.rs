//! Sampling, stop sequences, and fields that belong to other models.

use serde_json::{Value, json};

use super::{Outcome, Subject, unsupported};
use crate::emulator::body::{part, text_member};
use crate::emulator::errors::ServiceError;
use crate::emulator::families::{Sampling, UnknownFields};

/// Members of `inferenceConfig` and what Anthropic's API calls them.
const NATIVE_NAMES: &[(&str, &str)] = &[
    ("maxTokens", "max_tokens"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("stopSequences", "stop_sequences"),
];
/// Additional fields that OpenAI's models were seen, or are known, not to take.
const NOT_OPENAI: &[&str] = &[
    "reasoningConfig",
    "reasoning_config",
    "thinking",
    "output_config",
    "inferenceConfig",
    "top_k",
    "anthropic_beta",
];

/// And what the closed ones do not take beyond that.
const NOT_OPENAI_CLOSED: &[&str] = &["reasoning_effort"];

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    parameters(subject)?;
    stop_sequences(subject)?;
    additional(subject)?;
    nova_reasoning(subject)?;
    tier(subject)
}

fn parameters(subject: Subject<'_>) -> Outcome {
    let given = |name: &str| subject.body.inference(name).is_some();
    match subject.family.sampling {
        Sampling::Accepted => {}
        Sampling::Unsupported => {
            if let Some(name) = ["temperature", "topP"].into_iter().find(|name| given(name)) {
                return Err(unsupported(name));
            }
        }
        Sampling::Deprecated => {
            let native =
                NATIVE_NAMES.iter().filter(|(name, _)| ["temperature", "topP"].contains(name));
            if let Some((_, name)) = native.into_iter().find(|(name, _)| given(name)) {
                return Err(ServiceError::from_model(format!(
                    "`{name}` is deprecated for this model."
                )));
            }
        }
    }
    if !subject.family.both_samplers && given("temperature") && given("topP") {
        return Err(ServiceError::from_model(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ));
    }
    Ok(())
}

fn stop_sequences(subject: Subject<'_>) -> Outcome {
    let Some(sequences) = subject.body.inference("stopSequences").and_then(Value::as_array) else {
        return Ok(());
    };
    if !subject.family.stop_sequences && !sequences.is_empty() {
        return Err(unsupported("stopSequences"));
    }
    let is_blank = |sequence: &Value| sequence.as_str().is_some_and(|text| text.trim().is_empty());
    if subject.family.claude && sequences.iter().any(is_blank) {
        return Err(ServiceError::from_model(
            "stop_sequences: each stop sequence must contain non-whitespace",
        ));
    }
    Ok(())
}

fn additional(subject: Subject<'_>) -> Outcome {
    if subject.family.claude {
        for (member, native) in NATIVE_NAMES {
            if subject.body.inference(member).is_some() && subject.body.additional(native).is_some()
            {
                return Err(ServiceError::validation(format!(
                    "The additional field {native} conflicts with the existing field inferenceConfig.{member}. Remove {native} and try again."
                )));
            }
        }
    }
    let (of_open, of_all): (&[&str], &[&str]) = match subject.family.unknown_fields {
        UnknownFields::Ignored => (&[], &[]),
        UnknownFields::OpenAi => (&[], NOT_OPENAI),
        UnknownFields::OpenAiClosed => (NOT_OPENAI_CLOSED, NOT_OPENAI),
    };
    let mut known_to_others = of_open.iter().chain(of_all);
    if let Some(name) = known_to_others.find(|name| subject.body.additional(name).is_some()) {
        return Err(ServiceError::from_model(json!({"error": {
            "code": "unknown_parameter",
            "message": format!("Unknown parameter: '{name}'."),
            "param": name,
            "type": "invalid_request_error",
        }})));
    }
    Ok(())
}

/// Nova leaves no choice of limits when it thinks hard.
fn nova_reasoning(subject: Subject<'_>) -> Outcome {
    let Some(config) = subject.body.additional("reasoningConfig") else {
        return Ok(());
    };
    let is_high = text_member(config, "type") == Some("enabled")
        && text_member(config, "maxReasoningEffort") == Some("high");
    let given = ["maxTokens", "temperature", "topP"]
        .into_iter()
        .find(|name| subject.body.inference(name).is_some());
    match given {
        Some(name) if is_high => Err(ServiceError::from_model(format!(
            "`{name}` must be unset when reasoningConfig type is 'enabled' and maxReasoningEffort is 'high'. Please consult our documentation at https://docs.aws.amazon.com/nova/latest/userguide"
        ))),
        _ => Ok(()),
    }
}

fn tier(subject: Subject<'_>) -> Outcome {
    let tier = part(subject.body.0, "serviceTier").and_then(|tier| text_member(tier, "type"));
    if tier == Some("reserved") {
        return Err(ServiceError::validation("Reservation not found"));
    }
    Ok(())
}
