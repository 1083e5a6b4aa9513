//! The body of `POST /v1/chat/completions`.
//!
//! Unknown members are tolerated, as OpenAI does with members of the future;
//! a member of the wrong type is an error that names its place.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message::Message;
use crate::json::raw_object::RawObject;
use crate::json::string_or::{Expected, StringOr};

/// A chat completion request. Each field's doc names the file of
/// `translate/chat` that owns it.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// What the client calls the model. Owner: `routing/plan.rs`.
    pub model: Option<String>,
    /// The conversation so far. Owner: `messages.rs`, `content.rs`.
    pub messages: Vec<Message>,
    /// Functions that the model may call. Owner: `tools.rs`.
    pub tools: Option<Vec<Tool>>,
    /// `auto`, `none`, `required` or one function. Owner: `tools.rs`.
    pub tool_choice: Option<StringOr<NamedToolChoice>>,
    /// Upper bound of generated tokens. Owner: `sampling.rs`.
    pub max_completion_tokens: Option<i64>,
    /// The older name of the same bound. Owner: `sampling.rs`.
    pub max_tokens: Option<i64>,
    /// Sampling temperature. Owner: `sampling.rs`.
    pub temperature: Option<f64>,
    /// Nucleus sampling. Owner: `sampling.rs`.
    pub top_p: Option<f64>,
    /// One or more sequences that end the answer. Owner: `sampling.rs`.
    pub stop: Option<StringOr<Vec<String>>>,
    /// How many answers; only 1 exists on Bedrock. Owner: `sampling.rs`.
    pub n: Option<i64>,
    /// Whether to stream. Owner: `api/routes/chat_completions.rs`.
    pub stream: Option<bool>,
    /// What the stream reports. Owner: `api/routes/chat_completions.rs`.
    pub stream_options: Option<StreamOptions>,

    /// Portkey: Anthropic's extended thinking, `{"type","budget_tokens"}`,
    /// handed to the model as it is. Owner: `additional.rs`.
    pub thinking: Option<RawObject>,
    /// Portkey: sample from the k likeliest tokens. Owner: `additional.rs`.
    pub top_k: Option<i64>,
    /// Portkey: Anthropic beta flags, a comma list or an array. Owner: `additional.rs`.
    pub anthropic_beta: Option<StringOr<Vec<String>>>,
    /// Portkey: fields for the model that Converse does not name. Owner: `additional.rs`.
    pub additional_model_request_fields: Option<RawObject>,
    /// The same; where both are sent, this one counts.
    #[serde(rename = "additionalModelRequestFields")]
    pub additional_model_request_fields_camel: Option<RawObject>,
    /// Portkey: JSON pointers into the model's own answer. Owner: `additional.rs`.
    pub additional_model_response_field_paths: Option<Vec<String>>,
    /// The same; where both are sent, this one counts.
    #[serde(rename = "additionalModelResponseFieldPaths")]
    pub additional_model_response_field_paths_camel: Option<Vec<String>>,
    /// Portkey: a Bedrock guardrail for this request. Owner: `additional.rs`.
    pub guardrail_config: Option<GuardrailConfig>,
    /// The same; where both are sent, this one counts.
    #[serde(rename = "guardrailConfig")]
    pub guardrail_config_camel: Option<GuardrailConfig>,
}

/// `stream_options`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk reports the token usage.
    pub include_usage: Option<bool>,
}

/// One entry of `tools`.
#[derive(Debug, Deserialize)]
pub struct Tool {
    /// `function` is the only kind that OpenAI's clients define themselves.
    #[serde(rename = "type")]
    pub kind: String,
    /// The function; required when `type` is `function`.
    pub function: Option<Function>,
}

/// A function that the model may call.
#[derive(Debug, Deserialize)]
pub struct Function {
    /// Its name, as the model will write it.
    pub name: String,
    /// What it does, for the model to read.
    pub description: Option<String>,
    /// JSON schema of its arguments, kept as written.
    pub parameters: Option<Box<RawValue>>,
}

/// `tool_choice` in its object form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NamedToolChoice {
    /// `function`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which function to call.
    pub function: Option<NamedFunction>,
}

/// The function that `tool_choice` names.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NamedFunction {
    /// Its name.
    pub name: String,
}

impl Expected for NamedToolChoice {
    const EXPECTED: &'static str = "a string or an object";
}

/// Portkey's `guardrailConfig`; the inner members are Bedrock's own.
#[derive(Debug, Deserialize)]
pub struct GuardrailConfig {
    /// Id or ARN of the guardrail.
    #[serde(rename = "guardrailIdentifier", alias = "guardrail_identifier")]
    pub guardrail_identifier: Option<String>,
    /// Its version, a number or `DRAFT`.
    #[serde(rename = "guardrailVersion", alias = "guardrail_version")]
    pub guardrail_version: Option<String>,
    /// `enabled`, `disabled` or `enabled_full`.
    pub trace: Option<String>,
    /// `sync` or `async`; means something for streams only.
    #[serde(rename = "streamProcessingMode", alias = "stream_processing_mode")]
    pub stream_processing_mode: Option<String>,
}
