//! The body of `POST /v1/chat/completions`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use super::message::{FunctionCall, Message};
use super::tool::{Function, NamedToolChoice, Tool};
use crate::json::declare::object;
use crate::json::raw_object::RawObject;
use crate::json::read::unlimited;
use crate::json::string_or::{Expected, StringOr};

object! {
    /// A chat completion request. Each field's doc names the file of
    /// `translate/chat` that owns it. A member of the wrong type is an error
    /// that names its place.
    #[derive(Debug, Default)]
    pub struct Request {
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
        stop: StringOr<Box<[Box<str>]>> = "stop";
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
        output_config: OutputConfig = "outputConfig" | "output_config", object OutputConfig;
        /// Portkey: Anthropic beta flags, a comma list or an array. Owner: `additional.rs`.
        anthropic_beta: StringOr<Box<[Box<str>]>> = "anthropic_beta";
        /// Portkey: fields for the model that Converse does not name. Owner: `additional.rs`.
        additional_model_request_fields: RawObject
            = "additionalModelRequestFields" | "additional_model_request_fields";
        /// Portkey: JSON pointers into the model's own answer. Owner: `options.rs`.
        additional_model_response_field_paths: Vec<String>
            = "additionalModelResponseFieldPaths" | "additional_model_response_field_paths";
        /// Portkey: a Bedrock guardrail for this request. Owner: `options.rs`.
        guardrail_config: GuardrailConfig = "guardrailConfig" | "guardrail_config", object GuardrailConfig;
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
        @rest {
            /// Everything else, as it was written. Owner: `unmapped.rs`.
            other
        }
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        unlimited(deserializer)
    }
}

impl Request {
    /// The conversation; empty if there is none.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.messages.as_deref().unwrap_or_default()
    }
}

object! {
    /// `stream_options`.
    #[derive(Debug, Clone, Default)]
    pub struct StreamOptions {
        /// Whether a last chunk reports the token usage.
        include_usage: bool = "include_usage";
    }
}

object! {
    /// `reasoning` as an object.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Reasoning {
        /// As `reasoning_effort`.
        effort: String = "effort";
        /// `OpenRouter`: the most tokens to think.
        max_tokens: i64 = "max_tokens";
        /// `OpenRouter`: whether to think at all.
        enabled: bool = "enabled";
    }
}

object! {
    /// `response_format`.
    #[derive(Debug)]
    pub struct ResponseFormat {
        @required {
            /// `text`, `json_object` or `json_schema`.
            kind: String = "type";
        }
        /// `json_schema`: the schema.
        json_schema: JsonSchema = "json_schema";
    }
}

object! {
    /// A JSON schema with its name.
    #[derive(Debug)]
    pub struct JsonSchema {
        /// What it is called.
        name: String = "name";
        /// What it describes.
        description: String = "description";
        /// The schema.
        schema: RawObject = "schema";
        /// Whether the answer must fit exactly; on Bedrock it always must.
        strict: bool = "strict";
    }
}

object! {
    /// Bedrock's `outputConfig`.
    #[derive(Debug)]
    pub struct OutputConfig {
        /// How much effort to make, in the model's words.
        effort: String = "effort";
        /// Bedrock's own object.
        text_format: RawObject = "textFormat" | "text_format";
    }
}

object! {
    /// Portkey's `guardrailConfig`; the inner members are Bedrock's own.
    #[derive(Debug)]
    pub struct GuardrailConfig {
        /// Id or ARN of the guardrail.
        guardrail_identifier: String = "guardrailIdentifier" | "guardrail_identifier";
        /// Its version, a number or `DRAFT`.
        guardrail_version: String = "guardrailVersion" | "guardrail_version";
        /// `enabled`, `disabled` or `enabled_full`.
        trace: String = "trace";
        /// `sync` or `async`; means something for streams only.
        stream_processing_mode: String = "streamProcessingMode" | "stream_processing_mode";
    }
}

object! {
    /// `performance_config`.
    #[derive(Debug)]
    pub struct PerformanceConfig {
        /// `standard` or `optimized`.
        latency: String = "latency";
    }
}

object! {
    /// A value for a variable of a stored prompt, in Bedrock's form.
    #[derive(Debug)]
    pub struct PromptVariable {
        @required {
            /// The text.
            text: Box<str> = "text";
        }
    }
}

impl Expected for PromptVariable {
    const EXPECTED: &'static str = "a string or an object";
}
