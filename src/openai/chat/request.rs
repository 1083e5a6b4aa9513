//! The body of `POST /v1/chat/completions`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::message::{FunctionCall, Message};
use super::tool::{Function, NamedToolChoice, Tool};
use crate::json::raw_object::RawObject;
use crate::json::string_or::{Expected, StringOr};

/// Declares the request and how it is read: each member by its name, and what has
/// no place into `other`. What `#[derive(Deserialize)]` offers for the latter
/// (`flatten`) would read the body into a tree first and lose the place of errors.
///
/// A member may have several spellings; the first counts where several are sent.
macro_rules! request {
    ($($(#[$doc:meta])* $field:ident: $kind:ty = $first:literal $(| $further:literal)*;)*) => {
        /// A chat completion request. Each field's doc names the file of
        /// `translate/chat` that owns it. A member of the wrong type is an error
        /// that names its place; `null` is the same as absent.
        #[derive(Debug, Default)]
        pub struct Request {
            $($(#[$doc])* pub $field: Option<$kind>,)*
            /// Everything else, as it was written. Owner: `unmapped.rs`.
            pub other: BTreeMap<String, Box<RawValue>>,
        }

        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = Request;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
                let mut request = Request::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    match &*name {
                        $(
                            $first => {
                                let value: Option<_> = map.next_value()?;
                                request.$field = value.or(request.$field);
                            }
                            $($further => {
                                let value = map.next_value()?;
                                request.$field = request.$field.or(value);
                            })*
                        )*
                        _ => {
                            if let Some(value) = map.next_value()? {
                                request.other.insert(name.into_owned(), value);
                            }
                        }
                    }
                }
                Ok(request)
            }
        }
    };
}

request! {
    /// What the client calls the model. Owner: `routing/plan.rs`.
    model: String = "model";
    /// The conversation so far. Owner: `messages.rs`, `content.rs`.
    messages: Vec<Message> = "messages";
    /// Functions that the model may call. Owner: `offer.rs`.
    tools: Vec<Tool> = "tools";
    /// `auto`, `none`, `required` or one function. Owner: `offer.rs`.
    tool_choice: StringOr<NamedToolChoice> = "tool_choice";
    /// Whether the model may call several functions at once. Owner: `offer.rs`.
    parallel_tool_calls: bool = "parallel_tool_calls";
    /// The older form of `tools`. Owner: `offer.rs`.
    functions: Vec<Function> = "functions";
    /// The older form of `tool_choice`. Owner: `offer.rs`.
    function_call: StringOr<FunctionCall> = "function_call";
    /// Upper bound of generated tokens. Owner: `sampling.rs`.
    max_completion_tokens: i64 = "max_completion_tokens";
    /// The older name of the same bound. Owner: `sampling.rs`.
    max_tokens: i64 = "max_tokens";
    /// Sampling temperature. Owner: `sampling.rs`.
    temperature: f64 = "temperature";
    /// Nucleus sampling. Owner: `sampling.rs`.
    top_p: f64 = "top_p";
    /// Portkey: sample from the k likeliest tokens. Owner: `sampling.rs`.
    top_k: i64 = "top_k";
    /// One or more sequences that end the answer. Owner: `sampling.rs`.
    stop: StringOr<Vec<String>> = "stop";
    /// Whether to stream. Owner: `api/routes/chat_completions.rs`.
    stream: bool = "stream";
    /// What the stream reports. Owner: `api/routes/chat_completions.rs`.
    stream_options: StreamOptions = "stream_options";
    /// How much to think, in OpenAI's words. Owner: `reasoning.rs`.
    reasoning_effort: String = "reasoning_effort";
    /// The same as an object, as OpenAI's newer interface and `OpenRouter` have it.
    /// Owner: `reasoning.rs`.
    reasoning: Reasoning = "reasoning";
    /// Portkey: Anthropic's thinking, `{"type", "budget_tokens"}`. Owner: `reasoning.rs`.
    thinking: RawObject = "thinking";
    /// The form of the answer. Owner: `output.rs`.
    response_format: ResponseFormat = "response_format";
    /// Bedrock's `outputConfig`. Owner: `output.rs`.
    output_config: OutputConfig = "outputConfig" | "output_config";
    /// Portkey: Anthropic beta flags, a comma list or an array. Owner: `additional.rs`.
    anthropic_beta: StringOr<Vec<String>> = "anthropic_beta";
    /// Portkey: fields for the model that Converse does not name. Owner: `additional.rs`.
    additional_model_request_fields: RawObject
        = "additionalModelRequestFields" | "additional_model_request_fields";
    /// Portkey: JSON pointers into the model's own answer. Owner: `options.rs`.
    additional_model_response_field_paths: Vec<String>
        = "additionalModelResponseFieldPaths" | "additional_model_response_field_paths";
    /// Portkey: a Bedrock guardrail for this request. Owner: `options.rs`.
    guardrail_config: GuardrailConfig = "guardrailConfig" | "guardrail_config";
    /// Portkey: `{"latency": "standard" | "optimized"}`. Owner: `options.rs`.
    performance_config: PerformanceConfig = "performanceConfig" | "performance_config";
    /// `auto`, `default`, `flex`, `priority`, or Bedrock's `reserved`. Owner: `options.rs`.
    service_tier: String = "service_tier" | "serviceTier";
    /// What the caller wants to find the request by. Owner: `metadata.rs`.
    metadata: BTreeMap<String, Box<RawValue>> = "metadata";
    /// The same under Bedrock's name. Owner: `metadata.rs`.
    request_metadata: BTreeMap<String, Box<RawValue>> = "requestMetadata" | "request_metadata";
    /// Values for the variables of a stored prompt. Owner: `options.rs`.
    prompt_variables: BTreeMap<String, StringOr<PromptVariable>>
        = "promptVariables" | "prompt_variables";
}

struct RequestVisitor;

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RequestVisitor)
    }
}

impl Request {
    /// The conversation; empty if there is none.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.messages.as_deref().unwrap_or_default()
    }
}

/// `stream_options`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk reports the token usage.
    pub include_usage: Option<bool>,
}

/// `reasoning` as an object.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reasoning {
    /// As `reasoning_effort`.
    pub effort: Option<String>,
    /// `OpenRouter`: how many tokens to think at most.
    pub max_tokens: Option<i64>,
    /// `OpenRouter`: whether to think at all.
    pub enabled: Option<bool>,
}

/// `response_format`.
#[derive(Debug, Deserialize)]
pub struct ResponseFormat {
    /// `text`, `json_object` or `json_schema`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `json_schema`: the schema.
    pub json_schema: Option<JsonSchema>,
}

/// A JSON schema with its name.
#[derive(Debug, Deserialize)]
pub struct JsonSchema {
    /// What it is called.
    pub name: Option<String>,
    /// What it describes.
    pub description: Option<String>,
    /// The schema.
    pub schema: Option<RawObject>,
    /// Whether the answer must fit exactly; on Bedrock it always must.
    pub strict: Option<bool>,
}

/// Bedrock's `outputConfig`.
#[derive(Debug, Deserialize)]
pub struct OutputConfig {
    /// How much effort to make, in the model's words.
    pub effort: Option<String>,
    /// Bedrock's own object.
    #[serde(rename = "textFormat", alias = "text_format")]
    pub text_format: Option<RawObject>,
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

/// `performance_config`.
#[derive(Debug, Deserialize)]
pub struct PerformanceConfig {
    /// `standard` or `optimized`.
    pub latency: Option<String>,
}

/// A value for a variable of a stored prompt, in Bedrock's form.
#[derive(Debug, Deserialize)]
pub struct PromptVariable {
    /// The text.
    pub text: String,
}

impl Expected for PromptVariable {
    const EXPECTED: &'static str = "a string or an object";
}
