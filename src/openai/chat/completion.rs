//! The answer to a chat request that is not streamed.

use serde::Serialize;
use serde_json::value::RawValue;

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
    /// The tier that was used, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Outside strict mode: what else Bedrock tells.
    #[serde(flatten)]
    pub provider_details: Option<ProviderDetails>,
}

/// What Bedrock tells beside the answer, under its own names and as it tells it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderDetails {
    /// What a guardrail or a prompt router did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<RawValue>>,
    /// How long it took: `{"latencyMs"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Box<RawValue>>,
    /// Which performance was used: `{"latency"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<Box<RawValue>>,
    /// What was asked for of the model's own answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_model_response_fields: Option<Box<RawValue>>,
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
    /// Portkey, outside strict mode: what the model said in its own order, but for calls of the client's tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_blocks: Option<Vec<ContentBlock>>,
    /// Where parts of the text come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
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

/// Where a part of the text comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Annotation {
    /// A page of the web.
    UrlCitation {
        /// The page, and the part.
        url_citation: UrlCitation,
    },
}

/// A page of the web that a part of the text comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UrlCitation {
    /// Where the part begins, in characters of `content`.
    pub start_index: usize,
    /// Where it ends.
    pub end_index: usize,
    /// The page's title.
    pub title: String,
    /// The page's address.
    pub url: String,
}

/// One entry of Portkey's `content_blocks`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentBlock {
    /// Text of the answer.
    Text {
        /// The text.
        text: String,
        /// Its sources, as Bedrock tells them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<Box<RawValue>>,
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
    /// A call of a tool that ran at AWS; the client has nothing to do.
    ServerToolUse {
        /// Pairs it with its result.
        id: String,
        /// Name of the tool.
        name: String,
        /// Its input, a JSON object.
        input: Box<RawValue>,
    },
    /// What such a tool answered.
    ServerToolResult {
        /// Which call it belongs to.
        tool_use_id: String,
        /// Blocks, as Bedrock tells them.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Box<RawValue>>,
        /// `success` or `error`.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<String>,
        /// What kind of result.
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_type: Option<String>,
    },
    /// An image that the model made.
    ImageUrl {
        /// Where it is.
        image_url: GeneratedImage,
    },
}

/// An image that the model made.
#[derive(Debug, Serialize)]
pub struct GeneratedImage {
    /// A `data:` URL.
    pub url: String,
}

/// Token counts.
#[derive(Debug, Clone, Serialize)]
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
    /// Outside strict mode: what was written to a cache for how long, as Bedrock
    /// tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_details: Option<Box<RawValue>>,
}

/// Parts of `prompt_tokens`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptTokensDetails {
    /// Tokens read from the prompt cache.
    pub cached_tokens: u64,
}
