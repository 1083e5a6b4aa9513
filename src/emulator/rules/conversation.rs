//! Turns: who speaks first and last, and that nobody says nothing.

use super::{Outcome, Subject, blocks};
use crate::emulator::body::{content, part, role, text_member};
use crate::emulator::errors::ServiceError;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    system(subject)?;
    first_turn(subject)?;
    empty_turns(subject)?;
    blank_texts(subject)?;
    parts_by_role(subject)?;
    last_turn(subject)
}

fn system(subject: Subject<'_>) -> Outcome {
    if subject.family.system || subject.body.system().is_empty() {
        return Ok(());
    }
    Err(ServiceError::validation(
        "This model doesn't support system messages. Try again without a system message or use a model that supports system messages.",
    ))
}

fn first_turn(subject: Subject<'_>) -> Outcome {
    let first = subject.body.messages().iter().map(role).find(|role| *role != "system");
    let is_good = match first {
        None => subject.is_prompt,
        Some("assistant") => subject.family.assistant_first,
        Some(_) => true,
    };
    if is_good {
        return Ok(());
    }
    Err(ServiceError::validation(
        "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    ))
}

fn last_turn(subject: Subject<'_>) -> Outcome {
    let Some(last) = subject.body.messages().last().filter(|turn| role(turn) == "assistant") else {
        return Ok(());
    };
    let refused = |what: &str| Err(ServiceError::from_model(what));
    if !subject.family.prefill {
        return refused(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        );
    }
    let text =
        content(last).last().and_then(|block| text_member(block, "text")).unwrap_or_default();
    if subject.family.claude && text.ends_with(char::is_whitespace) {
        return refused("messages: final assistant content cannot end with trailing whitespace");
    }
    Ok(())
}

fn empty_turns(subject: Subject<'_>) -> Outcome {
    match subject.body.messages().iter().position(|turn| content(turn).is_empty()) {
        None => Ok(()),
        Some(index) => Err(ServiceError::validation(format!(
            "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the content field and try again."
        ))),
    }
}

/// A blank text in front of a cache point was seen to pass.
fn blank_texts(subject: Subject<'_>) -> Outcome {
    for (index, block) in subject.body.system().iter().enumerate() {
        if text_member(block, "text").is_some_and(is_blank) {
            return Err(blank("SystemContentBlock", &format!("system.{index}")));
        }
    }
    for (index, turn) in subject.body.messages().iter().enumerate() {
        let blocks = content(turn);
        for (at, block) in blocks.iter().enumerate() {
            let before_cache_point =
                blocks.get(at + 1).is_some_and(|next| part(next, "cachePoint").is_some());
            if text_member(block, "text").is_some_and(is_blank) && !before_cache_point {
                return Err(blank("ContentBlock", &format!("messages.{index}.content.{at}")));
            }
        }
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn blank(object: &str, path: &str) -> ServiceError {
    ServiceError::validation(format!(
        "The text field in the {object} object at {path} is blank. Add text to the text field, and try again."
    ))
}

/// What only one of the two may say. Tools that run at AWS answer within the
/// assistant's turn.
fn parts_by_role(subject: Subject<'_>) -> Outcome {
    for block in blocks(subject.body) {
        let has = |name| part(block.value, name).is_some();
        let wrong = match block.role {
            "user" if has("reasoningContent") => {
                "User messages cannot contain reasoning content. Please remove the reasoning content and try again."
            }
            "user" if has("toolUse") => {
                "User messages cannot contain tool uses. Please remove the tool uses and try again."
            }
            _ => continue,
        };
        return Err(ServiceError::validation(wrong));
    }
    Ok(())
}
