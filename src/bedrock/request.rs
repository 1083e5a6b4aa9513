//! The body of Converse and `ConverseStream`.
//!
//! Everything is borrowed from the client's request, so that a large image or
//! a long conversation is not copied on its way. An absent member is not sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// `ConverseRequest`; the model id is in the path.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseRequest<'a> {
    /// The turns of the conversation, user and assistant by turns.
    pub messages: Vec<Message<'a>>,
    /// Instructions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<SystemContentBlock<'a>>,
    /// Sampling.
    #[serde(skip_serializing_if = "InferenceConfiguration::is_empty")]
    pub inference_config: InferenceConfiguration<'a>,
    /// Tools and which to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config: Option<ToolConfiguration<'a>>,
    /// A guardrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_config: Option<GuardrailConfiguration<'a>>,
    /// Fields for the model that Converse does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_model_request_fields: Option<AdditionalFields<'a>>,
    /// JSON pointers into the model's own answer.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub additional_model_response_field_paths: &'a [String],
}

/// Fields for the model that Converse does not name: any JSON object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AdditionalFields<'a> {
    /// As the client wrote it.
    Raw(&'a RawValue),
    /// The client's with others laid over it.
    Merged(BTreeMap<String, Cow<'a, RawValue>>),
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The user, and the results of tools.
    User,
    /// The model.
    Assistant,
}

/// One turn.
#[derive(Debug, Serialize)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Vec<ContentBlock<'a>>,
}

/// One block of a turn.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentBlock<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An image.
    Image(ImageBlock<'a>),
    /// A call that the model made.
    ToolUse(ToolUseBlock<'a>),
    /// The result of a call.
    ToolResult(ToolResultBlock<'a>),
    /// The model's reasoning.
    ReasoningContent(ReasoningContentBlock<'a>),
}

/// An image.
#[derive(Debug, Serialize)]
pub struct ImageBlock<'a> {
    /// `png`, `jpeg`, `gif` or `webp`.
    pub format: &'static str,
    /// Where it is.
    pub source: BlobSource<'a>,
}

/// Where a blob is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BlobSource<'a> {
    /// Here, base64.
    Bytes(Cow<'a, str>),
}

/// A call that the model made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolUseBlock<'a> {
    /// Pairs it with its result.
    pub tool_use_id: &'a str,
    /// Name of the tool.
    pub name: &'a str,
    /// A JSON object, as the model wrote it.
    pub input: ToolInput<'a>,
}

/// Input of a tool.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ToolInput<'a> {
    /// A JSON object, as the model wrote it.
    Raw(&'a RawValue),
    /// `{}`.
    Empty {},
}

/// The result of a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolResultBlock<'a> {
    /// Which call.
    pub tool_use_id: &'a str,
    /// What the tool answered.
    pub content: Vec<ToolResultContentBlock<'a>>,
}

/// One block of a tool's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolResultContentBlock<'a> {
    /// Text.
    Text(&'a str),
}

/// The model's reasoning.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningContentBlock<'a> {
    /// Readable.
    ReasoningText(ReasoningTextBlock<'a>),
    /// Sealed, base64.
    RedactedContent(&'a str),
}

/// Readable reasoning.
#[derive(Debug, Serialize)]
pub struct ReasoningTextBlock<'a> {
    /// The reasoning.
    pub text: &'a str,
    /// The model's seal on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<&'a str>,
}

/// One block of instructions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SystemContentBlock<'a> {
    /// Text.
    Text(&'a str),
}

/// Sampling.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceConfiguration<'a> {
    /// Upper bound of generated tokens, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sequences that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<&'a str>,
}

impl InferenceConfiguration<'_> {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { max_tokens, temperature, top_p, stop_sequences } = self;
        max_tokens.is_none()
            && temperature.is_none()
            && top_p.is_none()
            && stop_sequences.is_empty()
    }
}

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
}

/// A tool of the client's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpecification<'a> {
    /// 1 to 64 of `[a-zA-Z0-9_-]`.
    pub name: &'a str,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// Schema of its input.
    pub input_schema: ToolInputSchema<'a>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto {},
    /// One of them, whichever.
    Any {},
    /// This one.
    Tool {
        /// Its name.
        name: &'a str,
    },
}

/// A guardrail.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardrailConfiguration<'a> {
    /// Id or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_identifier: Option<&'a str>,
    /// A number or `DRAFT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_version: Option<&'a str>,
    /// `enabled`, `disabled` or `enabled_full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<&'a str>,
    /// `sync` or `async`; a member of `ConverseStream` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_processing_mode: Option<&'a str>,
}
