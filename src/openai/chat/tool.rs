//! Tools on offer and which to use.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::message::{CacheControl, FunctionCall};
use crate::json::string_or::Expected;

/// One entry of `tools`.
#[derive(Debug, Deserialize)]
pub struct Tool {
    /// `function`, or `system_tool` for one that runs at AWS.
    #[serde(rename = "type")]
    pub kind: String,
    /// The function; required when `type` is `function`.
    pub function: Option<Function>,
    /// The tool at AWS; required when `type` is `system_tool`.
    #[serde(alias = "systemTool")]
    pub system_tool: Option<SystemTool>,
    /// Anthropic's: the prompt up to here may be cached.
    pub cache_control: Option<CacheControl>,
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
    /// Whether arguments must fit the schema exactly.
    pub strict: Option<bool>,
    /// The same as beside the function.
    pub cache_control: Option<CacheControl>,
}

/// A tool that runs at AWS.
#[derive(Debug, Deserialize)]
pub struct SystemTool {
    /// Such as `nova_grounding`.
    pub name: String,
}

/// `tool_choice` in its object form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NamedToolChoice {
    /// `function`, or `allowed_tools`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which function to call.
    pub function: Option<NamedFunction>,
    /// Which of the tools to choose from.
    pub allowed_tools: Option<AllowedTools>,
}

/// Some of the tools.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AllowedTools {
    /// `auto` or `required`.
    pub mode: String,
    /// The tools, each by its name.
    pub tools: Vec<NamedToolChoice>,
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

impl Expected for FunctionCall {
    const EXPECTED: &'static str = "a string or an object";
}
