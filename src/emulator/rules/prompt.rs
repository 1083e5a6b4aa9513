//! Stored prompts bring along what a request may otherwise say.

use super::{Outcome, Subject};
use crate::emulator::body::part;
use crate::emulator::errors::ServiceError;

/// Members that a stored prompt has of its own. Its variables are not here: they
/// are passed over, as AWS documents it, when the model id is no prompt.
const OF_THE_PROMPT: &[&str] =
    &["additionalModelRequestFields", "inferenceConfig", "system", "toolConfig"];

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    if !subject.is_prompt {
        return Ok(());
    }
    match OF_THE_PROMPT.iter().find(|name| part(subject.body.0, name).is_some()) {
        Some(name) => Err(ServiceError::validation(format!(
            "The {name} field can't be specified when the model ID is the ARN of a prompt. Remove {name} and try again."
        ))),
        None => Ok(()),
    }
}
