//! One piece of a streamed answer.
//!
//! Everything is borrowed: a chunk is written to the client as soon as it is made.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::completion::{Annotation, ProviderDetails, Usage};

/// `chat.completion.chunk`.
#[derive(Debug, Serialize)]
pub struct Chunk<'a> {
    /// The same in every chunk of a stream.
    pub id: &'a str,
    /// Always `chat.completion.chunk`.
    pub object: &'static str,
    /// Seconds since 1970, the same in every chunk.
    pub created: u64,
    /// The model as the client named it.
    pub model: &'a str,
    /// Portkey, outside strict mode: which provider answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'static str>,
    /// One choice; none in the chunk that only reports usage.
    #[serde(serialize_with = "at_most_one")]
    pub choices: Option<ChunkChoice<'a>>,
    /// `Some(None)` is written as `null`: with `include_usage`, OpenAI sends it
    /// in every chunk but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Option<Usage>>,
    /// The tier that was used, in the last chunk, if the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<&'a str>,
    /// Outside strict mode, in the last chunk: what else Bedrock tells.
    #[serde(flatten)]
    pub provider_details: Option<&'a ProviderDetails>,
}

/// The only choice of a chunk.
#[derive(Debug, Serialize)]
pub struct ChunkChoice<'a> {
    /// Always 0.
    pub index: u32,
    /// What is new.
    pub delta: Delta<'a>,
    /// Always null: Bedrock has none.
    pub logprobs: Option<()>,
    /// Set in the last chunk that has a choice.
    pub finish_reason: Option<&'a str>,
}

/// What is new since the last chunk.
#[derive(Debug, Default, Serialize)]
pub struct Delta<'a> {
    /// `assistant`, in the first chunk only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// More of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<&'a str>,
    /// Outside strict mode: more of the reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<&'a str>,
    /// Portkey, outside strict mode: what is new in one block of the model's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_blocks: Option<[ContentBlockDelta<'a>; 1]>,
    /// Where the part of the text that has just ended comes from.
    #[serde(skip_serializing_if = "<[Annotation]>::is_empty")]
    pub annotations: &'a [Annotation],
    /// A new function call, or more of its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<[ToolCallDelta<'a>; 1]>,
}

/// What is new in one block.
#[derive(Debug, Serialize)]
pub struct ContentBlockDelta<'a> {
    /// The block's index in the model's answer.
    pub index: u32,
    /// One member.
    pub delta: BlockDelta<'a>,
}

/// The new part itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockDelta<'a> {
    /// Text of the answer.
    Text(&'a str),
    /// Reasoning.
    Thinking(&'a str),
    /// The seal of the reasoning.
    Signature(&'a str),
    /// Sealed reasoning, base64.
    Data(&'a str),
    /// A source of the text that follows in this block, as Bedrock tells it.
    Citation(&'a RawValue),
    /// A tool runs at AWS.
    ServerToolUse {
        /// Pairs it with its result.
        id: &'a str,
        /// Name of the tool.
        name: &'a str,
    },
    /// More of the input of a tool that runs at AWS, JSON text.
    Input(&'a str),
    /// Such a tool answers.
    ServerToolResult {
        /// Which call it belongs to.
        tool_use_id: &'a str,
        /// `success` or `error`.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'a str>,
        /// What kind of result.
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_type: Option<&'a str>,
    },
    /// Blocks of such an answer, as Bedrock tells them.
    Content(&'a RawValue),
    /// An image that the model made.
    ImageUrl {
        /// A `data:` URL.
        url: &'a str,
    },
}

/// A new function call, or more of its arguments.
#[derive(Debug, Serialize)]
pub struct ToolCallDelta<'a> {
    /// Counts the calls of one answer from 0.
    pub index: u32,
    /// In the first chunk of a call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// `function`, in the first chunk of a call only.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Name and arguments.
    pub function: FunctionDelta<'a>,
}

/// Name and arguments of a call.
#[derive(Debug, Serialize)]
pub struct FunctionDelta<'a> {
    /// In the first chunk of a call only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// More of the JSON text.
    pub arguments: &'a str,
}

fn at_most_one<S: Serializer>(
    choice: &Option<ChunkChoice<'_>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(choice)
}
