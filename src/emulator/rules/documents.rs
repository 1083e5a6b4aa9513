//! Documents: their names, and that somebody says what to do with them.

use std::collections::HashSet;

use serde_json::Value;

use super::{Outcome, Placed, Subject, blocks};
use crate::emulator::body::{content, items, part, text_member};
use crate::emulator::errors::ServiceError;

pub(super) fn check(subject: Subject<'_>) -> Outcome {
    let mut names = HashSet::new();
    for block in blocks(subject.body) {
        citations(subject, &block)?;
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

/// Only some models cite, only from some documents, and never from those that a
/// tool brings. Search results may be cited from anywhere.
fn citations(subject: Subject<'_>, block: &Placed<'_>) -> Outcome {
    let refused = |what: &str| Err(ServiceError::validation(what));
    let results =
        part(block.value, "toolResult").map_or(&[][..], |result| items(result, "content"));
    let document = part(block.value, "document");
    let sources = document.into_iter().chain(part(block.value, "searchResult"));
    if !subject.family.citations && sources.into_iter().any(is_cited) {
        return refused("This model doesn't support citations.");
    }
    if results.iter().filter_map(|entry| part(entry, "document")).any(is_cited) {
        return refused("Citations are not supported in tool result documents.");
    }
    let is_file = |document: &Value| {
        text_member(document, "format").is_some_and(|format| !["txt", "pdf"].contains(&format))
    };
    if document.is_some_and(|document| is_cited(document) && is_file(document)) {
        return refused(
            "Unsupported document format. Only txt and pdf formats are supported when citations are enabled",
        );
    }
    Ok(())
}

/// Whether `citations` are enabled for a document or search result.
pub(super) fn is_cited(source: &Value) -> bool {
    source.get("citations").and_then(|citations| citations.get("enabled"))
        == Some(&Value::Bool(true))
}

/// The text does not mention the underscore, but it passes; of white space only
/// single ASCII spaces do.
fn is_name(name: &str) -> bool {
    !name.contains("  ")
        && name.chars().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '[' | ']')
        })
}
