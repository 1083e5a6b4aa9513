//! The answer to a chat request that is not streamed.

use serde::Serialize;

/// `chat.completion`.
#[derive(Debug, Serialize)]
pub struct Completion {
    /// `chatcmpl-` and a unique part.
    pub id: String,
    /// Always `chat.completion`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created: u64,
    /// The model as the client named it.
    pub model: String,
    /// Portkey, outside strict mode: which provider answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    /// Exactly one answer.
    pub choices: [Choice; 1],
    /// Token counts; absent if the provider sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// One answer.
#[derive(Debug, Serialize)]
pub struct Choice {
    /// Always 0.
    pub index: u32,
    /// What the model said.
    pub message: CompletionMessage,
    /// Always null: Bedrock has none.
    pub logprobs: Option<()>,
    /// Why it ended: OpenAI's word, or the provider's own outside strict mode.
    pub finish_reason: String,
}

/// The message of the assistant.
#[derive(Debug, Serialize)]
pub struct CompletionMessage {
    /// Always `assistant`.
    pub role: &'static str,
    /// The text; null when there is none.
    pub content: Option<String>,
    /// Always null: Bedrock does not mark refusals.
    pub refusal: Option<()>,
    /// Outside strict mode: the text of the reasoning, where many clients look for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<String>,
    /// Portkey, outside strict mode: text and reasoning in the model's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_blocks: Option<Vec<ContentBlock>>,
    /// The functions to call, if any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<CompletionToolCall>,
}

/// A function that the model wants called.
#[derive(Debug, Serialize)]
pub struct CompletionToolCall {
    /// To be repeated in the result.
    pub id: String,
    /// Always `function`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name and arguments.
    pub function: CompletionFunctionCall,
}

/// Name and arguments of a call.
#[derive(Debug, Serialize)]
pub struct CompletionFunctionCall {
    /// Name of the function.
    pub name: String,
    /// Arguments, JSON in a string.
    pub arguments: String,
}

/// One entry of Portkey's `content_blocks`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentBlock {
    /// Text of the answer.
    Text {
        /// The text.
        text: String,
    },
    /// Reasoning.
    Thinking {
        /// The reasoning.
        thinking: String,
        /// The model's seal on it, if it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// Sealed reasoning.
    RedactedThinking {
        /// Base64.
        data: String,
    },
}

/// Token counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    /// Everything that was read, cached or not.
    pub prompt_tokens: u64,
    /// Everything that was written.
    pub completion_tokens: u64,
    /// The sum.
    pub total_tokens: u64,
    /// What part of the prompt came from a cache.
    pub prompt_tokens_details: PromptTokensDetails,
    /// Portkey, outside strict mode, when a cache was used: tokens read from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    /// Portkey, outside strict mode, when a cache was used: tokens written to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
}

/// Parts of `prompt_tokens`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptTokensDetails {
    /// Tokens read from the prompt cache.
    pub cached_tokens: u64,
}
