//! Rules a well-shaped request must still follow: of the API, and of the model
//! behind it, whose refusals begin with "The model returned the following
//! errors". Rules that differ between families read [`Family`].

mod cache;
mod conversation;
mod documents;
mod guardrail;
mod media;
mod output;
mod prompt;
mod sampling;
mod size;
mod thinking;
mod tools;

use serde_json::Value;

use super::body::{self, Body};
use super::errors::ServiceError;
use super::families::Family;

/// Which operation a request is for: some rules hold for streams only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Converse.
    Whole,
    /// ConverseStream.
    Stream,
}

/// A request to check.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) body: Body<'a>,
    pub(super) family: &'a Family,
    pub(super) mode: Mode,
    /// A stored prompt brings its own messages.
    pub(super) is_prompt: bool,
}

type Outcome = Result<(), ServiceError>;

/// Checks every rule; the first that is broken answers. The API speaks before
/// the model.
pub(super) fn check(subject: Subject<'_>) -> Outcome {
    prompt::check(subject)?;
    guardrail::check(subject)?;
    conversation::check(subject)?;
    documents::check(subject)?;
    tools::check(subject)?;
    media::check(subject)?;
    sampling::check(subject)?;
    cache::check(subject)?;
    output::check(subject)?;
    thinking::check(subject)?;
    size::check(subject)
}

/// The refusal of a block the model's interface does not have.
fn unsupported_block(kind: &str) -> ServiceError {
    ServiceError::validation(format!(
        "This model doesn't support the {kind} content block that you provided. Update the content block and try again."
    ))
}

/// A content block and where it stands.
#[derive(Clone, Copy)]
struct Placed<'a> {
    message: usize,
    block: usize,
    role: &'a str,
    value: &'a Value,
}

impl Placed<'_> {
    /// `messages.0.content.1`
    fn path(&self) -> String {
        format!("messages.{}.content.{}", self.message, self.block)
    }
}

/// Every block of the conversation.
fn blocks(body: Body<'_>) -> impl Iterator<Item = Placed<'_>> {
    body.messages().iter().enumerate().flat_map(|(message, turn)| {
        let role = body::role(turn);
        body::content(turn).iter().enumerate().map(move |(block, value)| Placed {
            message,
            block,
            role,
            value,
        })
    })
}

/// The refusal of a member the model's interface does not have.
fn unsupported(field: &str) -> ServiceError {
    ServiceError::validation(format!(
        "This model doesn't support the {field} field. Remove {field} and try again."
    ))
}

#[cfg(test)]
mod tests;
