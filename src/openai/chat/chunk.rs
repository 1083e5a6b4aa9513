//! One piece of a streamed answer.
//!
//! Everything is borrowed: a chunk is written to the client as soon as it is made.

use serde::{Serialize, Serializer};

use super::completion::Usage;

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
    /// A new function call, or more of its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<[ToolCallDelta<'a>; 1]>,
}

/// What is new in one block.
#[derive(Debug, Serialize)]
pub struct ContentBlockDelta<'a> {
    /// The block's index in the model's answer.
    pub index: u32,
    /// Exactly one of `text`, `thinking`, `signature`, `data`.
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
