//! Tools: what is on offer, calls, and results.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::content::{CachePointBlock, DocumentBlock, SearchResultBlock};
use super::media::{ImageBlock, VideoBlock};

/// Tools and which to use.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolConfiguration<'a> {
    /// At least one.
    pub tools: Vec<Tool<'a>>,
    /// Which to use; absent means the model decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
}

/// One entry of the tool list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Tool<'a> {
    /// A tool of the client's.
    ToolSpec(ToolSpecification<'a>),
    /// A tool that runs at AWS.
    SystemTool(SystemTool<'a>),
    /// Everything before it may be cached.
    CachePoint(CachePointBlock),
}

/// A tool that runs at AWS.
#[derive(Debug, Serialize)]
pub struct SystemTool<'a> {
    /// Such as `nova_grounding`.
    pub name: &'a str,
}

/// A tool of the client's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpecification<'a> {
    /// 1 to 64 of `[a-zA-Z0-9_-]`.
    pub name: Cow<'a, str>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// Schema of its input.
    pub input_schema: ToolInputSchema<'a>,
    /// Whether calls must fit the schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// Schema of a tool's input.
#[derive(Debug, Serialize)]
pub struct ToolInputSchema<'a> {
    /// JSON schema; its root must be an object.
    pub json: Schema<'a>,
}

/// A JSON schema.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Schema<'a> {
    /// As the client wrote it.
    Raw(&'a RawValue),
    /// Put right.
    Repaired(Map<String, Value>),
}

/// Which tool to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto {},
    /// One of them, whichever.
    Any {},
    /// This one.
    Tool {
        /// Its name.
        name: Cow<'a, str>,
    },
}

/// A call that the model made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUseBlock<'a> {
    /// Pairs it with its result.
    pub tool_use_id: Cow<'a, str>,
    /// Name of the tool.
    pub name: Cow<'a, str>,
    /// A JSON object, as the model wrote it.
    pub input: Cow<'a, RawValue>,
    /// `server_tool_use` for a tool that ran at AWS.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
}

/// The result of a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResultBlock<'a> {
    /// Which call.
    pub tool_use_id: Cow<'a, str>,
    /// What the tool answered.
    pub content: ToolResultContent<'a>,
    /// Whether it went well; absent means that it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ToolResultStatus>,
    /// What kind of result, for a tool that ran at AWS.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'a str>,
}

/// What a tool answered.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ToolResultContent<'a> {
    /// Block by block.
    Blocks(Vec<ToolResultContentBlock<'a>>),
    /// Of a tool that ran at AWS: as Bedrock told it.
    Raw(&'a RawValue),
}

/// Whether a tool's call went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolResultStatus {
    /// It did.
    Success,
    /// It did not; the content says why.
    Error,
}

/// One block of a tool's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolResultContentBlock<'a> {
    /// Any JSON but a list.
    Json(&'a RawValue),
    /// Text.
    Text(Cow<'a, str>),
    /// An image.
    Image(ImageBlock<'a>),
    /// A document.
    Document(DocumentBlock<'a>),
    /// A video.
    Video(VideoBlock<'a>),
    /// Something that was found, to be cited.
    SearchResult(SearchResultBlock<'a>),
}
