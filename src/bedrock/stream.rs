//! The events of `ConverseStream`.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::{OutputImage, OutputImageSource, ServerToolResult, ServiceTier, TokenUsage};

/// One event. The order is: message start, blocks (start only for tools, then
/// deltas, then stop), message stop, metadata.
#[derive(Debug)]
pub enum StreamEvent {
    /// The answer begins.
    MessageStart,
    /// A block begins that cannot be told from its deltas.
    ContentBlockStart(ContentBlockStart),
    /// More of a block.
    ContentBlockDelta(ContentBlockDelta),
    /// A block is complete.
    ContentBlockStop(ContentBlockStop),
    /// The answer is complete.
    MessageStop(MessageStop),
    /// Token counts.
    Metadata(Metadata),
}

impl StreamEvent {
    /// Parses the payload of an event frame. `None` is an event of a kind that
    /// this version does not know; AWS adds them without notice.
    ///
    /// # Errors
    /// The payload is not the JSON that its event type promises.
    pub fn parse(event_type: &str, payload: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match event_type {
            "messageStart" => Self::MessageStart,
            "contentBlockStart" => Self::ContentBlockStart(serde_json::from_slice(payload)?),
            "contentBlockDelta" => Self::ContentBlockDelta(serde_json::from_slice(payload)?),
            "contentBlockStop" => Self::ContentBlockStop(serde_json::from_slice(payload)?),
            "messageStop" => Self::MessageStop(serde_json::from_slice(payload)?),
            "metadata" => Self::Metadata(serde_json::from_slice(payload)?),
            _ => return Ok(None),
        }))
    }
}

/// A block begins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentBlockStart {
    /// Which block.
    pub content_block_index: u32,
    /// What kind.
    pub start: Option<BlockStart>,
}

/// What kind of block begins; one member is set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockStart {
    /// A call of a tool.
    pub tool_use: Option<ToolUseStart>,
    /// The result of a tool that ran at AWS.
    pub tool_result: Option<ServerToolResult>,
    /// An image.
    pub image: Option<OutputImage>,
}

/// A call of a tool begins.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUseStart {
    /// To be repeated in the result.
    pub tool_use_id: String,
    /// Name of the tool.
    pub name: String,
    /// `server_tool_use` for a tool that runs at AWS.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// More of a block.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentBlockDelta {
    /// Which block.
    pub content_block_index: u32,
    /// What is new.
    pub delta: BlockDelta,
}

/// What is new in a block; one member is set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlockDelta {
    /// Text.
    pub text: Option<String>,
    /// Input of a tool.
    pub tool_use: Option<ToolUseDelta>,
    /// Reasoning.
    pub reasoning_content: Option<ReasoningDelta>,
    /// A source of the text that follows in this block, as Bedrock tells it.
    pub citation: Option<Box<RawValue>>,
    /// Blocks of the result of a tool that ran at AWS.
    pub tool_result: Option<Box<RawValue>>,
    /// An image.
    pub image: Option<ImageDelta>,
}

/// An image.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ImageDelta {
    /// Where it is.
    pub source: Option<OutputImageSource>,
}

/// More of a tool's input.
#[derive(Debug, Deserialize)]
pub struct ToolUseDelta {
    /// A piece of JSON text.
    pub input: String,
}

/// More of the reasoning; one member is set.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReasoningDelta {
    /// Text.
    pub text: Option<String>,
    /// The seal.
    pub signature: Option<String>,
    /// Sealed reasoning, base64.
    pub redacted_content: Option<String>,
}

/// A block is complete.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentBlockStop {
    /// Which block.
    pub content_block_index: u32,
}

/// The answer is complete.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageStop {
    /// Why it ended, for example `end_turn`.
    pub stop_reason: String,
    /// What was asked for of the model's own answer: any JSON.
    pub additional_model_response_fields: Option<Box<RawValue>>,
}

/// Token counts, and how the answer was made.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The counts.
    pub usage: Option<TokenUsage>,
    /// What a guardrail or a prompt router did.
    pub trace: Option<Box<RawValue>>,
    /// How long it took: `{"latencyMs"}`.
    pub metrics: Option<Box<RawValue>>,
    /// Which performance was used: `{"latency"}`.
    pub performance_config: Option<Box<RawValue>>,
    /// Which tier was used.
    pub service_tier: Option<ServiceTier>,
}
