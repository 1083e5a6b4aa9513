//! What translation can fail with.

use std::fmt;

/// The client's request cannot be said in Converse's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The place, for example `messages[2].content[0].image_url.url`.
    pub param: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Error {
    /// An error at `param`.
    pub(crate) fn at(param: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { param: param.to_string(), message: message.into() }
    }
}

/// How much of a client's own text an error repeats.
const MAX_QUOTED: usize = 40;

/// The start of a client's own text, for an error.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(MAX_QUOTED).collect()
}

/// The provider sent something that is not an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFault {
    /// HTTP 200 without an answer in it.
    #[error("the provider's answer has no `output.message`")]
    NoOutput,
    /// The stream ended without saying why.
    #[error("the provider's stream ended before the answer was complete")]
    Incomplete,
}
