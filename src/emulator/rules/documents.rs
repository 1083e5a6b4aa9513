//! Documents: their names, and that somebody says what to do with them.

use std::collections::HashSet;

use super::{Outcome, Subject, blocks};
use crate::emulator::body::{content, part, text_member};
use crate::emulator::errors::ServiceError;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    let mut names = HashSet::new();
    for block in blocks(subject.body) {
        let Some(document) = part(block.value, "document") else {
            continue;
        };
        let name = text_member(document, "name").unwrap_or_default();
        if !is_name(name) {
            return Err(ServiceError::validation(
                "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
            ));
        }
        if !names.insert(name) {
            return Err(ServiceError::validation(
                "Messages cannot contain duplicate document names. Remove the duplicate document names from your messages and try again.",
            ));
        }
        let turn = subject.body.messages().get(block.message).map_or(&[][..], content);
        if !turn.iter().any(|other| part(other, "text").is_some()) {
            return Err(ServiceError::validation(
                "A text block must be included when using documents.",
            ));
        }
    }
    Ok(())
}

/// The text does not mention the underscore, but it passes; of white space only
/// single ASCII spaces do.
fn is_name(name: &str) -> bool {
    !name.contains("  ")
        && name.chars().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '[' | ']')
        })
}
