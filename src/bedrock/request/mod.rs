//! The body of Converse and `ConverseStream`.
//!
//! Everything is borrowed from the client's request, so that a large image or
//! a long conversation is not copied on its way. An absent member is not sent.
//!
//! Members that are not here, since nothing leads to them: the role `system`
//! within `messages` (instructions go to `system`), `toolAddition` and
//! `toolRemoval` (a request says all its tools), and `error` of images and audio
//! (told by AWS, not to it).
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

mod content;
mod media;
mod output;
mod tools;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

pub use content::{
    CachePointBlock, CacheTtl, CitationsConfig, CitationsContentBlock, ContentBlock, DocumentBlock,
    DocumentSource, ReasoningContentBlock, ReasoningTextBlock, SearchResultBlock,
    SystemContentBlock, TextPiece,
};
pub use media::{AudioBlock, BlobSource, ImageBlock, S3Location, VideoBlock};
pub use output::{JsonSchemaDefinition, OutputConfig, OutputFormat, OutputFormatStructure};
pub use tools::{
    Schema, SystemTool, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolResultBlock,
    ToolResultContent, ToolResultContentBlock, ToolResultStatus, ToolSpecification, ToolUseBlock,
};

/// `ConverseRequest`; the model id is in the path.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConverseRequest<'a> {
    /// The turns of the conversation, user and assistant by turns; none only with
    /// a stored prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
    /// Values for the variables of a stored prompt.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prompt_variables: BTreeMap<&'a str, PromptVariable<'a>>,
    /// JSON pointers into the model's own answer.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub additional_model_response_field_paths: &'a [String],
    /// What the caller wants to find the request by in AWS's logs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request_metadata: BTreeMap<String, String>,
    /// Standard or latency-optimized inference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<PerformanceConfiguration>,
    /// How urgent the request is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_config: Option<OutputConfig<'a>>,
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

/// The value of a variable in a stored prompt.
#[derive(Debug, Serialize)]
pub struct PromptVariable<'a> {
    /// The text that takes its place.
    pub text: &'a str,
}

/// Standard or latency-optimized inference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PerformanceConfiguration {
    /// `standard` or `optimized`.
    pub latency: &'static str,
}

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ServiceTier {
    /// `priority`, `default`, `flex` or `reserved`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}
