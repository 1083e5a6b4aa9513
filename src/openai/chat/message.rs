//! Messages of a chat request.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::part::ContentPart;
use crate::json::string_or::StringOr;

/// `content`: a string, or an array of parts.
pub type Content = StringOr<Vec<ContentPart>>;

/// One message. Which members mean something depends on `role`; the struct is
/// flat so that an error inside keeps its exact place.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// `system`, `developer`, `user`, `assistant`, `tool`, or the old `function`.
    pub role: String,
    /// What was said.
    pub content: Option<Content>,
    /// Portkey: content in the model's own order, thinking included; used in
    /// place of `content`, or beside it where it holds no text.
    pub content_blocks: Option<Vec<ContentPart>>,
    /// Assistant: its reasoning as plain text, as some clients keep it.
    pub reasoning_content: Option<String>,
    /// Assistant: why the model declined, in place of `content`.
    pub refusal: Option<String>,
    /// Assistant: the functions it called.
    pub tool_calls: Option<Vec<ToolCall>>,
    /// Assistant, old form: the one function it called.
    pub function_call: Option<FunctionCall>,
    /// Assistant: sound that OpenAI keeps under an id.
    pub audio: Option<IgnoredAny>,
    /// Tool: which call this message answers.
    pub tool_call_id: Option<String>,
    /// Tool, Anthropic's form: whether the call failed.
    pub is_error: Option<bool>,
    /// Tool, Bedrock's form: `success` or `error`.
    pub status: Option<String>,
    /// Who speaks, or the function whose result this is.
    pub name: Option<String>,
    /// Anthropic's: the prompt up to the end of this message may be cached.
    pub cache_control: Option<CacheControl>,
}

impl Message {
    /// The arrays of parts that it has, each with the name of its member.
    pub fn part_lists(&self) -> impl Iterator<Item = (&'static str, &[ContentPart])> {
        let content = match &self.content {
            Some(StringOr::Other(parts)) => Some(("content", parts.as_slice())),
            Some(StringOr::String(_)) | None => None,
        };
        let blocks = self.content_blocks.as_deref().map(|parts| ("content_blocks", parts));
        content.into_iter().chain(blocks)
    }
}

/// Anthropic's mark up to which a prompt may be cached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CacheControl {
    /// `ephemeral`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `5m` or `1h`.
    pub ttl: Option<String>,
}

/// A function call that the assistant made.
#[derive(Debug, Deserialize)]
pub struct ToolCall {
    /// Pairs the call with its result.
    pub id: String,
    /// What was called.
    pub function: Option<FunctionCall>,
}

/// Name and arguments of a call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FunctionCall {
    /// Name of the function.
    pub name: String,
    /// Its arguments, JSON in a string.
    pub arguments: Option<String>,
}
