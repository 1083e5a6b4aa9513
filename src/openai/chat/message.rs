//! Messages of a chat request.

use serde::Deserialize;

use crate::json::string_or::StringOr;

/// `content`: a string, or an array of parts.
pub type Content = StringOr<Vec<ContentPart>>;

/// One message. Which members mean something depends on `role`; the struct is
/// flat so that an error inside keeps its exact place.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    pub role: String,
    /// What was said.
    pub content: Option<Content>,
    /// Portkey: content in the model's own order, thinking included; used in
    /// place of `content` in an assistant message.
    pub content_blocks: Option<Vec<ContentPart>>,
    /// Assistant: why the model declined, in place of `content`.
    pub refusal: Option<String>,
    /// Assistant: the functions it called.
    pub tool_calls: Option<Vec<ToolCall>>,
    /// Tool: which call this message answers.
    pub tool_call_id: Option<String>,
}

/// One part of `content`. `type` decides which of the others must be there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ContentPart {
    /// `text`, `image_url`, `refusal`, or Portkey's `thinking` and `redacted_thinking`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `text`: the text.
    pub text: Option<String>,
    /// `image_url`: the image.
    pub image_url: Option<ImageUrl>,
    /// `refusal`: the text.
    pub refusal: Option<String>,
    /// `thinking`: the reasoning, as the model wrote it.
    pub thinking: Option<String>,
    /// `thinking`: the model's seal on it, to be sent back unchanged.
    pub signature: Option<String>,
    /// `redacted_thinking`: sealed reasoning, base64.
    pub data: Option<String>,
}

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ImageUrl {
    /// A `data:` URL.
    pub url: String,
}

/// A function call that the assistant made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
