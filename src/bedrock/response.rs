//! The answer of Converse.
//!
//! Unions are flat structs of options: AWS sets one member, and adds new ones
//! over time, which must not break an answer.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// `ConverseResponse`. All members are optional here, because a body with
/// HTTP 200 is not always one (`UnknownOperationException`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseResponse {
    /// What the model said.
    pub output: Option<ConverseOutput>,
    /// Why it ended, for example `end_turn`.
    pub stop_reason: Option<String>,
    /// Token counts.
    pub usage: Option<TokenUsage>,
    /// What was asked for of the model's own answer: any JSON.
    pub additional_model_response_fields: Option<Box<RawValue>>,
    /// What a guardrail or a prompt router did.
    pub trace: Option<Box<RawValue>>,
    /// How long it took: `{"latencyMs"}`.
    pub metrics: Option<Box<RawValue>>,
    /// Which performance was used: `{"latency"}`.
    pub performance_config: Option<Box<RawValue>>,
    /// Which tier was used.
    pub service_tier: Option<ServiceTier>,
}

/// Which tier was used.
#[derive(Debug, Clone, Deserialize)]
pub struct ServiceTier {
    /// `default`, `flex`, `priority` or `reserved`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What the model said.
#[derive(Debug, Deserialize)]
pub struct ConverseOutput {
    /// The turn of the assistant.
    pub message: Option<OutputMessage>,
}

/// The turn of the assistant.
#[derive(Debug, Deserialize)]
pub struct OutputMessage {
    /// Its blocks, in order.
    pub content: Vec<OutputBlock>,
}

/// One block; one member is set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutputBlock {
    /// Text.
    pub text: Option<String>,
    /// A call of a tool.
    pub tool_use: Option<ToolUse>,
    /// Reasoning.
    pub reasoning_content: Option<ReasoningContent>,
    /// Text with its sources.
    pub citations_content: Option<CitationsContent>,
    /// The result of a tool that ran at AWS.
    pub tool_result: Option<ServerToolResult>,
    /// An image that the model made.
    pub image: Option<OutputImage>,
}

/// The result of a tool that ran at AWS.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerToolResult {
    /// Which call it belongs to.
    pub tool_use_id: String,
    /// The result's blocks; in a stream they come later.
    pub content: Option<Box<RawValue>>,
    /// `success` or `error`.
    pub status: Option<String>,
    /// Such as `nova_code_interpreter_result`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// An image that the model made.
#[derive(Debug, Deserialize)]
pub struct OutputImage {
    /// `png`, `jpeg`, `gif` or `webp`.
    pub format: Option<String>,
    /// Where it is.
    pub source: Option<OutputImageSource>,
}

/// Where an image is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OutputImageSource {
    /// Here, base64.
    pub bytes: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUse {
    /// To be repeated in the result.
    pub tool_use_id: String,
    /// Name of the tool.
    pub name: String,
    /// Its arguments, a JSON object.
    pub input: Option<Box<RawValue>>,
    /// `server_tool_use` for a tool that ran at AWS; the client has nothing to do.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// Value of [`ToolUse::kind`] for a tool that ran at AWS.
pub const SERVER_TOOL_USE: &str = "server_tool_use";

/// Reasoning; one member is set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReasoningContent {
    /// Readable.
    pub reasoning_text: Option<ReasoningText>,
    /// Sealed, base64.
    pub redacted_content: Option<String>,
}

/// Readable reasoning.
#[derive(Debug, Deserialize)]
pub struct ReasoningText {
    /// The reasoning.
    pub text: String,
    /// The model's seal on it; not every model gives one.
    pub signature: Option<String>,
}

/// Text with its sources.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CitationsContent {
    /// The text.
    pub content: Vec<CitedText>,
    /// The sources, each as Bedrock tells it.
    pub citations: Vec<Box<RawValue>>,
}

/// A piece of text that has sources.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CitedText {
    /// The text.
    pub text: Option<String>,
}

/// Token counts; an absent cache count means none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenUsage {
    /// Read, and not from a cache.
    #[serde(deserialize_with = "null_as_zero")]
    pub input_tokens: u64,
    /// Written.
    #[serde(deserialize_with = "null_as_zero")]
    pub output_tokens: u64,
    /// Input, output and both cache counts.
    #[serde(deserialize_with = "null_as_zero")]
    pub total_tokens: u64,
    /// Read from the prompt cache.
    #[serde(deserialize_with = "null_as_zero")]
    pub cache_read_input_tokens: u64,
    /// Written to the prompt cache.
    #[serde(deserialize_with = "null_as_zero")]
    pub cache_write_input_tokens: u64,
    /// What was written for how long: `[{"ttl", "inputTokens"}]`.
    pub cache_details: Option<Box<RawValue>>,
}

impl TokenUsage {
    /// All that was read, from a cache, into it, or past it.
    #[must_use]
    pub fn all_input_tokens(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.cache_read_input_tokens)
            .saturating_add(self.cache_write_input_tokens)
    }
}

/// A count that is missing in a strange way must not cost the client the answer.
fn null_as_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
